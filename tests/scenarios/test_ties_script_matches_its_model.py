"""ties.lua: the customers whom a value ties are counted within a while, each once, and too many demote it for good."""

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import Redis
from touchpoint.scripts import REPAIR, Scripts

TIES, CLAIM = "daemon/identity/ties.lua", "daemon/identity/claim.lua"
BUCKET = b"tp:{I0}:"
VALUES = [b"email:ann@example.com", b"phone:+447700900123", b"x:nobodys", b"x:broken"]
OWNER = b"0190a000-0000-7000-8000-000000000000"
CUSTOMERS = [b"0190a000-0000-7000-8000-00000000000%d" % number for number in range(8)]
MOST, WINDOW = 3, 1000


class Server:
    def __init__(self, client):
        self.client = client
        self.scripts = Scripts(client)

    def clear(self):
        self.client.flushall()
        self.scripts.open_home(BUCKET)
        for value in VALUES[:2]:
            self.client.set(BUCKET + value, OWNER)
        self.client.rpush(BUCKET + VALUES[3], "a list")

    def count(self, ties, most=MOST):
        """`ties`: of each value when its event was received, and the customers."""
        keys = [key for value in ties for key in (BUCKET + value, BUCKET + b"tied " + value)]
        words = [word for received, customers in ties.values() for word in (received, b"".join(customers))]
        return self.scripts.call(TIES, [BUCKET + b"home", *keys], [REPAIR, most, WINDOW, *words])

    def claims(self):
        """As those read them who resolve."""
        return self.scripts.call(
            CLAIM, [BUCKET + b"home", *(BUCKET + value for value in VALUES)], [REPAIR, "", "", "", ""]
        )

    def counted(self, value):
        return {name: int(when) for name, when in self.client.zrange(BUCKET + b"tied " + value, 0, -1, withscores=True)}


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        redis.start()
        yield Server(redis_py.Redis(port=redis.port))
    finally:
        redis.kill()


TIE = st.tuples(st.integers(10_000, 15_000), st.lists(st.sampled_from(CUSTOMERS), min_size=1, max_size=4))
CALLS = st.lists(st.dictionaries(st.sampled_from(VALUES), TIE, min_size=1), max_size=10)


class Story:
    def __init__(self):
        self.latest = {value: {} for value in VALUES[:2]}
        self.demoted = set()

    def count(self, value, received, customers):
        if value not in self.latest or value in self.demoted:
            return 0
        latest = self.latest[value]
        latest |= {one: max(received, latest.get(one, 0)) for one in customers}
        self.latest[value] = {one: when for one, when in latest.items() if when >= received - WINDOW}
        many = len(self.latest[value])
        if many <= MOST:
            return 0
        self.demoted.add(value)
        self.latest[value] = {}
        return many


@given(calls=CALLS)
@settings(max_examples=100, deadline=None, derandomize=True, database=None)
def test_the_script_and_its_model_agree(server, calls):
    server.clear()
    story = Story()
    for ties in calls:
        assert server.count(ties) == [story.count(value, *tie) for value, tie in ties.items()]
        marks = [OWNER + b" shared" * (value in story.demoted) for value in VALUES[:2]]
        assert server.claims() == [*marks, b"", None]
        assert [server.counted(value) for value in VALUES[:2]] == [story.latest[value] for value in VALUES[:2]]


def test_a_count_ends_with_the_while(server):
    server.clear()
    server.count({VALUES[0]: (10_000, CUSTOMERS[:2])})
    assert 0 < server.client.pttl(BUCKET + b"tied " + VALUES[0]) <= WINDOW


def test_what_stands_in_place_of_a_count_does_no_harm(server):
    server.clear()
    server.client.set(BUCKET + b"tied " + VALUES[0], "text")
    assert server.count({VALUES[0]: (10_000, CUSTOMERS[:1])}) == [0]
    assert server.count({VALUES[0]: (10_000, CUSTOMERS[:4])}) == [4]


def test_nothing_is_counted_away_from_home(server):
    server.client.flushall()
    with pytest.raises(redis_py.exceptions.ResponseError, match="TPHOME absent"):
        server.count({VALUES[0]: (10_000, CUSTOMERS)})
    assert server.client.keys("*") == []

"""claim.lua: the first claim of an identifier stays, whoever comes later; looking claims nothing."""

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import Redis
from touchpoint.scripts import REPAIR, Scripts

SCRIPT = "daemon/identity/claim.lua"
BUCKET = b"tp:{I0}:"
BROKEN = b"broken"
IDENTIFIERS = [b"email:ann@example.com", b"phone:+447700900123", b"x:ann", b"anonymous_id:7", BROKEN]
CUSTOMERS = [b"0190a000-0000-7000-8000-00000000000%d" % number for number in range(3)]


class Server:
    def __init__(self, client):
        self.client = client
        self.scripts = Scripts(client)

    def clear(self):
        self.client.flushall()
        self.scripts.open_home(BUCKET)
        self.client.rpush(BUCKET + BROKEN, "a list")

    def claim(self, wishes):
        """`wishes`: identifiers, each with the customer that wants it, b"" to look only."""
        keys = [BUCKET + b"home", *(BUCKET + identifier for identifier in wishes)]
        return self.scripts.call(SCRIPT, keys, [REPAIR, *wishes.values()])

    def owners(self):
        keys = [key for key in self.client.keys("*") if self.client.type(key) == b"string"]
        return {key.removeprefix(BUCKET): self.client.get(key) for key in keys if not key.endswith(b"home")}


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        redis.start()
        yield Server(redis_py.Redis(port=redis.port))
    finally:
        redis.kill()


WISHES = st.dictionaries(st.sampled_from(IDENTIFIERS), st.sampled_from([b"", *CUSTOMERS]), min_size=1)


@given(calls=st.lists(WISHES, max_size=8))
@settings(max_examples=80, deadline=None, derandomize=True, database=None)
def test_the_first_claim_stays(server, calls):
    server.clear()
    owners = {}
    for wishes in calls:
        answers = server.claim(wishes)
        for identifier, wish in wishes.items():
            if wish and identifier != BROKEN:
                owners.setdefault(identifier, wish)
        assert answers == [None if name == BROKEN else owners.get(name, b"") for name in wishes]
        assert server.owners() == owners


def test_nothing_is_claimed_away_from_home(server):
    server.client.flushall()
    with pytest.raises(redis_py.exceptions.ResponseError, match="TPHOME absent"):
        server.claim({IDENTIFIERS[0]: CUSTOMERS[0]})
    assert server.client.keys("*") == []

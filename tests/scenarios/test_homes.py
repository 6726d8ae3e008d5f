"""The homes of lanes and buckets let in whoever knows their number and server, and nobody else: so a repair has them to
itself, from the close under its number to the opening under the same."""

import pytest
import redis as redis_py

from touchpoint import Redis
from touchpoint.scripts import Scripts

LANE, HOME, RELEASED = b"tp:{L0}:", b"tp:{L0}:home", b"tp:{L0}:released"
COUNT = 16
OTHER = "0" * 40
"""A server that is not this one."""


class Homes:
    """One lane, and the scripts that keep its home."""

    def __init__(self, client):
        self.client = client
        self._scripts = Scripts(client)

    def _call(self, name, *arguments):
        return self._scripts.call(f"daemon/redis/{name}.lua", [HOME, RELEASED], arguments)

    def look(self):
        return self._call("look")

    def close(self, number, kind="since", beat=0):
        return self._call("close", number, COUNT, kind, beat)

    def open(self, number):
        return self._call("open", number, COUNT)

    def refuses(self, number):
        """What a call under this number is told; None when it is let in."""
        try:
            self._scripts.call("daemon/identity/claim.lua", [HOME], [number])
        except redis_py.exceptions.ResponseError as error:
            return str(error)

    def words(self):
        return self.client.get(HOME).decode().split()

    def put(self, *words):
        self.client.set(HOME, " ".join(map(str, words)))


def refused(why):
    return pytest.raises(redis_py.exceptions.ResponseError, match=f"TPHOME {why}")


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        yield redis.start()
    finally:
        redis.kill()


@pytest.fixture
def homes(server):
    client = redis_py.Redis(port=server.port)
    client.flushall()
    return Homes(client)


@pytest.fixture
def here(homes):
    """This server."""
    return homes.client.info("replication")["master_replid"]


def test_a_new_one_is_opened_under_0_alone(homes, here):
    assert homes.refuses(0) == "TPHOME absent"
    with refused("absent"):
        homes.open(3)
    homes.open(0)
    assert homes.words() == ["open", here, "0", "16"]
    assert homes.refuses(0) is None
    assert homes.refuses(1) == "TPHOME other"


def test_who_is_closed_out_stays_so_until_it_is_opened_under_that_number(homes):
    homes.open(0)
    homes.close(4)
    assert homes.refuses(0) == "TPHOME other"
    assert homes.refuses(4) == "TPHOME closed"
    for number in (0, 3, 5):
        with refused("other"):
            homes.open(number)
    homes.open(4)
    assert homes.refuses(4) is None
    assert homes.refuses(0) == "TPHOME other"


def test_an_older_repair_does_not_close_what_a_newer_has(homes):
    homes.open(0)
    homes.close(5)
    with refused("other"):
        homes.close(4)
    homes.close(5)
    homes.open(5)
    with refused("other"):
        homes.close(5)
    homes.close(6)


def test_another_server_is_refused_whatever_it_says(homes):
    homes.put("open", OTHER, 3, COUNT)
    assert homes.refuses(3) == "TPHOME elsewhere"
    homes.put("closed", OTHER, 3, COUNT, "-", 0)
    with refused("elsewhere"):
        homes.open(3)


@pytest.mark.parametrize(
    ("found", "kind", "origin"),
    [
        (None, "since", "-"),
        (("open", OTHER, 3, COUNT), "since", OTHER),
        (("open", OTHER, 3, COUNT), "all", "-"),
        (("closed", OTHER, 3, COUNT, "abc", 7), "since", "abc"),
        (("closed", OTHER, 3, COUNT, "-", 7), "since", "-"),
        (("nonsense",), "since", "-"),
    ],
    ids=["absent", "elsewhere", "to be emptied", "begun before", "emptied before", "no home"],
)
def test_a_close_keeps_whose_earlier_moment_it_is(homes, here, found, kind, origin):
    if found:
        homes.put(*found)
    homes.close(9, kind)
    assert homes.words() == ["closed", here, "9", "16", origin, "0"]


def test_what_is_open_here_is_nobodys_earlier_moment(homes):
    homes.open(0)
    homes.close(1)
    assert homes.words()[4] == "-"


def test_a_beat_is_of_what_this_repair_has_closed(homes):
    homes.open(0)
    with refused("other"):
        homes.close(2, "beat", 7)
    homes.close(2)
    homes.close(2, "beat", 8)
    assert homes.words()[-1] == "8"
    homes.client.flushall()
    with refused("absent"):
        homes.close(2, "beat", 9)
    assert homes.client.get(HOME) is None


def test_a_look_tells_what_there_is(homes, here):
    assert homes.look() == [None, here.encode(), None]
    homes.open(0)
    homes.client.hset(RELEASED, "time", 5000)
    assert homes.look() == [homes.client.get(HOME), here.encode(), b"5000"]
    homes.client.delete(HOME, RELEASED)
    homes.client.rpush(HOME, "not ours")
    homes.client.rpush(RELEASED, "not ours")
    assert homes.refuses(0) == "TPHOME absent"
    home, _, time = homes.look()
    assert not isinstance(home, bytes)
    assert not isinstance(time, bytes)

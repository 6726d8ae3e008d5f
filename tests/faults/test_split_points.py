"""The daemon is killed at each named point that only a split comes by: it is done afterwards, and told of both."""

import pytest

from touchpoint import until
from touchpoint.front import event
from touchpoint.oracle import settle
from touchpoint.splits import answered, split
from touchpoint.story import send

from .points import OF_SPLITS, dies

pytestmark = pytest.mark.points

VISITOR, READER = {"anonymous_id": "7f1c"}, {"email": "ann@example.com"}


def who(daemon, customer):
    found = daemon.get(f"/v1/customers/{customer}").json
    return {**found, "events": daemon.timeline(customer)}


def made_one(daemon):
    """The ids of the one who stays and of its member, and who they were before."""
    older, younger = (send(daemon, event(customer=one))[0]["customer"]["id"] for one in (VISITOR, READER))
    before = who(daemon, younger)
    send(daemon, event(customer=VISITOR | READER))
    assert daemon.find(**READER) == older
    return older, younger, before


@pytest.mark.parametrize("point", sorted(OF_SPLITS))
def test_killed_in_a_split(point, node, kafka, topics, transactions):
    daemon = node()
    older, younger, before = made_one(daemon)
    until(lambda: daemon.metrics()["touchpoint_redis_up"], 10, "Redis is up")

    def post():
        reply = answered(lambda: split(daemon, older, younger, wait=0))
        assert reply.status == 202, reply.body

    dies(daemon, point, post)
    until(lambda: daemon.find(**READER) == younger, 30, "it is done")
    settle(daemon)
    assert who(daemon, younger) == before
    assert daemon.find(**VISITOR) == older
    assert "members" not in who(daemon, older)
    splits = [one for one in kafka.records(topics.customers) if one.value["change"]["kind"] == "split"]
    assert {one.key for one in splits} == {older, younger}
    assert len(splits) == 2 or transactions == "off"
    (again,) = send(daemon, event(customer=VISITOR | READER))
    assert [one["reason"] for one in again["customer"]["conflict"]] == ["split"]

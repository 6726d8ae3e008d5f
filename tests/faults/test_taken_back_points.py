"""The daemon is killed at each named point that an identifier that is taken back comes by: it is done afterwards; and
whoever meets it half-way meanwhile finishes it."""

import pytest

from touchpoint import until
from touchpoint.front import event
from touchpoint.oracle import settle
from touchpoint.splits import answered, take_back
from touchpoint.story import send

from .points import OF_TAKING, dies

pytestmark = pytest.mark.points

OTHER, HANDLE = {"line": "7"}, {"x": "ann"}


def attached(daemon):
    """Whose it is, and what was told there last."""
    send(daemon, event(customer=OTHER | HANDLE))
    (last,) = send(daemon, mention := event(id="m-1", customer=HANDLE))
    until(lambda: daemon.metrics()["touchpoint_redis_up"], 10, "Redis is up")
    return last["customer"]["id"], mention


def ask(daemon, customer):
    def post():
        reply = answered(lambda: take_back(daemon, customer, HANDLE, wait=0))
        assert reply.status == 202, reply.body

    return post


def new_owner(daemon, customer):
    until(lambda: daemon.find(**HANDLE) not in (None, customer), 30, "it is done")
    return daemon.find(**HANDLE)


def assert_apart(daemon, customer, new, mention):
    (again,) = daemon.post([mention], wait=20).json["events"]
    assert (again.get("duplicate"), again["event"]["customer"]["id"]) == (True, customer), "the new one knows it too"
    alone, both = send(daemon, event(customer=HANDLE), event(customer=OTHER | HANDLE))
    assert (alone["customer"]["id"], both["customer"]["id"]) == (new, new)
    assert [(one["reason"], one["customer"]) for one in both["customer"]["conflict"]] == [("split", customer)]
    known = daemon.get(f"/v1/customers/{customer}").json
    assert [one["type"] for one in known["identifiers"]] == ["line"]


@pytest.mark.parametrize("point", sorted(OF_TAKING))
def test_killed_in_between(point, node, kafka, topics, transactions):
    daemon = node()
    customer, mention = attached(daemon)
    dies(daemon, point, ask(daemon, customer))
    new = new_owner(daemon, customer)
    settle(daemon)
    assert_apart(daemon, customer, new, mention)
    splits = [one for one in kafka.records(topics.customers) if one.value["change"]["kind"] == "split"]
    assert {one.key for one in splits} == {customer, new}
    assert len(splits) == 2 or transactions == "off"


@pytest.mark.parametrize("point", sorted(OF_TAKING - {"identity.after_move"}))
def test_another_daemon_finishes_it(point, node):
    """The one that was asked is away."""
    daemon = node()
    customer, mention = attached(daemon)
    other = node()
    until(lambda: other.metrics()["touchpoint_redis_up"], 10, "Redis is up")
    dies(daemon, point, ask(daemon, customer), starts=False)
    (alone,) = send(other, event(customer=HANDLE))
    new = alone["customer"]["id"]
    assert new != customer
    assert other.find(**HANDLE) == new
    assert_apart(other, customer, new, mention)
    daemon.start()
    settle(daemon)
    assert daemon.find(**HANDLE) == new

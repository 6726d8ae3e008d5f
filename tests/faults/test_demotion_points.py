"""The daemon is killed when the customer of a demoted value has remembered whose an event is to be, and before that one
has it: it has one place afterwards, also when it is sent once more."""

import pytest

from touchpoint.front import event
from touchpoint.oracle import settle
from touchpoint.story import ids, send

from .points import OF_DEMOTIONS
from .test_split_points import dies

pytestmark = pytest.mark.points

PHONE = {"phone": "+447400123456"}


def demote(daemon):
    for number in range(4):
        (found,) = send(daemon, event(customer={"customer_id": f"K-{number}"} | PHONE))
    assert [one["reason"] for one in found["customer"]["conflict"]] == ["shared"]


@pytest.mark.parametrize("point", sorted(OF_DEMOTIONS))
def test_killed_between_the_two(point, node, kafka, topics, transactions):
    daemon = node({"identity.shared_after": 2})
    demote(daemon)
    call = event(id="c-1", customer=PHONE | {"anonymous_id": "new"})
    dies(daemon, point, lambda: daemon.post(call))
    settle(daemon)
    (again,) = daemon.post(call, wait=20).json["events"]
    assert again["duplicate"]
    customer = daemon.find(anonymous_id="new")
    assert again["event"]["customer"]["id"] == customer != daemon.find(**PHONE)
    assert ids(daemon.timeline(customer)) == ["c-1"]
    told = [one for one in kafka.records(topics.interactions) if one.value["id"] == "c-1"]
    assert len(told) == 1 or transactions == "off"

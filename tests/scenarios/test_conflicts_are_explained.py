"""Why somebody else is not this customer: the newest conflicts stand in its identity."""

from touchpoint.front import event
from touchpoint.splits import EMAIL, HANDLE, PHONE, take_back
from touchpoint.story import send

COOKIE = {"anonymous_id": "7f1c"}


def conflicts(daemon, customer):
    return daemon.get(f"/v1/customers/{customer}/identity").json["conflicts"]


def told(daemon, *customers):
    return [send(daemon, event(id=f"e-{number}", customer=one))[0] for number, one in enumerate(customers)]


def test_the_newest_come_first_with_their_event_and_reason(touchpointd):
    daemon = touchpointd()
    ann, bob, first, second = told(
        daemon,
        {"customer_id": "1"} | COOKIE,
        {"customer_id": "2"} | EMAIL,
        {"customer_id": "2"} | COOKIE,
        {"customer_id": "2"} | PHONE | COOKIE,
    )
    expected = [
        {"type": "anonymous_id", "value": "7f1c", "reason": "unique", "customer": ann["customer"]["id"]}
        | {"time": one["time"], "source": "default", "event": one["id"]}
        for one in (second, first)
    ]
    assert conflicts(daemon, bob["customer"]["id"]) == expected
    assert conflicts(daemon, ann["customer"]["id"]) == []


def test_those_of_members_too(touchpointd):
    """In the order of the whole timeline."""
    daemon = touchpointd()
    other, ann, clash = told(daemon, {"customer_id": "1"} | COOKIE, {"customer_id": "2"}, {"customer_id": "2"} | COOKIE)
    (visit,) = send(daemon, event(customer=HANDLE))
    (joined,) = send(daemon, event(customer={"customer_id": "2"} | HANDLE))
    assert joined["customer"]["change"]["customers"] == [visit["customer"]["id"]]
    for customer in (ann["customer"]["id"], visit["customer"]["id"]):
        (found,) = conflicts(daemon, customer)
        assert (found["event"], found["customer"]) == (clash["id"], other["customer"]["id"])


def test_what_an_operator_took_back_is_one(touchpointd):
    daemon = touchpointd()
    (both,) = told(daemon, EMAIL | HANDLE)
    customer = both["customer"]["id"]
    new = take_back(daemon, customer, HANDLE).json["customers"][1]["id"]
    send(daemon, event(customer=EMAIL | HANDLE))
    (found,) = conflicts(daemon, customer)
    assert (found["reason"], found["value"], found["customer"]) == ("split", "ann", new)


def test_there_are_no_more_than_fifty(touchpointd):
    daemon = touchpointd()
    told(daemon, {"customer_id": "1"} | COOKIE)
    events = [event(id=f"c-{number}", customer={"customer_id": "2"} | COOKIE) for number in range(60)]
    last = send(daemon, *events)[-1]
    found = conflicts(daemon, last["customer"]["id"])
    assert len(found) == 50
    assert found[0]["event"] == "c-59"

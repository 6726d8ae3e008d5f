"""A client that can send a header but has no id for its event: Idempotency-Key is the id of a single event without one,
so that a retry is done once."""

from touchpoint.front import event

KEY = {"Idempotency-Key": "order-4711"}


def ids(reply):
    return [told["id"] for told in reply.json["events"]]


def test_it_is_the_id(front):
    reply = front().post(event(), headers=KEY)
    assert (reply.status, ids(reply)) == (202, ["order-4711"])


def test_an_id_of_the_event_goes_before_it(front):
    assert ids(front().post(event(id="mine"), headers=KEY)) == ["mine"]


def test_it_is_no_id_for_several(front):
    made = ids(front().post([event(), event()], headers=KEY))
    assert len({*made, "order-4711"}) == 3


def test_a_retry_is_done_once(touchpointd):
    daemon = touchpointd()
    first = daemon.post(event(), headers=KEY, wait=20).json["events"][0]
    again = daemon.post(event(), headers=KEY, wait=20).json["events"][0]
    assert again["duplicate"]
    assert again["event"] == first["event"]
    assert len(daemon.timeline(first["event"]["customer"]["id"])) == 1


def test_one_that_cannot_be_an_id_is_refused(front):
    reply = front().post(event(), headers={"Idempotency-Key": "a" * 1000})
    assert reply.status == 422
    assert reply.json["events"][0]["error"]["path"] == "id"

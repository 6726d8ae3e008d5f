"""An event is known by its source and id. The same again is a retry: accepted, told as a duplicate, done once. With
other content it is refused. Without an id it is new each time."""

from touchpoint import until
from touchpoint.front import event
from touchpoint.story import ago, ids, send


def delivered(reply):
    assert reply.status == 200, reply.body
    return reply.json["events"][0]


def test_a_retry_is_told_and_done_once(touchpointd, kafka, topics):
    daemon = touchpointd()
    call = event(id="c-1", source="twilio", time=ago(hours=1))
    first = delivered(daemon.post(call, wait=20))
    send(daemon, event(id="c-2", source="twilio"))
    again = delivered(daemon.post(call, wait=20))
    assert "duplicate" not in first
    assert again == first | {"duplicate": True}

    assert daemon.post(call).json == {
        "accepted": 1,
        "rejected": 0,
        "events": [{"index": 0, "id": "c-1", "status": "accepted"}],
    }
    send(daemon, event(id="c-3", source="twilio"))  # what was sent before it has gone its way
    customer = daemon.find(email="ann@example.com")
    assert ids(daemon.timeline(customer, order="asc")) == ["c-1", "c-2", "c-3"]
    assert ids(record.value for record in kafka.records(topics.interactions)) == ["c-1", "c-2", "c-3"]
    assert kafka.records(topics.rejected) == []


def test_a_retry_within_one_request_too(touchpointd, kafka, topics):
    daemon = touchpointd()
    reply = daemon.post([event(id="c-1"), event(id="c-2"), event(id="c-1")], wait=20)
    first, _, again = reply.json["events"]
    assert again == first | {"index": 2, "duplicate": True}
    assert len(kafka.records(topics.interactions)) == 2


def test_a_retry_need_not_be_the_same_bytes(touchpointd):
    """Members in another order, a phone number and a time written differently, and no time at all: the same content."""
    daemon = touchpointd()
    call = {"id": "c-1", "channel": "web", "type": "t", "time": "2026-01-02T03:04:05Z"}
    send(daemon, call | {"customer": {"phone": "+44 7400 123456"}})
    same = {"customer": {"phone": "+44-7400-123456"}, **call, "time": "2026-01-02T04:04:05.000+01:00"}
    assert delivered(daemon.post(same, wait=20))["duplicate"] is True
    send(daemon, event(id="c-2"))
    assert delivered(daemon.post(event(id="c-2"), wait=20))["duplicate"] is True


def test_the_same_id_with_other_content_is_refused(touchpointd, kafka, topics):
    daemon = touchpointd()
    send(daemon, event(id="c-1", source="twilio", subject="first"))
    other = event(id="c-1", source="twilio", subject="other")
    reply = daemon.post([other, event(id="c-2", source="twilio")], wait=20)
    refused, accepted = reply.json["events"]
    assert (reply.status, reply.json["accepted"], reply.json["rejected"]) == (200, 1, 1)
    assert (refused["index"], refused["id"], refused["status"]) == (0, "c-1", "rejected")
    assert refused["error"]["code"] == "id_reused"
    assert refused["error"]["message"]
    assert accepted["status"] == "accepted"
    assert daemon.post(other).status == 202, "without waiting it is not known yet"
    send(daemon, event(id="c-3", source="twilio"))

    customer = daemon.find(email="ann@example.com")
    subjects = [found.get("subject") for found in daemon.timeline(customer, order="asc")]
    assert subjects == ["first", None, None]
    rejected = kafka.records(topics.rejected, until=2)
    assert len(rejected) == 2
    for record in rejected:
        assert (record.value["source"], record.value["id"]) == ("twilio", "c-1")
        assert record.value["reason"]["code"] == "id_reused"
        assert '"subject":"other"' in record.value["payload"]


def test_an_id_of_one_customer_is_not_another_ones(touchpointd, kafka, topics):
    """Consumers tell interactions apart by source and id: a sender who numbers two customers' calls alike is told."""
    daemon = touchpointd()
    one, other = event(id="c-1", customer={"x": "ann"}), event(id="c-1", customer={"x": "bob"})
    send(daemon, one)
    assert daemon.post(other, wait=20).json["events"][0]["error"]["code"] == "id_reused"
    reply = daemon.post([event(id="c-2", customer={"x": "bob"}), event(id="c-2", customer={"x": "ann"})], wait=20)
    assert [told["status"] for told in reply.json["events"]] == ["accepted", "rejected"]
    assert delivered(daemon.post(one, wait=20))["duplicate"] is True
    assert sorted(ids(record.value for record in kafka.records(topics.interactions))) == ["c-1", "c-2"]
    assert len(kafka.records(topics.rejected, until=2)) == 2


def test_all_refused_says_so(touchpointd):
    daemon = touchpointd()
    send(daemon, event(id="c-1"))
    assert daemon.post(event(id="c-1", subject="other"), wait=20).status == 422


def test_an_id_belongs_to_its_source(touchpointd):
    daemon = touchpointd()
    send(daemon, event(id="1", source="twilio", subject="a call"), event(id="1", source="zendesk", subject="a ticket"))
    assert len(daemon.timeline(daemon.find(email="ann@example.com"))) == 2


def test_without_an_id_it_is_new_each_time(touchpointd):
    daemon = touchpointd()
    first, second = send(daemon, event(), event())
    assert first["id"] != second["id"]
    assert len(daemon.timeline(daemon.find(email="ann@example.com"))) == 2


def test_an_idempotency_key_is_the_id_of_a_single_event_without_one(touchpointd):
    daemon = touchpointd()
    key = {"Idempotency-Key": "k-1"}
    first = delivered(daemon.post(event(), headers=key, wait=20))
    assert first["id"] == "k-1"
    assert delivered(daemon.post(event(), headers=key, wait=20)) == first | {"duplicate": True}
    assert delivered(daemon.post(event(id="own"), headers=key, wait=20))["id"] == "own"


def test_a_retry_later_than_what_is_remembered_is_a_new_event(touchpointd):
    """The bound that the configuration names: so many events of a customer. Memory lasts longer for what the journal
    could still replay, so others are sent until it does not."""
    daemon = touchpointd({"timeline.recent_events": 3})
    send(daemon, event(id="first"))
    others = []

    def forgotten():
        others.append(f"e-{len(others)}")
        send(daemon, event(id=others[-1]))
        return "duplicate" not in delivered(daemon.post(event(id="first"), wait=20))

    until(forgotten, pause=0.25)
    assert len(others) >= 3
    timeline = ids(daemon.timeline(daemon.find(email="ann@example.com"), order="asc"))
    assert sorted(timeline) == sorted(["first", *others, "first"])
    assert delivered(daemon.post(event(id=others[-1]), wait=20))["duplicate"] is True

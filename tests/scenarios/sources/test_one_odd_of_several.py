"""Of several that come in one request, one that its mapping fails on is on the rejected topic by itself, as it came;
the others are in the timeline."""

import json

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send
from touchpoint.senders import sender
from touchpoint.wait import until

ODD = {  # a fixture, a list within it, what is put there, and what its mapping sees of that
    "amazon-connect": ("several-records", ["records"], {"data": "WyJvZGQiXQ=="}, ["odd"]),
    "cloudevents": ("batch", [], "not an event", "not an event"),
    "meta": ("message", ["entry", 0, "messaging"], 7, 7),
    "sendgrid": ("every-event", [], ["an", {"event": "of events"}], ["an", {"event": "of events"}]),
    "twilio": ("stream-messages", [], 7.5, 7.5),
    "whatsapp": (
        "several-at-once",
        ["entry", 0, "changes", 0, "value", "messages"],
        {"id": 1, "from": {}, "text": 7},
        {"id": 1, "from": {}, "text": 7},
    ),
    "x": (
        "several-kinds-at-once",
        ["tweet_create_events"],
        {"id_str": "1", "user": "ünknown"},
        {"id_str": "1", "user": "ünknown"},
    ),
}


def with_one_more(kind, fixture, path, odd):
    """The request of this fixture, with that in front of the elements of one of its lists."""
    request = Fixture(kind, fixture).request(kind)
    body = json.loads(request.body)
    elements = body
    for step in path:
        elements = elements[step]
    elements.insert(0, odd)
    request.body = json.dumps(body, ensure_ascii=False).encode()
    return request


@pytest.mark.parametrize("kind", ODD)
def test_it_is_rejected_alone(touchpointd, kafka, topics, tmp_path, kind):
    fixture, path, odd, kept = ODD[kind]
    daemon = touchpointd(SETTINGS, config=section(tmp_path, kind, kind))
    request = with_one_more(kind, fixture, path, odd)
    others = len(Fixture(kind, fixture).expected)
    reply = send(daemon, sender(kind).sign(request))
    assert reply.status == 200
    metrics = daemon.metrics()
    assert metrics[f'touchpoint_source_events_total{{source="{kind}",status="accepted"}}'] == others > 0
    assert metrics[f'touchpoint_source_events_total{{source="{kind}",status="rejected"}}'] == 1
    (record,) = until(lambda: kafka.records(topics.rejected), 20, "it is there")
    assert (record.value["source"], record.value["reason"]["code"]) == (kind, "unreadable")
    assert json.loads(record.value["payload"]) == kept


def test_a_kind_of_ones_own_can_say_so_too(touchpointd, kafka, topics, own_kind):
    of_event = (
        '{channel: "web", type, customer: {email}}, {channel: (.channel | ascii_downcase), type, customer: {email}}'
    )
    settings, config = own_kind(f".body[] | each({of_event})")
    daemon = touchpointd(settings, config=config)
    good = {"type": "page.viewed", "email": "ann@example.com", "channel": "APP"}
    reply = daemon.post([{**good, "channel": 7}], "/v1/sources/own")
    # What was made of it before it failed is made.
    assert reply.json == {"accepted": 1, "rejected": 1}
    (record,) = until(lambda: kafka.records(topics.rejected), 20, "it is there")
    assert "explode input must be a string" in record.value["reason"]["message"]
    assert json.loads(record.value["payload"]) == {**good, "channel": 7}
    assert daemon.metrics()['touchpoint_source_requests_total{source="own",result="unreadable"}'] == 1
    assert daemon.log("unreadable")[0]["source"] == "own"

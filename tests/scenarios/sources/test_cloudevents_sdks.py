"""The SDKs of CloudEvents from npm and PyPI, unchanged: what they send, in each mode, is in the timeline, by way of
a source whose data are the sender's own, and of POST /v1/events where they are interactions. Neither of them writes
batches: those are made of what they write."""

import json
import urllib.request
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from touchpoint.kinds import SETTINGS, timeline_of
from touchpoint.node import run_node

MOMENT = datetime(2026, 3, 2, 9, 30, 0, 500000, UTC)
SOURCE = 'source "broker" { kind = "cloudevents" }'
ORDER = {"user": {"email": "Ann@Example.com"}, "total": 19.99, "note": "größer 😀"}
PURCHASE = {"channel": "web", "customer": {"email": "Ann@Example.com"}, "attributes": {"total": 19.99}}
IDS = ["batch-1", "batch-2", "binary", "structured"]


def event(id, type, data, **attributes):
    known = {"id": id, "source": "/shop", "type": type, "time": MOMENT, "subject": "o-9"}
    return CloudEvent({**known, "datacontenttype": "application/json", **attributes}, data)


def post(url, message):
    request = urllib.request.Request(url, message.body, message.headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.status


def by_node(url, type, data):
    (status,) = run_node("cloudevents_node.cjs", url, type, json.dumps(data))
    return int(status)


def by_python(url, type, data):
    post(url, to_binary_event(event("binary", type, data)))
    post(url, to_structured_event(event("structured", type, data)))
    bodies = [to_structured_event(event(id, type, data)).body for id in ("batch-1", "batch-2")]
    return post(url, HTTPMessage({"content-type": "application/cloudevents-batch+json"}, b"[%s]" % b",".join(bodies)))


@pytest.mark.parametrize("tell", [by_node, by_python])
def test_events_of_the_senders_own_in_each_mode(touchpointd, tell):
    daemon = touchpointd(SETTINGS, config=SOURCE)
    assert tell(f"http://{daemon.address}/v1/sources/broker", "order.paid", ORDER) == 200
    timeline = timeline_of(daemon, 4, email="ann@example.com")
    assert sorted(entry["id"] for entry in timeline) == [f"/shop {id}" for id in IDS]
    for entry in timeline:
        assert (entry["type"], entry["time"]) == ("order.paid", "2026-03-02T09:30:00.500Z")
        assert entry["attributes"] == {"event": ORDER, "cloudevent": {"source": "/shop", "subject": "o-9"}}


@pytest.mark.parametrize("tell", [by_node, by_python])
def test_interactions_in_each_mode_are_the_same_to_a_source_as_to_the_interface(touchpointd, tell):
    daemon = touchpointd(SETTINGS, config=SOURCE)
    assert tell(f"http://{daemon.address}/v1/events", "purchase.completed", PURCHASE) == 202
    assert tell(f"http://{daemon.address}/v1/sources/broker", "purchase.completed", PURCHASE) == 200
    timeline = timeline_of(daemon, 8, email="ann@example.com")
    told = {(entry["source"], entry["id"]) for entry in timeline}
    assert told == {("/shop", id) for id in IDS} | {("broker", f"/shop {id}") for id in IDS}
    for entry in timeline:
        assert (entry["type"], entry["time"]) == ("purchase.completed", "2026-03-02T09:30:00.500Z")
        assert entry["attributes"]["total"] == 19.99


def test_what_is_sent_again_is_done_once(touchpointd):
    daemon = touchpointd(SETTINGS, config=SOURCE)
    for write in (to_binary_event, to_structured_event):
        message = write(event("1", "order.paid", ORDER))
        assert post(f"http://{daemon.address}/v1/sources/broker", message) == 200
    last = to_binary_event(event("2", "order.paid", ORDER))
    post(f"http://{daemon.address}/v1/sources/broker", last)
    assert [entry["id"] for entry in timeline_of(daemon, 2, email="ann@example.com")] == ["/shop 2", "/shop 1"]


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_bytes_and_attributes_beyond_ascii(touchpointd, write):
    """In headers the SDK percent-encodes them, in JSON it writes bytes in base64."""
    daemon = touchpointd(SETTINGS, config=SOURCE)
    message = write(event("1", "order.paid", json.dumps(ORDER).encode(), subject="größer, 100 %"))
    assert post(f"http://{daemon.address}/v1/sources/broker", message) == 200
    (entry,) = timeline_of(daemon, 1, email="ann@example.com")
    assert entry["attributes"] == {"event": ORDER, "cloudevent": {"source": "/shop", "subject": "größer, 100 %"}}

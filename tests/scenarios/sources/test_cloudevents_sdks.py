"""The SDKs of CloudEvents from npm and PyPI, unchanged: what they send, in each mode, is in the timeline, by way of
a source whose data are the sender's own, and of POST /v1/events where they are interactions."""

import json
import urllib.request
from datetime import UTC, datetime

import pytest
from cloudevents.core.bindings.http import HTTPMessage, to_binary_event, to_structured_event
from cloudevents.core.v1.event import CloudEvent

from touchpoint.kinds import SETTINGS
from touchpoint.node import run_node
from touchpoint.wait import until

MOMENT = datetime(2026, 3, 2, 9, 30, 0, 500000, UTC)
DATA = {"user": {"email": "Ann@Example.com"}, "total": 19.99, "note": "größer 😀"}


def event(id, data=DATA, **attributes):
    known = {"id": id, "source": "/shop", "type": "order.paid", "time": MOMENT, "subject": "o-9"}
    return CloudEvent({**known, "datacontenttype": "application/json", **attributes}, data)


def post(url, message):
    request = urllib.request.Request(url, message.body, message.headers, method="POST")
    with urllib.request.urlopen(request) as answer:
        return answer.status


def by_node(url):
    return list(map(int, run_node("cloudevents_node.cjs", url)))


def by_python(url):
    told = [post(url, to_binary_event(event("binary"))), post(url, to_structured_event(event("structured")))]
    bodies = [json.loads(to_structured_event(event(id)).body) for id in ("batch-1", "batch-2")]
    batch = HTTPMessage({"content-type": "application/cloudevents-batch+json"}, json.dumps(bodies).encode())
    return [*told, post(url, batch)]


@pytest.mark.parametrize("tell", [by_node, by_python])
def test_events_in_each_mode_are_in_the_timeline(touchpointd, tell):
    daemon = touchpointd(SETTINGS, config='source "broker" { kind = "cloudevents" }')
    assert tell(f"http://{daemon.address}/v1/sources/broker") == [200, 200, 200]
    ann = until(lambda: daemon.find(email="ann@example.com"), 20, "the customer is known")
    four = until(lambda: len(found := daemon.timeline(ann)) == 4 and found, 20, "all four are there")
    assert {entry["id"] for entry in four} == {f"/shop {id}" for id in ("binary", "structured", "batch-1", "batch-2")}
    for entry in four:
        assert (entry["type"], entry["time"]) == ("order.paid", "2026-03-02T09:30:00.500Z")
        assert entry["attributes"]["event"] == DATA
        assert entry["attributes"]["cloudevent"]["subject"] == "o-9"


@pytest.mark.parametrize("write", [to_binary_event, to_structured_event])
def test_an_interaction_goes_to_the_interface(touchpointd, write):
    daemon = touchpointd()
    interaction = {"channel": "web", "customer": {"email": "bo@example.com"}, "attributes": {"total": 19.99}}
    assert post(f"http://{daemon.address}/v1/events", write(event("e1", interaction, type="purchase.completed"))) == 202
    bo = until(lambda: daemon.find(email="bo@example.com"), 20, "the customer is known")
    (entry,) = daemon.timeline(bo)
    assert (entry["id"], entry["source"], entry["type"]) == ("e1", "/shop", "purchase.completed")

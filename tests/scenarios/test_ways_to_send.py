"""The same interaction, sent in each of the ways that the interface names, is the same on the timeline."""

import gzip
import json

from touchpoint.story import ago, check_forwarded, ids

DATA = {"channel": "web", "customer": {"email": "ann@example.com"}, "attributes": {"price": 19.5}}
TIME = ago(hours=1)
NDJSON = {"Content-Type": "application/x-ndjson"}


def envelope(id, **attributes):
    return {
        "specversion": "1.0",
        "id": id,
        "source": "/shop",
        "type": "cart.left",
        "time": TIME,
        "data": DATA,
    } | attributes


def interaction(id, **members):
    return {"id": id, "source": "/shop", "type": "cart.left", "time": TIME, **DATA, **members}


def deliver(daemon, content, headers):
    reply = daemon.post(content, headers=headers, wait=20)
    assert reply.status == 200, reply.body
    return [element["event"] for element in reply.json["events"]]


def without_fate(event):
    """Without what differs by when it came."""
    customer = {name: value for name, value in event["customer"].items() if name != "change"}
    fate = ("id", "received_at", "context", "customer")
    return {name: value for name, value in event.items() if name not in fate} | {"customer": customer}


def test_all_ways_give_the_same(touchpointd):
    daemon = touchpointd()
    object_, array, ndjson, structured, batch, binary = (
        deliver(daemon, interaction("object"), {}),
        deliver(daemon, [interaction("array-1"), interaction("array-2")], {}),
        deliver(daemon, f"{json.dumps(interaction('line-1'))}\r\n\n{json.dumps(interaction('line-2'))}\n", NDJSON),
        deliver(daemon, envelope("structured"), {"Content-Type": "application/cloudevents+json; charset=UTF-8"}),
        deliver(
            daemon,
            [envelope("batch-1"), envelope("batch-2", subject="cart/7", traceparent="00-ab")],
            {"Content-Type": "application/cloudevents-batch+json"},
        ),
        deliver(
            daemon,
            DATA,
            {
                "ce-specversion": "1.0",
                "ce-id": "binary%20%C3%A9",
                "ce-source": "/shop",
                "ce-type": "cart.left",
                "ce-time": TIME,
            },
        ),
    )
    events = [*object_, *array, *ndjson, *structured, *batch, *binary]
    expected = ["object", "array-1", "array-2", "line-1", "line-2", "structured", "batch-1", "batch-2", "binary \u00e9"]
    assert ids(events) == expected
    for event in events:
        check_forwarded(event)
        assert without_fate(event) == without_fate(events[0])
    assert daemon.timeline(events[0]["customer"]["id"], order="asc") == events


def test_compressed_is_the_same(touchpointd):
    daemon = touchpointd()
    packed = gzip.compress(json.dumps([interaction("gzip-1"), interaction("gzip-2")]).encode())
    assert ids(deliver(daemon, packed, {"Content-Encoding": "gzip"})) == ["gzip-1", "gzip-2"]


def test_what_the_data_says_itself_counts(touchpointd):
    """A CloudEvent's attributes fill what its data leaves out."""
    daemon = touchpointd()
    own = {"id": "own", "source": "own-source", "type": "own.type", "time": ago(hours=9)}
    event = deliver(daemon, envelope("e-1", data=DATA | own), {"Content-Type": "application/cloudevents+json"})[0]
    assert {name: event[name] for name in own} == own


def test_a_retry_in_another_way_is_a_retry(touchpointd):
    daemon = touchpointd()
    deliver(daemon, interaction("e-1"), {})
    reply = daemon.post(envelope("e-1"), headers={"Content-Type": "application/cloudevents+json"}, wait=20)
    assert reply.json["events"][0]["duplicate"] is True


def test_one_bad_cloudevent_of_a_batch_is_refused_alone(touchpointd, kafka, topics):
    daemon = touchpointd()
    batch = [envelope("good"), envelope("bad", specversion="0.3"), envelope("worse", data={"channel": "web"}), 7]
    headers = {"Content-Type": "application/cloudevents-batch+json"}
    reply = daemon.post(batch, headers=headers, wait=20)
    assert reply.json["accepted"] == 1
    errors = [(answer["error"]["code"], answer["error"].get("path")) for answer in reply.json["events"][1:]]
    assert errors == [("invalid_value", "specversion"), ("required", "customer"), ("wrong_type", None)]
    payloads = sorted(record.value["payload"] for record in kafka.records(topics.rejected, until=3))
    assert payloads == sorted(json.dumps(element) for element in batch[1:])


def test_what_is_not_known_is_415(touchpointd):
    daemon = touchpointd()
    for headers in ({"Content-Type": "application/xml"}, {"Content-Encoding": "br"}):
        reply = daemon.post(interaction("e-1"), headers=headers)
        assert reply.status == 415
        assert reply.json["error"]["code"]

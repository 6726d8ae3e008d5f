"""One bad event never takes its batch with it: the others are accepted, and the refused one is named, by its place,
with a reason, and is on the rejected topic as it was received."""

import base64
import json

import pytest

from touchpoint.front import event
from touchpoint.story import ids, send

GOOD = json.dumps(event(id="good-1")), json.dumps(event(id="good-2"))


def with_members(**members):
    return json.dumps(event(id="bad", **members), ensure_ascii=False)


NESTED = '{"a":' * 40 + "1" + "}" * 40

# An element, and the code and the path that name what is wrong with it.
BAD = {
    "no JSON": ('{"id": "bad", nonsense}', "invalid_json", None),
    "brackets that do not match": ('{"id": "bad", "attributes": [1}}', "invalid_json", None),
    "no object": ("42", "wrong_type", None),
    "a duplicate member": (with_members()[:-1] + ', "channel": "sms"}', "duplicate_member", None),
    "a lone surrogate": (with_members()[:-1] + ', "text": "\\ud800"}', "invalid_json", None),
    "an escaped NUL": (with_members()[:-1] + ', "text": "a\\u0000b"}', "invalid_value", None),
    "a number beyond numbers": (with_members()[:-1] + ', "wait_s": 1e999}', "out_of_range", None),
    "nested too deeply": (with_members()[:-1] + f', "attributes": {NESTED}}}', "too_deep", None),
    "a misspelled member": (with_members(durations=3), "unknown_member", "durations"),
    "a wrong type": (with_members(agent=7), "wrong_type", "agent"),
    "out of range": (with_members(sentiment={"score": 2}), "out_of_range", "sentiment.score"),
    "no channel": ('{"id": "bad", "type": "t", "customer": {"x": "ann"}}', "required", "channel"),
    "no customer": ('{"id": "bad", "channel": "web", "type": "t"}', "required", "customer"),
    "no identifier": (with_members(customer={"identifiers": []}), "required", "customer.identifiers"),
    "a bad phone": (with_members(customer={"phone": "call me"}), "invalid_value", "customer.phone"),
    "a bad address in a list": (
        with_members(customer={"email": ["ann@example.com", "nobody"]}),
        "invalid_value",
        "customer.email[1]",
    ),
    "no time": (with_members(time="yesterday"), "invalid_value", "time"),
    "a time to come": (with_members(time="2990-01-01T00:00:00Z"), "out_of_range", "time"),
    "too large": (with_members(attributes={"a": "x" * 300_000}), "too_large", None),
}


def array(elements):
    return {"Content-Type": "application/json"}, b"[" + b",".join(elements) + b"]"


def lines(elements):
    return {"Content-Type": "application/x-ndjson"}, b"\n".join(elements)


@pytest.mark.parametrize("frame", [array, lines])
def test_each_kind_is_refused_alone(touchpointd, kafka, topics, frame):
    """All kinds in one request, a good one before the first and one behind the last."""
    daemon = touchpointd()
    elements = [GOOD[0], *(element for element, _, _ in BAD.values()), GOOD[1]]
    headers, body = frame([element.encode() for element in elements])
    reply = daemon.post(body, headers=headers, wait=20)
    assert reply.status == 200
    assert (reply.json["accepted"], reply.json["rejected"]) == (2, len(BAD))

    first, *refused, last = reply.json["events"]
    assert (first["id"], first["status"], last["id"], last["status"]) == ("good-1", "accepted", "good-2", "accepted")
    assert [element["index"] for element in reply.json["events"]] == list(range(len(elements)))
    for answer, (name, (_, code, path)) in zip(refused, BAD.items(), strict=True):
        assert answer["status"] == "rejected", name
        assert (answer["error"]["code"], answer["error"].get("path")) == (code, path), name
        assert answer["error"]["message"], name

    records = kafka.records(topics.rejected, until=len(BAD))
    by_payload = {record.value["payload"]: record for record in records}
    assert set(by_payload) == {element for element, _, _ in BAD.values()}
    for answer, (element, _, _) in zip(refused, BAD.values(), strict=True):
        rejection = by_payload[element].value
        assert rejection["source"] == by_payload[element].key == "default"
        assert rejection["reason"] == {"path": "", **answer["error"]}
        assert rejection.get("id") == answer.get("id")
        assert rejection["received_at"]
    assert ids(daemon.timeline(daemon.find(email="ann@example.com"), order="asc")) == ["good-1", "good-2"]


def test_what_can_be_read_of_its_id_is_told(touchpointd):
    reply = touchpointd().post([event(id="bad", agent=7), event(id=7), event()])
    assert [element.get("id") for element in reply.json["events"][:2]] == ["bad", None]


@pytest.mark.parametrize("frame", [array, lines])
def test_what_is_not_utf8_is_kept_as_base64(touchpointd, kafka, topics, frame):
    daemon = touchpointd()
    latin = with_members(text="Größe").encode("latin-1")
    headers, body = frame([GOOD[0].encode(), latin])
    refused = daemon.post(body, headers=headers).json["events"][1]
    assert refused["error"]["code"] == "invalid_utf8"
    rejection = kafka.records(topics.rejected, until=1)[0].value
    assert base64.b64decode(rejection["payload_base64"]) == latin
    assert "payload" not in rejection


def test_all_refused_is_422_with_the_same_body(touchpointd, kafka, topics):
    reply = touchpointd().post([event(agent=7), 42])
    assert reply.status == 422
    assert (reply.json["accepted"], reply.json["rejected"]) == (0, 2)
    assert [element["error"]["code"] for element in reply.json["events"]] == ["wrong_type", "wrong_type"]
    assert len(kafka.records(topics.rejected, until=2)) == 2


def test_a_broken_frame_refuses_the_whole(touchpointd):
    """Nobody could say which of its elements arrived."""
    daemon = touchpointd()
    for body in ("[{}, {}", '[{"a": 1},]', "[{}] []", "{}{}", "", "[]"):
        reply = daemon.post(body)
        assert reply.status == 400, body
        assert reply.json["error"]["code"], body
    send(daemon, event())
    assert daemon.metrics()["touchpoint_journal_records_total"] == 1


def test_no_refusal_quotes_what_was_sent(touchpointd):
    """It may be what somebody typed into the wrong field."""
    daemon = touchpointd()
    reply = daemon.post([event(customer={"phone": "ann@example.com"}), event(**{"ann@example.com": 1})])
    assert reply.status == 422
    assert b"ann@" not in reply.body
    assert "ann@" not in daemon.process.log_text()

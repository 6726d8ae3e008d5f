"""What a sender sends and nobody can read is not lost, and not sent for ever: it is answered as any other, and is on
the rejected topic with its source and the reason."""

import json

import pytest

from touchpoint.kinds import SETTINGS, Request, section, send
from touchpoint.senders import sender
from touchpoint.wait import until

MAPPING = '.body[] | {id: .id, channel: "web", type: .type, time: .time, customer: {email: .email}}'


def rejected(kafka, topics, count=1):
    records = until(lambda: len(found := kafka.records(topics.rejected)) >= count and found, 20, "it is there")
    return [record.value for record in records]


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b'{"broken": ', "does not end"),
        (b'{"a": 1, "a": 2}', "twice"),
        (b'{"id": 3}', "Cannot index number"),
        (b"\xff\xfe not JSON", "Cannot iterate over null"),
        (b"", "Cannot iterate over null"),
    ],
)
def test_what_no_mapping_can_read(touchpointd, kafka, topics, own_kind, body, said):
    settings, config = own_kind(MAPPING)
    daemon = touchpointd(settings, config=config)
    reply = daemon.post(body, "/v1/sources/own")
    assert (reply.status, reply.json) == (200, {"accepted": 0, "rejected": 1})
    (record,) = rejected(kafka, topics)
    assert record["source"] == "own"
    assert record["reason"]["code"] == "unreadable"
    assert said in record["reason"]["message"]
    if body.startswith(b"{"):
        assert record["payload"].encode() == body
    assert daemon.metrics()['touchpoint_source_requests_total{source="own",result="unreadable"}'] == 1
    assert daemon.log("unreadable")[0]["source"] == "own"


def test_one_that_is_none_of_several(touchpointd, kafka, topics, own_kind):
    """What the mapping made of it is there, with the member that is wrong."""
    settings, config = own_kind(MAPPING)
    daemon = touchpointd(settings, config=config)
    good = {"id": "1", "type": "t", "email": "ann@example.com"}
    reply = daemon.post([good, {**good, "id": "2", "time": "yesterday"}, {**good, "id": "3"}], "/v1/sources/own")
    assert reply.json == {"accepted": 2, "rejected": 1}
    (record,) = rejected(kafka, topics)
    assert (record["source"], record["id"], record["reason"]["path"]) == ("own", "2", "time")
    assert json.loads(record["payload"])["time"] == "yesterday"


def test_the_log_has_none_of_it(touchpointd, own_kind):
    settings, config = own_kind('error("it is \\(.body.email)")')
    daemon = touchpointd(settings, config=config)
    daemon.post({"email": "ann@example.com"}, "/v1/sources/own")
    assert daemon.log("unreadable")
    assert "ann@" not in daemon.said


def test_the_answer_is_what_the_sender_needs(front, tmp_path):
    """Twilio wants TwiML whatever became of it."""
    daemon = front(SETTINGS, config=section(tmp_path, "twilio", "twilio"))
    headers = {"Content-Type": "application/json"}
    request = Request("POST", f"{SETTINGS['http.external_url']}/v1/sources/twilio", headers, b"[1]")
    reply = send(daemon, sender("twilio").sign(request))
    assert reply.status == 200
    assert reply.headers["Content-Type"] == "text/xml"
    assert b"<Response/>" in reply.body


def test_what_is_not_there_is_not_found(front, own_kind):
    settings, config = own_kind(MAPPING)
    daemon = front(settings, config=config)
    assert daemon.post([], "/v1/sources/other").status == 404
    assert daemon.post([], "/v1/sources/own").json == {"accepted": 0, "rejected": 0}

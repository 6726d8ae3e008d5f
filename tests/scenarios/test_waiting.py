"""?wait=SECONDS answers when the events are in the timeline and in Kafka, with the enriched event; and when
they are not in time, that they are safe."""

import socket
import struct

import pytest

from touchpoint import until
from touchpoint.front import as_bytes, error_of, event, recorded, request


def test_the_answer_is_the_enriched_event(touchpointd, kafka, topics):
    daemon = touchpointd()
    reply = daemon.post([event(id="a"), event(id="b")], wait=20)
    assert reply.status == 200
    first, second = (told["event"] for told in reply.json["events"])
    assert [first["context"]["sequence"], second["context"]["sequence"]] == [1, 2]
    assert first["customer"]["id"] == second["customer"]["id"] == daemon.find(email="ann@example.com")
    assert second["context"]["previous"]["id"] == "a"
    assert [record.value for record in kafka.records(topics.interactions)] == [first, second]
    assert daemon.timeline(first["customer"]["id"]) == [second, first]


def test_a_retry_is_told_what_is_stored(touchpointd):
    daemon = touchpointd()
    first = daemon.post(event(id="a"), wait=20).json["events"][0]
    again = daemon.post(event(id="a"), wait=20)
    assert again.status == 200
    assert again.json["events"] == [first | {"duplicate": True}]


def test_one_refused_does_not_hold_up_the_others(touchpointd):
    reply = touchpointd().post([event(id="a"), {"channel": "web"}], wait=20)
    assert reply.status == 200
    assert [told["status"] for told in reply.json["events"]] == ["accepted", "rejected"]
    assert reply.json["events"][0]["event"]["id"] == "a"


def test_all_refused_is_422_at_once(front):
    assert front().post({"channel": "web"}, wait=60).status == 422


def test_not_in_time_is_202_and_safe(front):
    daemon = front()
    reply = daemon.post(event(id="a"), wait=1)
    assert reply.status == 202
    assert reply.json["events"] == [{"index": 0, "id": "a", "status": "accepted"}]
    assert recorded(daemon) == 1


def test_to_wait_for_nothing_is_not_to_wait(front):
    assert front().post(event(), wait=0).status == 202


@pytest.mark.parametrize("wait", ["", "-1", "+1", "1.5", "1s", "61", "4294967297", "99999999999999999999", "soon"])
def test_what_is_no_number_of_seconds_is_refused(wait, front):
    daemon = front()
    reply = daemon.post(event(), wait=wait)
    assert reply.status == 400
    assert error_of(reply)["path"] == "wait"
    assert recorded(daemon) == 0


def test_one_that_leaves_is_let_go(front):
    """What it sent is not."""
    daemon = front()
    body = as_bytes(event())
    with daemon.connect() as leaving:
        leaving.send(request("POST /v1/events?wait=60", f"Content-Length: {len(body)}", body=body))
        until(lambda: recorded(daemon) == 1, 10, "it is recorded")
        abort = struct.pack("ii", 1, 0)
        leaving.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, abort)
    until(lambda: daemon.metrics()["touchpoint_http_connections"] == 1, 10, "its connection is closed")
    assert daemon.get("/readyz").json["pending"] == 1

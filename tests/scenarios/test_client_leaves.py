"""What is in the journal is accepted, whether or not its sender is still there to hear so."""

import socket
import struct

from touchpoint import until
from touchpoint.front import as_bytes, event, post, recorded, request
from touchpoint.story import ids, send


def leave(connection):
    """With a reset, as of a process that was killed with unread data."""
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.__exit__()


def send_and_leave(daemon, content):
    before = recorded(daemon)
    connection = daemon.connect()
    connection.send(content)
    until(lambda: recorded(daemon) == before + 1, 10, "it is in the journal")
    leave(connection)


def test_who_leaves_before_the_reply_is_accepted_all_the_same(front):
    daemon = front()
    body = as_bytes(event())
    send_and_leave(daemon, post(body))
    send_and_leave(daemon, request("POST /v1/events?wait=60", f"Content-Length: {len(body)}", body=body))
    until(lambda: daemon.metrics()["touchpoint_http_connections"] == 1, 10, "its connection is gone")
    assert daemon.metrics()['touchpoint_http_responses_total{class="4xx"}'] == 0


def test_a_retry_after_a_lost_reply_is_once_on_the_timeline(touchpointd, kafka, topics):
    daemon = touchpointd()
    call = event(id="c-1")
    for _ in range(3):
        send_and_leave(daemon, post(call))
    assert daemon.post(call, wait=20).json["events"][0]["duplicate"] is True
    send(daemon, event(id="c-2"))
    assert ids(daemon.timeline(daemon.find(email="ann@example.com"), order="asc")) == ["c-1", "c-2"]
    assert ids(record.value for record in kafka.records(topics.interactions)) == ["c-1", "c-2"]


def test_a_body_that_stops_in_the_middle_is_nothing(front):
    daemon = front({"http.body_timeout": "300ms"})
    chunked = request("POST /v1/events", "Transfer-Encoding: chunked")
    for half in (post(event())[:-1], chunked + b"5\r\n{}   \r\n", chunked + b"5\r\n{}", chunked + b"2\r\n{}\r\n0\r\n"):
        with daemon.connect() as ends:
            ends.send(half)
            ends.socket.shutdown(socket.SHUT_WR)
            assert ends.closed(), "without a word: there is nothing to answer"
        with daemon.connect() as falls_silent:
            falls_silent.send(half)
            assert falls_silent.reply().status == 408
            assert falls_silent.closed()
        connection = daemon.connect()
        connection.send(half)
        leave(connection)
    assert recorded(daemon) == 0

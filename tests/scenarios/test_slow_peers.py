"""A peer that is slow on purpose is cut off at a deadline that no byte of its moves."""

import select
import socket

import pytest

from touchpoint import until
from touchpoint.front import error_of, event, post, recorded, request

MANY = 300
"""Bytes of a drip: at one every 20 ms they take twenty times as long as any deadline here."""


def drip(connection, content):
    """Sends byte by byte until the daemon answers, and fails when it never does."""
    for byte in content:
        connection.send(bytes([byte]))
        if select.select([connection.socket], [], [], 0.02)[0]:
            return connection.reply()
    raise AssertionError(f"took {len(content)} bytes, one by one")


SLOW = {
    "the request line": (b"", b"GET /" + b"a" * MANY),
    "the fields": (b"GET /healthz HTTP/1.1\r\nHost: touchpoint\r\n", b"X: " + b"a" * MANY),
    "a body": (request("POST /v1/events", "Content-Length: 1000"), b" " * MANY),
    "chunks": (request("POST /v1/events", "Transfer-Encoding: chunked"), b"1\r\n \r\n" * (MANY // 6)),
    "a chunk-size line": (request("POST /v1/events", "Transfer-Encoding: chunked"), b"1;" + b"a" * 250),
    "trailers": (request("POST /v1/events", "Transfer-Encoding: chunked") + b"0\r\n", b"X: " + b"a" * MANY),
}


@pytest.mark.parametrize("part", SLOW)
def test_a_drip_is_cut(part, front):
    daemon = front({"http.header_timeout": "300ms", "http.body_timeout": "300ms"})
    start, rest = SLOW[part]
    with daemon.connect() as connection:
        connection.send(start)
        reply = drip(connection, rest)
        assert reply.status == 408
        assert error_of(reply)["code"] == "too_slow"
        assert reply.headers["Connection"] == "close"
        assert connection.closed()
    assert recorded(daemon) == 0
    assert daemon.metrics()["touchpoint_http_timeouts_total"] == 1


def test_a_pause_within_the_deadlines_is_none(front):
    daemon = front({"http.header_timeout": "5s", "http.body_timeout": "5s"})
    content = post(event())
    with daemon.connect() as connection:
        for at in range(0, len(content), 10):
            connection.send(content[at : at + 10])
            assert not select.select([connection.socket], [], [], 0.01)[0]
            if at >= len(content) - 20:
                break
        connection.send(content[at + 10 :])
        assert connection.reply().status == 202


def test_a_connection_without_requests_is_closed(front):
    daemon = front({"http.idle_timeout": "300ms"})
    with daemon.connect() as never_used, daemon.connect() as used:
        used.send(post(event()))
        assert used.reply().status == 202
        assert used.closed(), "without a word: there is nothing to answer"
        assert never_used.closed()


def test_a_peer_that_does_not_read_its_replies_is_cut(front):
    """It asks for many megabytes of replies, and takes none of them."""
    roomy = {"journal.segment_size": "64MiB", "journal.max_size": "1GiB", "journal.queue_size": "64MiB"}
    daemon = front({"http.write_timeout": "300ms", **roomy})
    refused = post([1] * 10_000)
    with daemon.connect() as connection:
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        for _ in range(10):
            connection.send(refused)
        until(lambda: daemon.metrics()["touchpoint_http_timeouts_total"] == 1, 10, "it is cut")

"""What has no end is refused when it has had its share, and costs no memory until then."""

import pytest

from touchpoint.front import error_of, event, recorded, request
from touchpoint.memory import assert_grown_less_than, resident_mb

CHUNKED = request("POST /v1/events", "Transfer-Encoding: chunked")
PIECE = 16 * 1024

# How it begins, what then comes again and again, and how it is refused.
ENDLESS = {
    "a method": (b"", b"A", 431),
    "a target": (b"GET /", b"a", 431),
    "a version": (b"GET / HTTP/1.", b"1", 431),
    "a field's name": (b"GET / HTTP/1.1\r\n", b"a", 431),
    "a field's value": (b"GET / HTTP/1.1\r\nX: ", b"a", 431),
    "fields": (b"GET / HTTP/1.1\r\n", b"X: a\r\n", 431),
    "a chunk's size": (CHUNKED, b"0", 400),
    "a chunk's extension": (CHUNKED + b"1;", b"a", 400),
    "the last chunk's extension": (CHUNKED + b"0;", b"a", 400),
    "a trailer's name": (CHUNKED + b"0\r\n", b"a", 400),
    "a trailer's value": (CHUNKED + b"0\r\nX: ", b"a", 400),
    "trailers": (CHUNKED + b"0\r\n", b"X: a\r\n", 400),
    "chunks of one byte": (CHUNKED, b"1\r\n \r\n", 413),
    "one chunk": (CHUNKED + b"fffffff\r\n", b" ", 413),
    "a body": (request("POST /v1/events", "Content-Length: 99999999"), b" ", 413),
}


def pour(connection, start, more):
    """Sends until the daemon takes no more of it, and answers what it says to that."""
    connection.send(start)
    piece = more * (PIECE // len(more))
    connection.socket.settimeout(0.2)
    for _ in range(1000):
        try:
            connection.send(piece)
        except (TimeoutError, ConnectionError):
            break
    connection.socket.settimeout(30)
    return connection.reply()


@pytest.mark.parametrize("what", ENDLESS)
def test_what_has_no_end_is_refused(front, what):
    daemon = front({"http.max_body": "1MiB"})
    start, more, status = ENDLESS[what]
    before = resident_mb(daemon)
    with daemon.connect() as connection:
        reply = pour(connection, start, more)
        assert reply.status == status
        error_of(reply)
        assert reply.headers["Connection"] == "close"
    assert recorded(daemon) == 0
    assert_grown_less_than(daemon, 8, before)
    assert daemon.post(event()).status == 202

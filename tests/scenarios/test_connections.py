"""HTTP/1.1 as clients and proxies speak it: a connection carries many requests, each with its own reply, in order."""

import socket

import pytest

from touchpoint.front import as_bytes, error_of, event, events, post, recorded, request

CHUNKED = request("POST /v1/events", "Transfer-Encoding: chunked")


def ids(reply):
    return [told["id"] for told in reply.json["events"]]


def test_a_connection_is_kept(front):
    daemon = front()
    with daemon.client() as client:
        for number in range(20):
            assert client.post(event(id=f"e{number}")).status == 202
        metrics = client.get("/metrics").body.decode()
    assert "\ntouchpoint_http_requests_total 21\n" in metrics
    assert "\ntouchpoint_http_connections_total 1\n" in metrics


def test_a_connection_is_closed_when_the_client_says_so(front):
    with front().connect() as connection:
        connection.send(post(event(), "Connection: close"))
        reply = connection.reply()
        assert (reply.status, reply.headers["Connection"]) == (202, "close")
        assert connection.closed()


def test_http_1_0_closes_unless_asked_to_keep(front):
    daemon = front()
    with daemon.connect() as connection:
        connection.send(b"GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        assert connection.reply("GET").headers["Connection"] == "keep-alive"
        connection.send(b"GET /healthz HTTP/1.0\r\n\r\n")
        assert connection.reply("GET").status == 200
        assert connection.closed()


@pytest.mark.tsan
def test_a_thousand_pipelined_requests_are_answered_in_order(front):
    """Those that wait for the disk too: nothing overtakes them."""
    wanted = [f"e{number}" for number in range(500)]
    with front().connect() as connection:
        pipelined = b"".join(post(event(id=id)) + request("GET /healthz") for id in wanted)
        connection.send(pipelined)
        for id in wanted:
            assert ids(connection.reply()) == [id]
            assert connection.reply("GET").json == {"status": "alive"}


def test_a_client_may_end_its_side_and_still_read(front):
    """As `nc` and some HTTP/1.0 clients do."""
    daemon = front()
    with daemon.connect() as connection:
        connection.send(post(event(id="one")) + post(event(id="two")))
        connection.socket.shutdown(socket.SHUT_WR)
        assert [ids(connection.reply()), ids(connection.reply())] == [["one"], ["two"]]
        assert connection.closed()


def test_a_body_may_come_in_chunks(front):
    whole = as_bytes(events(3))
    cuts = [0, 1, 2, 50, len(whole)]
    pieces = [whole[start:end] for start, end in zip(cuts, cuts[1:], strict=False)]
    framed = b"".join(f"{len(piece):X};name=value\r\n".encode() + piece + b"\r\n" for piece in pieces)
    with front().connect() as connection:
        connection.send(CHUNKED + framed + b"0\r\nTrailer: ignored\r\n\r\n")
        assert connection.reply().json["accepted"] == 3
        connection.send(post(event(id="next")))
        assert ids(connection.reply()) == ["next"], "the next request begins right behind the chunks"


def test_a_request_may_come_in_any_pieces(front):
    content = CHUNKED + b"%x\r\n" % len(as_bytes(event())) + as_bytes(event()) + b"\r\n0\r\n\r\n"
    with front().connect() as connection:
        for byte in content:
            connection.send(bytes([byte]))
        assert connection.reply().status == 202


def test_a_client_that_asks_first_is_told_to_go_on(front):
    body = as_bytes(event())
    with front().connect() as connection:
        connection.send(request("POST /v1/events", f"Content-Length: {len(body)}", "Expect: 100-continue"))
        assert connection.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.send(body)
        assert connection.reply().status == 202


@pytest.mark.parametrize(
    ("status", "target", "field"),
    [
        (413, "POST /v1/events", "Content-Length: 999999999"),
        (404, "POST /v1/elsewhere", "Content-Length: 10"),
        (405, "DELETE /v1/events", "Content-Length: 10"),
        (415, "POST /v1/events", "Content-Length: 10\r\nContent-Encoding: br"),
    ],
)
def test_or_told_at_once_that_it_need_not(status, target, field, front):
    with front().connect() as connection:
        connection.send(request(target, field, "Expect: 100-continue"))
        line = connection.socket.recv(4096).split(b"\r\n", 1)[0]
        assert line.startswith(f"HTTP/1.1 {status} ".encode())


def test_another_expectation_is_refused(front):
    daemon = front()
    with daemon.connect() as connection:
        connection.send(post(event(), "Expect: a miracle"))
        reply = connection.reply()
        assert reply.status == 417
        assert error_of(reply)["code"] == "unsupported_expect"
    assert recorded(daemon) == 0


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics", "/v1/customers/nobody", "/nowhere"])
def test_head_is_get_without_a_body(path, front):
    with front().connect() as connection:
        connection.send(request(f"GET {path}"))
        whole = connection.reply("GET")
        connection.send(request(f"HEAD {path}"))
        head = connection.reply("HEAD")
        assert head.status == whole.status
        assert head.headers["Content-Type"] == whole.headers["Content-Type"]
        assert int(head.headers["Content-Length"]) > 0
        connection.send(request("GET /healthz"))
        assert connection.reply("GET").json == {"status": "alive"}, "the next reply follows at once"

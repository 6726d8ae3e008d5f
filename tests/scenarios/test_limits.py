"""Every size has a bound: what is over it is refused before it costs anything, and what is just within it is taken."""

from touchpoint.front import as_bytes, error_of, event, events, recorded, request

BODY = 4096
HEAD = 2048


def padded(size):
    """An event of exactly so many bytes."""
    body = as_bytes(event())
    return body + b" " * (size - len(body))


def test_a_body_over_the_limit_is_413(front):
    daemon = front({"http.max_body": BODY})
    assert daemon.post(padded(BODY)).status == 202
    with daemon.connect() as connection:
        connection.send(request("POST /v1/events", f"Content-Length: {BODY + 1}"))
        reply = connection.reply()
        assert reply.status == 413, "without waiting for the body"
        assert error_of(reply)["code"] == "too_large"
        assert connection.closed()
    assert recorded(daemon) == 1


def test_so_is_one_with_more_events_than_the_journal_takes_at_once(front):
    daemon = front()
    reply = daemon.post([event(text="x" * 1000)] * 1100)
    assert reply.status == 413
    assert error_of(reply)["code"] == "too_large"
    assert "send fewer at a time" in error_of(reply)["message"]
    assert recorded(daemon) == 0
    assert daemon.post([event(text="x" * 1000)] * 100).status == 202


def test_so_is_one_that_does_not_say_how_long_it_is(front):
    daemon = front({"http.max_body": BODY})
    chunk = b"400\r\n" + b" " * 1024 + b"\r\n"
    with daemon.connect() as connection:
        connection.send(request("POST /v1/events", "Transfer-Encoding: chunked") + chunk * 5)
        reply = connection.reply()
        assert reply.status == 413, "without waiting for the end"
        assert error_of(reply)["code"] == "too_large"
        assert connection.closed()
    assert recorded(daemon) == 0


def head(size):
    """The head of a request, of exactly so many bytes."""
    start = b"GET /healthz HTTP/1.1\r\nHost: touchpoint\r\nX: "
    return start + b"a" * (size - len(start) - 4) + b"\r\n\r\n"


def test_a_head_over_the_limit_is_431(front):
    daemon = front({"http.max_header": HEAD})
    with daemon.connect() as connection:
        connection.send(head(HEAD))
        assert connection.reply().status == 200
    for name, content in {
        "a value": head(HEAD + 1),
        "a value without end": head(4 * HEAD)[:-4],
        "the target": b"GET /" + b"a" * HEAD,
        "many fields": b"GET /healthz HTTP/1.1\r\nHost: touchpoint\r\n" + b"X: a\r\n" * HEAD,
    }.items():
        with daemon.connect() as connection:
            connection.send(content)
            reply = connection.reply()
            assert reply.status == 431, name
            assert error_of(reply)["code"] == "header_too_large"
            assert connection.closed(), name


def test_too_many_events_are_413(front):
    daemon = front({"normalize.max_events": 10})
    assert daemon.post(events(10)).json["accepted"] == 10
    reply = daemon.post(events(11))
    assert reply.status == 413
    assert error_of(reply)["code"] == "too_many"
    assert recorded(daemon) == 10


def test_an_event_over_the_limit_is_refused_alone(front):
    daemon = front({"normalize.max_event": 1024})
    reply = daemon.post([event(id="small"), event(id="large", text="a" * 1024)])
    assert reply.status == 202
    assert [told["status"] for told in reply.json["events"]] == ["accepted", "rejected"]
    assert reply.json["events"][1]["error"]["code"] == "too_large"

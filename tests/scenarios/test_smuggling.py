"""A request whose end two servers could find at different places is refused and its connection closed; whatever is
hidden behind it never happens."""

import pytest

from touchpoint.front import as_bytes, error_of, event, post, recorded, request

HIDDEN = post(event("smuggled@example.com"))
BODY = as_bytes(event())
N = len(BODY)
CHUNKED = "Transfer-Encoding: chunked"


def sized(*fields):
    """A request with a body that would be taken, if it were not for these fields."""
    return request("POST /v1/events", *fields, body=BODY)


def in_chunks(framed, *fields, version="1.1"):
    head = request("POST /v1/events", *(fields or (CHUNKED,)))
    return head.replace(b"HTTP/1.1", f"HTTP/{version}".encode()) + framed


def one_chunk(size=f"{N:x}", end=b"\r\n", last=b"0\r\n\r\n"):
    return size.encode() + b"\r\n" + BODY + end + last


def health(version="1.1", *fields):
    lines = [f"GET /healthz HTTP/{version}", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n"


def raw(content):
    """A whole request as it should be, from which a row then departs."""
    return post(BODY).replace(b"POST /v1/events HTTP/1.1\r\n", content, 1)


HOST = "Host: touchpoint"

LENGTHS = {
    "twice, the same": (400, sized(f"Content-Length: {N}", f"Content-Length: {N}")),
    "twice, different": (400, sized(f"Content-Length: {N}", f"Content-Length: {N + len(HIDDEN)}")),
    "a list": (400, sized(f"Content-Length: {N}, {N}")),
    "a plus sign": (400, sized(f"Content-Length: +{N}")),
    "a minus sign": (400, sized(f"Content-Length: -{N}")),
    "hexadecimal": (400, sized(f"Content-Length: 0x{N:x}")),
    "more than 64 bits": (400, sized("Content-Length: 18446744073709551617")),
    "all 64 bits": (400, sized("Content-Length: 18446744073709551615")),
    "nothing": (400, sized("Content-Length:")),
    "two numbers": (400, sized(f"Content-Length: {N // 10} {N % 10}")),
    "an underscore": (400, sized(f"Content-Length: {N}_0")),
    "a blank before the colon": (400, sized(f"Content-Length : {N}")),
    "a tab before the colon": (400, sized(f"Content-Length\t: {N}")),
}

CODINGS = {
    "a length as well": (400, in_chunks(one_chunk(), CHUNKED, f"Content-Length: {N}")),
    "a length as well, in front": (400, in_chunks(one_chunk(), f"Content-Length: {N}", CHUNKED)),
    "xchunked": (501, in_chunks(one_chunk(), "Transfer-Encoding: xchunked")),
    "gzip, then chunked": (501, in_chunks(one_chunk(), "Transfer-Encoding: gzip, chunked")),
    "nothing": (400, in_chunks(one_chunk(), "Transfer-Encoding:")),
    "in quotes": (501, in_chunks(one_chunk(), 'Transfer-Encoding: "chunked"')),
    "with a parameter": (501, in_chunks(one_chunk(), "Transfer-Encoding: chunked;q=1")),
    "a list with an empty item": (400, in_chunks(one_chunk(), "Transfer-Encoding: ,chunked")),
    "identity": (501, in_chunks(one_chunk(), "Transfer-Encoding: identity")),
    "chunked, then gzip": (400, in_chunks(one_chunk(), "Transfer-Encoding: chunked, gzip")),
    "chunked twice in one field": (400, in_chunks(one_chunk(), "Transfer-Encoding: chunked, chunked")),
    "chunked in two fields": (400, in_chunks(one_chunk(), CHUNKED, CHUNKED)),
    "identity and chunked in two fields": (400, in_chunks(one_chunk(), "Transfer-Encoding: identity", CHUNKED)),
    "a folded field": (400, in_chunks(one_chunk(), "Transfer-Encoding:\r\n chunked")),
    "a blank before the colon": (400, in_chunks(one_chunk(), "Transfer-Encoding : chunked")),
    "a vertical tab before the value": (400, in_chunks(one_chunk(), "Transfer-Encoding: \x0bchunked")),
    "in HTTP/1.0": (400, in_chunks(one_chunk(), version="1.0")),
}

CHUNKS = {
    "a size with 0x": (400, in_chunks(one_chunk(f"0x{N:x}"))),
    "a size with a sign": (400, in_chunks(one_chunk(f"+{N:x}"))),
    "a blank behind the size": (400, in_chunks(one_chunk(f"{N:x} "))),
    "no size": (400, in_chunks(b";a\r\n" + one_chunk())),
    "a size below nothing": (400, in_chunks(one_chunk("-1"))),
    "a size that overflows": (400, in_chunks(one_chunk(f"1{N:016x}"))),
    "a size line without end": (400, in_chunks(b"1;" + b"x" * 100_000)),
    "a bare line feed behind the size": (400, in_chunks(one_chunk().replace(b"\r\n", b"\n", 1))),
    "a bare line feed in an extension": (400, in_chunks(one_chunk(f"{N:x};a\nb"))),
    "a bare carriage return in an extension": (400, in_chunks(one_chunk(f"{N:x};a\rb"))),
    "NUL in an extension": (400, in_chunks(one_chunk(f"{N:x};a\0b"))),
    "a bare line feed behind the data": (400, in_chunks(one_chunk(end=b"\n"))),
    "data longer than its size": (400, in_chunks(one_chunk(f"{N - 1:x}"))),
    "a bare line feed at the end": (400, in_chunks(one_chunk(last=b"0\r\n\n"))),
    "a trailer with a blank before the colon": (400, in_chunks(one_chunk(last=b"0\r\nA : b\r\n\r\n"))),
    "a folded trailer": (400, in_chunks(one_chunk(last=b"0\r\nA: b\r\n c\r\n\r\n"))),
}

LINES = {
    "all lines end with a bare line feed": (400, post(BODY).replace(b"\r\n", b"\n")),
    "one line ends with a bare line feed": (400, post(BODY).replace(b"touchpoint\r\n", b"touchpoint\n")),
    "a bare line feed hides a field": (400, in_chunks(one_chunk(), f"X: a\n{CHUNKED}")),
    "a bare carriage return hides a field": (400, in_chunks(one_chunk(), f"X: a\r{CHUNKED}")),
    "the empty line is a bare line feed": (400, health("1.1", HOST)[:-2] + b"\n"),
    "NUL in a name": (400, sized(f"Content-Length: {N}", "X\0: a")),
    "NUL in a value": (400, sized(f"Content-Length: {N}", "X: a\0")),
    "NUL in the target": (400, raw(b"POST /v1/events\0 HTTP/1.1\r\n")),
    "a folded line": (400, sized(f"Content-Length: {N}", "X: a\r\n b")),
    "a name of nothing": (400, sized(f"Content-Length: {N}", ": a")),
    "a line feed before the request": (400, b"\n" + post(BODY)),
    "a blank before the first field": (400, raw(b"POST /v1/events HTTP/1.1\r\n X: a\r\n")),
    "two blanks in the request line": (400, raw(b"POST  /v1/events HTTP/1.1\r\n")),
}

RECIPIENTS = {
    "no Host": (400, health("1.1")),
    "two Hosts": (400, health("1.1", HOST, HOST)),
    "two different Hosts": (400, health("1.1", HOST, "Host: elsewhere")),
    "a list of Hosts": (400, health("1.1", "Host: touchpoint, elsewhere")),
    "HTTP/3.7": (400, health("3.7", HOST)),
    "HTTP/1.10": (400, health("1.10", HOST)),
    "HTTP/1.2": (400, health("1.2", HOST)),
    "HTTP/0.9": (400, b"GET /healthz\r\n\r\n"),
    "HTTP/2's greeting": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "CONNECT": (400, b"CONNECT touchpoint:80 HTTP/1.1\r\nHost: touchpoint:80\r\n\r\n"),
    "an upgrade to websocket": (400, health("1.1", HOST, "Connection: Upgrade", "Upgrade: websocket")),
    "an upgrade to HTTP/2": (400, health("1.1", HOST, "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c")),
    "an upgrade with a body": (400, sized("Connection: upgrade", "Upgrade: x", f"Content-Length: {N}")),
}

THEMES = {
    "Content-Length": LENGTHS,
    "Transfer-Encoding": CODINGS,
    "chunks": CHUNKS,
    "lines": LINES,
    "for whom, and in which protocol": RECIPIENTS,
}


@pytest.mark.parametrize("theme", THEMES)
def test_is_refused_and_nothing_behind_it_happens(theme, front):
    daemon = front()
    for name, (status, content) in THEMES[theme].items():
        with daemon.connect() as connection:
            connection.send(content + HIDDEN)
            reply = connection.reply()
            assert reply.status == status, name
            assert error_of(reply)["code"] == {400: "invalid", 501: "unsupported_coding"}[status], name
            assert reply.headers["Connection"] == "close", name
            assert connection.closed(), f"{name}: there is a second reply"
        assert recorded(daemon) == 0, name


def test_what_the_rows_depart_from_is_taken(front):
    """Without this the table above would hold for a daemon that refuses everything."""
    daemon = front()
    whole = [post(BODY), sized(f"Content-Length: {N}"), in_chunks(one_chunk()), raw(b"POST /v1/events HTTP/1.1\r\n")]
    with daemon.connect() as connection:
        for content in whole:
            connection.send(content)
            assert connection.reply().status == 202
        connection.send(health("1.1", HOST))
        assert connection.reply().status == 200
    assert recorded(daemon) == len(whole)

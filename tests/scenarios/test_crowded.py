"""When all connections are taken, one that can be done without makes room for the next: the one that is idle for the
longest, else the slowest. One whose request is with the journal never does."""

import select
import socket

from touchpoint import until
from touchpoint.front import as_bytes, error_of, event, post, recorded, request

ONE = {"http.max_connections": 1, "http.grace": "500ms", "http.threads": 1}
"""One thread takes things up in the order in which they come."""


def served(daemon):
    """A connection that was served, and is idle now."""
    connection = daemon.connect()
    connection.send(request("GET /healthz"))
    assert connection.reply("GET").status == 200
    return connection


def admitted(daemon):
    """A client that is let in, as soon as there is room for it."""

    def enter():
        client = daemon.client()
        return client if client.get("/healthz").status == 200 else client.close()

    return until(enter, 10, "another one goes")


def shed(client):
    """How many had to go, by what they were at."""
    lines = client.get("/metrics").body.decode().splitlines()
    counts = [line.split() for line in lines if line.startswith("touchpoint_http_connections_shed_total")]
    return {name.split('"')[1]: int(count) for name, count in counts}


def must_be_turned_away(connection):
    reply = connection.reply("GET")
    assert reply.status == 503
    assert error_of(reply)["code"] == "no_room"
    assert int(reply.headers["Retry-After"]) > 0
    assert connection.closed()


def test_the_longest_idle_goes_first(front):
    daemon = front({"http.max_connections": 3, "http.threads": 1})
    idle = [served(daemon) for _ in range(3)]
    with daemon.client() as newcomer:
        assert newcomer.post(event()).status == 202
        assert idle[0].closed()
        assert shed(newcomer) == {"idle": 1, "sending": 0, "reading": 0}
    for connection in idle[1:]:
        connection.send(post(event()))
        assert connection.reply().status == 202


def test_a_slow_sender_goes_and_is_told_to_come_back(front):
    daemon = front(ONE)
    for start in (b"POST /v1/ev", post(event())[:-5]):
        slow = served(daemon)
        slow.send(start)
        with admitted(daemon):
            must_be_turned_away(slow)
    with daemon.client() as client:
        assert shed(client)["sending"] == 2
    assert recorded(daemon) == 0


def test_so_does_one_that_does_not_read_its_replies(front):
    roomy = {"journal.segment_size": "64MiB", "journal.max_size": "1GiB", "journal.queue_size": "64MiB"}
    daemon = front(ONE | roomy)
    with daemon.connect() as deaf:
        deaf.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.send(post([1] * 10_000) * 10)
        assert deaf.socket.recv(1) == b"H"
        with admitted(daemon) as newcomer:
            assert shed(newcomer) == {"idle": 0, "sending": 0, "reading": 1}


def test_one_that_is_owed_its_reply_stays(front):
    """It waits for Redis and Kafka, which are away, for longer than any grace."""
    daemon = front(ONE)
    body = as_bytes(event())
    with daemon.connect() as owed:
        owed.send(request("POST /v1/events?wait=2", f"Content-Length: {len(body)}", body=body))
        while not select.select([owed.socket], [], [], 0.02)[0]:
            with daemon.connect() as another:
                must_be_turned_away(another)
        reply = owed.reply()
        assert reply.status == 202
        assert reply.json["accepted"] == 1
    assert recorded(daemon) == 1

"""SIGTERM stops the intake, lets what was begun end, and leaves with 0 within node.stop_timeout. What was accepted is
there when the daemon comes back, once; what was not answered can be sent again."""

import itertools
import signal
import threading

import pytest

from touchpoint import until
from touchpoint.front import as_bytes, error_of, event, events, post, recorded, request


class Sender(threading.Thread):
    """Sends events one after the other on one connection, until it is told that there is no more; remembers the ids
    that were accepted."""

    numbers = itertools.count(1)

    def __init__(self, daemon):
        super().__init__()
        self.daemon = daemon
        self.accepted = []
        self.last_status = None
        self.start()

    def run(self):
        try:
            with self.daemon.client() as client:
                while self.send(client):
                    pass
        except OSError:
            pass

    def send(self, client):
        number = next(Sender.numbers)
        reply = client.post(event(f"c{number % 20}@example.com", id=f"e{number}"))
        self.last_status = reply.status
        if reply.status == 202:
            self.accepted.append(f"e{number}")
        return reply.status == 202


@pytest.mark.tsan
def test_under_load_nothing_accepted_is_lost(touchpointd, kafka, topics):
    daemon = touchpointd({"node.stop_timeout": "10s"})
    accepted = []
    for enough in (200, 400):
        senders = [Sender(daemon) for _ in range(4)]
        until(lambda senders=senders, enough=enough: sum(len(s.accepted) for s in senders) > enough, 30, "they send")
        assert daemon.stop(timeout=10) == 0
        for sender in senders:
            sender.join()
            accepted += sender.accepted
            assert sender.last_status in (202, 503)
        daemon.start()
    until(lambda: daemon.get("/readyz").json["pending"] == 0, 30, "all is delivered")
    seen = [record.value["id"] for record in kafka.records(topics.interactions)]
    assert len(seen) == len(set(seen)), "none twice"
    assert set(accepted) <= set(seen)
    timelines = [daemon.timeline(daemon.find(email=f"c{number}@example.com")) for number in range(20)]
    assert sorted(entry["id"] for timeline in timelines for entry in timeline) == sorted(seen)


def refuses(daemon):
    try:
        with daemon.connect(timeout=5):
            return False
    except ConnectionRefusedError:
        return True
    except ConnectionResetError:
        return False  # it was in the queue of a listener that closed


def begin(connection, length):
    """Sends a head, and waits until it was read."""
    connection.send(request("POST /v1/events", f"Content-Length: {length}", "Expect: 100-continue"))
    assert connection.socket.recv(100) == b"HTTP/1.1 100 Continue\r\n\r\n"


def test_what_was_begun_ends_and_nothing_begins(front):
    """A request whose body is on its way is answered; another one, on a connection kept from before, is turned away."""
    daemon = front({"node.stop_timeout": "20s"})
    content = as_bytes(event(id="begun"))
    with daemon.connect() as begun, daemon.connect() as kept:
        kept.send(post(event(id="before")))
        assert kept.reply().status == 202
        begin(begun, len(content))
        begun.send(content[:-10])
        daemon.process.send(signal.SIGTERM)
        until(lambda: refuses(daemon), 10, "no new connection is taken")
        kept.send(post(event(id="after")))
        turned_away = kept.reply()
        assert turned_away.status == 503
        assert error_of(turned_away)["code"] == "stopping"
        assert "Retry-After" in turned_away.headers
        assert kept.closed()
        begun.send(content[-10:])
        reply = begun.reply()
        assert reply.status == 202
        assert reply.headers["Connection"] == "close"
        assert begun.closed()
    assert daemon.exit_status() == 0
    daemon.start()
    assert daemon.get("/readyz").json["pending"] == 2


def test_who_does_not_end_is_not_waited_for(front):
    """A body that never comes may take 30 s by http.body_timeout, and a stop 1 s."""
    daemon = front({"node.stop_timeout": "1s"})
    with daemon.connect() as slow:
        begin(slow, 1000)
        assert daemon.stop(timeout=10) == 0
        assert slow.closed()


def test_who_waits_for_delivery_is_told_what_is_known(front):
    """The event is safe, and that is said; nobody waits 60 s for a Redis that is away."""
    daemon = front({"node.stop_timeout": "2s"})
    body = as_bytes(event(id="waiting"))
    with daemon.connect() as waiting:
        waiting.send(request("POST /v1/events?wait=60", f"Content-Length: {len(body)}", body=body))
        until(lambda: recorded(daemon) == 1, 10, "it is recorded")
        daemon.process.send(signal.SIGTERM)
        reply = waiting.reply()
        assert reply.status == 202
        assert reply.json["events"] == [{"index": 0, "id": "waiting", "status": "accepted"}]
        assert waiting.closed()
    assert daemon.exit_status() == 0
    daemon.start()
    assert daemon.get("/readyz").json["pending"] == 1


def test_with_redis_and_kafka_away_it_stops_all_the_same(front):
    daemon = front({"node.stop_timeout": "1s"})
    assert daemon.post(events(500)).json["accepted"] == 500
    assert daemon.stop(timeout=10) == 0
    daemon.start()
    assert daemon.get("/readyz").json["pending"] == 500

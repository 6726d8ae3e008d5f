"""Only a full journal turns senders away, with 503 and Retry-After; what it has taken is delivered as soon as Redis is
there again, and then it takes more."""

from touchpoint import until
from touchpoint.front import error_of, events

SMALL = {"journal.segment_size": "1MiB", "journal.max_size": "2MiB", "journal.queue_size": "1MiB"}


def fill(daemon):
    """Sends until there is no room; answers the ids that were accepted, and the reply that said so."""
    accepted = []
    for _ in range(100):
        reply = daemon.post(events(100, text="a" * 1000))
        if reply.status != 202:
            return accepted, reply
        accepted += [told["id"] for told in reply.json["events"]]
    raise AssertionError("the journal has no bound")


def test_it_turns_away_and_recovers(touchpointd, redis, kafka, topics):
    redis.stop()
    daemon = touchpointd(SMALL)
    accepted, reply = fill(daemon)
    assert len(accepted) > 500, "it is not full at once"
    assert reply.status == 503
    assert error_of(reply)["code"] == "no_room"
    assert int(reply.headers["Retry-After"]) > 0

    ready = daemon.get("/readyz")
    assert (ready.status, ready.json["status"]) == (503, "journal_full")
    assert "Retry-After" in ready.headers
    assert daemon.get("/healthz").status == 200
    assert daemon.metrics()["touchpoint_journal_full_total"] > 0

    redis.start()
    until(lambda: daemon.get("/readyz").json["status"] == "ready", 20, "there is room again")
    more = daemon.post(events(10))
    assert more.status == 202
    accepted += [told["id"] for told in more.json["events"]]
    records = kafka.records(topics.interactions, until=lambda records: len(records) >= len(accepted))
    assert sorted(record.value["id"] for record in records) == sorted(accepted)


def test_a_restart_makes_no_room_and_loses_nothing(touchpointd, redis, kafka, topics):
    redis.stop()
    daemon = touchpointd(SMALL)
    accepted, _ = fill(daemon)
    daemon.kill9()
    daemon.start()
    again, reply = fill(daemon)
    assert reply.status == 503
    redis.start()
    accepted += again
    records = kafka.records(topics.interactions, until=lambda records: len(records) >= len(accepted))
    assert sorted(record.value["id"] for record in records) == sorted(accepted)

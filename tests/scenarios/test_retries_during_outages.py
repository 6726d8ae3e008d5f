"""What is sent again while Redis or Kafka is away is known when its turn comes: the same is done once, the same id with
other content is refused, and neither waits for the other. An outage makes memory longer, never shorter."""

import pytest

from touchpoint import until
from touchpoint.front import event, events
from touchpoint.oracle import settle
from touchpoint.story import ids, send

FEW = {"timeline.recent_events": 3, "kafka.partitions": 1}


def take(daemon, *events):
    """They are accepted, since nobody can know yet."""
    reply = daemon.post(list(events))
    assert (reply.status, reply.json["accepted"]) == (202, len(events))


def arrived(kafka, topics):
    """The ids that were delivered, and those refused, with the reason."""
    refused = [record.value for record in kafka.records(topics.rejected)]
    return (
        ids(record.value for record in kafka.records(topics.interactions)),
        [(value["id"], value["reason"]["code"]) for value in refused],
    )


@pytest.fixture(params=["redis", "kafka"])
def away(request, redis, kafka):
    return {"redis": redis, "kafka": kafka}[request.param]


def test_the_same_and_other_content(touchpointd, kafka, topics, away):
    daemon = touchpointd({"kafka.partitions": 1, "redis.timeout": "1s"})
    send(daemon, event(id="before"))
    away.pause()
    take(daemon, event(id="during"), event(id="during", subject="other"))
    take(daemon, event(id="before"), event(id="before", subject="other"))
    take(daemon, event(id="during"))
    away.resume()
    settle(daemon)
    assert arrived(kafka, topics) == (["before", "during"], [("during", "id_reused"), ("before", "id_reused")])
    customer = daemon.find(email="ann@example.com")
    assert [entry.get("subject") for entry in daemon.timeline(customer)] == [None, None]


def test_across_a_kill(touchpointd, kafka, topics, away):
    """The first was accepted by one life of the daemon, the second by the next."""
    daemon = touchpointd({"kafka.partitions": 1, "redis.timeout": "1s"})
    send(daemon, event(id="before"))
    away.pause()
    take(daemon, event(id="during"))
    daemon.kill9()
    daemon.start()
    take(daemon, event(id="during"), event(id="before", subject="other"))
    away.resume()
    settle(daemon)
    assert arrived(kafka, topics) == (["before", "during"], [("before", "id_reused")])


def test_beyond_what_is_remembered(touchpointd, kafka, topics):
    """While Kafka is away all that it has not got is remembered, whatever the window."""
    daemon = touchpointd(FEW)
    customer = send(daemon, event(id="before"))[0]["customer"]["id"]
    kafka.pause()
    take(daemon, event(id="first"))
    others = events(40)
    for other in others:
        take(daemon, other)
    until(lambda: len(daemon.timeline(customer)) == 42, 20, "all have their place")
    take(daemon, event(id="one more"))
    take(daemon, event(id="first"), event(id="first", subject="other"))
    kafka.resume()
    settle(daemon)
    assert arrived(kafka, topics) == (["before", "first", *ids(others), "one more"], [("first", "id_reused")])


def test_later_than_the_window(touchpointd, redis, kafka, topics):
    """That is a new event, also when the retry waited for Redis: what came before it in the journal decides."""
    daemon = touchpointd(FEW | {"redis.timeout": "1s"})
    send(daemon, event(id="first"))
    settle(daemon)
    for other in events(30):
        send(daemon, other)
    settle(daemon)
    redis.pause()
    take(daemon, event(id="first"))
    redis.resume()
    settle(daemon)
    delivered, refused = arrived(kafka, topics)
    assert (delivered.count("first"), refused) == (2, [])

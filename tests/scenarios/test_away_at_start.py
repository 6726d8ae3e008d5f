"""Redis or Kafka may be away when touchpointd starts: it takes events all the same, says so, and they arrive later."""

from touchpoint import Redis, until
from touchpoint.front import event, events
from touchpoint.oracle import settle, until_it_looks_up


def takes_events(daemon, **services):
    """It says that it is ready, and what is away; answers the ids that it accepted."""
    ready = daemon.get("/readyz")
    assert ready.status == 200
    assert {name: ready.json[name] for name in services} == services
    sent = events(20)
    assert daemon.post(sent).json["accepted"] == 20
    assert daemon.get("/readyz").json["pending"] == 20
    return [event["id"] for event in sent]


def arrived(daemon, kafka, topics):
    """The ids on Ann's timeline and in Kafka."""
    settle(daemon)
    until_it_looks_up(daemon, "ann@example.com")
    timeline = daemon.timeline(daemon.find(email="ann@example.com"), order="asc")
    return [entry["id"] for entry in timeline], [record.value["id"] for record in kafka.records(topics.interactions)]


def test_without_redis(touchpointd, kafka, topics, tmp_path, shown):
    redis = Redis(tmp_path / "redis")
    shown.append(redis.process)
    daemon = touchpointd(redis=redis)
    sent = takes_events(daemon, redis="away")
    assert until(lambda: daemon.log("redis_away"), 5, "it is said")[0]["connection"] in ("delivery", "view")
    redis.start()
    assert arrived(daemon, kafka, topics) == (sent, sent)
    assert daemon.get("/readyz").json["redis"] == "up"
    assert daemon.log("redis_changed") == [], "the first meeting is no loss"
    redis.kill()


def test_without_kafka(touchpointd, kafka, topics):
    daemon = touchpointd()
    assert daemon.post(event("bob@example.com", id="before"), wait=20).status == 200
    settle(daemon)
    assert daemon.stop() == 0
    kafka.kill()
    daemon.start()
    sent = takes_events(daemon, kafka="away")
    until(lambda: daemon.find(email="ann@example.com"), 10, "Redis has them before Kafka is there")
    kafka.start()
    timeline, forwarded = arrived(daemon, kafka, topics)
    assert timeline == sent
    assert sorted(forwarded) == sorted(["before", *sent])
    assert daemon.get("/readyz").json["kafka"] == "up"


def test_without_kafka_at_the_very_first(touchpointd, kafka, topics):
    """Kafka alone can tell whether there was a Redis before this one: nothing is written until it has."""
    kafka.kill()
    daemon = touchpointd()
    sent = takes_events(daemon, kafka="away")
    assert daemon.find(email="ann@example.com") is None
    kafka.start()
    assert arrived(daemon, kafka, topics) == (sent, sent)
    assert daemon.log("redis_changed") == [], "the first meeting is no loss"

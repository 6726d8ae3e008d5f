"""While Redis or Kafka is away, whether it hangs or has died, events are taken as ever, in bounded memory. When it is
back everything arrives, once and in order."""

import time

import pytest

from touchpoint import Redis, oracle, until
from touchpoint.load import Load
from touchpoint.memory import assert_grown_less_than, resident_mb

SETTINGS = {"timeline.max_events": 1_000_000, "redis.timeout": "1s", "delivery.window": 200}
"""A small window, so that an outage fills it many times over."""

MOST_GROWTH_MB = 8
"""The window is 1 MB of JSON or so, thrice over at the most; what an outage brings is much more."""

lengths = pytest.mark.parametrize("seconds", [2.5, pytest.param(10, marks=pytest.mark.slow)])


def passed(daemon):
    return daemon.metrics()['touchpoint_kafka_acknowledged_total{topic="interactions"}']


def outage(daemon, load, seconds, down, up):
    """Events pass, then `down`, so many seconds of load, `up`."""
    until(lambda: passed(daemon) > 300, 20, "events pass")
    before = resident_mb(daemon)
    down()
    began = time.monotonic()
    time.sleep(seconds)  # the outage
    assert daemon.metrics()["touchpoint_journal_pending_records"] > 1000, "what is taken waits in the journal"
    assert_grown_less_than(daemon, MOST_GROWTH_MB, before)
    assert load.accepted_since(began + seconds / 2) > 300, "events are taken to the end of it"
    up()


@lengths
def test_redis_hangs(touchpointd, redis, kafka, topics, seconds):
    daemon = touchpointd(SETTINGS)
    with Load(daemon, pad=2000, pause=0.01) as load:
        outage(daemon, load, seconds, redis.pause, redis.resume)
    oracle.check(daemon, kafka, topics, load)
    assert daemon.log("redis_away")


@lengths
def test_redis_dies(touchpointd, kafka, topics, tmp_path, shown, seconds):
    """One that writes its append-only file before it answers: it forgets nothing when it is killed."""
    redis = Redis(tmp_path / "redis", appendfsync="always")
    shown.append(redis.process)
    daemon = touchpointd(SETTINGS, redis=redis.start())
    with Load(daemon, pad=2000, pause=0.01) as load:
        outage(daemon, load, seconds, redis.kill, redis.start)
    oracle.check(daemon, kafka, topics, load)
    assert daemon.log("redis_changed")[0]["absent"] == "0", "it was restarted, and lacks nothing"
    redis.kill()


@lengths
def test_kafka_hangs(touchpointd, kafka, topics, seconds):
    daemon = touchpointd(SETTINGS)
    with Load(daemon, pad=2000, pause=0.01) as load:
        outage(daemon, load, seconds, kafka.pause, kafka.resume)
    oracle.check(daemon, kafka, topics, load)


@lengths
def test_kafka_dies(touchpointd, kafka, topics, seconds):
    daemon = touchpointd(SETTINGS)
    with Load(daemon, pad=2000, pause=0.01) as load:
        outage(daemon, load, seconds, kafka.kill, kafka.start)
    oracle.check(daemon, kafka, topics, load)
    assert daemon.log("kafka_down")

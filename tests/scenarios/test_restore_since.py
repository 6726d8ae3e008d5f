"""A Redis that came back with an earlier state gets back what it lacks, and nothing else: the end is as if it had lost
nothing. What it has beyond Kafka stays."""

import time

import pytest

from faults.points import compiled_in
from touchpoint import until
from touchpoint.oracle import settle
from touchpoint.restore import Restore, load, produce_again

APPENDED = 'touchpoint_timeline_total{result="appended"}'


def now_ms():
    return int(time.time() * 1000)


@pytest.fixture
def restore(redis, kafka, topics):
    return Restore(redis, kafka, topics)


class Loss:
    """A daemon's work in two parts, and a Redis that lost the second."""

    def __init__(self, daemon, restore):
        load(daemon, 200)
        settle(daemon)
        self.since = now_ms()
        self.snapshot = restore.snapshot()
        self.first = restore.keys()
        load(daemon, 200)
        load(daemon, 100)
        settle(daemon)
        assert daemon.stop() == 0
        self.before = restore.keys()
        restore.put_snapshot(self.snapshot)
        assert restore.keys() == self.first
        restore.close()


@pytest.fixture
def loss(touchpointd, restore):
    return Loss(touchpointd({"identity.merges_per_minute": 0, "identity.shared_after": 0}), restore)


def test_what_is_lacking_is_put_back(loss, restore):
    result = restore.run(since=loss.since)
    assert result["result"] == "ok", restore.log
    assert restore.keys() == loss.before
    assert (result["entries"], result["lacking"]) == (300, 0)


def test_a_second_time_there_is_nothing_to_do(loss, restore):
    restore.run(since=loss.since)
    result = restore.run(since=loss.since)
    assert restore.keys() == loss.before
    assert (result["records"], result["entries"], result["claims"]) == (300, 0, 0)


def test_killed_in_the_middle_and_begun_again(loss, restore):
    if not compiled_in():
        pytest.skip("this build has no fault points")
    assert restore.run(since=loss.since, fault="restore.after_batch=kill:5") is None
    assert restore.keys() not in (loss.first, loss.before)
    assert restore.run(since=loss.since)["result"] == "ok"
    assert restore.keys() == loss.before


def test_with_records_that_kafka_has_twice(loss, restore, kafka, topics):
    records = kafka.records(topics.interactions)
    produce_again(kafka, topics.interactions, records[-200:] + records[100:300])
    assert restore.run(since=loss.since)["result"] == "ok"
    assert restore.keys() == loss.before


def test_only_what_was_produced_since_is_read(loss, restore):
    assert restore.run(since=now_ms())["records"] == 0
    assert restore.keys() == loss.first


def test_what_redis_has_beyond_kafka_stays(touchpointd, restore, kafka):
    """Its node has it in its journal, gets the stored answer, and produces it."""
    daemon = touchpointd({"identity.merges_per_minute": 0, "identity.shared_after": 0})
    load(daemon, 100)
    settle(daemon)
    kafka.pause()
    load(daemon, 50)
    until(lambda: daemon.metrics()[APPENDED] == 150, 20, "all are on their timelines")
    daemon.kill9()
    before = restore.keys()
    kafka.resume()
    restore.close()
    assert restore.run(since=1)["result"] == "ok"
    assert restore.keys() == before

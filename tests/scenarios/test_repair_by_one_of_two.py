"""Two daemons on one Redis and one Kafka: of a loss, one repairs and the other answers; what either has accepted is
there once. A node that says nothing is done without."""

import pytest

from touchpoint import oracle, until
from touchpoint.front import event
from touchpoint.load import Load
from touchpoint.process import free_port
from touchpoint.repair import ACKNOWLEDGED, APPENDED, Together, both_ways, settings, until_more_pass


@pytest.fixture
def two(touchpointd, redis):
    """Makes one that lays Redis out, and one that finds it so; `more`: what is particular to that."""

    def make(own, more=None):
        first = touchpointd(own)
        until(lambda: len(redis.client.keys("tp:*}:home")) == 32, 20, "it has opened all lanes and buckets")
        return [first, touchpointd(own | {"http.listen": f"127.0.0.1:{free_port()}"} | (more or {}))]

    return make


@pytest.fixture
def pair(two, transactions):
    return two(settings(transactions))


def repairs(daemons):
    return sum(len(daemon.log("repair_done")) for daemon in daemons)


def on_its_way(daemon):
    metrics = daemon.metrics()
    return metrics[APPENDED] - metrics[ACKNOWLEDGED]


def until_open(*daemons):
    for daemon in daemons:
        until(lambda daemon=daemon: daemon.get("/readyz").json["redis"] == "up", 30, "Redis is open")


@both_ways
def test_one_repairs_and_the_other_answers(pair, redis, kafka, topics):
    first, second = pair
    with Load(first) as one, Load(second) as other:
        until_more_pass(first)
        until_more_pass(second)
        redis.client.flushall()
        until(lambda: repairs(pair) == 1, 30, "it is repaired")
        until_open(*pair)
        until_more_pass(first)
        until_more_pass(second)
    oracle.settle(second)
    oracle.check(first, kafka, topics, Together(one, other))
    assert repairs(pair) == 1
    assert [line["number"] for daemon in pair for line in daemon.log("repair_followed")] == ["1"]
    assert first.log("repair_passed_over") + second.log("repair_passed_over") == []


def test_what_the_other_has_on_its_way_to_kafka_is_there_first(two, redis, kafka, topics):
    """Here it lingers at the other's producer while the first repairs."""
    first, other = two(settings(redis__repair_wait="20s"), {"kafka.property.linger.ms": "4000"})
    for id in ("e1", "e2", "e3"):
        assert other.post(event(id=id)).status == 202
    until(lambda: other.metrics()[APPENDED] == 3, 20, "they are placed")
    redis.client.flushall()
    assert other.metrics()[ACKNOWLEDGED] == 0
    until(lambda: repairs([first, other]) == 1, 30, "it is repaired")
    assert first.post(event(id="e4"), wait=30).status == 200
    oracle.settle(other)
    records = [(each.value["id"], each.value["context"]["sequence"]) for each in kafka.records(topics.interactions)]
    assert records == [("e1", 1), ("e2", 2), ("e3", 3), ("e4", 4)]


def test_a_frozen_one_is_fenced(two, redis, kafka, topics):
    """It has records on their way, which were placed before the repair. When it wakes up it finds that it may not
    produce any more, and ends; its next life delivers what it had."""
    first, second = two(settings("on"), {"kafka.transaction_interval": "2s"})
    with Load(first) as one, Load(second) as other:
        until_more_pass(first)
        until_more_pass(second)
        until(lambda: on_its_way(second) > 50, 20, "records wait for their commit")
        second.process.pause()
        redis.client.flushall()
        until(lambda: first.log("repair_done"), 30, "it is repaired")
        until_more_pass(first)
        second.process.resume()
        second.exit_status()
        second.start()
        until_more_pass(second)
    assert first.log("repair_fenced")
    oracle.settle(second)
    oracle.check(first, kafka, topics, Together(one, other))


@pytest.mark.parametrize("transactions", ["off"])
def test_one_that_is_gone_is_passed_over(pair, redis, kafka, topics):
    first, second = pair
    with Load(second) as other:
        until_more_pass(second)
    oracle.settle(second)
    second.kill9()
    with Load(first) as one:
        until_more_pass(first)
        redis.client.flushall()
        until(lambda: first.log("repair_done"), 30, "it is repaired")
        until_more_pass(first)
    assert len(first.log("repair_passed_over")) == 1
    oracle.check(first, kafka, topics, Together(one, other))


def test_two_that_begin_at_once_have_lost_nothing(touchpointd, kafka, topics):
    """Neither can know whether the other has something on its way: so a repair is made of it, of nothing."""
    pair = [touchpointd(settings(), start=False) for _ in range(2)]
    for daemon in pair:
        daemon.launch()
    for daemon in pair:
        daemon.process.wait_until(lambda daemon=daemon: daemon.log("ready"), 30, "it is ready")
        daemon.address = daemon.log("ready")[0]["http"].removeprefix("http://")
    with Load(pair[0]) as one, Load(pair[1]) as other:
        for daemon in pair:
            until_more_pass(daemon)
    oracle.settle(pair[1])
    oracle.check(pair[0], kafka, topics, Together(one, other))
    assert [daemon.log("redis_changed") for daemon in pair] == [[], []]

"""A Redis that was emptied is noticed before the next write, and made anew from Kafka: each customer keeps its id, its
sequences and its identifiers."""

import itertools

import pytest

from touchpoint import oracle, until
from touchpoint.front import event
from touchpoint.load import Load
from touchpoint.repair import ACKNOWLEDGED, APPENDED, both_ways, restored, settings, until_more_pass, until_repaired

LOSSES = "touchpoint_redis_losses_total"


def passes(daemon, **members):
    """Posts an event, and answers it as it was delivered."""
    reply = daemon.post(event(**members), wait=20)
    assert reply.status == 200, reply.body
    return reply.json["events"][0]["event"]


def strangers(daemon):
    """One after the other."""
    for number in itertools.count():
        yield passes(daemon, customer={"email": f"{number}@strangers.example"})


def part_of(redis, customer_id):
    """ "tp:{L3}:", the prefix of its lane."""
    (name,) = redis.client.keys(f"tp:*:c:{customer_id}")
    return name.removesuffix(f"c:{customer_id}")


def assert_said(daemon, redis):
    (line,) = daemon.log("redis_changed")
    assert line["level"] == "error"
    assert int(line["absent"]) == len(redis.client.keys("tp:*}:home")), "all lanes and buckets"
    assert daemon.metrics()[LOSSES] == 1
    assert restored(daemon) == ["all"]


@pytest.mark.tsan
@both_ways
def test_under_load_and_more_than_once(touchpointd, redis, kafka, topics, transactions):
    daemon = touchpointd(settings(transactions))
    with Load(daemon) as load:
        for times in (1, 2):
            until_more_pass(daemon)
            redis.client.flushall()
            until_repaired(daemon, times)
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)


def test_before_the_next_write(touchpointd, redis):
    daemon = touchpointd()
    before = passes(daemon)
    assert passes(daemon)["context"]["sequence"] == 2
    assert daemon.metrics()[LOSSES] == 0
    redis.client.flushall()
    after = passes(daemon)
    assert after["context"]["sequence"] == 3
    assert after["context"]["previous"]["id"] != before["id"]
    assert after["customer"]["id"] == before["customer"]["id"]
    assert_said(daemon, redis)


def test_while_nothing_is_written(touchpointd, redis):
    daemon = touchpointd()
    before = passes(daemon)
    redis.client.flushall()
    until_repaired(daemon)
    assert daemon.timeline(before["customer"]["id"]) == [before]
    assert_said(daemon, redis)


def test_a_part_that_nobody_writes_to_while_others_are_busy(touchpointd, redis):
    daemon = touchpointd()
    quiet = passes(daemon)
    home = part_of(redis, quiet["customer"]["id"])
    others = filter(lambda one: part_of(redis, one["customer"]["id"]) != home, strangers(daemon))
    busy = next(others)["customer"]["identifiers"]
    redis.client.delete(*redis.client.keys(f"{home}*"))

    def is_noticed():
        assert daemon.post(event(customer={"identifiers": busy})).status in (202, 503)
        return daemon.metrics()[LOSSES]

    until(is_noticed, 20, "it is noticed")
    until_repaired(daemon)
    assert daemon.timeline(quiet["customer"]["id"]) == [quiet]


def test_while_touchpointd_was_down(touchpointd, redis):
    daemon = touchpointd()
    before = passes(daemon)
    oracle.settle(daemon)
    assert daemon.stop() == 0
    redis.client.flushall()
    daemon.start()
    after = passes(daemon)
    assert after["customer"]["id"] == before["customer"]["id"]
    assert after["context"]["sequence"] == 2
    assert_said(daemon, redis)


def test_what_was_on_its_way_to_kafka_is_there_first(touchpointd, redis, kafka, topics):
    """Here it lingers at the producer, and Redis is emptied before Kafka knows of it."""
    daemon = touchpointd({"kafka.property.linger.ms": "4000", "kafka.partitions": 1})
    for id in ("e1", "e2", "e3"):
        assert daemon.post(event(id=id)).status == 202
    until(lambda: daemon.metrics()[APPENDED] == 3, 20, "they are placed")
    redis.client.flushall()
    assert daemon.metrics()[ACKNOWLEDGED] == 0
    assert daemon.post(event(id="e4")).status == 202
    oracle.settle(daemon)
    records = [
        (record.value["id"], record.value["context"]["sequence"]) for record in kafka.records(topics.interactions)
    ]
    assert records == [("e1", 1), ("e2", 2), ("e3", 3), ("e4", 4)]
    timeline = daemon.timeline(daemon.find(email="ann@example.com"), order="asc")
    assert [entry["id"] for entry in timeline] == ["e1", "e2", "e3", "e4"]


def test_a_new_deployment_has_nothing_to_repair(touchpointd):
    daemon = touchpointd()
    passes(daemon)
    assert daemon.log("repair_begins") == []
    assert daemon.metrics()[LOSSES] == 0


def test_retries_of_before_are_still_known(touchpointd, redis):
    """By what Kafka has of them."""
    daemon = touchpointd()
    before = passes(daemon, id="e1")
    redis.client.flushall()
    until_repaired(daemon)
    reply = until(lambda: daemon.post(event(id="e1"), wait=20), 20, "it is answered")
    (told,) = reply.json["events"]
    assert told["duplicate"]
    assert told["event"] == before

"""A key in Redis that holds something else (somebody's mistake) stops the events that need it and no others: after a
few tries they go to the rejected topic, and nothing waits for them. When the key is right again, so is its customer."""

import pytest

from touchpoint.front import event
from touchpoint.oracle import settle


class Broken:
    """Puts a list in the place of a key, as long as it lasts."""

    def __init__(self, redis, pattern):
        self.client = redis.client
        (self.key,) = self.client.keys(pattern)

    def __enter__(self):
        self.client.rename(self.key, f"{self.key}-aside")
        self.client.rpush(self.key, "not ours")
        return self

    def __exit__(self, *_):
        self.client.rename(f"{self.key}-aside", self.key)


def send(daemon, name, *ids):
    for id in ids:
        assert daemon.post(event(f"{name}@example.com", id=id)).status == 202


def others_go_on(daemon, kafka, topics):
    """Ann's are rejected and Bob's delivered, and the journal is empty."""
    send(daemon, "bob", "b1")
    send(daemon, "ann", "a2", "a3")
    send(daemon, "bob", "b2")
    settle(daemon, timeout=20)
    refused = {record.value["id"]: record.value for record in kafka.records(topics.rejected)}
    assert refused.keys() == {"a2", "a3"}
    assert {value["reason"]["code"] for value in refused.values()} == {"undeliverable"}
    assert refused["a2"]["payload"], "it can be sent again"
    assert [record.value["id"] for record in kafka.records(topics.interactions)] == ["a1", "b1", "b2"]
    assert daemon.metrics()["touchpoint_delivery_undeliverable_total"] == 2


@pytest.mark.parametrize("kind", ["c", "t"])
def test_of_a_customer(touchpointd, redis, kafka, topics, kind):
    daemon = touchpointd({"kafka.partitions": 1})
    send(daemon, "ann", "a1")
    settle(daemon)
    ann = daemon.find(email="ann@example.com")
    with Broken(redis, f"tp:*:{kind}:{ann}"):
        others_go_on(daemon, kafka, topics)
    reply = daemon.post(event("ann@example.com", id="a4"), wait=20).json["events"][0]["event"]
    assert (reply["customer"]["id"], reply["context"]["sequence"]) == (ann, 2)


def test_of_an_identifier(touchpointd, redis, kafka, topics):
    daemon = touchpointd({"kafka.partitions": 1})
    send(daemon, "ann", "a1")
    settle(daemon)
    ann = daemon.find(email="ann@example.com")
    with Broken(redis, "tp:*:email:ann@example.com"):
        others_go_on(daemon, kafka, topics)
    reply = daemon.post(event("ann@example.com", id="a4"), wait=20).json["events"][0]["event"]
    assert (reply["customer"]["id"], reply["context"]["sequence"]) == (ann, 2)


def test_of_a_lanes_home(touchpointd, redis):
    """That one is touchpointd's own, and made anew; it counts as a loss."""
    daemon = touchpointd({"redis.lanes": 1})
    assert daemon.post(event(id="a1"), wait=20).status == 200
    redis.client.delete("tp:{L0}:home")
    redis.client.rpush("tp:{L0}:home", "not ours")
    assert daemon.post(event(id="a2"), wait=20).json["events"][0]["event"]["context"]["sequence"] == 2
    assert daemon.log("redis_changed")[0]["absent"] == "1"


def test_somebody_waits_for_it(touchpointd, redis):
    """Who asked to wait is told that it was refused, and why."""
    daemon = touchpointd()
    assert daemon.post(event(id="a1"), wait=20).status == 200
    with Broken(redis, "tp:*:email:ann@example.com"):
        reply = daemon.post(event(id="a2"), wait=20)
    assert reply.status == 422
    assert reply.json["events"][0]["error"]["code"] == "undeliverable"

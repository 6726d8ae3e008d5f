"""An event that fails by itself is tried again in a while. Later ones of its customer wait for it, so that a timeline
has them in the order in which they were taken; those of others do not."""

import pytest

from touchpoint.front import event
from touchpoint.oracle import settle


class Broken:
    """Puts a list in the place of a key, until it is mended."""

    def __init__(self, redis, key):
        self.client = redis.client
        (self.key,) = self.client.keys(key)
        self.client.rename(self.key, f"{self.key}-aside")
        self.client.rpush(self.key, "not ours")

    def mend(self):
        self.client.rename(f"{self.key}-aside", self.key)


ANN = {"email": "ann@example.com", "customer_id": "7"}


@pytest.fixture
def ann(touchpointd, redis):
    """Ann's email alone cannot be looked up; her number can."""

    def make(tries):
        daemon = touchpointd({"delivery.tries": tries, "kafka.partitions": 1})
        assert daemon.post(event(id="a1") | {"customer": ANN}, wait=20).status == 200
        broken = Broken(redis, "tp:*:email:ann@example.com")
        for id, customer in (("a2", ANN), ("a3", {"customer_id": "7"}), ("a4", {"customer_id": "7"})):
            assert daemon.post(event(id=id) | {"customer": customer}).status == 202
        assert daemon.post(event("bob@example.com", id="b1"), wait=20).status == 200, "others do not wait"
        return daemon, broken

    return make


def delivered(kafka, topics):
    records = kafka.records(topics.interactions)
    return [(record.value["id"], record.value["context"]["sequence"]) for record in records]


def test_the_later_ones_wait(ann, kafka, topics):
    daemon, broken = ann(tries=1000)
    assert delivered(kafka, topics) == [("a1", 1), ("b1", 1)]
    broken.mend()
    settle(daemon)
    assert delivered(kafka, topics) == [("a1", 1), ("b1", 1), ("a2", 2), ("a3", 3), ("a4", 4)]


def test_and_go_on_when_it_is_given_up(ann, kafka, topics):
    daemon, _ = ann(tries=3)
    settle(daemon)
    assert delivered(kafka, topics) == [("a1", 1), ("b1", 1), ("a3", 2), ("a4", 3)]
    (refused,) = kafka.records(topics.rejected)
    assert refused.value["id"] == "a2"

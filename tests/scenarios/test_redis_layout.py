"""The numbers of lanes and buckets are fixed once there are data: another number would look for customers where they
are not. It is said, nothing is written, events are taken, and arrive when the number is right again."""

import pytest

from touchpoint import until
from touchpoint.front import event
from touchpoint.oracle import settle


@pytest.mark.parametrize(("setting", "number"), [("redis.lanes", 32), ("redis.buckets", 128)])
def test_another_number_is_refused(touchpointd, redis, kafka, topics, setting, number):
    first = touchpointd()
    assert first.post(event(id="e1"), wait=20).status == 200
    before = sorted(redis.client.keys("*[ct]:*"))

    other = touchpointd({setting: number, "node.stop_timeout": "1s"})
    until(lambda: other.log("redis_layout"), 10, "it is said")
    assert other.post(event(id="e2")).status == 202
    assert other.get("/readyz").json["redis"] == "away"
    assert other.stop() == 0
    assert sorted(redis.client.keys("*[ct]:*")) == before

    right = touchpointd({"journal.dir": other.settings["journal.dir"]})
    settle(right)
    sequences = {
        record.value["id"]: record.value["context"]["sequence"] for record in kafka.records(topics.interactions)
    }
    assert sequences == {"e1": 1, "e2": 2}
    assert right.log("redis_layout") == []

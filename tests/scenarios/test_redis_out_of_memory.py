"""A Redis that is full refuses to write: events are taken all the same, wait, and arrive when it has room."""

from touchpoint import oracle, until
from touchpoint.load import Load
from touchpoint.repair import until_more_pass


def test_it_waits_for_room(touchpointd, redis, kafka, topics):
    daemon = touchpointd()
    with Load(daemon, pause=0.01) as load:
        until_more_pass(daemon, 100)
        redis.client.config_set("maxmemory", "1mb")
        until(lambda: "OOM" in str(daemon.log("redis_away")), 10, "it is said")
        so_far = len(load.accepted)
        until(lambda: len(load.accepted) > so_far + 200, 20, "events are taken all the same")
        assert daemon.get("/readyz").json["redis"] == "away"
        redis.client.config_set("maxmemory", "0")
    oracle.check(daemon, kafka, topics, load)
    assert daemon.metrics()["touchpoint_delivery_undeliverable_total"] == 0

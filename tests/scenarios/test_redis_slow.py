"""A Redis that is slower than redis.timeout does the work and is not heard: the same is asked again, until an answer
comes in time. What was given up may still be on its way, and arrive when all others have forgotten it."""

from touchpoint import oracle, until
from touchpoint.front import event
from touchpoint.load import Load
from touchpoint.proxy import Proxy
from touchpoint.story import send

REPLAYED = 'touchpoint_timeline_total{result="replayed"}'


def test_answers_come_too_late(touchpointd, redis, kafka, topics):
    with Proxy(redis.port) as proxy:
        daemon = touchpointd({"redis.url": proxy.url, "redis.timeout": "1s"})
        with Load(daemon, pause=0.01) as load:
            until(lambda: len(load.accepted) > 100, 20, "events pass")
            proxy.slow_down_at('"attributes":', 1.5)  # as only what is appended has it
            until(lambda: daemon.metrics()["touchpoint_redis_up"] == 0, 20, "it is given up")
            proxy.latency = 0
            until(lambda: daemon.metrics()[REPLAYED] > 0, 20, "it was done in vain, and is asked again")
        oracle.check(daemon, kafka, topics, load)
        assert "in time" in str(daemon.log("redis_away"))
        assert daemon.stop() == 0


def test_a_call_that_was_given_up_lands_when_it_is_forgotten(touchpointd, redis, kafka, topics):
    """Its event was delivered by the call that came after it, the journal has let it go, and more events than are
    remembered have come since: by the recents alone it would be new."""
    with Proxy(redis.port) as proxy:
        few = {"timeline.recent_events": 3, "kafka.partitions": 1, "http.threads": 1}
        daemon = touchpointd({"redis.url": proxy.url, "redis.timeout": "1s", **few})
        send(daemon, event(id="e-0"))
        proxy.hold("e-1")
        assert daemon.post(event(id="e-1")).status == 202
        until(lambda: "in time" in str(daemon.log("redis_away")), 20, "it is given up")
        assert proxy.held > 0, "it is on its way"
        for number in range(2, 40):
            send(daemon, event(id=f"e-{number}"))
        oracle.settle(daemon)
        proxy.let_go()
        until(lambda: proxy.held == 0, 20, "it arrives")
        send(daemon, event(id="last"))
        expected = [f"e-{number}" for number in range(40)] + ["last"]
        arrived = [
            (record.value["id"], record.value["context"]["sequence"]) for record in kafka.records(topics.interactions)
        ]
        assert arrived == [(id, number) for number, id in enumerate(expected, 1)]
        customer = daemon.find(email="ann@example.com")
        assert [entry["id"] for entry in daemon.timeline(customer, order="asc")] == expected
        assert daemon.stop() == 0

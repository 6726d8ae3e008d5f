"""/healthz says that the daemon is alive, /readyz whether it can take events: also while Redis or Kafka is away, which
its body says."""

import pytest

from touchpoint import until
from touchpoint.front import AWAY, event, events


def readiness(daemon):
    reply = daemon.get("/readyz")
    return reply.status, reply.json


def test_alive(front):
    reply = front().get("/healthz")
    assert (reply.status, reply.json) == (200, {"status": "alive"})
    assert reply.headers["Content-Type"] == "application/json"


def test_ready_with_everything_there(touchpointd):
    daemon = touchpointd()
    everything = (200, {"status": "ready", "redis": "up", "kafka": "up", "pending": 0})
    until(lambda: readiness(daemon) == everything, 20, "everything is up")
    assert daemon.post(event(), wait=20).status == 200


def test_ready_with_nothing_there(front):
    daemon = front()
    assert daemon.post(events(3)).status == 202
    assert readiness(daemon) == (200, {"status": "ready", "redis": "away", "kafka": "away", "pending": 3})


@pytest.mark.parametrize("away", ["redis", "kafka"])
def test_each_is_told_apart(away, touchpointd, redis):
    daemon = touchpointd({"node.stop_timeout": "1s"}, **{away: AWAY})
    there = {"redis": "up", "kafka": "up", away: "away"}
    until(lambda: there.items() <= readiness(daemon)[1].items(), 20, f"all but {away} is up")
    assert readiness(daemon)[0] == 200


def test_redis_may_go_and_come_back(touchpointd, redis):
    daemon = touchpointd()
    for act, state in ((None, "up"), (redis.kill, "away"), (redis.start, "up")):
        if act:
            act()
        until(lambda state=state: readiness(daemon)[1]["redis"] == state, 20, f"Redis is {state}")
        assert readiness(daemon)[0] == 200

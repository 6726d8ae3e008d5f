"""touchpointd may be killed at any moment, as often as it likes: what it answered by 202 is neither lost nor doubled,
and senders who send again what was not answered do no harm."""

import random
import time

import pytest

from touchpoint import oracle, until
from touchpoint.load import Load
from touchpoint.process import free_port


@pytest.fixture
def daemon(touchpointd):
    """One that has the same address in all its lives."""
    return touchpointd({"http.listen": f"127.0.0.1:{free_port()}"})


@pytest.mark.tsan
def test_twenty_kills_lose_and_double_nothing(daemon, kafka, topics):
    with Load(daemon) as load:
        moments = random.Random(load.seed)
        for _ in range(20):
            time.sleep(moments.uniform(0.02, 0.5))  # the moment is the point
            daemon.kill9()
            daemon.start()
    oracle.check(daemon, kafka, topics, load)


@pytest.mark.parametrize("service", ["redis", "kafka"])
def test_killed_while_much_is_under_way(daemon, redis, kafka, topics, service):
    """What was handed on, and not acknowledged, is delivered by the next life."""
    server = {"redis": redis, "kafka": kafka}[service]
    with Load(daemon) as load:
        delivered = lambda: daemon.metrics()['touchpoint_kafka_acknowledged_total{topic="interactions"}']  # noqa: E731
        until(lambda: delivered() > 200, 20, "events pass")
        server.pause()
        so_far = len(load.accepted)
        until(lambda: len(load.accepted) > so_far + 1000, 20, "events are taken")
        daemon.kill9()
        daemon.start()
        server.resume()
    oracle.check(daemon, kafka, topics, load)

"""The daemon may be killed at any moment, as often as one likes: also while it starts, and while much of what it handed
on is not acknowledged."""

import random
import time

import pytest

from touchpoint import until

either = pytest.mark.parametrize("transactions", ["off", "on"])


@pytest.mark.tsan
@either
def test_at_random(node, trial):
    daemon = node()
    moments = random.Random()

    def strike():
        time.sleep(moments.uniform(0, 0.5))  # the moment is the point
        daemon.kill9()
        daemon.launch()

    trial(daemon, "the daemon: kill -9 at random", strike, times=(10, 120), each_recovers=False, strangers=0.05)


@pytest.mark.parametrize("service", ["redis", "kafka"])
def test_while_much_is_under_way(node, redis, kafka, trial, service):
    server = {"redis": redis, "kafka": kafka}[service]
    daemon = node()

    def strike():
        server.pause()
        until(lambda: daemon.metrics()["touchpoint_journal_pending_records"] > 1000, 20, "events wait")
        daemon.kill9()
        daemon.start()
        server.resume()

    trial(daemon, f"the daemon: kill -9 while {service} hangs", strike, times=(1, 10))

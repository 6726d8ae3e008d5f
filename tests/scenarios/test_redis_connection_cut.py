"""The connection to Redis may be reset after any byte of a reply. What was under way was done or was not, nobody knows;
it is asked again, and happens once."""

import random

import pytest

from touchpoint import oracle, until
from touchpoint.load import Load
from touchpoint.proxy import Proxy

APPENDED = 'touchpoint_timeline_total{result="appended"}'
REPLAYED = 'touchpoint_timeline_total{result="replayed"}'

GREETING = 383
"""Bytes of Redis' answers to it; then the homes answer, and behind them come the answers to events."""


def places(count, seed):
    """In the greeting, at its end, among the homes; then anywhere, near and far."""
    dice = random.Random(seed)
    return [1, GREETING, GREETING + 1, 300, *(int(10 ** dice.uniform(2.6, 4.6)) for _ in range(count))]


def cut_after(proxy, place):
    so_far = proxy.cut
    proxy.cut_after(place)
    until(lambda: proxy.cut > so_far, 20, f"one is cut after {place} bytes")


@pytest.mark.tsan
@pytest.mark.parametrize("count", [3, pytest.param(20, marks=pytest.mark.slow)])
def test_after_any_byte_of_a_reply(touchpointd, redis, kafka, topics, count):
    with Proxy(redis.port) as proxy:
        daemon = touchpointd({"timeline.max_events": 1_000_000}, redis=proxy)
        with Load(daemon) as load:
            for place in places(count, load.seed):
                cut_after(proxy, place)
            while daemon.metrics()[REPLAYED] == 0:  # until something was done, not heard of, and asked again
                proxy.cut_after(None)
                so_far = daemon.metrics()[APPENDED]
                until(lambda so_far=so_far: daemon.metrics()[APPENDED] > so_far, 20, "events pass")
                cut_after(proxy, 50)
            proxy.cut_after(None)
        oracle.check(daemon, kafka, topics, load)
        assert daemon.log("redis_changed") == [], "it is the same Redis all the time"
        assert daemon.stop() == 0

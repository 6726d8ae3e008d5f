"""The event by which two customers turn out to be one: of two with many interactions each, and of two with few. A pair
can be merged once, so there are as many pairs as rounds."""

import time

from touchpoint import Client

from .events import CUSTOMER
from .sender import by_turns

WAIT_S = 30
SIDES = ("touchpointd", "1,000 each", "10 each")
LATE, LATE_S = 40, 1
"""Of the interactions of one who has many: they come when the journal's checkpoint is behind the others. Only then is
cut down what a customer remembers of events; after one burst it is all still there."""


class Pairs:
    """Pairs of customers of so many interactions each, merged one after another."""

    def __init__(self, side, sender, interactions, count):
        self._side, self._redis = side, side.redis.client
        visitor = {"anonymous_id": f"visitor-{interactions}-{CUSTOMER}"}
        reader = {"email": f"reader.{interactions}.{CUSTOMER}@mail.example"}
        late = min(LATE, interactions // 2)
        for one in (visitor, reader):
            sender.send(count * (interactions - late), count, one)
        time.sleep(LATE_S)
        for one in (visitor, reader):
            sender.send(count * late, count, one)
        self._events = list(sender.events(count, count, visitor | reader))

    def _scripts_us(self):
        """What all scripts of this Redis have taken so far."""
        return self._redis.info("commandstats")["cmdstat_evalsha"]["usec"]

    def merge(self, number):
        """Answers how long it took until the event was in the timeline and in Kafka, in ms, and Redis' part of it."""
        with Client(self._side.address, WAIT_S + 10) as client:
            before, began = self._scripts_us(), time.monotonic()
            reply = client.post(self._events[number], wait=WAIT_S)
            ms, us = 1e3 * (time.monotonic() - began), self._scripts_us() - before
        assert b'"kind":"merged"' in reply.body, reply.body
        return ms, us


def measure(side, sender, amounts, results, say):
    say(f"merges: {amounts.rounds} pairs of {', '.join(f'{n:,}' for n in amounts.merged)} interactions each")
    filled = (Pairs(side, sender, interactions, amounts.rounds) for interactions in amounts.merged)
    pairs = dict(zip(SIDES, filled, strict=True))
    Pairs(side, sender, 1, 1).merge(0)  # does not count

    def measured(name):
        def merge(number):
            ms, us = pairs[name].merge(number)
            results.add("merge_ms", name, ms)
            results.add("merge_redis_us", name, us)

        return merge

    by_turns(amounts.rounds, *map(measured, pairs))
    for figure in ("merge_ms", "merge_redis_us"):
        say(f"  {figure}: " + " and ".join(f"{results.median(figure, name):,.1f}" for name in pairs))

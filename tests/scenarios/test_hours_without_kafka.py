"""Kafka is away for two hours, and one customer goes beyond every cap: more events than a timeline keeps, more than are
remembered, more than are under way at a time. What could still be asked for again is kept for as long as it could, and
when Kafka is back it has everything, once and in order."""

import itertools

import pytest

from touchpoint import oracle, until
from touchpoint.clock import Clock
from touchpoint.front import event
from touchpoint.memory import assert_grown_less_than, resident_mb
from touchpoint.story import check_sequence, ids, seconds_between, send

WINDOW = 500
CAPS = {"timeline.max_events": 50, "timeline.recent_events": 20, "delivery.window": WINDOW, "kafka.partitions": 1}
MINUTES = 120
A_MINUTE = 10
"""Events of Ann's."""


@pytest.fixture
def daemon(touchpointd, tmp_path):
    daemon = touchpointd(CAPS, start=False)
    daemon.clock = Clock(tmp_path)
    daemon.clock.govern(daemon)
    return daemon.start()


def outage(daemon):
    """Minute for minute; answers the ids of Ann's that were accepted, and Bob's."""
    ann, bob = [], []
    for minute in range(MINUTES):
        daemon.clock.set(60 * minute)
        ann += take(daemon, "ann", A_MINUTE)
        bob += take(daemon, "bob", 1)
        if minute == MINUTES // 4:  # by now as much is under way as may be
            before = resident_mb(daemon)
    assert_grown_less_than(daemon, 4, before)
    return ann, bob


_numbers = itertools.count(1)


def take(daemon, name, count):
    events = [event(f"{name}@example.com", id=f"{name}-{next(_numbers)}") for _ in range(count)]
    assert daemon.post(events).json["accepted"] == count
    return ids(events)


def test_two_hours_and_a_customer_beyond_every_cap(daemon, kafka, topics):
    (first,) = send(daemon, event(id="ann-first"))
    oracle.settle(daemon)
    kafka.pause()
    ann, bob = outage(daemon)
    customer = first["customer"]["id"]
    until(lambda: len(daemon.timeline(customer)) > 4 * CAPS["timeline.max_events"], 20, "all that is under way is kept")
    for again in (ann[0], ann[-1]):
        assert daemon.post(event(id=again)).status == 202
    kafka.resume()
    oracle.settle(daemon)

    records = [record.value for record in kafka.records(topics.interactions)]
    anns = [record for record in records if record["customer"]["id"] == customer]
    assert ids(anns) == ["ann-first", *ann]
    assert ids(record for record in records if record["customer"]["id"] != customer) == bob
    check_sequence(anns)
    assert seconds_between(anns[1]["received_at"], anns[-1]["received_at"]) >= 60 * (MINUTES - 1)

    (last,) = send(daemon, event(id="ann-last"))
    assert last["context"]["sequence"] == len(ann) + 2
    known = daemon.get(f"/v1/customers/{customer}").json
    assert known["interactions"] == len(ann) + 2
    newest = ids(daemon.timeline(customer))[: CAPS["timeline.max_events"]]
    assert newest == ["ann-last", *reversed(ann[-CAPS["timeline.max_events"] + 1 :])]

"""A wall clock that is set back, or forward and back, breaks nothing: events are accepted, ordered by arrival in their
sequence and by time on the timeline, ids stay unique, and what waits does not wait an hour longer."""

import itertools

import pytest

from touchpoint.clock import Clock
from touchpoint.front import event
from touchpoint.oracle import settle

HOUR = 3600


@pytest.fixture
def clock(tmp_path):
    return Clock(tmp_path)


def deliver(daemon, name, id):
    reply = daemon.post(event(f"{name}@example.com", id=id), wait=20)
    assert reply.status == 200, reply.body
    return reply.json["events"][0]["event"]


def test_an_hour_back_and_forward(touchpointd, kafka, topics, clock):
    daemon = touchpointd({"kafka.partitions": 1}, start=False)
    clock.govern(daemon)
    daemon.start()
    arrivals = []
    for number, offset in enumerate((0, -HOUR, HOUR, -HOUR), 1):
        clock.set(offset)
        arrivals += [deliver(daemon, "ann", f"a{number}"), deliver(daemon, f"new-{number}", f"n{number}")]
    ann = arrivals[0::2]
    assert [entry["context"]["sequence"] for entry in ann] == [1, 2, 3, 4]
    assert [round(entry["context"]["gap_s"] / HOUR) for entry in ann[1:]] == [-1, 2, -2]

    customers = [entry["customer"]["id"] for entry in arrivals[1::2]]
    assert customers == sorted(set(customers)), "the older id is the smaller one, whatever the clock said"
    timeline = daemon.timeline(ann[0]["customer"]["id"], order="asc")
    assert [entry["id"] for entry in timeline] == ["a2", "a4", "a1", "a3"]
    settle(daemon, timeout=10)
    assert [record.value for record in kafka.records(topics.interactions)] == arrivals


def test_back_between_two_lives(touchpointd, kafka, topics, clock):
    """What the first life took and did not deliver is delivered by the second, which lives an hour before it."""
    daemon = touchpointd({"kafka.partitions": 1}, start=False)
    clock.govern(daemon)
    daemon.start()
    numbers = itertools.count(1)
    deliver(daemon, "ann", f"a{next(numbers)}")
    kafka.pause()
    assert daemon.post([event(id=f"a{next(numbers)}") for _ in range(10)]).status == 202
    daemon.kill9()
    clock.set(-HOUR)
    daemon.start()
    kafka.resume()
    deliver(daemon, "ann", f"a{next(numbers)}")
    settle(daemon, timeout=20)
    sequences = {
        record.value["id"]: record.value["context"]["sequence"] for record in kafka.records(topics.interactions)
    }
    assert sequences == {f"a{number}": number for number in range(1, 13)}

"""An event that comes late takes its place in the timeline by its time, and its sequence by its arrival."""

import pytest

from touchpoint.front import event
from touchpoint.story import ago, check_sequence, ids, send


def test_a_late_event_is_in_order_of_time_and_says_that_it_was_late(touchpointd):
    daemon = touchpointd()
    send(daemon, event(id="monday", time=ago(days=2)), event(id="today", time=ago(minutes=1)))
    late = send(daemon, event(id="yesterday", time=ago(days=1, milliseconds=250)))[0]
    next_one = send(daemon, event(id="now", time=ago(seconds=1)))[0]

    customer = daemon.find(email="ann@example.com")
    timeline = daemon.timeline(customer, order="asc")
    assert ids(timeline) == ["monday", "yesterday", "today", "now"]
    assert [found["context"]["sequence"] for found in timeline] == [1, 3, 2, 4]
    check_sequence(timeline)

    assert late["context"]["previous"]["id"] == "today"
    assert late["context"]["gap_s"] == pytest.approx(-(86400.25 - 60), abs=2)
    assert next_one["context"]["previous"]["id"] == "yesterday"
    assert next_one["context"]["gap_s"] == pytest.approx(86399.25, abs=2)


def test_the_customer_says_when_it_was_first_and_last_seen_by_time(touchpointd):
    daemon = touchpointd()
    times = {"today": ago(minutes=1), "last year": ago(days=365), "yesterday": ago(days=1)}
    send(daemon, *(event(id=name, time=time) for name, time in times.items()))
    known = daemon.get(f"/v1/customers/{daemon.find(email='ann@example.com')}").json
    assert (known["first_seen"], known["last_seen"]) == (times["last year"], times["today"])
    assert known["last"]["id"] == "yesterday", "the last to arrive"


def test_an_event_of_long_ago_is_kept_as_one(touchpointd):
    """As senders without a clock have it: 1970 itself."""
    daemon = touchpointd({"timeline.max_age": 0})
    send(daemon, *(event(id=f"e-{n:03}", time="1970-01-01T00:00:00Z") for n in range(250)), event(id="now"))
    timeline = daemon.timeline(daemon.find(email="ann@example.com"))
    assert ids(timeline) == ["now", *(f"e-{n:03}" for n in range(249, -1, -1))]

"""A timeline is capped by count and by age, the oldest by time first; what the customer did is counted all the same."""

import itertools

from touchpoint import until
from touchpoint.front import event
from touchpoint.story import ago, ids, send

CAP = 12
SMALL = {"timeline.max_events": CAP, "timeline.recent_events": 1}


def timeline(daemon):
    return ids(daemon.timeline(daemon.find(email="ann@example.com"), order="asc"))


def tick_until(daemon, condition):
    """What could still be replayed stays, until the journal has let it go and the customer's next event finds that so.
    Sends events until `condition` holds, and answers their ids."""
    numbers = itertools.count(1)
    ticks = []

    def holds():
        ticks.append(f"tick-{next(numbers)}")
        send(daemon, event(id=ticks[-1]))
        return condition()

    until(holds, pause=0.25, what="the timeline is within its cap")
    return ticks


def test_the_newest_by_time_stay(touchpointd):
    daemon = touchpointd(SMALL)
    names = [f"e-{number:02}" for number in range(20)]
    for hours, name in enumerate(reversed(names)):
        send(daemon, event(id=name, time=ago(hours=1 + hours)))
    names += tick_until(daemon, lambda: len(timeline(daemon)) <= CAP)
    assert timeline(daemon) == names[-CAP:]
    known = daemon.get(f"/v1/customers/{daemon.find(email='ann@example.com')}").json
    assert known["interactions"] == len(names)
    assert known["counts"] == {"web": len(names)}


def test_imported_history_does_not_push_recent_events_out(touchpointd):
    """Each older than the one before, as in an export that begins with the newest. What is still remembered of it
    stands in front until it is forgotten, and takes no room from the others."""
    daemon = touchpointd(SMALL)
    names = [f"e-{number:02}" for number in range(CAP)]
    send(daemon, *(event(id=name, time=ago(hours=30 - number)) for number, name in enumerate(names)))
    for number in range(8):
        send(daemon, event(id=f"old-{number}", time=ago(days=30 + number)))
    assert timeline(daemon)[-CAP:] == names
    names += tick_until(daemon, lambda: len(timeline(daemon)) <= CAP)
    assert timeline(daemon) == names[-CAP:]


def test_the_too_old_go_when_something_new_comes(touchpointd):
    daemon = touchpointd(SMALL | {"timeline.max_events": 1000, "timeline.max_age": "10d"})
    ages = {"older": 12, "old": 11, "young": 9, "younger": 1}
    send(daemon, *(event(id=name, time=ago(days=days)) for name, days in reversed(ages.items())))
    assert timeline(daemon) == [*ages]
    ticks = tick_until(daemon, lambda: "old" not in timeline(daemon))
    assert timeline(daemon) == ["young", "younger", *ticks]


def test_other_customers_are_not_touched(touchpointd):
    daemon = touchpointd(SMALL)
    send(daemon, *(event("bob@example.com", id=f"b-{number}") for number in range(CAP)))
    send(daemon, *(event(id=f"e-{number}", time=ago(hours=20 - number)) for number in range(20)))
    tick_until(daemon, lambda: len(timeline(daemon)) <= CAP)
    assert len(daemon.timeline(daemon.find(email="bob@example.com"))) == CAP

"""A timeline is capped by count and by age, the oldest by time first; what the customer did is counted all the same."""

from touchpoint.front import event
from touchpoint.story import ago, ids, send

SMALL = {"timeline.max_events": 5, "timeline.recent_events": 1, "delivery.window": 1}
"""A record is released before the next is read, and so forgotten as soon as may be."""


def timeline(daemon):
    return ids(daemon.timeline(daemon.find(email="ann@example.com"), order="asc"))


def test_the_newest_by_time_stay(touchpointd):
    daemon = touchpointd(SMALL)
    for number in range(10):
        last = send(daemon, event(id=f"e-{number}", time=ago(hours=10 - number)))[0]
    assert timeline(daemon) == [f"e-{number}" for number in range(5, 10)]
    assert last["context"]["sequence"] == 10
    assert last["context"]["counts"] == {"web": 10}
    known = daemon.get(f"/v1/customers/{last['customer']['id']}").json
    assert known["interactions"] == 10
    assert known["counts"] == {"web": 10}


def test_imported_history_does_not_push_recent_events_out(touchpointd):
    """Not even one that is imported from its end; of the import, what is still remembered stays until it is not."""
    daemon = touchpointd(SMALL)
    recent = [f"e-{number}" for number in range(5)]
    for number, name in enumerate(recent):
        send(daemon, event(id=name, time=ago(hours=5 - number)))
    for number in range(8):
        send(daemon, event(id=f"old-{number}", time=ago(days=30 + number)))
    assert timeline(daemon)[-5:] == recent
    send(daemon, event(id="new"), event(id="newer"), event(id="newest"))
    assert timeline(daemon)[-5:] == [*recent[3:], "new", "newer", "newest"]


def test_the_too_old_go_when_something_new_comes(touchpointd):
    daemon = touchpointd(SMALL | {"timeline.max_events": 100, "timeline.max_age": "10d"})
    for id, days in (("old", 11), ("older", 12), ("young", 9), ("younger", 1)):
        send(daemon, event(id=id, time=ago(days=days)))
    send(daemon, event(id="now"))
    assert timeline(daemon) == ["young", "younger", "now"]


def test_other_customers_are_not_touched(touchpointd):
    daemon = touchpointd(SMALL)
    send(daemon, *(event("bob@example.com", id=f"b-{number}") for number in range(4)))
    send(daemon, *(event(id=f"e-{number}", time=ago(hours=20 - number)) for number in range(20)))
    assert len(daemon.timeline(daemon.find(email="bob@example.com"))) == 4

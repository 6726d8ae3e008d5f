"""An event costs Redis the same, whether it is a customer's first or their ten thousandth."""

from touchpoint.front import event
from touchpoint.story import ago, send

EVENTS, PART = 10_000, 1_000


def spent(redis):
    """Microseconds that Redis has spent in scripts."""
    calls = redis.client.info("commandstats")
    return calls["cmdstat_evalsha"]["usec"]


def test_ten_thousand_events_of_one_customer(touchpointd, redis, capsys):
    daemon = touchpointd({"timeline.max_events": 5 * PART})
    costs = []
    for part in range(EVENTS // PART):
        before = spent(redis)
        for hundred in range(10):
            numbers = range(part * PART + hundred * 100, part * PART + (hundred + 1) * 100)
            send(daemon, *(event(id=f"e-{n}", time=ago(seconds=EVENTS - n), text="t" * 200) for n in numbers))
        costs.append((spent(redis) - before) / PART)
    known = daemon.get(f"/v1/customers/{daemon.find(email='ann@example.com')}").json
    assert known["interactions"] == EVENTS
    with capsys.disabled():
        print(f"\nRedis, microseconds an event, each thousand: {', '.join(f'{cost:.1f}' for cost in costs)}")
    assert costs[-1] < 2 * costs[0]

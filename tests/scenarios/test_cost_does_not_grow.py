"""An event costs Redis the same, whether it is a customer's first or their ten thousandth."""

from touchpoint.front import event
from touchpoint.story import ago, send

EVENTS, PART, BATCH = 10_000, 1_000, 100


def cpu(redis):
    """Seconds of processor time that Redis has used for commands, whoever else wants the processor meanwhile."""
    spent = redis.client.info("cpu")
    return spent["used_cpu_user_main_thread"] + spent["used_cpu_sys_main_thread"]


class Customer:
    """Sends its events in batches, from long ago until now, and knows what they cost Redis."""

    def __init__(self, name, daemon, redis):
        self.name, self.daemon, self.redis = name, daemon, redis
        self.sent = 0

    def send_batch(self):
        numbers = range(self.sent, self.sent + BATCH)
        events = [
            event(f"{self.name}@example.com", id=f"{self.name}-{n}", time=ago(seconds=EVENTS - n), text="t" * 200)
            for n in numbers
        ]
        before = cpu(self.redis)
        enriched = send(self.daemon, *events)
        self.sent += BATCH
        assert enriched[-1]["context"]["sequence"] == self.sent
        return cpu(self.redis) - before


def test_the_ten_thousandth_event_costs_what_the_first_does(touchpointd, redis, capsys):
    """The last thousand of one customer against the first thousand of another, by turns, so that both meet the same
    machine."""
    daemon = touchpointd()
    old, new = Customer("old", daemon, redis), Customer("new", daemon, redis)
    while old.sent < EVENTS - PART:
        old.send_batch()
    costs = [(old.send_batch(), new.send_batch()) for _ in range(PART // BATCH)]
    last, first = (1e6 * sum(part) / PART for part in zip(*costs, strict=True))
    with capsys.disabled():
        print(
            f"\nRedis' processor time an event: first thousand {first:.1f} us, tenth {last:.1f} us, {last / first:.2f}"
        )
    assert last < 2 * first

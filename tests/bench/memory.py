"""What timelines cost in memory: the bytes that Redis grew by, for a byte of JSON that was forwarded. Identifiers, keys
and tables are in it. What is there once is not: connections, scripts, the buffer of the append-only file, and all that
an idle service has."""

from touchpoint import until

from . import events, sides
from .load import send_batches

SIZE, CONNECTIONS = 100, 4
ONCE = ("mem_clients_normal", "mem_aof_buffer", "used_memory_scripts")


def used(redis):
    """Bytes, once two looks agree: tables may still be growing, and the append-only file be written anew."""
    client, seen = redis.client, [None]

    def settled():
        info = client.info("everything")
        seen.append(info["used_memory"] - sum(info[name] for name in ONCE))
        return seen[-1] == seen[-2] and not info["aof_rewrite_in_progress"]

    until(settled, 30, "the memory of Redis stays as it is", pause=0.3)
    return seen[-1]


def measure(bed, plan, results, say):
    for number in range(plan.rounds):
        say(f"memory, {plan.memory_events:,} events each, round {number + 1} of {plan.rounds}")
        for density in plan.densities:
            with sides.touchpointd(bed) as side:
                _fill(bed, side, "touchpointd", density, plan, results, say)
            if plan.node:
                with sides.node(bed, workers=1) as side:
                    _fill(bed, side, "node", density, plan, results, say)


def _fill(bed, side, name, density, plan, results, say):
    count = plan.memory_events
    before = used(side.redis)
    send_batches(side.address, events.requests(count, count // density, SIZE), CONNECTIONS)
    bed.kafka.records(side.topic, until=count, timeout=sides.PATIENCE)
    ratio = (used(side.redis) - before) / bed.value_bytes(side.topic)
    results.add(f"memory_{density}", name, ratio)
    say(f"  {name}, {density} a customer: {ratio:.2f} bytes a byte")

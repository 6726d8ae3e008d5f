"""Single POSTs. The daemon answers before the event is in Redis and Kafka, so what it answers for a while is not what
it can bear. That is what arrives while the generator is held back just so much that the backlog does not grow."""

import statistics
import time
from dataclasses import dataclass

from . import sides
from .cpu import Cpu
from .load import Answered, Pace, Wrk
from .sides import Shape

CUSTOMERS, CONNECTIONS = 10_000, 256
NODE_SHAPES = (Shape(1, 64), Shape(1, 256), Shape(2, 256))
WAITING = 2000
"""Events that are kept waiting, so that a moment's pause of the generator is not one of the daemon's."""
LEAST_RATE = 100
LOOK_S, RECENT = 0.1, 10


@dataclass(frozen=True)
class Offered:
    """Some seconds of load: what wrk saw, how many a second reached Kafka meanwhile and how many were added to the
    journal's backlog, and what an event cost, until nothing waited any more."""

    answered: Answered
    delivered: float
    growth: float
    cpu: dict


def offer(bed, side, seconds, pace=None):
    """The first third is for filling what is always under way."""
    cpu, looks = Cpu(side.processes), []
    load = Wrk(bed, side.address, seconds=seconds, connections=CONNECTIONS, customers=CUSTOMERS, pace=pace)
    while load.running:
        accepted, delivered, kept = side.look()
        looks.append((time.monotonic(), delivered, kept))
        if pace and len(looks) > 1:
            pace.set(bearable(looks[-RECENT:], accepted - delivered))
        time.sleep(LOOK_S)
    answered = load.answered()
    side.drain()
    times, delivered, kept = zip(*looks[len(looks) // 3 :], strict=True)
    return Offered(answered, _slope(times, delivered), _slope(times, kept), cpu.us_an_event(answered.requests))


def bearable(looks, waiting):
    """What was delivered lately, and within a second as much more or less as it takes to have WAITING waiting."""
    (then, before, _), (now, delivered, _) = looks[0], looks[-1]
    return max(LEAST_RATE, (delivered - before) / (now - then) + WAITING - waiting)


def _slope(times, counts):
    return statistics.linear_regression(times, counts).slope


def measure(bed, plan, results, say):
    for number in range(plan.rounds):
        say(f"single POSTs, round {number + 1} of {plan.rounds}")
        _listener(bed, plan, results, say)
        _touchpointd(bed, plan, results, say)
        for shape in NODE_SHAPES[: plan.node_shapes] if plan.node else ():
            _node(bed, plan, shape, results, say)
    results.take_best(map(str, NODE_SHAPES), "node")


def _listener(bed, plan, results, say):
    with sides.listener(bed) as side:
        load = Wrk(bed, side.address, seconds=plan.seconds, connections=CONNECTIONS, customers=CUSTOMERS)
        answered = load.answered()
    say(f"  listener: {answered.rate:,.0f}/s")
    _add(results, "listener", answered)


def _touchpointd(bed, plan, results, say):
    with sides.touchpointd(bed) as side:
        warm_up = offer(bed, side, plan.warm_up)
        flat_out = offer(bed, side, plan.seconds)
        say(f"  touchpointd, flat out: {flat_out.answered.rate:,.0f}/s answered, {flat_out.delivered:,.0f}/s delivered")
        pace = Pace(bed.folder / "pace", max(LEAST_RATE, flat_out.delivered))
        steady = offer(bed, side, 2 * plan.seconds, pace)
        side.check(sum(offered.answered.requests for offered in (warm_up, flat_out, steady)))
    say(f"  touchpointd, backlog not growing ({steady.growth:+,.0f}/s): {steady.delivered:,.0f}/s")
    _add(results, "touchpointd", steady.answered, rate=min(steady.delivered, steady.answered.rate))
    results.add_cpu("single", "touchpointd", steady.cpu)
    results.add("single_flat_out_answered", "touchpointd", flat_out.answered.rate)
    results.add("single_flat_out_delivered", "touchpointd", flat_out.delivered)


def _node(bed, plan, shape, results, say):
    """It answers when all is done, so it has no backlog."""
    with sides.node(bed, shape.workers) as side:
        for seconds in (plan.warm_up, plan.seconds):
            cpu = Cpu(side.processes)
            load = Wrk(bed, side.address, seconds=seconds, connections=shape.connections, customers=CUSTOMERS)
            answered = load.answered()
        assert answered.requests, "the Node stack answered nothing"
        costs = cpu.us_an_event(answered.requests)
        side.check(answered.requests)
    _add(results, str(shape), answered)
    results.add_cpu("single", str(shape), costs)
    say(f"  {shape}: {answered.rate:,.0f}/s")


def _add(results, side, answered, rate=None):
    results.add("single_rate", side, rate or answered.rate)
    results.add("single_p50_ms", side, answered.p50_ms)
    results.add("single_p99_ms", side, answered.p99_ms)

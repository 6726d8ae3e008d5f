"""Batches of 100, from the first byte sent until the last event is in its timeline and in Kafka. Beside it the two
halves of that way alone: the daemon's own Redis calls, played by pipelining, its records, produced by librdkafka."""

import json
import subprocess
import time
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from touchpoint.daemon import program
from touchpoint.scripts import Scripts

from . import events, sides
from .bed import PARTITIONS
from .cpu import Cpu
from .load import send_batches
from .record import Recorder
from .sides import Shape

SIZE, CUSTOMERS, CONNECTIONS = 100, 10_000, 8
HOMES = [f"tp:{{{kind}{number}}}:".encode() for kind in "LI" for number in range(16)]
NODE_SHAPES = (Shape(1, 8), Shape(1, 16), Shape(2, 16))


@dataclass(frozen=True)
class Work:
    """What one pass of the daemon sent to Redis and left there, and the topic that it filled."""

    calls: Path
    keys: int
    topic: str


def measure(bed, plan, results, say):
    requests = list(events.requests(plan.batch_events, CUSTOMERS, SIZE))
    with recorded(bed, requests, say) as work:
        for number in range(plan.rounds):
            say(f"batches of {SIZE}, {plan.batch_events:,} events, round {number + 1} of {plan.rounds}")
            _touchpointd(bed, plan, "touchpointd", "on", requests, results, say)
            _touchpointd(bed, plan, "idempotent", "off", requests, results, say)
            _redis_alone(bed, plan, work, results, say)
            _librdkafka_alone(bed, plan, work, results, say)
            for shape in NODE_SHAPES[: plan.node_shapes] if plan.node else ():
                _node(bed, plan, shape, requests, results, say)
    results.take_best(map(str, NODE_SHAPES), "node")


@contextmanager
def recorded(bed, requests, say):
    say(f"batches of {SIZE}: recording the Redis calls of a pass")
    with bed.place("recording") as folder:
        recorder = Recorder(folder)
        with sides.touchpointd(bed, recorder.before) as side:
            send_batches(side.address, requests, CONNECTIONS)
            side.drain()
            yield Work(recorder.busiest, side.redis.client.dbsize(), side.topic)


def _touchpointd(bed, plan, name, transactions, requests, results, say):
    """Without transactions it delivers at least once: the difference is what they cost."""
    with sides.touchpointd(bed, transactions=transactions) as side:
        rate = _send(side, name, plan, requests, CONNECTIONS, results)
    say(f"  touchpointd, transactions {transactions}, end to end: {rate:,.0f}/s")


def _send(side, name, plan, requests, connections, results):
    """First some that do not count, for the broker and for Node's compiler."""
    warm_up = plan.batch_events // 4
    send_batches(side.address, events.requests(warm_up, CUSTOMERS, SIZE, first=plan.batch_events), connections)
    side.drain()
    cpu, began = Cpu(side.processes), time.monotonic()
    send_batches(side.address, requests, connections)
    side.drain()
    rate = plan.batch_events / (time.monotonic() - began)
    results.add("batch_rate", name, rate)
    results.add_cpu("batch", name, cpu.us_an_event(plan.batch_events))
    side.check(plan.batch_events + warm_up)
    return rate


def _redis_alone(bed, plan, work, results, say):
    with bed.redis() as redis, work.calls.open("rb") as calls:
        for prefix in HOMES:
            Scripts(redis.client).open_home(prefix, count=16)
        cpu, began = Cpu({"redis": [redis.process.pid]}), time.monotonic()
        command = ["redis-cli", "-p", str(redis.port), "--pipe"]
        told = subprocess.run(command, stdin=calls, capture_output=True, text=True, check=True).stdout
        rate = plan.batch_events / (time.monotonic() - began)
        results.add("batch_rate", "redis alone", rate)
        results.add_cpu("batch", "redis alone", cpu.us_an_event(plan.batch_events))
        assert "errors: 0," in told, told
        assert redis.client.dbsize() == work.keys, "the calls made something else than they did for the daemon"
    say(f"  its Redis calls alone: {rate:,.0f}/s")


def _librdkafka_alone(bed, plan, work, results, say):
    with bed.topic_names("produced") as (topic,):
        bed.kafka.create_topic(topic, PARTITIONS)
        cpu = Cpu({"broker": [bed.kafka.process.pid]})
        command = [program().parent / "bench" / "bench-produce", bed.kafka.brokers, work.topic, topic]
        told = subprocess.run([*command, str(plan.batch_events)], capture_output=True, text=True, check=True).stdout
        report = json.loads(told)
        rate = report["records"] / report["seconds"]
        results.add("batch_rate", "librdkafka", rate)
        costs = {"service": 1e6 * report["cpu_seconds"] / report["records"], **cpu.us_an_event(plan.batch_events)}
        results.add_cpu("batch", "librdkafka", costs)
    say(f"  librdkafka alone: {rate:,.0f}/s")


def _node(bed, plan, shape, requests, results, say):
    with sides.node(bed, shape.workers) as side:
        rate = _send(side, str(shape), plan, requests, shape.connections, results)
    say(f"  {shape}: {rate:,.0f}/s")

"""Who is measured. A side has an address, and its processes by what they are: service, redis, broker."""

import os
import re
import shutil
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from touchpoint import Daemon, until
from touchpoint.daemon import ROOT, program
from touchpoint.process import Process, free_port, port_open

from .bed import PARTITIONS, THREADS

NODE_SOURCES = Path(__file__).with_name("node")
NODE_MODULES = ROOT / ".cache" / "bench" / "node_modules"
SCHEMA = ROOT / "config" / "interaction.schema.json"

ACCEPTED = 'touchpoint_events_total{status="accepted"}'
ACKNOWLEDGED = 'touchpoint_kafka_acknowledged_total{topic="interactions"}'
PENDING = "touchpoint_journal_pending_records"
PATIENCE = 120
"""Seconds for what was accepted to arrive."""


class Stack:
    """A service that stands on a Redis and a topic of its own, and on the broker."""

    def __init__(self, bed, redis, topic, address, service):
        self.bed, self.redis, self.topic, self.address = bed, redis, topic, address
        self.processes = {"service": service, "redis": [redis.process.pid], "broker": [bed.kafka.process.pid]}

    def check(self, accepted):
        """Fails unless the broker has what was accepted, which wrk ends with more of than it has counted."""
        there = self.bed.records(self.topic)
        assert there >= accepted, f"{accepted} accepted, {there} in Kafka"

    def drain(self):
        """Waits until all that was answered is in the timelines and in Kafka; here it was, before it was answered."""


class Touchpointd(Stack):
    def __init__(self, bed, redis, topic, daemon):
        super().__init__(bed, redis, topic, daemon.address, [daemon.process.pid])
        self.daemon = daemon

    def look(self):
        """Now: the events accepted, those of them in Kafka, and the records that the journal still keeps."""
        metrics = self.daemon.metrics()
        return metrics[ACCEPTED], metrics[ACKNOWLEDGED], metrics[PENDING]

    def drain(self):
        until(lambda: self.look()[2] == 0, PATIENCE, "nothing waits any more")


@contextmanager
def touchpointd(bed, reach=lambda redis: nullcontext(redis.url), transactions="on", config=None):
    """`reach` may put something between the daemon and its Redis; `config` is what its configuration file says."""
    names = ("interactions", "rejected", "customers", "checkpoints")
    with (
        bed.place("touchpointd") as folder,
        bed.topic_names(*names) as topics,
        bed.redis() as redis,
        reach(redis) as redis_url,
    ):
        topic_settings = {f"kafka.topic_{name}": topic for name, topic in zip(names, topics, strict=True)}
        own = {
            "http.listen": "127.0.0.1:0",
            "http.threads": THREADS,
            "journal.dir": folder / "journal",
            "redis.url": redis_url,
            "kafka.brokers": bed.kafka.brokers,
            "kafka.transactions": transactions,
        }
        daemon = Daemon(folder, own | topic_settings, config)
        try:
            daemon.start()
            until(lambda: daemon.log("kafka_topic_made"), 30, "its topics are made")
            yield Touchpointd(bed, redis, topics[0], daemon)
            daemon.check()
        finally:
            daemon.kill9()


@dataclass(frozen=True)
class Shape:
    """In how many workers the Node stack runs, and over how many connections it is asked; what it does best counts."""

    workers: int
    connections: int

    def __str__(self):
        return f"node, {self.workers} worker{'s' * (self.workers > 1)}, {self.connections} connections"


def node_program():
    """The Node that is pinned with the packages; None where they are not installed."""
    return next(NODE_MODULES.glob("node-linux-*/bin/node"), None)


@contextmanager
def node(bed, workers):
    """The same work by hand. What it has answered is in Redis and in Kafka."""
    with bed.place("node") as folder, bed.topic_names("interactions") as (topic,), bed.redis() as redis:
        shutil.copytree(NODE_SOURCES, folder, dirs_exist_ok=True)
        (folder / "node_modules").symlink_to(NODE_MODULES)
        bed.kafka.create_topic(topic, PARTITIONS)
        port = free_port()
        own = {"PORT": port, "REDIS": redis.url, "BROKER": bed.kafka.brokers, "TOPIC": topic, "SCHEMA": SCHEMA}
        own |= {"WORKERS": workers, "NODE_ENV": "production", "NODE_CLUSTER_SCHED_POLICY": "rr"}
        environment = os.environ | {name: str(value) for name, value in own.items()}
        process = Process("node", [node_program(), "server.js"], folder, environment)

        def ready():
            return re.findall(r"^ready (\d+)$", process.log_text(), re.M)

        try:
            process.launch()
            process.wait_until(lambda: len(ready()) == workers, 30, "the Node stack is ready")
            yield Stack(bed, redis, topic, f"127.0.0.1:{port}", sorted({process.pid, *map(int, ready())}))
        finally:
            process.kill()


class Listener:
    """The floor under single POSTs: it only answers."""

    def __init__(self, process, port):
        self.address = f"127.0.0.1:{port}"
        self.processes = {"service": [process.pid]}


@contextmanager
def listener(bed):
    port = free_port()
    with bed.place("listener") as folder:
        process = Process("listener", [program().parent / "bench" / "bench-listener", port, THREADS], folder)
        try:
            process.launch()
            process.wait_until(lambda: port_open(port), 10, "the listener listens")
            yield Listener(process, port)
        finally:
            process.kill()

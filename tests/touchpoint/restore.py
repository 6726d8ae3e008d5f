"""A restore by itself: the lanes and buckets of a Redis are closed, tests/tools/restore.c puts back what Kafka has, and
what Redis has is compared, key by key."""

import json
import os
import random
import subprocess
import uuid
from dataclasses import dataclass

import redis as redis_py

from .daemon import program
from .fixtures import Topics
from .story import ago

LANES, BUCKETS = 16, 16
REPAIR = 7


@dataclass
class Restore:
    redis: object
    kafka: object
    topics: Topics
    settings: dict = None
    log: str = ""

    @property
    def client(self):
        """As the bed's, but that keys and values are bytes."""
        return redis_py.Redis(port=self.redis.port, socket_timeout=10)

    # --- what Redis has

    def keys(self):
        """All that is restored: each key and its value. What counts the customers of a value begins anew."""
        client = self.client
        names = [name for name in client.scan_iter(count=1000) if not name.endswith((b":home", b":released"))]
        names = [name for name in names if b":tied " not in name]
        return {name: self._value(client, name) for name in names}

    @staticmethod
    def _value(client, name):
        if b":t:" in name:
            return client.zrange(name, 0, -1, withscores=True)
        if b":m:" in name or b":v:" in name:
            return client.hgetall(name)
        return client.get(name)

    def snapshot(self):
        client = self.client
        return {name: client.dump(name) for name in client.scan_iter(count=1000)}

    def put_snapshot(self, snapshot):
        client = self.client
        client.flushall()
        for name, value in snapshot.items():
            client.restore(name, 0, value)

    # --- closing and restoring

    def close(self, repair=REPAIR):
        """All lanes and buckets, whatever they were."""
        client = self.client
        server = client.info("replication")["master_replid"]
        for kind, count in (("L", LANES), ("I", BUCKETS)):
            for number in range(count):
                client.set(f"tp:{{{kind}{number}}}:home", f"closed {server} {repair} {count}")

    def run(self, since="all", repair=REPAIR, fault=""):
        """Answers what the tool says, None when it was killed at a fault point."""
        own = {
            "redis.url": self.redis.url,
            "kafka.brokers": self.kafka.brokers,
            "kafka.topic_interactions": self.topics.interactions,
            "kafka.topic_checkpoints": self.topics.checkpoints,
        } | (self.settings or {})
        tool = program().parent / "unit" / "restore"
        command = [tool, str(repair), str(since), *(f"{name}={value}" for name, value in own.items())]
        environment = os.environ | {"TOUCHPOINTD_FAULT": fault}
        done = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
        self.log = done.stderr
        if fault and done.returncode == -9:
            return None
        assert done.returncode in (0, 1), done.stderr
        return json.loads(done.stdout)


# --- what there is to restore


CHANNELS = ["web", "email", "call_centre", "chat", "sms"]
TEXTS = ["plain", 'a "quoted" \\ text', "{}}]", "äöü €", '"customer":{"id":"x"},"context":{']


def identifiers(rnd, mark):
    """Some have what another customer has already, and some what nobody had."""
    person = rnd.randrange(40)
    email, phone = f"p{person}@{mark}.example", f"+4477009{person:05}"
    return rnd.choice(
        [
            {"email": email},
            {"email": email.upper()},
            {"email": email, "phone": phone},
            {"phone": phone, "anonymous_id": [f"{mark}-{rnd.randrange(60)}", f'"{person}"']},
            {"customer_id": f"{mark}-{person % 7}", "anonymous_id": f"{mark}-{rnd.randrange(60)}"},
        ]
    )


def interaction(rnd, mark):
    event = {
        "channel": rnd.choice(CHANNELS),
        "type": rnd.choice(["page.viewed", "call.ended"]),
        "customer": identifiers(rnd, mark),
    }
    if rnd.random() < 0.5:
        event["id"] = f"{rnd.choice(TEXTS)[:8]}-{uuid.UUID(int=rnd.getrandbits(128))}"
    if rnd.random() < 0.4:
        event |= {"id": f"case-{rnd.randrange(20)}", "version": rnd.getrandbits(40)}
    if rnd.random() < 0.4:
        event["time"] = ago(minutes=rnd.randrange(10_000), milliseconds=rnd.randrange(3))
    if rnd.random() < 0.3:
        event["text"] = rnd.choice(TEXTS)
    if rnd.random() < 0.3:
        event["attributes"] = {"customer": {"id": "x"}, "context": {}, "price": 19.99, rnd.choice(TEXTS): [1, None]}
    return event


def load(daemon, count=400):
    """As many interactions of some customers, in batches; they are accepted when this returns."""
    seed = random.randrange(2**32)
    print(f"load: seed={seed}")
    rnd = random.Random(seed)
    events = [interaction(rnd, f"m{seed}") for _ in range(count)]
    while events:
        size = rnd.randint(1, 80)
        reply = daemon.post(events[:size])
        assert reply.json["rejected"] == 0, reply.body
        events = events[size:]


def produce_again(kafka, topic, records):
    """To the same partitions, behind what they have."""
    producer = kafka.producer()
    for record in records:
        headers = [(name, value.encode()) for name, value in record.headers.items()]
        producer.produce(topic, record.raw, record.key, partition=record.partition, headers=headers)
    assert producer.flush(30) == 0

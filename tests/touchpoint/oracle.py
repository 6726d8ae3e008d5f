"""What must hold whatever happened in between. It knows what was sent and what was answered (a Load), and looks where
the outside can look: at the daemon's HTTP interface and at Kafka's topics.

- What was answered by 202 is on exactly one timeline, exactly once, and in Kafka at least once.
- A customer's sequences begin with 1 and have no gap and no double.
- In Kafka a customer's records, each where it stands first, are in the order of the sequence.
- The timeline's entry is Kafka's record, and holds what was sent.
- Nothing is there that nobody sent.
- Afterwards a new event passes.
"""

import time
from collections import Counter

from .wait import until

ADDED = {"schema", "source", "time", "received_at", "context"}
"""What touchpointd adds to an event as a Load sends it."""


def settle(daemon, timeout=60.0):
    """Waits until all that was accepted has been dealt with. What was answered by 202 is counted as pending an instant
    later, so a zero counts when it stays."""

    def quiet():
        if daemon.metrics()["touchpoint_journal_pending_records"] > 0:
            return False
        time.sleep(0.05)
        return daemon.metrics()["touchpoint_journal_pending_records"] == 0

    until(quiet, timeout, "nothing is pending")


def check(daemon, kafka, topics, load, rejected=()):
    """Fails with all that is wrong. `rejected`: ids that belong on the rejected topic instead, and nowhere else."""
    settle(daemon)
    assert load.accepted, "nothing was accepted: this says nothing"
    assert load.surprises == []
    timelines = read_timelines(daemon, load.customers)
    records = kafka.records(topics.interactions)
    refused = [record.value.get("id") for record in kafka.records(topics.rejected)]
    faults = [
        *faults_of_acceptance(load, timelines, records, set(rejected)),
        *faults_of_sequences(timelines),
        *faults_of_order(records),
        *faults_of_content(load, timelines, records),
        *(f"{id} is on the rejected topic" for id in refused if id not in rejected),
        *(f"{id} is not on the rejected topic" for id in rejected if id not in refused),
    ]
    assert not faults, f"{load}: {len(faults)} faults, such as:\n" + "\n".join(faults[:20])
    passes(daemon, load.customers[0], timelines)


def until_it_looks_up(daemon, email):
    """Each thread of the front has a connection to Redis of its own, which may come back a little later: so many
    requests meet them all."""
    answered = lambda: all(daemon.get("/v1/customers", email=email).status == 200 for _ in range(16))  # noqa: E731
    until(answered, 10, "look-ups are answered")


def read_timelines(daemon, emails):
    """Entries by customer, in the order of their sequence."""
    until_it_looks_up(daemon, emails[0])
    customers = {daemon.find(email=email) for email in emails} - {None}
    timelines = {customer: daemon.timeline(customer, order="asc") for customer in customers}
    return {c: sorted(entries, key=lambda entry: entry["context"]["sequence"]) for c, entries in timelines.items()}


def faults_of_acceptance(load, timelines, records, rejected):
    entries = Counter(entry["id"] for timeline in timelines.values() for entry in timeline)
    produced = {record.value["id"] for record in records}
    for id in sorted(load.accepted.keys() - rejected):
        if id not in entries:
            yield f"{id} was accepted, and is on no timeline"
        if id not in produced:
            yield f"{id} was accepted, and is not in Kafka"
    yield from (f"{id} is {times} times on timelines" for id, times in entries.items() if times > 1)
    yield from (f"{id} is on a timeline, and was never sent" for id in entries.keys() - load.sent.keys())
    yield from (f"{id} is in Kafka, and was never sent" for id in produced - load.sent.keys())
    yield from (f"{id} is delivered, and should be rejected" for id in rejected & (entries.keys() | produced))


def faults_of_sequences(timelines):
    for customer, timeline in timelines.items():
        sequences = [entry["context"]["sequence"] for entry in timeline]
        if sequences != list(range(1, len(sequences) + 1)):
            yield f"{customer}: the sequences are {sequences}"


def faults_of_order(records):
    """Partitions are read in order, and a customer's records are in one."""
    last, partitions, seen = {}, {}, set()
    for record in records:
        customer, sequence = record.key, record.value["context"]["sequence"]
        if partitions.setdefault(customer, record.partition) != record.partition:
            yield f"{customer}: records in two partitions"
        if (customer, sequence) in seen:
            continue
        seen.add((customer, sequence))
        if sequence != last.get(customer, 0) + 1:
            yield f"{customer}: {sequence} stands behind {last.get(customer, 0)} in Kafka"
        last[customer] = sequence


def faults_of_content(load, timelines, records):
    entries = {entry["id"]: entry for timeline in timelines.values() for entry in timeline}
    for record in records:
        id, customer = record.value["id"], record.value["customer"]["id"]
        if record.value != entries.get(id):
            yield f"{id}: Kafka has {record.value}, the timeline {entries.get(id)}"
        if record.key != customer or record.headers["ce_id"] != id:
            yield f"{id}: the record is that of {record.key}, {record.headers}"
    for customer, timeline in timelines.items():
        yield from (
            f"{customer} has an entry of {e['customer']['id']}" for e in timeline if e["customer"]["id"] != customer
        )
    for id, entry in entries.items():
        if id in load.sent and without_additions(entry) != canonical(load.sent[id]):
            yield f"{id}: {load.sent[id]} was sent, {entry} came of it"


def without_additions(entry):
    customer = {name: value for name, value in entry["customer"].items() if name != "id"}
    return {name: value for name, value in entry.items() if name not in ADDED} | {"customer": customer}


def canonical(event):
    """As it is forwarded: the identifiers as a list."""
    identifiers = [{"type": type, "value": value} for type, value in event["customer"].items()]
    return event | {"customer": {"identifiers": identifiers}}


def passes(daemon, email, timelines):
    """A new event of a known customer is taken, and delivered, behind all others."""
    customer = daemon.find(email=email)
    reply = daemon.post({"channel": "web", "type": "after", "customer": {"email": email}}, wait=20)
    assert reply.status == 200, reply.body
    event = reply.json["events"][0]["event"]
    assert event["customer"]["id"] == customer
    assert event["context"]["sequence"] == len(timelines[customer]) + 1

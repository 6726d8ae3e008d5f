"""What must hold whatever happened in between. It knows what was sent and what was answered (a Load), and looks where
the outside can look: at the daemon's HTTP interface and at Kafka's topics, as a read_committed consumer sees them.

- What was answered by 202 is on exactly one timeline, exactly once, and in Kafka: exactly once where kafka.transactions
  is on, at least once where it is off.
- A customer's sequences begin with 1 and have no gap and no double.
- In Kafka a customer's records, each where it stands first, are in the order of the sequence.
- The timeline's entry is Kafka's record, and holds what was sent.
- A customer has the identifiers that were sent, and as many interactions as there are on the timeline.
- The entry that names an identifier of its customer first says so, and no other; so does a record on the customers'
  topic. The last of these of each customer has what is known of the customer.
- Nothing is there that nobody sent.
- Afterwards a new event passes.
"""

import time
from collections import Counter
from dataclasses import dataclass
from typing import NamedTuple

from .wait import until

LOST, DOUBLED, DISORDER, WRONG = "lost", "doubled", "out of order", "wrong"

ADDED = {"schema", "source", "time", "received_at", "context"}
"""What touchpointd adds to an event as a Load sends it."""


class Fault(NamedTuple):
    kind: str
    about: str
    """The id of an event, or a customer's."""
    text: str


@dataclass
class Sight:
    """What the outside sees."""

    customers: dict
    """What is known of each customer, by id."""
    timelines: dict
    """Entries by customer, in the order of their sequence."""
    records: list
    """Of touchpoint.interactions, as they stand in Kafka."""
    refused: list
    """The ids on touchpoint.rejected."""
    mappings: list
    """Of touchpoint.customers, as they stand in Kafka."""


class Verdict(list):
    """The faults that were found."""

    def count(self, kind):
        """How many events or customers are affected."""
        return len({fault.about for fault in self if fault.kind == kind})

    def __str__(self):
        return "\n".join([f"{len(self)} faults, such as:", *(f"{fault.kind}: {fault.text}" for fault in self[:20])])


def check(daemon, kafka, topics, load, rejected=()):
    """Fails with all that is wrong. `rejected`: ids that belong on the rejected topic instead, and nowhere else."""
    verdict = examine(daemon, kafka, topics, load, rejected)
    assert not verdict, f"{load}: {verdict}"
    assert load.surprises == []


def examine(daemon, kafka, topics, load, rejected=(), patience=60.0):
    """As check(), but answers what is wrong, so that it can be counted."""
    settle(daemon, patience)
    assert load.accepted, "nothing was accepted: this says nothing"
    sight = look(daemon, kafka, topics, load)
    once = daemon.settings.get("kafka.transactions", "on") == "on"
    verdict = Verdict(faults_of(sight, load, set(rejected), once))
    passes(daemon, load.customers[0], sight)
    return verdict


def settle(daemon, timeout=60.0):
    """Waits until all that was accepted has been dealt with. What was answered by 202 is counted as pending an instant
    later, so a zero counts when it stays."""

    def quiet():
        if daemon.metrics()["touchpoint_journal_pending_records"] > 0:
            return False
        time.sleep(0.05)
        return daemon.metrics()["touchpoint_journal_pending_records"] == 0

    until(quiet, timeout, "nothing is pending")


# --- what is there


def look(daemon, kafka, topics, load):
    until_it_looks_up(daemon, load.customers[0])
    ids = {daemon.find(email=email) for email in load.customers} - {None}
    return Sight(
        customers={id: daemon.get(f"/v1/customers/{id}").json for id in ids},
        timelines={id: in_sequence(daemon.timeline(id)) for id in ids},
        records=kafka.records(topics.interactions),
        refused=[record.value.get("id") for record in kafka.records(topics.rejected)],
        mappings=kafka.records(topics.customers),
    )


def until_it_looks_up(daemon, email):
    """Each thread of the front has a connection to Redis of its own, which may come back a little later: so many
    requests meet them all."""
    answered = lambda: all(daemon.get("/v1/customers", email=email).status == 200 for _ in range(16))  # noqa: E731
    until(answered, 10, "look-ups are answered")


def in_sequence(entries):
    return sorted(entries, key=lambda entry: entry["context"]["sequence"])


def passes(daemon, email, sight):
    """A new event of a known customer is taken, and delivered, behind all others."""
    customer = daemon.find(email=email)
    reply = daemon.post({"channel": "web", "type": "after", "customer": {"email": email}}, wait=20)
    assert reply.status == 200, reply.body
    event = reply.json["events"][0]["event"]
    assert event["customer"]["id"] == customer
    assert event["context"]["sequence"] == len(sight.timelines[customer]) + 1


# --- what is wrong with it


def faults_of(sight, load, rejected=frozenset(), once=False):
    """`rejected`: ids that belong on the rejected topic; `once`: Kafka must have nothing twice."""
    yield from faults_of_acceptance(sight, load, rejected)
    yield from faults_of_doubles(sight, once)
    yield from faults_of_strangers(sight, load, rejected)
    yield from faults_of_sequences(sight)
    yield from faults_of_order(sight)
    yield from faults_of_content(sight, load)
    yield from faults_of_customers(sight, load)
    yield from faults_of_changes(sight)
    yield from faults_of_mappings(sight, once)


def entries_of(sight):
    return [entry for timeline in sight.timelines.values() for entry in timeline]


def faults_of_acceptance(sight, load, rejected):
    entries = {entry["id"] for entry in entries_of(sight)}
    produced = {record.value["id"] for record in sight.records}
    for id in sorted(load.accepted.keys() - rejected):
        if id not in entries:
            yield Fault(LOST, id, f"{id} was accepted, and is on no timeline")
        if id not in produced:
            yield Fault(LOST, id, f"{id} was accepted, and is not in Kafka")
    for id in rejected - set(sight.refused):
        yield Fault(LOST, id, f"{id} is not on the rejected topic")


def faults_of_doubles(sight, once):
    for id, times in Counter(entry["id"] for entry in entries_of(sight)).items():
        if times > 1:
            yield Fault(DOUBLED, id, f"{id} is {times} times on timelines")
    for id, times in Counter(record.value["id"] for record in sight.records).items():
        if once and times > 1:
            yield Fault(DOUBLED, id, f"{id} is {times} times in Kafka")


def faults_of_strangers(sight, load, rejected):
    entries = {entry["id"] for entry in entries_of(sight)}
    produced = {record.value["id"] for record in sight.records}
    for id in entries - load.sent.keys():
        yield Fault(WRONG, id, f"{id} is on a timeline, and was never sent")
    for id in produced - load.sent.keys():
        yield Fault(WRONG, id, f"{id} is in Kafka, and was never sent")
    for id in rejected & (entries | produced):
        yield Fault(WRONG, id, f"{id} is delivered, and should be rejected")
    for id in sight.refused:
        if id not in rejected:
            yield Fault(WRONG, str(id), f"{id} is on the rejected topic")


def faults_of_sequences(sight):
    for customer, timeline in sight.timelines.items():
        sequences = [entry["context"]["sequence"] for entry in timeline]
        if sequences != list(range(1, len(sequences) + 1)):
            yield Fault(DISORDER, customer, f"{customer}: the sequences are {sequences}")


def faults_of_order(sight):
    """Partitions are read in order, and a customer's records are in one."""
    last, partitions, seen = {}, {}, set()
    for record in sight.records:
        customer, sequence = record.key, record.value["context"]["sequence"]
        if partitions.setdefault(customer, record.partition) != record.partition:
            yield Fault(DISORDER, customer, f"{customer}: records in two partitions")
        if (customer, sequence) in seen:
            continue
        seen.add((customer, sequence))
        if sequence != last.get(customer, 0) + 1:
            text = f"{customer}: {sequence} stands behind {last.get(customer, 0)} in Kafka"
            yield Fault(DISORDER, record.value["id"], text)
        last[customer] = sequence


def faults_of_content(sight, load):
    entries = {entry["id"]: entry for entry in entries_of(sight)}
    for record in sight.records:
        id, customer = record.value["id"], record.value["customer"]["id"]
        if record.value != entries.get(id):
            yield Fault(WRONG, id, f"{id}: Kafka has {record.value}, the timeline {entries.get(id)}")
        if record.key != customer or record.headers["ce_id"] != id:
            yield Fault(WRONG, id, f"{id}: the record is that of {record.key}, {record.headers}")
    for id, entry in entries.items():
        if id in load.sent and without_additions(entry) != canonical(load.sent[id]):
            yield Fault(WRONG, id, f"{id}: {load.sent[id]} was sent, {entry} came of it")


def faults_of_customers(sight, load):
    for id, customer in sight.customers.items():
        timeline = sight.timelines[id]
        owners = {entry["customer"]["id"] for entry in timeline} - {id}
        if owners:
            yield Fault(WRONG, id, f"{id} has entries of {owners}")
        sent = [load.sent[entry["id"]] for entry in timeline if entry["id"] in load.sent]
        expected = {identifier for event in sent for identifier in event["customer"].items()}
        known = [(identifier["type"], identifier["value"]) for identifier in customer["identifiers"]]
        if sorted(known) != sorted(expected):
            yield Fault(WRONG, id, f"{id} has the identifiers {known}, and {expected} were sent")
        if customer["interactions"] != len(timeline):
            yield Fault(WRONG, id, f"{id} has {customer['interactions']} interactions and {len(timeline)} entries")


def change_of(entry, known):
    """What the entry attaches to a customer with these; nothing: None."""
    attached = [identifier for identifier in entry["customer"]["identifiers"] if identifier not in known]
    kind = "created" if entry["context"]["sequence"] == 1 else "attached"
    return {"kind": kind, "identifiers": attached} if attached else None


def faults_of_changes(sight):
    for timeline in sight.timelines.values():
        known = []
        for entry in timeline:
            expected, said = change_of(entry, known), entry["customer"].get("change")
            if said != expected:
                yield Fault(WRONG, entry["id"], f"{entry['id']} says that {said} changed, and {expected} did")
            known += entry["customer"]["identifiers"]


def mapping_of(entry):
    """What the customers' topic says of its change."""
    return entry["customer"]["change"] | {name: entry[name] for name in ("source", "time")} | {"event": entry["id"]}


def faults_of_mappings(sight, once):
    """Without transactions a change may be told of an event that then was not; with them nothing is there twice."""
    told, last = {}, {}
    for record in sight.mappings:
        last[record.key] = record.value
        told.setdefault(record.key, []).append(record.value["change"])
        if record.value["id"] != record.key:
            yield Fault(WRONG, record.key, f"{record.key} has a record of {record.value['id']}")
    for id, timeline in sight.timelines.items():
        changes = [mapping_of(entry) for entry in timeline if "change" in entry["customer"]]
        missing = [change for change in changes if change not in told.get(id, [])]
        if missing:
            yield Fault(LOST, missing[0]["event"], f"{id}: {missing} is not on the customers' topic")
        if once and told.get(id, []) != changes:
            yield Fault(WRONG, id, f"{id}: the customers' topic has {told.get(id)}, the timeline {changes}")
        if id in last and last[id]["identifiers"] != sight.customers[id]["identifiers"]:
            text = f"{id} has {sight.customers[id]['identifiers']}, the customers' topic {last[id]['identifiers']}"
            yield Fault(WRONG, id, text)


def without_additions(entry):
    customer = {name: value for name, value in entry["customer"].items() if name not in ("id", "change", "conflict")}
    return {name: value for name, value in entry.items() if name not in ADDED} | {"customer": customer}


def canonical(event):
    """As it is forwarded: the identifiers as a list."""
    identifiers = [{"type": type, "value": value} for type, value in event["customer"].items()]
    return event | {"customer": {"identifiers": identifiers}}

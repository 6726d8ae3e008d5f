"""What must hold whatever happened in between. It knows what was sent and what was answered (a Load), and looks where
the outside can look: at the daemon's HTTP interface and at Kafka's topics, as a read_committed consumer sees them.

- What was answered by 202 is on exactly one timeline, exactly once, and in Kafka: exactly once where kafka.transactions
  is on, at least once where it is off.
- A customer's sequences begin with 1 and have no gap and no double; they jump only where it took others in.
- Who was merged with another leads to that one on the customers' topic, which lists who leads to it, also by way of
  others. They are one customer: its timeline has what all of them have, each entry under the id that it was told under.
- In Kafka a customer's records, each where it stands first, are in the order of the sequence.
- The timeline's entry is Kafka's record, and holds what was sent.
- A customer has the identifiers that were sent, and as many interactions as there are on the timeline.
- The entry that names an identifier of its customer first says so, and no other, and so does the one that comes after
  others were taken in; so does a record on the customers' topic. The last of these of each customer has what is known
  of the customer.
- What is said to be another's is that of another, or the customer has another value of its type.
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
    """What is known of each customer, by id; of those who are merged, of the one that they are."""
    timelines: dict
    """Entries by customer, also of who was merged into it, in the order of id and sequence."""
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
    return sorted(entries, key=lambda entry: (entry["customer"]["id"], entry["context"]["sequence"]))


def by_customer(entries):
    """By the id that they were told under."""
    found = {}
    for entry in entries:
        found.setdefault(entry["customer"]["id"], []).append(entry)
    return found


def merged_by(entry):
    return entry["customer"].get("change", {}).get("customers", [])


def pair_of(identifier):
    return identifier["type"], identifier["value"]


def passes(daemon, email, sight):
    """A new event of a known customer is taken, and delivered, behind all others."""
    customer = daemon.find(email=email)
    reply = daemon.post({"channel": "web", "type": "after", "customer": {"email": email}}, wait=20)
    assert reply.status == 200, reply.body
    event = reply.json["events"][0]["event"]
    assert event["customer"]["id"] == customer
    own = by_customer(sight.timelines[customer]).get(customer, [])
    assert follows(event, own[-1]["context"]["sequence"] if own else 0)


def follows(entry, last):
    """Its sequence jumps only where others were taken in, who bring what they had."""
    sequence = entry["context"]["sequence"]
    return sequence == last + 1 or (sequence > last and merged_by(entry) != [])


# --- what is wrong with it


def faults_of(sight, load, rejected=frozenset(), once=False):
    """`rejected`: ids that belong on the rejected topic; `once`: Kafka must have nothing twice."""
    yield from faults_of_acceptance(sight, load, rejected)
    yield from faults_of_doubles(sight, once)
    yield from faults_of_strangers(sight, load, rejected)
    yield from faults_of_sequences(sight)
    yield from faults_of_order(sight)
    yield from faults_of_content(sight, load)
    yield from faults_of_customers(sight)
    yield from faults_of_conflicts(sight)
    yield from faults_of_changes(sight)
    yield from faults_of_mappings(sight, once)
    yield from faults_of_merges(sight)


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
        for own in by_customer(timeline).values():
            sequences = [entry["context"]["sequence"] for entry in own]
            if not all(map(follows, own, [0, *sequences])):
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
        if not follows(record.value, last.get(customer, 0)):
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


def faults_of_customers(sight):
    redirects = redirects_of(sight)
    for id, customer in sight.customers.items():
        timeline = sight.timelines[id]
        owners = {owner for owner in by_customer(timeline) if root_of(redirects, owner) != id}
        if owners:
            yield Fault(WRONG, id, f"{id} has entries of {owners}")
        expected = {pair_of(identifier) for entry in timeline for identifier in led(entry)}
        known = [pair_of(identifier) for identifier in customer["identifiers"]]
        if sorted(known) != sorted(expected):
            yield Fault(WRONG, id, f"{id} has the identifiers {known}, and {expected} were sent")
        if customer["interactions"] != len(timeline):
            yield Fault(WRONG, id, f"{id} has {customer['interactions']} interactions and {len(timeline)} entries")


def change_of(entry, known):
    """What the entry says of its customer, with these known; nothing: None."""
    attached = [identifier for identifier in led(entry) if identifier not in known]
    customers = merged_by(entry)
    kind = "merged" if customers else "created" if entry["context"]["sequence"] == 1 else "attached"
    change = {"kind": kind, "identifiers": attached} | ({"customers": customers} if customers else {})
    return change if attached or customers else None


def led(entry):
    """The identifiers that are its customer's: not those in conflict."""
    conflict = [pair_of(other) for other in entry["customer"].get("conflict", [])]
    return [one for one in entry["customer"]["identifiers"] if pair_of(one) not in conflict]


def attached_by(entries):
    return [one for entry in entries for one in entry["customer"].get("change", {"identifiers": []})["identifiers"]]


def faults_of_conflicts(sight):
    known = {id: [pair_of(one) for one in customer["identifiers"]] for id, customer in sight.customers.items()}
    anybodys = {pair for pairs in known.values() for pair in pairs}
    for id, timeline in sight.timelines.items():
        types = {type for type, _ in known[id]}
        for entry in timeline:
            for type, value in map(pair_of, entry["customer"].get("conflict", [])):
                if (type, value) not in anybodys and type not in types:
                    yield Fault(WRONG, entry["id"], f"{entry['id']}: {type} {value} is said to be another's")


def faults_of_changes(sight):
    """An identifier is attached once: where it was named first, of all who are that customer now."""
    for id, timeline in sight.timelines.items():
        twice = [one for one, times in Counter(map(pair_of, attached_by(timeline))).items() if times > 1]
        if twice:
            yield Fault(WRONG, id, f"{id}: {twice} are attached more than once")
        for owner, own in by_customer(timeline).items():
            known = attached_by(entry for entry in timeline if entry["customer"]["id"] != owner)
            for entry in own:
                expected, said = change_of(entry, known), entry["customer"].get("change")
                if said != expected:
                    yield Fault(WRONG, entry["id"], f"{entry['id']} says that {said} changed, and {expected} did")
                known += led(entry)


def mapping_of(entry):
    """What the customers' topic says of its change."""
    return entry["customer"]["change"] | cause_of(entry)


def cause_of(entry):
    return {name: entry[name] for name in ("source", "time")} | {"event": entry["id"]}


def redirects_of(sight):
    """Where who was merged leads to, as the customers' topic says; not of who was split off again."""
    redirects = {}
    for record in sight.mappings:
        if "redirect" in record.value:
            redirects[record.key] = record.value["redirect"]
        elif record.value["change"]["kind"] == "split":
            redirects.pop(record.key, None)
    return redirects


def root_of(redirects, id):
    seen = set()
    while id in redirects and id not in seen:
        seen.add(id)
        id = redirects[id]
    return id


def faults_of_mappings(sight, once):
    """Without transactions a change may be told of an event that then was not; with them nothing is there twice."""
    told, last = {}, {}
    for record in sight.mappings:
        last[record.key] = record.value
        if record.value["change"]["kind"] not in ("split", "identified"):  # those come of no interaction
            told.setdefault(record.key, []).append(record.value["change"])
        if record.value["id"] != record.key:
            yield Fault(WRONG, record.key, f"{record.key} has a record of {record.value['id']}")
    for id, changes in changes_of(entries_of(sight)).items():
        missing = [change for change in changes if change not in told.get(id, [])]
        if missing:
            yield Fault(LOST, missing[0]["event"], f"{id}: {missing} is not on the customers' topic")
        if once and not same_changes(told.get(id, []), changes):
            yield Fault(WRONG, id, f"{id}: the customers' topic has {told.get(id)}, the timeline {changes}")
    for id, customer in sight.customers.items():
        if id in last and last[id]["identifiers"] != customer["identifiers"]:
            text = f"{id} has {customer['identifiers']}, the customers' topic {last[id]['identifiers']}"
            yield Fault(WRONG, id, text)


def changes_of(entries):
    """By customer: what it told of itself, and behind that whom it was merged into."""
    changes, merges = {}, {}
    for entry in in_sequence(entries):
        if "change" in entry["customer"]:
            changes.setdefault(entry["customer"]["id"], []).append(mapping_of(entry))
        for loser in merged_by(entry):
            merge = {"kind": "merged", "into": entry["customer"]["id"]} | cause_of(entry)
            merges.setdefault(loser, []).append(merge)
    return {id: changes.get(id, []) + merges.get(id, []) for id in changes | merges}


def same_changes(told, changes):
    """In their order, but for where a customer was merged: another node may have told that."""
    own, others = ([[one for one in some if ("into" in one) == into] for some in (told, changes)] for into in (0, 1))
    return own[0] == own[1] and all(map(others[0].count, others[1])) and len(others[0]) == len(others[1])


def faults_of_merges(sight):
    redirects, last = redirects_of(sight), {}
    for record in sight.mappings:
        last[record.key] = record.value
        if not is_redirect(record.value):
            yield Fault(WRONG, record.key, f"{record.key} leads elsewhere, and says {record.value}")
    for id in redirects:
        if "redirect" not in last[id]:
            yield Fault(WRONG, id, f"{id} leads to {redirects[id]}, and what is kept of it says {last[id]}")
    for id in sight.customers:
        if id in redirects:
            yield Fault(WRONG, id, f"{id} leads to {redirects[id]}, and is found as a customer")
        members = {loser for loser in redirects if root_of(redirects, loser) == id}
        listed = set(last.get(id, {}).get("members", []))
        if members - listed:
            yield Fault(WRONG, id, f"{id} does not list {members - listed}, who lead to it")
        if listed != set(sight.customers[id].get("members", [])):
            yield Fault(WRONG, id, f"{id} has the members {sight.customers[id].get('members')}, and lists {listed}")


def is_redirect(mapping):
    """If it is one: by this change, or by one that was told before what a daemon that was killed tells once more."""
    if "redirect" not in mapping:
        return "into" not in mapping["change"]
    return mapping["identifiers"] == [] and mapping["change"].get("into", mapping["redirect"]) == mapping["redirect"]


def without_additions(entry):
    customer = {name: value for name, value in entry["customer"].items() if name not in ("id", "change", "conflict")}
    return {name: value for name, value in entry.items() if name not in ADDED} | {"customer": customer}


def canonical(event):
    """As it is forwarded: the identifiers as a list."""
    named = event["customer"]
    identifiers = named.get("identifiers") or [{"type": type, "value": value} for type, value in named.items()]
    return event | {"customer": {"identifiers": identifiers}}

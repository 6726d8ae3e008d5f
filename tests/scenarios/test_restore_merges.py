"""Merges come back from Kafka: who leads to whom, whom a root lists, and what it took over; into an empty Redis, into
one that lost a lane, and as often as it is asked for."""

import json
from collections import Counter
from dataclasses import replace

import pytest

from touchpoint.layout import (
    RECENT,
    prints_of,
    read_customer,
    read_entry,
    read_line,
    read_recents,
    read_spans,
    split_ids,
)
from touchpoint.restore import BUCKETS, LANES, Restore, produce_again

A, B, C, D, E = (f"0190a000-0000-7000-8000-00000000000{digit:x}" for digit in range(10, 15))
NODE = "0190a000-0000-4000-8000-0000000000aa"
CHANNELS = {A: "call", B: "web", C: "web", D: "sms", E: "sms"}
# C was merged into B, B with it into A, then two more into A. An event: its customer, what it names, of which the last
# so many are somebody else's, and whom the customer took in before it.
STORY = [
    (E, ["x\te"], 0, []),
    (C, ["email\tc@example.com"], 0, []),
    (B, ["phone\t+447400000002"], 0, []),
    (A, ["customer_id\ta", "x\ta"], 0, []),
    (B, ["anonymous_id\tb", "phone\t+447400000002", "email\tc@example.com"], 1, [C]),
    (D, ["x\td"], 0, []),
    (A, ["customer_id\ta", "phone\t+447400000002"], 1, [B]),
    (A, ["customer_id\ta", "x\td", "x\te"], 2, [D, E]),
    (A, ["anonymous_id\ta"], 0, []),
]
LEADS = {C: B, B: A, D: A, E: A}
BELOW = {A: {B, C, D, E}, B: {C}}


def moment(number):
    return f"2026-01-02T03:04:{number:02}.000Z"


class Teller:
    """What Kafka has of the story."""

    def __init__(self):
        self.sequences, self.counts, self.last = Counter(), {}, {}
        self.known = set()

    def take_in(self, customer, other):
        self.sequences[customer] += self.sequences[other]
        self.counts[customer] = self.counts.get(customer, Counter()) + self.counts[other]
        self.last[customer] = max(self.last[customer], self.last[other], key=lambda last: last["time"])

    def context(self, customer, event, number):
        last = self.last.get(customer)
        self.sequences[customer] += 1
        counts = self.counts.setdefault(customer, Counter())
        counts[event["channel"]] += 1
        self.last[customer] = {name: event[name] for name in ("id", "channel", "type", "time")}
        return {
            "sequence": self.sequences[customer],
            "previous": last,
            "gap_s": None if last is None else number - int(last["time"][17:19]),
            "channel_switch": last is not None and last["channel"] != event["channel"],
            "counts": dict(sorted(counts.items())),
        }

    def change(self, named, merged):
        attached = [identifier for identifier in named if identifier["value"] not in self.known]
        self.known |= {identifier["value"] for identifier in attached}
        if merged:
            return {"change": {"kind": "merged", "identifiers": attached, "customers": merged}}
        kind = "attached" if self.last else "created"
        return {"change": {"kind": kind, "identifiers": attached}} if attached else {}

    def record(self, number, customer, names, others, merged):
        event = {"schema": 1, "id": f"e-{number}", "source": "shop", "channel": CHANNELS[customer], "type": "t"}
        event |= {"time": moment(number), "received_at": moment(number)}
        named = [dict(zip(("type", "value"), name.split("\t"), strict=True)) for name in names]
        for other in merged:
            self.take_in(customer, other)
        who = {"id": customer, **self.change(named, merged), "identifiers": named}
        value = event | {"customer": who, "context": self.context(customer, event, number)}
        bits = sum(1 << bit for bit in range(len(names) - others, len(names)))
        headers = {"tp_node": NODE, "tp_record": str(number), "tp_content": f"{number:x}"}
        headers |= {"tp_others": str(bits)} if bits else {}
        return json.dumps(value, separators=(",", ":")), [(name, text.encode()) for name, text in headers.items()]


@pytest.fixture
def told(redis, kafka, topics):
    """Kafka has the story; those who were merged stand in partitions behind and before their survivors'."""
    kafka.create_topic(topics.interactions)
    producer, teller = kafka.producer(), Teller()
    for number, (customer, *event) in enumerate(STORY):
        value, headers = teller.record(number, customer, *event)
        partition = int(customer[-1], 16) % 4
        producer.produce(topics.interactions, value, customer, partition=partition, headers=headers)
    assert producer.flush(30) == 0
    restore = Restore(redis, kafka, topics)
    restore.close()
    return restore


# --- what Redis has


def key(client, kind, customer):
    (name,) = client.keys(f"tp:{{L*}}:{kind}:{customer}")
    return name


def customer_of(blob):
    """As a model has it: prints are of the order of recents."""
    return replace(read_customer(blob), prints=b"")


def recents_of(client, customer):
    """Each with whose entry it is."""
    owners = client.hget(key(client, "m", customer), "owners") if client.keys(f"*:m:{customer}") else None
    ids = [customer, *split_ids(owners or b"")]
    recents = read_recents(client.get(key(client, "r", customer)))
    assert len({recent.key for recent in recents}) == len(recents)
    return {(replace(recent, owner=0), ids[recent.owner]) for recent in recents}


def merged_of(client, customer):
    """Numbers of merges are of a time, and not told; but each row has that of its member."""
    names = client.keys(f"*:m:{customer}")
    found = {name.decode(): value for name, value in client.hgetall(names[0]).items()} if names else {}
    spans = read_spans(found.get("members", b""), found.pop("spans", b""))
    members = set(split_ids(found.pop("members", b"")))
    rest = {name: found[name] for name in found if name in ("to", "phase", "evidence", "untold") or name[:4] == "row "}
    rows = {name: row.split(b"\t") for name, row in rest.items() if name[:4] == "row "}
    for name, row in rows.items():
        assert row.pop(1) == client.hget(key(client, "m", name[4:]), "merge")
    return rest | rows | {"members": members, "spans": spans}


def all_of(restore):
    client = restore.client
    claims = {name: client.get(name) for name in client.keys("tp:{I*") if not name.endswith(b":home")}
    assert len(client.keys("*")) == len(claims) + LANES + BUCKETS + 3 * len(CHANNELS) + len({*LEADS, *BELOW})
    return claims | {
        customer: (
            customer_of(client.get(key(client, "c", customer))),
            read_line(client.zrange(key(client, "t", customer), 0, -1, withscores=True)),
            recents_of(client, customer),
            merged_of(client, customer),
        )
        for customer in CHANNELS
    }


def restored(restore, since="all", **expected):
    result = restore.run(since=since)
    assert result["result"] == "ok", restore.log
    assert {name: result[name] for name in expected} == expected
    assert (result["unreadable"], result["lacking"], result["records"]) == (0, 0, len(STORY))
    return all_of(restore)


def first_seen():
    """In ms since 2026-01-02T03:04: by whom it was claimed."""
    found = {}
    for number, (customer, names, others, _) in enumerate(STORY):
        for name in names[: len(names) - others]:
            found.setdefault(name, (customer, 1000 * number))
    return found


def reaches(customer):
    return {customer, *BELOW.get(customer, ())}


# --- into an empty one


def test_all_leads_where_it_led(told):
    found = restored(told, entries=len(STORY), merges=len(LEADS))
    for customer, (_, _, _, merged) in ((customer, found[customer]) for customer in CHANNELS):
        assert merged.get("to", b"").decode() == LEADS.get(customer, "")
        assert merged["members"] == BELOW.get(customer, set())
        assert "phase" not in merged
        assert "untold" not in merged
        rows = {name[4:]: row for name, row in merged.items() if name[:4] == "row "}
        assert {loser: row[0].decode() for loser, row in rows.items()} == {
            loser: LEADS[loser] for loser in BELOW.get(customer, ())
        }
    number = next(number for number, (*_, merged) in enumerate(STORY) if C in merged)
    evidence = found[C][3]["evidence"].split(b"\t")
    assert evidence[1:] == [b"shop", b'"e-%d"' % number]
    assert int(evidence[0]) % 60_000 == 1000 * number
    assert found[A][3]["row " + C][1:] == evidence


def test_survivors_have_what_they_took_over(told):
    found, teller = restored(told), Teller()
    for number, event in enumerate(STORY):
        teller.record(number, *event)
    for customer in CHANNELS:
        own, line, recents, _ = found[customer]
        assert own.sequence == teller.sequences[customer]
        counts = {f"in.{name}": str(n) for name, n in teller.counts[customer].items()}
        last = own.state["last"]
        assert own.state == counts | {"last": last}
        assert last.split("\t")[-1] == f'"{teller.last[customer]["id"]}"'
        assert {name: seen % 60_000 for name, (seen, _) in own.identifiers.items()} == {
            name: seen for name, (owner, seen) in first_seen().items() if owner in reaches(customer)
        }
        below = {(entry.key, whose) for whose in reaches(customer) for entry in found[whose][1]}
        assert {(recent.key, whose) for recent, whose in recents} == below
        assert len(line) == own.count == sum(event[0] == customer for event in STORY)
    claims = {name: value for name, value in found.items() if name not in CHANNELS}
    assert Counter(claims.values()) == Counter(owner.encode() for owner, _ in first_seen().values())


def test_none_is_of_this_minute(told):
    """Else the next would be refused, as too many."""
    restored(told)
    assert told.client.hkeys(key(told.client, "m", A)).count(b"merges") == 0


def test_entries_tell_of_merges(told):
    line = restored(told)[A][1]
    assert [(entry.sequence, entry.merged) for entry in line] == [(1, ()), (5, (B,)), (8, (D, E)), (9, ())]


# --- what was there before


def test_twice(told):
    before = restored(told)
    assert restored(told, merges=len(LEADS)) == before
    assert restored(told, since=1, entries=0, claims=0, merges=0) == before


@pytest.mark.parametrize("lost", list("ABCDE"))
def test_into_one_that_lost_a_lane(told, lost):
    before, client = restored(told), told.client
    tag = key(client, "c", globals()[lost]).split(b":c:")[0]
    names = [name for name in client.keys(tag + b":*") if not name.endswith(b":home")]
    gone = {name.decode()[-36:] for name in names}
    client.delete(*names)
    entries = sum(event[0] in gone for event in STORY)
    assert restored(told, since=1, entries=entries, merges=len(gone & LEADS.keys())) == before


@pytest.mark.parametrize("kept", list("ABCDE"))
def test_into_one_that_lost_all_but_a_lane(told, kept):
    before, client = restored(told), told.client
    tag = key(client, "c", globals()[kept]).split(b":c:")[0]
    client.delete(*(name for name in client.keys("*") if not name.startswith(tag) and not name.endswith(b":home")))
    assert restored(told, since=1) == before


@pytest.mark.parametrize("loser", LEADS)
def test_one_that_was_left_half_way_is_finished(told, loser):
    """Killed when the survivor had taken it in, or before."""
    before, client = restored(told), told.client
    client.hset(key(client, "m", loser), "phase", "pending")
    assert restored(told, since=1, merges=1) == before
    client.hset(key(client, "m", loser), mapping={"phase": "pending", "at": "7 7"})
    survivor = key(client, "c", LEADS[loser]).split(b":c:")[0]
    client.delete(*(name for name in client.keys(survivor + b":*") if not name.endswith(b":home")))
    assert restored(told, since=1) == before


def test_what_a_survivor_was_when_it_was_looked_at_does_not_matter(told):
    """It is not as it was: it has come back."""
    before, client = restored(told), told.client
    for loser in LEADS:
        client.hset(key(client, "m", loser), "at", "7 7")
    tag = key(client, "c", A).split(b":c:")[0]
    client.delete(*(name for name in client.keys(tag + b":*") if not name.endswith(b":home")))
    assert restored(told, since=1) == before


def test_one_taken_in_and_not_told_is_told_by_what_comes_back(told):
    """The survivor is as it was between a merge and its next event."""
    before, client = restored(told), told.client
    forget_last_two(client, A)
    client.hset(key(client, "m", A), "untold", D + E)
    assert restored(told, since=1, entries=2) == before


def forget_last_two(client, customer):
    """Identifiers that they attached stay: they may have been listed before."""
    line, recents, own = (key(client, kind, customer) for kind in "trc")
    entries = client.zrange(line, -2, -1)
    client.zrem(line, *entries)
    gone = [read_entry(entry) for entry in entries]
    blob, marks = client.get(own), client.get(recents)
    kept = [marks[at : at + RECENT] for at in range(0, len(marks), RECENT)]
    kept = [mark for mark in kept if mark[:8] not in [entry.key for entry in gone]]
    client.set(recents, b"".join(kept))
    count = read_customer(blob).count - len(gone)
    head = blob[:1] + (gone[0].sequence - 1).to_bytes(6, "big") + count.to_bytes(4, "big")
    body = blob[11 : -len(read_customer(blob).prints)]
    client.set(own, head + body + prints_of(read_recents(b"".join(kept))))


def test_a_record_that_kafka_has_twice_merges_once(told, kafka, topics):
    records = kafka.records(topics.interactions)
    produce_again(kafka, topics.interactions, records)
    result = told.run()
    assert (result["result"], result["merges"], result["entries"]) == ("ok", len(LEADS), len(STORY))
    before = all_of(told)
    assert told.run(since=1)["merges"] == 0
    assert all_of(told) == before

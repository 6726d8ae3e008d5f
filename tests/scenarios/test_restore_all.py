"""All that Redis had comes back from Kafka, byte by byte: customers' ids, sequences, states, identifiers, entries, and
what is remembered of each, whatever Redis has when the restore begins, and wherever it was killed before."""

from dataclasses import replace

import pytest
from confluent_kafka import TopicPartition

from faults.points import compiled_in
from touchpoint.layout import read_customer, read_line, read_versions
from touchpoint.oracle import settle
from touchpoint.restore import Restore, load, produce_again


@pytest.fixture
def restore(redis, kafka, topics):
    return Restore(redis, kafka, topics)


@pytest.fixture
def before(touchpointd, restore):
    """What Redis had of a daemon that was stopped. Nobody was merged: what comes back of that is the same, but not byte
    by byte (test_restore_merges.py); nor is a value demoted, of which no event may have told yet."""
    daemon = touchpointd({"identity.merges_per_minute": 0, "identity.shared_after": 0})
    load(daemon)
    settle(daemon)
    assert daemon.stop() == 0
    keys = restore.keys()
    assert len(keys) > 100
    return keys


def restored(restore, **options):
    result = restore.run(**options)
    assert result["result"] == "ok", restore.log
    assert result["unreadable"] == 0
    return result


def test_into_a_redis_that_was_emptied(before, restore):
    restore.client.flushall()
    restore.close()
    result = restored(restore)
    assert restore.keys() == before
    assert result["entries"] == result["records"] == 400
    assert result["total"] >= 400, "markers of transactions are counted, and not read"
    assert result["claims"] == sum(b"{I" in key for key in before)
    assert (result["lacking"], result["customers"]) == (0, 0)


def test_what_is_beyond_kafka_is_taken_out(before, restore):
    """Later entries, claims of identifiers, other customers; what is not of a lane or bucket stays."""
    restore.client.flushall()
    client = restore.client
    (line,) = [key for key in before if b":t:" in key][:1]
    client.set(line, "no timeline")
    client.set(b"tp:{I3}:email:nobody@example.com", "0190a000-0000-7000-8000-000000000001")
    client.hset(b"tp:{L3}:released", "a node", "12")
    client.mset({f"tp:{{L1}}:c:{number}": "something" for number in range(3000)})
    kept = {b"tp:{other": b"1", b"tp:{L99}:c:x": b"2", b"another:{L1}:c:x": b"3"}
    client.mset(kept)
    restore.close()
    restored(restore)
    assert restore.keys() == before | kept
    assert not client.exists(b"tp:{L3}:released")


def test_with_records_that_kafka_has_twice(before, restore, kafka, topics):
    """As without transactions: a producer that failed gave some of them again, in order or behind later ones."""
    records = kafka.records(topics.interactions)
    produce_again(kafka, topics.interactions, records[50:200] + records[100:400] + records[10:20])
    restore.client.flushall()
    restore.close()
    result = restored(restore)
    assert restore.keys() == before
    assert (result["records"], result["entries"], result["lacking"]) == (400 + 460, 400, 0)


@pytest.mark.parametrize("point", ["restore.after_clear", "restore.after_batch"])
def test_killed_in_the_middle_and_begun_again(before, restore, point):
    if not compiled_in():
        pytest.skip("this build has no fault points")
    restore.client.flushall()
    restore.close()
    assert restore.run(fault=f"{point}=kill") is None
    assert restore.keys() != before
    restored(restore)
    assert restore.keys() == before


def test_what_kafka_has_no_more_is_counted(before, restore, kafka, topics):
    """The rest is as it was, where that does not depend on what is gone: the order of a state's lines is what a context
    does not tell, and identifiers that stood in older records only are not known any more."""
    records = kafka.records(topics.interactions)
    offsets = {p: [record.offset for record in records if record.partition == p] for p in range(6)}
    cut_off = {partition: some[len(some) // 3] for partition, some in offsets.items() if some}
    admin = kafka.admin
    for cut in admin.delete_records([TopicPartition(topics.interactions, p, o) for p, o in cut_off.items()]).values():
        cut.result(30)
    left = [record for record in records if record.offset >= cut_off[record.partition]]
    restore.client.flushall()
    restore.close()
    result = restored(restore)
    assert (result["records"], result["entries"]) == (len(left), len(left))
    firsts = {record.key: record.value["context"]["sequence"] for record in reversed(left)}
    assert result["lacking"] == sum(first - 1 for first in firsts.values())
    assert result["customers"] == sum(first > 1 for first in firsts.values())
    assert "event=restore_lacks customer=" in restore.log
    assert "example" not in restore.log, "no payload"
    compare_what_is_left(restore.keys(), before, firsts)


def compare_what_is_left(after, before, firsts):
    for name, blob in after.items():
        if b":c:" in name:
            now, was = read_customer(blob), read_customer(before[name])
            assert (now.sequence, now.state) == (was.sequence, was.state)
            assert now.identifiers.keys() <= was.identifiers.keys()
        elif b":t:" in name:
            first = firsts[name.split(b":")[-1].decode()]
            left = {entry.sequence: entry for entry in read_line(before[name]) if entry.sequence >= first}
            for entry in read_line(blob):
                assert replace(entry, hidden=False) == replace(left.pop(entry.sequence), hidden=False)
            assert left == {}, "what supersedes some may be gone"
        elif b":v:" in name:
            first = firsts[name.split(b":")[-1].decode()]
            newest = [one for lines in read_versions(blob).values() for one in lines]
            assert all(one.sequence >= first for one in newest)
        elif b":r:" in name:
            assert before[name].endswith(blob)
        else:
            assert blob == before[name], "whose it is"


def test_records_of_others_are_passed_over(before, restore, kafka, topics):
    producer = kafka.producer()
    for value in (b"", b"{}", b"not JSON", kafka.records(topics.interactions)[0].raw):
        producer.produce(topics.interactions, value, b"key", partition=0)
    assert producer.flush(30) == 0
    restore.client.flushall()
    restore.close()
    result = restore.run()
    assert (result["result"], result["unreadable"], result["entries"]) == ("ok", 4, 400)
    assert "event=restore_unreadable partition=0" in restore.log
    assert restore.keys() == before


def test_what_was_aborted_is_not_there(before, restore, kafka, topics):
    """And an end that is only the marker of a transaction is an end."""
    (last,) = kafka.records(topics.interactions)[-1:]
    producer = kafka.producer(**{"transactional.id": topics.interactions})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topics.interactions, b"{}", b"aborted", partition=last.partition)
    producer.flush(30)
    producer.abort_transaction(30)
    restore.client.flushall()
    restore.close()
    restored(restore)
    assert restore.keys() == before


def test_one_that_was_overtaken_ends_and_does_no_harm(before, restore):
    """By another repair, or by another loss: nothing is written where the home is not as it was closed."""
    client = restore.client
    server = client.info("replication")["master_replid"]
    snapshot = restore.snapshot()
    for tag in (b"tp:{L5}:", b"tp:{I5}:"):
        own = {name: value for name, value in before.items() if name.startswith(tag)}
        homes = {f"closed {server} 8 16": "closed", f"open {server} 7 16": "closed", "closed 0ab 7 16": "lost"}
        for home, result in [*homes.items(), (None, "lost")]:
            restore.put_snapshot(snapshot)
            restore.close()
            client.set(tag + b"home", home) if home else client.delete(tag + b"home")
            assert restore.run()["result"] == result, restore.log
            assert {name: value for name, value in restore.keys().items() if name.startswith(tag)} == own

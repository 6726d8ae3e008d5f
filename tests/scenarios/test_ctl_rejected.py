"""touchpointctl rejected: what was refused can be looked at, and sent again once the mistake is mended: as what it was,
from whom and when it was, and never twice."""

import base64
import json
import socket
from contextlib import contextmanager

import pytest

from touchpoint import oracle
from touchpoint.ctl import ctl
from touchpoint.front import event
from touchpoint.story import ids, send

BRITISH = {"phone": "020 7946 0018"}
"""A number that needs normalize.region."""


@pytest.fixture
def rejected(topics, kafka):
    """Runs the command with what of the daemon's settings it needs."""

    def run(daemon, *arguments):
        own = {"kafka.brokers": kafka.brokers, "kafka.topic_rejected": topics.rejected}
        sets = [f"--set={name}={value}" for name, value in own.items()]
        return ctl(daemon, "rejected", *arguments, *sets)

    return run


def post_refused(daemon, *events, **options):
    """Posts events that are refused, all of them, and waits until Kafka has them."""
    reply = daemon.post(list(events), **options)
    assert reply.json["rejected"] == len(events)
    oracle.settle(daemon)


def stop_once_it_works(daemon, **options):
    """A node that leaves before it has found Redis new is waited for by the next."""
    assert daemon.post(event("bob@example.com", id="first"), wait=20, **options).status == 200
    daemon.stop()


def lines(ran):
    return [json.loads(line) for line in ran.stdout.splitlines()]


# --- list


def test_what_was_refused_is_listed_without_what_it_said(touchpointd, rejected):
    daemon = touchpointd({"kafka.partitions": 1})
    post_refused(daemon, event(id="a", agent=7), event(id="b", colour="red"))
    ran = rejected(daemon, "list")
    assert (ran.returncode, ran.stderr) == (0, "")
    titles, first, second = (line.split() for line in ran.stdout.splitlines())
    assert titles[:6] == ["RECEIVED", "PARTITION/OFFSET", "SOURCE", "ID", "CODE", "PATH"]
    assert first[1:6] == ["0/0", "default", "a", "wrong_type", "agent"]
    assert second[1:6] == ["0/1", "default", "b", "unknown_member", "colour"]
    assert "example.com" not in ran.stdout


def test_for_programs_it_is_a_line_each(touchpointd, kafka, topics, rejected):
    daemon = touchpointd({"kafka.partitions": 1})
    latin = json.dumps(event(id="b", text="Größe"), ensure_ascii=False).encode("latin-1")
    post_refused(daemon, event(id="a", agent=7))
    daemon.post(latin)
    oracle.settle(daemon)
    records = kafka.records(topics.rejected)
    topic = [record.value for record in records]
    plain, shown = rejected(daemon, "list", "--json"), rejected(daemon, "list", "--json", "--payload")
    assert [one["reason"] for one in lines(plain)] == [value["reason"] for value in topic]
    assert [one["partition"] for one in lines(plain)] == [0, 0]
    assert [one["offset"] for one in lines(plain)] == [record.offset for record in records]
    assert not any("payload" in name for one in lines(plain) for name in one)
    assert lines(shown)[0]["payload"] == topic[0]["payload"]
    assert base64.b64decode(lines(shown)[1]["payload_base64"]) == latin


def test_it_can_be_narrowed_down(touchpointd, rejected):
    daemon = touchpointd({"kafka.partitions": 3})
    bad = [event(id=f"e-{n}", agent=7) for n in range(4)] + [event(id="other", colour="red")]
    post_refused(daemon, *bad)

    def found(*arguments):
        return sorted(one["id"] for one in lines(rejected(daemon, "list", "--json", *arguments)))

    assert found("--code", "wrong_type") == ["e-0", "e-1", "e-2", "e-3"]
    assert found("--id", "e-2") == ["e-2"]
    assert found("--source", "nobody") == []
    assert len(found("--source", "default")) == 5
    assert found("--code", "wrong_type", "--limit", 2) == ["e-0", "e-1"]
    assert len(found("--since", "1h")) == 5
    assert found("--since", "2990-01-01T00:00:00Z") == []


def test_the_settings_may_come_from_the_daemons_file(touchpointd, kafka, topics, tmp_path):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", agent=7))
    file = tmp_path / "its.conf"
    file.write_text(f'kafka {{ brokers = "{kafka.brokers}" topic_rejected = "{topics.rejected}" }}')
    assert [one["id"] for one in lines(ctl(daemon, "rejected", "list", "--json", "-c", file))] == ["a"]


def test_nothing_of_it_is_left_at_the_broker(touchpointd, kafka, rejected):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", agent=7))
    admin = kafka.admin
    before = {group.group_id for group in admin.list_consumer_groups().result(20).valid}
    for _ in range(2):
        assert len(lines(rejected(daemon, "list", "--json"))) == 1
    assert {group.group_id for group in admin.list_consumer_groups().result(20).valid} == before


def test_no_kafka_and_no_topic_are_said(front, kafka):
    daemon = front()
    away = ctl(daemon, "rejected", "list", "--set", "kafka.brokers=127.0.0.1:1")
    assert (away.returncode, away.stdout.count("\n")) == (1, 1)
    assert "Connection refused" in away.stderr
    absent = ctl(
        daemon, "rejected", "list", "--set", f"kafka.brokers={kafka.brokers}", "--set", "kafka.topic_rejected=nothing"
    )
    assert absent.returncode == 1
    assert "kafka: nothing: Broker: Unknown topic or partition" in absent.stderr


# --- replay


def test_after_the_settings_are_mended_it_is_taken(touchpointd, rejected):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", customer=BRITISH), event(id="b", customer=BRITISH))
    stop_once_it_works(daemon)
    mended = touchpointd({"normalize.region": "GB"})
    ran = rejected(mended, "replay")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith("2 accepted, 0 refused again, 0 not sent\n")
    timeline = mended.timeline(mended.find(phone="+442079460018"), order="asc")
    assert ids(timeline) == ["a", "b"]


def test_what_it_left_out_is_what_it_was_then(touchpointd, kafka, topics, rejected, tmp_path):
    """Its source is the one that the key gave it, its time the one when it came; and it happens once."""
    (tmp_path / "key").write_text("the-secret-of-the-crm")
    (tmp_path / "key").chmod(0o600)
    keyed = f'key "crm" {{ file = "{tmp_path}/key"  scopes = {{"write"}} }}\n'
    daemon = touchpointd(config=keyed)
    shown = {"Authorization": "Bearer the-secret-of-the-crm"}
    assert daemon.post(event(customer=BRITISH), headers=shown).status == 422
    stop_once_it_works(daemon, headers=shown)
    (refused,) = kafka.records(topics.rejected, until=1)
    mended = touchpointd({"normalize.region": "GB"})
    first, again = rejected(mended, "replay"), rejected(mended, "replay")
    assert (first.returncode, again.returncode) == (0, 0)
    assert "duplicate" in again.stdout
    (entry,) = mended.timeline(mended.find(phone="+442079460018"))
    assert entry["source"] == "crm"
    assert entry["time"] == refused.value["received_at"]
    assert entry["id"] == f"{topics.rejected}/{refused.partition}/{refused.offset}"


def test_what_is_refused_again_is_told_with_its_new_reason(touchpointd, rejected):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", customer=BRITISH, agent=7))
    stop_once_it_works(daemon)
    mended = touchpointd({"normalize.region": "GB"})
    ran = rejected(mended, "replay", "--json", "--id", "a")
    assert ran.returncode == 1
    (told,) = lines(ran)
    assert told["result"] == "refused"
    assert (told["error"]["code"], told["error"]["path"]) == ("wrong_type", "agent")


def test_a_dry_run_sends_nothing(touchpointd, rejected):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", customer=BRITISH), 42)
    before = daemon.metrics()["touchpoint_journal_records_total"]
    ran = rejected(daemon, "replay", "--dry-run")
    assert ran.returncode == 1, "one of them cannot be sent"
    assert ran.stdout.endswith("1 would be sent, 1 cannot be\n")
    assert daemon.metrics()["touchpoint_journal_records_total"] == before


def test_only_what_was_asked_for_is_sent(touchpointd, rejected):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", customer=BRITISH), event(id="b", customer=BRITISH))
    stop_once_it_works(daemon)
    mended = touchpointd({"normalize.region": "GB"})
    assert rejected(mended, "replay", "--id", "b").returncode == 0
    assert ids(mended.timeline(mended.find(phone="+442079460018"))) == ["b"]


def test_why_it_cannot_be_sent_is_said_of_each(touchpointd, rejected):
    daemon = touchpointd({"kafka.partitions": 1})
    daemon.post(b'[42, {"id":"broken",,}, {"id":"l\xe4tin"}]')
    data = {"id": "x", "channel": "web", "customer": BRITISH}
    binary = {"ce-specversion": "1.0", "ce-id": "x", "ce-source": "/shop", "ce-type": "visit"}
    assert daemon.post(data, headers=binary).status == 422
    oracle.settle(daemon)
    ran = rejected(daemon, "replay", "--json")
    assert ran.returncode == 1
    told = lines(ran)
    assert {one["result"] for one in told} == {"not sent"}
    assert [one["why"] for one in sorted(told, key=lambda one: one["offset"])] == [
        "its payload is no JSON object, and would be refused again",
        "its payload is not sound JSON, and would be refused again",
        "its payload is not sound JSON, and would be refused again",
        "its type was in a header of the request, and headers are not kept",
    ]


def test_cloudevents_are_sent_as_cloudevents(touchpointd, rejected):
    daemon = touchpointd({"kafka.partitions": 1})
    envelope = {"specversion": "1.0", "id": "c", "source": "/shop", "type": "visit"}
    batch = [
        {**envelope, "data": {"channel": "web", "customer": BRITISH}},
        {**envelope, "id": "d", "time": "2026-01-02T03:04:05Z", "data": {"channel": "web", "customer": BRITISH}},
    ]
    reply = daemon.post(batch, headers={"Content-Type": "application/cloudevents-batch+json"})
    assert reply.json["rejected"] == 2
    post_refused(daemon, event(id="plain", customer=BRITISH))
    received = {one["id"]: one["received_at"] for one in lines(rejected(daemon, "list", "--json"))}
    stop_once_it_works(daemon)
    mended = touchpointd({"normalize.region": "GB"})
    ran = rejected(mended, "replay")
    assert ran.returncode == 0, ran.stdout
    found = {entry["id"]: entry for entry in mended.timeline(mended.find(phone="+442079460018"))}
    assert set(found) == {"c", "d", "plain"}
    assert (found["c"]["source"], found["c"]["type"], found["c"]["time"]) == ("/shop", "visit", received["c"])
    assert found["d"]["time"] == "2026-01-02T03:04:05.000Z"


def test_what_was_accepted_and_could_not_be_delivered_is_sent_as_it_was(touchpointd, redis, rejected):
    daemon = touchpointd()
    send(daemon, event(id="first"))
    (key,) = redis.client.keys("tp:*:c:*")
    redis.client.rename(key, "aside")
    redis.client.rpush(key, "not ours")
    assert daemon.post(event(id="later", attributes={"price": 19.90}), wait=20).status == 422
    redis.client.rename("aside", key)
    ran = rejected(daemon, "replay")
    assert ran.returncode == 0, ran.stdout
    entry = daemon.timeline(daemon.find(email="ann@example.com"))[0]
    assert (entry["id"], entry["attributes"]) == ("later", {"price": 19.90})


@contextmanager
def taken(address):
    """By one who does not listen: nobody else comes to be there meanwhile."""
    host, port = address.split(":")
    with socket.socket() as holder:
        holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        holder.bind((host, int(port)))
        yield


def test_a_replay_waits_for_a_daemon_that_is_away(touchpointd, rejected):
    daemon = touchpointd()
    post_refused(daemon, event(id="a", customer=BRITISH))
    daemon.stop()
    with taken(daemon.address):
        ran = rejected(daemon, "replay", "--give-up", 3)
    assert ran.returncode == 1
    assert "are sent again, for up to 3 s" in ran.stderr
    assert "given up after 3 s" in ran.stderr
    assert "touchpointd did not take it" in ran.stdout
    assert ran.stdout.endswith("0 accepted, 0 refused again, 1 not sent\n")

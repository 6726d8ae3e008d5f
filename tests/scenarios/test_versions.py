"""A sender sends an interaction again when it has changed, with a greater `version`: the timeline shows the newest,
Kafka has each and how they stand to each other, and the customer's counts have it once."""

import pytest

from touchpoint import until
from touchpoint.front import event
from touchpoint.repair import until_repaired
from touchpoint.splits import answered, split
from touchpoint.story import check_record, ids, send

NINE, TEN, ELEVEN = (f"2026-03-01T{hour:02}:00:00.000Z" for hour in (9, 10, 11))
READER, CALLER = {"email": "ann@example.com"}, {"phone": "+447400123456"}


def call(version, **members):
    """A call of the telephone system, as it is by this version."""
    members = {"id": "c-1", "source": "phones", "channel": "call_centre", "time": NINE, **members}
    return event(version=version, type="call.updated", outcome=f"as of {version}") | members


def shown(daemon, **query):
    """(id, version) of each on Ann's timeline, newest first."""
    customer = daemon.find(email="ann@example.com")
    return [(one["id"], one.get("version")) for one in daemon.timeline(customer, **query)]


def delivered(reply):
    assert reply.status == 200, reply.body
    return reply.json["events"][0]


def of(version, sequence, **more):
    return {"version": version, "sequence": sequence, **more}


def test_the_timeline_shows_the_newest(touchpointd):
    daemon = touchpointd()
    send(daemon, call(1), event(id="w-1", time=TEN), call(2), call(7))
    assert shown(daemon) == [("w-1", None), ("c-1", 7)]


def test_each_is_forwarded_and_says_which_it_supersedes(touchpointd, kafka, topics):
    daemon = touchpointd()
    first, second, third = send(daemon, call(1), call(2), call(7))
    assert not {"supersedes", "superseded_by"} & set(first["context"])
    assert second["context"]["supersedes"] == of(1, 1)
    assert third["context"]["supersedes"] == of(2, 2)
    assert [record.value for record in kafka.records(topics.interactions)] == [first, second, third]


def test_an_older_one_that_comes_late_is_taken_and_not_shown(touchpointd, kafka, topics):
    daemon = touchpointd()
    newer, late = send(daemon, call(7), call(2, time=TEN))
    assert late["context"]["superseded_by"] == of(7, 1)
    assert "supersedes" not in late["context"]
    assert shown(daemon) == [("c-1", 7)]
    assert kafka.records(topics.interactions)[1].value == late
    (newest,) = send(daemon, call(8))
    assert newest["context"]["supersedes"] == of(7, 1)
    assert shown(daemon) == [("c-1", 8)]


def test_the_same_version_again_is_a_retry(touchpointd, kafka, topics):
    """Also of one that is not shown any more, or never was."""
    daemon = touchpointd()
    sent = [call(2), call(7), call(1)]
    first = [delivered(daemon.post(one, wait=20)) for one in sent]
    again = [delivered(daemon.post(one, wait=20)) for one in sent]
    assert again == [one | {"duplicate": True} for one in first]
    assert len(kafka.records(topics.interactions)) == 3


def test_the_same_version_with_other_content_is_refused(touchpointd, kafka, topics):
    daemon = touchpointd()
    send(daemon, call(1), call(2))
    refused = delivered(daemon.post([call(1, outcome="other"), event(id="w-1")], wait=20))
    assert refused["error"]["code"] == "id_reused"
    (record,) = kafka.records(topics.rejected, until=1)
    assert record.value["id"] == "c-1"


def test_without_a_version_it_is_an_event_of_its_own(touchpointd):
    """As it is for all who know of no versions, whatever else has this id."""
    daemon = touchpointd()
    plain = event(id="c-1", source="phones", time=TEN)
    first, versioned, other = send(daemon, plain, call(1), call(2))
    assert not {"supersedes", "superseded_by"} & (set(first["context"]) | set(versioned["context"]))
    assert other["context"]["supersedes"] == of(1, 2)
    assert delivered(daemon.post(plain, wait=20))["duplicate"] is True
    assert shown(daemon) == [("c-1", None), ("c-1", 2)]


def test_a_version_belongs_to_its_source_and_id(touchpointd):
    daemon = touchpointd()
    send(daemon, call(1), call(2, source="chats"), call(3, id="c-2"))
    assert sorted(shown(daemon)) == [("c-1", 1), ("c-1", 2), ("c-2", 3)]


def test_the_greatest_versions_are_told_apart(touchpointd):
    daemon = touchpointd()
    most = 2**53 - 1
    _, before, last = send(daemon, call(0), call(most - 1), call(most))
    assert before["context"]["supersedes"] == of(0, 1)
    assert last["context"]["supersedes"] == of(most - 1, 2)
    assert shown(daemon) == [("c-1", most)]


def test_consumers_tell_versions_apart(touchpointd, kafka, topics):
    daemon = touchpointd()
    send(daemon, call(1), call(12), event(id="c-1", source="phones"))
    records = kafka.records(topics.interactions)
    assert [record.headers["ce_id"] for record in records] == ["c-1;version=1", "c-1;version=12", "c-1"]
    assert {record.headers["ce_source"] for record in records} == {"phones"}
    check_record(records[0])


def test_an_id_that_looks_like_a_version_of_another_is_that_event(touchpointd):
    """So that consumers never find two events under one ce_id."""
    daemon = touchpointd()
    send(daemon, call(2))
    looks_so = event(id="c-1;version=2", source="phones")
    assert daemon.post(looks_so, wait=20).json["events"][0]["error"]["code"] == "id_reused"
    send(daemon, event(id="c-2;version=3", source="phones"))
    assert daemon.post(call(3, id="c-2"), wait=20).json["events"][0]["error"]["code"] == "id_reused"


def pages(daemon, customer, **query):
    found = [daemon.get(f"/v1/customers/{customer}/timeline", **query).json]
    while found[-1]["next"]:
        cursor = found[-1]["next"]
        found.append(daemon.get(f"/v1/customers/{customer}/timeline", cursor=cursor, **query).json)
    return [(one["id"], one.get("version")) for page in found for one in page["events"]]


def check_reads(daemon, customer, expected):
    """`expected`: in order of time. However it is read, nothing else is shown."""
    for limit in (1, 2, 50):
        assert pages(daemon, customer, order="asc", limit=limit) == expected
        assert pages(daemon, customer, limit=limit) == expected[::-1]
    calls = [one for one in expected if one[0] == "c-1"]
    assert pages(daemon, customer, channel="call_centre", limit=1) == calls
    assert pages(daemon, customer, type="call.started") == []
    assert pages(daemon, customer, type="call.completed", order="asc") == calls
    assert pages(daemon, customer, since=NINE, until=NINE) == [one for one in expected if one[0] == "w-1"]


def test_in_every_read(touchpointd):
    daemon = touchpointd()
    send(daemon, event(id="w-1", time=NINE), call(1, type="call.started", time=NINE))
    send(daemon, call(3, type="call.completed", time=TEN), event(id="w-2", time=ELEVEN))
    send(daemon, call(2, type="call.started", time=ELEVEN))
    check_reads(daemon, daemon.find(**READER), [("w-1", None), ("c-1", 3), ("w-2", None)])


def test_a_cursor_of_before_goes_on_behind(touchpointd):
    """The one that it names is superseded meanwhile."""
    daemon = touchpointd()
    send(daemon, call(1, time=ELEVEN), event(id="w-1", time=TEN))
    customer = daemon.find(**READER)
    first = daemon.get(f"/v1/customers/{customer}/timeline", limit=1).json
    assert ids(first["events"]) == ["c-1"]
    send(daemon, call(2, time=NINE))
    assert pages(daemon, customer, cursor=first["next"]) == [("w-1", None), ("c-1", 2)]


# --- of a customer


def test_it_is_counted_once(touchpointd):
    daemon = touchpointd()
    send(daemon, call(2), event(id="w-1", time=TEN))
    after = send(daemon, call(3), call(1), call(4, channel="chat"), event(id="w-2", time=ELEVEN))
    assert [one["context"]["counts"] for one in after] == [{"call_centre": 1, "web": 1}] * 3 + [
        {"call_centre": 1, "web": 2}
    ]
    known = daemon.get(f"/v1/customers/{daemon.find(**READER)}").json
    assert (known["interactions"], known["counts"]) == (3, {"call_centre": 1, "web": 2})
    assert (known["first_seen"], known["last_seen"]) == (NINE, ELEVEN)


def test_it_is_no_contact_of_its_own(touchpointd):
    """What comes next has the last contact before it, which no update of an earlier one has become."""
    daemon = touchpointd()
    _, _, update, late, following = send(
        daemon, call(2), event(id="w-1", time=TEN), call(3), call(1), event(id="w-2", time=ELEVEN)
    )
    for one in (update, late, following):
        assert one["context"]["previous"]["id"] == "w-1"
    assert following["context"]["sequence"] == 5
    assert daemon.get(f"/v1/customers/{daemon.find(**READER)}").json["last"]["id"] == "w-2"


def test_an_update_of_the_last_contact_is_what_comes_before_the_next(touchpointd):
    daemon = touchpointd()
    _, update, late, following = send(
        daemon,
        call(2, type="call.started"),
        call(3, type="call.completed"),
        call(1, type="call.queued"),
        event(id="w-1"),
    )
    assert update["context"]["previous"]["type"] == "call.started"
    assert late["context"]["previous"]["type"] == "call.completed"
    assert following["context"]["previous"]["type"] == "call.completed"


def test_what_an_update_names_is_known_of_the_customer(touchpointd):
    daemon = touchpointd()
    _, update = send(daemon, call(1), call(2, customer=READER | CALLER))
    assert update["customer"]["change"]["kind"] == "attached"
    assert daemon.find(**CALLER) == daemon.find(**READER)


# --- of customers who are one


@pytest.fixture
def two(touchpointd):
    """A reader, the elder, and a caller, whose call of this morning has been updated."""
    daemon = touchpointd()
    reader, *_ = send(daemon, event(id="w-1", time=NINE), call(1, customer=CALLER), call(3, customer=CALLER))
    return daemon, reader["customer"]["id"], daemon.find(**CALLER)


def merge(daemon):
    return send(daemon, event(id="w-2", time=ELEVEN, customer=READER | CALLER))[0]["customer"]["id"]


def test_a_newer_one_supersedes_a_members(two):
    daemon, reader, caller = two
    assert merge(daemon) == reader != caller
    (newer,) = send(daemon, call(4, time=TEN, type="call.completed", customer=CALLER))
    assert newer["customer"]["id"] == reader
    assert newer["context"]["supersedes"] == of(3, 2, customer=caller)
    assert newer["context"]["counts"] == {"call_centre": 1, "web": 2}
    for customer in (reader, caller):
        check_reads(daemon, customer, [("w-1", None), ("c-1", 4), ("w-2", None)])


def test_a_members_supersedes_what_comes_late(two):
    daemon, reader, caller = two
    merge(daemon)
    (late,) = send(daemon, call(2, time=TEN, customer=CALLER))
    assert late["context"]["superseded_by"] == of(3, 2, customer=caller)
    assert pages(daemon, reader, order="asc") == [("w-1", None), ("c-1", 3), ("w-2", None)]


def test_of_two_that_turn_out_to_be_one_the_newest_is_shown(two):
    daemon, reader, caller = two
    send(daemon, call(4, time=TEN, type="call.completed"))
    assert pages(daemon, reader) == [("c-1", 4), ("w-1", None)]
    assert pages(daemon, caller) == [("c-1", 3)]
    merge(daemon)
    check_reads(daemon, caller, [("w-1", None), ("c-1", 4), ("w-2", None)])
    assert send(daemon, call(5))[0]["context"]["supersedes"] == of(4, 2)


def test_a_member_of_a_member_too(two):
    daemon, reader, caller = two
    chatter = {"x": "ann"}
    (eldest,) = send(daemon, event(id="w-0", time=NINE, customer=chatter))
    send(daemon, event(id="w-2", time=ELEVEN, customer=READER | CALLER))
    (joined,) = send(daemon, event(id="w-3", time=ELEVEN, customer=chatter | READER))
    assert joined["customer"]["id"] == min(reader, eldest["customer"]["id"])
    (newer,) = send(daemon, call(4, time=TEN, customer=chatter))
    assert newer["context"]["supersedes"] == of(3, 2, customer=caller)
    assert [one for one in pages(daemon, caller) if one[0] == "c-1"] == [("c-1", 4)]


def test_a_retry_of_what_a_member_has_is_one(two):
    daemon, *_ = two
    merge(daemon)
    for version in (1, 3):
        assert delivered(daemon.post(call(version, customer=CALLER), wait=20))["duplicate"] is True


def test_who_are_two_again_show_each_their_own(two):
    daemon, reader, caller = two
    merge(daemon)
    send(daemon, call(4, time=TEN))
    assert answered(lambda: split(daemon, reader, caller)).status == 200
    assert pages(daemon, reader) == [("w-2", None), ("c-1", 4), ("w-1", None)]
    assert pages(daemon, caller) == [("c-1", 3)]
    (of_reader,) = send(daemon, call(6))
    (of_caller,) = send(daemon, call(5, customer=CALLER))
    assert of_reader["context"]["supersedes"]["version"] == 4
    assert of_caller["context"]["supersedes"] == of(3, 2)


# --- in the long run


def test_a_thousand_updates_take_no_room(touchpointd, redis):
    """What is not shown goes when it cannot come again, and pushes nothing else out."""
    daemon = touchpointd({"timeline.max_events": 5, "timeline.recent_events": 4})
    send(daemon, *(event(id=f"w-{n}", time=NINE) for n in range(4)))
    for first in range(0, 1000, 100):
        send(daemon, *(call(first + n, time=TEN) for n in range(100)))
    (line,) = redis.client.keys("tp:*:t:*")

    def is_small():
        send(daemon, call(1000 + redis.client.zcard(line) + len(kept)))
        kept.append(redis.client.zcard(line))
        return kept[-1] <= 15

    kept = []
    until(is_small, pause=0.25, what="what was superseded is gone")
    assert sorted(id for id, _ in shown(daemon)) == ["c-1", "w-0", "w-1", "w-2", "w-3"]


def test_a_version_beyond_the_window_is_not_shown_again(touchpointd):
    """Its retry comes too late to be known as one; it is known that a newer one is there."""
    daemon = touchpointd({"timeline.recent_events": 3})
    send(daemon, call(1), call(2))
    answers = []

    def is_forgotten():
        send(daemon, event(id=f"w-{len(answers)}", time=TEN))
        answers.append(delivered(daemon.post(call(1), wait=20)))
        return "duplicate" not in answers[-1]

    until(is_forgotten, pause=0.25)
    assert answers[-1]["event"]["context"]["superseded_by"]["version"] == 2
    assert [one for one in shown(daemon) if one[0] == "c-1"] == [("c-1", 2)]


# --- when things go wrong


def everything(daemon, kafka, topics, customers=(READER,)):
    """As it is read and as it was forwarded."""
    read = [daemon.timeline(daemon.find(**one)) for one in customers]
    forwarded = [record.value for record in kafka.records(topics.interactions)]
    return read, sorted(forwarded, key=lambda one: (one["customer"]["id"], one["context"]["sequence"]))


def test_a_kill_between_timeline_and_kafka_changes_no_byte(touchpointd, kafka, topics):
    """What it was told when it was appended is what is forwarded."""
    daemon = touchpointd({"kafka.transactions": "off"})
    send(daemon, call(3))
    kafka.pause()
    for version in (4, 2, 5):
        assert daemon.post(call(version)).status == 202
    appended = 'touchpoint_timeline_total{result="appended"}'
    until(lambda: daemon.metrics()[appended] == 4, what="all are on the timeline")
    daemon.kill9()
    kafka.resume()
    daemon.start()
    send(daemon, event(id="w-1", time=TEN))
    values = {record.value.get("version"): record.value for record in kafka.records(topics.interactions)}
    contexts = [values[version]["context"] for version in (3, 4, 2, 5)]
    assert [one["sequence"] for one in contexts] == [1, 2, 3, 4]
    assert contexts[1]["supersedes"] == of(3, 1)
    assert contexts[2]["superseded_by"] == of(4, 2)
    assert contexts[3]["supersedes"] == of(4, 2)
    assert shown(daemon) == [("w-1", None), ("c-1", 5)]


def test_it_survives_a_repair(touchpointd, redis, kafka, topics):
    daemon = touchpointd({"redis.repair_wait": "2s"})
    sent = [call(2), event(id="w-1", time=TEN), call(4, time=TEN), call(1), call(3, channel="chat")]
    send(daemon, *sent)
    before = everything(daemon, kafka, topics)
    redis.client.flushall()
    until_repaired(daemon)
    answered(lambda: daemon.get("/v1/customers", email="ann@example.com"))
    assert everything(daemon, kafka, topics) == before
    for one in sent:
        assert delivered(daemon.post(one, wait=20))["duplicate"] is True
    late, newer = send(daemon, call(0), call(5))
    assert late["context"]["superseded_by"] == of(4, 3)
    assert newer["context"]["supersedes"] == of(4, 3)
    assert newer["context"]["counts"] == {"call_centre": 1, "web": 1}
    assert shown(daemon, order="asc") == [("c-1", 5), ("w-1", None)]


def test_it_survives_a_repair_of_customers_who_are_one(two, redis, kafka, topics):
    daemon, reader, caller = two
    merge(daemon)
    send(daemon, call(4, time=TEN), call(2, customer=CALLER))
    before = everything(daemon, kafka, topics, (READER, CALLER))
    redis.client.flushall()
    until_repaired(daemon)
    answered(lambda: daemon.get("/v1/customers", email="ann@example.com"))
    assert everything(daemon, kafka, topics, (READER, CALLER)) == before
    (newer,) = send(daemon, call(5, customer=CALLER))
    assert newer["context"]["supersedes"]["version"] == 4
    assert pages(daemon, caller, channel="call_centre") == [("c-1", 5)]
    assert newer["context"]["counts"] == {"call_centre": 1, "web": 2}

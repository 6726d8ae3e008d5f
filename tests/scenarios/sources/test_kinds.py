"""Each kind that is shipped, by its fixtures: what a sender posts, signed as the sender signs it, is in the timeline
and in Kafka as the fixture says; and nothing of what is not signed. A kind that is added is found here by its
folder."""

import json

import pytest

from touchpoint.ctl import ctl
from touchpoint.kinds import SETTINGS, all_fixtures, fixtures, is_proven, kinds, section, send, sent
from touchpoint.senders import sender
from touchpoint.wait import until

OF_THE_MOMENT = {"schema", "received_at", "context"}


def named(kind):
    return getattr(sender(kind), "SETTINGS", "")


def region(kind):
    """--region, as the source's section has it."""
    words = named(kind).replace("=", " = ").split()
    return ["--region", words[words.index("region") + 2].strip('"')] if "region" in words else []


@pytest.mark.slow  # hundreds of short lives, of touchpointctl alone
@pytest.mark.parametrize("fixture", all_fixtures(), ids=str)
def test_what_a_payload_becomes(fixture):
    told = ctl(None, "source", "test", fixture.kind, fixture.file, *region(fixture.kind))
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == fixture.expected


def as_expected(event, fixture):
    """A forwarded interaction without what a fixture cannot know, under the kind's name."""
    customer = {name: value for name, value in event["customer"].items() if name not in ("id", "change", "conflict")}
    members = {name: value for name, value in event.items() if name not in OF_THE_MOMENT}
    members |= {"customer": customer, "source": fixture.kind}
    return members


def like(members, expected):
    """Without the members that the daemon fills in where the sender says nothing."""
    return {name: value for name, value in members.items() if name in expected or name not in ("id", "time")}


def by_text(events):
    return sorted(events, key=lambda event: json.dumps(event, sort_keys=True))


def happened(fixture):
    """Who only says who somebody is has done nothing."""
    return [event for event in fixture.expected if event["type"] != "identify"]


def check_fixture(daemon, source, fixture, records):
    expected = happened(fixture)
    events = [record.value for record in records if record.value["source"] == source]
    assert len(events) == len(expected), fixture
    optional = set.intersection(*(set(event) for event in expected)) if expected else set()
    assert by_text(like(as_expected(event, fixture), optional) for event in events) == by_text(
        like(event, optional) for event in expected
    ), fixture
    for event in events:
        assert event in daemon.timeline(event["customer"]["id"]), fixture


@pytest.mark.parametrize("kind", kinds())
def test_what_a_sender_posts_is_in_timeline_and_kafka(touchpointd, kafka, topics, tmp_path, kind):
    """Each fixture from a source of its own, so that ids that two of them share are no retries."""
    sources = {f"{kind}-{number}": fixture for number, fixture in enumerate(fixtures(kind))}
    config = "".join(section(tmp_path, source, kind) for source in sources)
    daemon = touchpointd(SETTINGS, config=config)
    for source, fixture in sources.items():
        reply = sent(daemon, source, fixture)
        assert 200 <= reply.status < 300, (fixture, reply.body)
    metrics = daemon.metrics()
    for source in sources:
        assert metrics[f'touchpoint_source_events_total{{source="{source}",status="rejected"}}'] == 0, sources[source]
    total = sum(len(happened(fixture)) for fixture in sources.values())

    def all_there():
        records = kafka.records(topics.interactions) if total else []
        return records if len(records) >= total else None

    records = until(all_there, 30, "all are in Kafka") if total else []
    for source, fixture in sources.items():
        check_fixture(daemon, source, fixture, records)


@pytest.mark.parametrize("kind", [kind for kind in kinds() if is_proven(kind)])
def test_what_is_not_signed_is_nothing(front, tmp_path, kind):
    daemon = front(SETTINGS, config=section(tmp_path, kind, kind))
    fixture = fixtures(kind)[0]
    reply = send(daemon, fixture.request(kind))
    assert reply.status == 401, reply.body
    assert reply.json["error"]["code"] == "unauthorized"
    metrics = daemon.metrics()
    assert metrics[f'touchpoint_source_requests_total{{source="{kind}",result="unverified"}}'] == 1
    assert metrics["touchpoint_journal_records_total"] == 0
    assert daemon.log("unverified")[0]["source"] == kind

"""Whatever the channel, one customer has one timeline in Redis, in order of time, and the same interactions are in
Kafka, enriched, keyed by customer. On a plain Redis and on one in cluster mode."""

import pytest

from touchpoint.story import ago, check_record, check_sequence, ids, send

ANONYMOUS = "7f1c"


@pytest.fixture(params=["redis", "redis_cluster"])
def daemon(request, touchpointd):
    return touchpointd(redis=request.getfixturevalue(request.param))


def interaction(id, channel, type, time, **members):
    return {"id": id, "source": f"{channel}-system", "channel": channel, "type": type, "time": time, **members}


STORY = [
    interaction("w-1", "web", "page.viewed", ago(days=3), customer={"anonymous_id": ANONYMOUS}),
    interaction(
        "w-2",
        "web",
        "cart.left",
        ago(days=3, minutes=-5),
        customer={"anonymous_id": ANONYMOUS, "email": "Ann@Example.COM"},
        attributes={"cart": {"items": 2, "total": 19.99}},
    ),
    interaction(
        "m-1",
        "email",
        "email.sent",
        ago(days=2),
        customer={"email": "ann@example.com"},
        direction="outbound",
        subject="You left something",
    ),
    interaction("m-2", "email", "email.opened", ago(days=2, hours=-1), customer={"email": "ann@example.com"}),
    interaction(
        "c-1",
        "call_centre",
        "call.ended",
        ago(days=1),
        customer={
            "identifiers": [
                {"type": "phone", "value": "+44 7400 123456"},
                {"type": "email", "value": "ann@example.com"},
            ]
        },
        direction="inbound",
        agent="bob",
        queue="orders",
        wait_s=312.5,
        duration_s=240,
        outcome="callback",
        issue={"id": "i-1", "topic": "delivery", "status": "open"},
        sentiment={"score": -0.6},
    ),
    interaction(
        "s-1",
        "social",
        "mention.posted",
        ago(hours=2),
        customer={"x": "ann_writes", "phone": "+447400123456"},
        text="Five minutes in the queue. \u201cYour call is important to us\u201d \U0001f644",
    ),
    interaction("s-2", "social", "message.received", ago(hours=1), customer={"x": "ann_writes"}),
]
IDS = ["w-1", "w-2", "m-1", "m-2", "c-1", "s-1", "s-2"]


def test_four_channels_make_one_timeline_and_one_stream(daemon, kafka, topics):
    sent = [send(daemon, event)[0] for event in STORY]
    customer = daemon.find(email="ann@example.com")

    timeline = daemon.timeline(customer, order="asc")
    assert ids(timeline) == IDS
    assert timeline == sent
    assert ids(daemon.timeline(customer)) == IDS[::-1]

    with kafka.reader(topics.interactions) as reader:
        records = reader.until(lambda records: reader.at_end and len(records) >= len(STORY))
    assert [record.value for record in records] == timeline
    assert {record.key for record in records} == {customer}
    for record in records:
        check_record(record)
    check_sequence(timeline)
    assert timeline[-1]["context"]["counts"] == {"call_centre": 1, "email": 2, "social": 2, "web": 2}


def test_what_was_sent_is_what_is_forwarded(daemon):
    """Member by member; only the customer is written in another way, and what was left out is filled in."""
    for event, forwarded in zip(STORY, send(daemon, *STORY), strict=True):
        forwarded["customer"].pop("change", None)
        customer = {"identifiers": forwarded["customer"]["identifiers"]}
        added = {"schema", "received_at", "context"}
        assert {name: value for name, value in forwarded.items() if name not in added} == event | {
            "customer": customer | {"id": forwarded["customer"]["id"]}
        }
    by_call = {
        "id": daemon.find(x="ann_writes"),
        "change": {"kind": "attached", "identifiers": [{"type": "phone", "value": "+447400123456"}]},
        "identifiers": [{"type": "phone", "value": "+447400123456"}, {"type": "email", "value": "ann@example.com"}],
    }
    assert send(daemon, STORY[4])[0]["customer"] == by_call


def test_the_story_sent_at_once_is_the_same(daemon):
    """One request, and so mostly one call to Redis; each sees the one before it."""
    sent = send(daemon, *STORY)
    customer = daemon.find(x="ann_writes")
    assert daemon.timeline(customer, order="asc") == sent
    check_sequence(sent)

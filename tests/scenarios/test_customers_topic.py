"""Who a customer is, is told on a topic of its own: with each identifier that is attached, the whole of what is known,
and what changed; in the same transaction as the interaction that brought it, which names the change as well."""

import pytest

from touchpoint import until
from touchpoint.front import event
from touchpoint.oracle import settle
from touchpoint.story import ago, send

ANONYMOUS = {"type": "anonymous_id", "value": "7f1c"}
EMAIL = {"type": "email", "value": "ann@example.com"}
PHONE = {"type": "phone", "value": "+447400123456"}


def visit(id, *identifiers, **more):
    return event(id=id, customer={"identifiers": list(identifiers)}, **more)


def attached(identifier, by):
    return identifier | {"first_seen": by["received_at"], "source": by["source"], "event": by["id"]}


def told(kafka, topics, until):
    """By customer, in the order that they stand in."""
    found = {}
    for record in kafka.records(topics.customers, until=until):
        assert record.value["id"] == record.key
        found.setdefault(record.key, []).append(record.value)
    return found


def test_each_identifier_is_told_with_all_that_is_known(touchpointd, kafka, topics):
    daemon = touchpointd()
    time = ago(days=3)
    first, second, _, last = send(
        daemon,
        visit("w-1", ANONYMOUS),
        visit("w-2", EMAIL, ANONYMOUS, source="shop", time=time),
        visit("w-3", EMAIL),
        visit("w-4", ANONYMOUS, EMAIL, PHONE),
    )
    customer = first["customer"]["id"]
    by = [attached(ANONYMOUS, first), attached(EMAIL, second), attached(PHONE, last)]
    assert told(kafka, topics, until=3) == {
        customer: [
            {
                "schema": 1,
                "id": customer,
                "sequence": 1,
                "identifiers": by[:1],
                "change": {
                    "kind": "created",
                    "identifiers": [ANONYMOUS],
                    "source": "default",
                    "event": "w-1",
                    "time": first["time"],
                },
            },
            {
                "schema": 1,
                "id": customer,
                "sequence": 2,
                "identifiers": by[:2],
                "change": {
                    "kind": "attached",
                    "identifiers": [EMAIL],
                    "source": "shop",
                    "event": "w-2",
                    "time": time,
                },
            },
            {
                "schema": 1,
                "id": customer,
                "sequence": 4,
                "identifiers": by,
                "change": {
                    "kind": "attached",
                    "identifiers": [PHONE],
                    "source": "default",
                    "event": "w-4",
                    "time": last["time"],
                },
            },
        ]
    }


def test_the_interaction_names_what_it_changed(touchpointd, kafka, topics):
    """In Kafka, on the timeline, and to who waits for it; a retry is answered the same."""
    daemon = touchpointd()
    visits = [visit("w-1", ANONYMOUS), visit("w-2", ANONYMOUS), visit("w-3", PHONE, ANONYMOUS, EMAIL)]
    sent = send(daemon, *visits)
    assert [found["customer"].get("change") for found in sent] == [
        {"kind": "created", "identifiers": [ANONYMOUS]},
        None,
        {"kind": "attached", "identifiers": [PHONE, EMAIL]},
    ]
    assert send(daemon, *visits) == sent
    assert daemon.timeline(sent[0]["customer"]["id"], order="asc") == sent
    assert [record.value for record in kafka.records(topics.interactions, until=3)] == sent


def test_what_is_anothers_is_not_told_as_attached(touchpointd, kafka, topics):
    daemon = touchpointd()
    number = {"type": "customer_id", "value": "K-1"}
    ann, bob = (found["customer"]["id"] for found in send(daemon, visit("e-1", EMAIL), visit("c-1", number, PHONE)))
    (both,) = send(daemon, visit("e-2", PHONE, ANONYMOUS, EMAIL))
    assert both["customer"]["change"] == {"kind": "attached", "identifiers": [ANONYMOUS]}
    found = told(kafka, topics, until=3)
    assert [(mapping["change"]["kind"], mapping["change"]["event"]) for mapping in found[ann]] == [
        ("created", "e-1"),
        ("attached", "e-2"),
    ]
    assert [identifier["type"] for identifier in found[ann][-1]["identifiers"]] == ["email", "anonymous_id"]
    assert [mapping["change"]["event"] for mapping in found[bob]] == ["c-1"]


def test_why_an_identifier_is_a_customers_is_answered(touchpointd):
    daemon = touchpointd()
    first, second = send(daemon, visit("w-1", ANONYMOUS), visit('a "b" ü', EMAIL, ANONYMOUS, source="shop"))
    customer = first["customer"]["id"]
    reply = daemon.get(f"/v1/customers/{customer}/identity")
    identifiers = [attached(ANONYMOUS, first), attached(EMAIL, second)]
    expected = {"id": customer, "identifiers": identifiers, "members": [], "conflicts": []}
    assert (reply.status, reply.json) == (200, expected)
    assert daemon.get(f"/v1/customers/{customer}").json["identifiers"] == expected["identifiers"]
    assert daemon.get("/v1/customers/0190a000-0000-7000-8000-000000000000/identity").status == 404


@pytest.mark.parametrize("transactions", ["on", "off"])
def test_records_say_whose_they_are(touchpointd, kafka, topics, transactions):
    """Of one record of the journal, with the interaction."""
    daemon = touchpointd({"kafka.transactions": transactions})
    send(daemon, visit("w-1", ANONYMOUS))
    (mapping,) = kafka.records(topics.customers, until=1)
    (interaction,) = kafka.records(topics.interactions, until=1)
    assert mapping.headers == {name: interaction.headers[name] for name in ("content-type", "tp_node", "tp_record")}
    settle(daemon)
    assert daemon.metrics()['touchpoint_kafka_acknowledged_total{topic="customers"}'] == 1


def test_where_the_topic_is_missing_what_belongs_there_waits(touchpointd, kafka, topics):
    """And the interactions with it: nothing is told in parts."""
    for name in (topics.interactions, topics.rejected, topics.checkpoints):
        kafka.create_topic(name)
    daemon = touchpointd({"kafka.partitions": 0})
    assert daemon.post([visit("w-1", ANONYMOUS), visit("w-2", ANONYMOUS)]).json["accepted"] == 2
    until(lambda: topics.customers in {line["topic"] for line in daemon.log("kafka_topic_waits")}, 20, "it is missed")
    assert kafka.records(topics.interactions) == []
    kafka.create_topic(topics.customers)
    assert [record.value["id"] for record in kafka.records(topics.interactions, until=2)] == ["w-1", "w-2"]
    assert len(kafka.records(topics.customers, until=1)) == 1

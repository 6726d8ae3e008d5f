"""A topic that is not there, or not there any more, is waited for, and made where that is touchpointd's to do. What was
accepted meanwhile arrives in order."""

from touchpoint import until
from touchpoint.front import events
from touchpoint.load import Load
from touchpoint.oracle import settle


def ids(records):
    return [record.value["id"] for record in records]


def without_repeats(sequences):
    return list(dict.fromkeys(sequences))


SOON = {"kafka.property.topic.metadata.propagation.max.ms": "1000"}
"""For so long a topic that a client knows since a moment may be unknown to a broker."""


def test_deleted_while_events_pass(touchpointd, kafka, topics):
    daemon = touchpointd(SOON)
    assert daemon.post(events(10), wait=20).status == 200
    kafka.delete_topic(topics.interactions)
    later = events(200)
    for start in range(0, 200, 20):
        assert daemon.post(later[start : start + 20]).status == 202
    settle(daemon)
    expected = [event["id"] for event in later]
    arrived = ids(kafka.records(topics.interactions))
    assert arrived
    assert arrived == expected[-len(arrived) :], "all that the old topic did not take with it, in order"
    assert daemon.metrics()['touchpoint_kafka_acknowledged_total{topic="interactions"}'] == 210


def test_deleted_under_load(touchpointd, kafka, topics):
    """What the old topic had goes with it. The new one begins, for each customer, somewhere, and then lacks nothing."""
    daemon = touchpointd(SOON)
    with Load(daemon) as load:
        until(lambda: len(load.accepted) > 200, 20, "events pass")
        kafka.delete_topic(topics.interactions)
        so_far = len(load.accepted)
        until(lambda: len(load.accepted) > so_far + 500, 20, "events are taken all the same")
    settle(daemon, timeout=60)
    sequences = {}
    for record in kafka.records(topics.interactions):
        sequences.setdefault(record.key, []).append(record.value["context"]["sequence"])
    assert len(sequences) == len(load.customers)
    for customer, arrived in sequences.items():
        last = len(daemon.timeline(customer))
        assert without_repeats(arrived) == list(range(arrived[0], last + 1))
    assert sum(len(daemon.timeline(customer)) for customer in sequences) >= len(load.accepted)


def test_that_the_broker_does_not_let_us_make(touchpointd, kafka, topics):
    """It has one node, and is asked for three replicas."""
    daemon = touchpointd({"kafka.replication": 3})
    sent = events(20)
    assert daemon.post(sent).status == 202
    until(lambda: daemon.log("kafka_topic_refused"), 10, "it is said")
    assert daemon.get("/readyz").json["pending"] == 20
    for topic in topics.interactions, topics.checkpoints, topics.customers:
        kafka.create_topic(topic)
    settle(daemon)
    assert ids(kafka.records(topics.interactions)) == [event["id"] for event in sent]

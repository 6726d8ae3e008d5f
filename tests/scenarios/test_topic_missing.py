"""A topic that is not there, or not there any more, is waited for, and made where that is touchpointd's to do. What was
accepted meanwhile arrives in order."""

from touchpoint import until
from touchpoint.front import events
from touchpoint.oracle import settle


def ids(records):
    return [record.value["id"] for record in records]


def test_deleted_while_events_pass(touchpointd, kafka, topics):
    daemon = touchpointd()
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


def test_that_the_broker_does_not_let_us_make(touchpointd, kafka, topics):
    """It has one node, and is asked for three replicas."""
    daemon = touchpointd({"kafka.replication": 3})
    sent = events(20)
    assert daemon.post(sent).status == 202
    until(lambda: daemon.log("kafka_topic_refused"), 10, "it is said")
    assert daemon.get("/readyz").json["pending"] == 20
    kafka.create_topic(topics.interactions)
    settle(daemon)
    assert ids(kafka.records(topics.interactions)) == [event["id"] for event in sent]

"""Kafka is not told of a merge before it has what those who were merged came with: a repair that found a member of whom
Kafka has nothing would not know whose that one's identifiers are."""

from touchpoint import until
from touchpoint.front import event

VISITOR, READER = {"anonymous_id": "v-1"}, {"email": "r1@example.com"}
APPENDED = 'touchpoint_timeline_total{result="appended"}'
HELD = "touchpoint_kafka_queue_records"


def test_the_producer_gets_it_when_they_are_there(touchpointd, kafka, topics):
    daemon = touchpointd({"kafka.transactions": "off"})
    reply = daemon.post(event(customer={"email": "somebody@example.com"}), wait=20)
    assert reply.status == 200, "Kafka takes what it is given"
    kafka.pause()
    for count, customer in enumerate((VISITOR, READER, VISITOR | READER, VISITOR), 2):
        assert daemon.post(event(customer=customer)).status == 202
        until(lambda count=count: daemon.metrics()[APPENDED] == count, 20, "it is on the timeline")
    assert daemon.metrics()[HELD] == 2
    kafka.resume()
    until(lambda: daemon.metrics()["touchpoint_journal_pending_records"] == 0, 30, "Kafka has all of them")
    told = [record.value["customer"]["id"] for record in kafka.records(topics.interactions)]
    assert len(told) == 5
    assert len({daemon.find(**VISITOR), daemon.find(**READER)}) == 1

"""A record that is larger than its topic takes can never be delivered: it goes to the rejected topic, or, where that is
as narrow, at least the reason goes there. Nothing waits for it."""

from touchpoint.front import event
from touchpoint.oracle import settle


def send_three(daemon):
    """The second is the large one."""
    for id, text in ("e1", "short"), ("e2", "x" * 5000), ("e3", "short"):
        assert daemon.post(event(id=id, text=text)).status == 202
    settle(daemon, timeout=20)


def delivered(kafka, topics):
    return [(record.value["id"], record.value["context"]["sequence"]) for record in kafka.records(topics.interactions)]


def test_it_is_rejected(touchpointd, kafka, topics):
    kafka.create_topic(topics.interactions, max_message_bytes=2500)
    daemon = touchpointd({"kafka.property.compression.type": "none"})
    send_three(daemon)
    assert delivered(kafka, topics) == [("e1", 1), ("e3", 3)]
    (refused,) = kafka.records(topics.rejected)
    assert refused.value["id"] == "e2"
    assert refused.value["reason"]["code"] == "too_large"
    assert "x" * 5000 in refused.value["payload"]
    assert [entry["id"] for entry in daemon.timeline(daemon.find(email="ann@example.com"))] == ["e3", "e2", "e1"]


def test_the_rejected_topic_is_as_narrow(touchpointd, kafka, topics):
    for topic in topics.interactions, topics.rejected:
        kafka.create_topic(topic, max_message_bytes=2500)
    daemon = touchpointd({"kafka.property.compression.type": "none"})
    send_three(daemon)
    assert delivered(kafka, topics) == [("e1", 1), ("e3", 3)]
    (refused,) = kafka.records(topics.rejected)
    assert refused.value["id"] == "e2"
    assert refused.value["reason"]["code"] == "too_large"
    assert not refused.value.get("payload")

"""A retry of an event that has not reached Kafka yet is not told as delivered: with ?wait= it is answered when Kafka
has it, or by 202 when the time is up."""

from touchpoint import until
from touchpoint.front import event


def test_it_waits_for_kafka_too(touchpointd, kafka):
    daemon = touchpointd()
    assert daemon.post(event(), wait=20).status == 200
    kafka.pause()
    assert daemon.post(event(id="e1")).status == 202
    until(lambda: len(daemon.timeline(daemon.find(email="ann@example.com"))) == 2, 10, "it is on the timeline")
    assert daemon.post(event(id="e1"), wait=1).status == 202
    kafka.resume()
    reply = daemon.post(event(id="e1"), wait=20)
    assert reply.status == 200
    assert reply.json["events"][0]["duplicate"] is True
    assert reply.json["events"][0]["event"]["context"]["sequence"] == 2

"""Kafka's disk takes nothing more: the broker loses its log folder, and ends. Events are taken, and arrive when it was
started on a disk with room."""

import resource

import pytest

from touchpoint import oracle, until
from touchpoint.load import Load


@pytest.mark.slow
def test_its_log_folder_fails(touchpointd, kafka, topics):
    daemon = touchpointd()
    with Load(daemon, pause=0.01) as load:
        until(lambda: daemon.metrics()['touchpoint_kafka_acknowledged_total{topic="interactions"}'] > 100, 20)
        resource.prlimit(kafka.process.pid, resource.RLIMIT_FSIZE, (1, 1))  # each write fails from here on
        assert kafka.process.child.wait(60) != 0
        until(lambda: daemon.log("kafka_down"), 20, "it is said")
        so_far = len(load.accepted)
        until(lambda: len(load.accepted) > so_far + 300, 20, "events are taken all the same")
        kafka.start()
    oracle.check(daemon, kafka, topics, load)

"""An hour without Kafka, at the full load that a journal can take: its files stay within their setting, memory within a
bound that follows from the settings, and then senders are told to come back later. What was accepted arrives."""

import itertools
import json

import pytest

from touchpoint import until
from touchpoint.clock import Clock
from touchpoint.front import event
from touchpoint.memory import is_telling, most_mb, resident_mb

HOUR = 3600
BATCH = 500

sizes = pytest.mark.parametrize(
    ("journal_mb", "window", "event_bytes"), [(32, 20000, 1500), (32, 20000, 400), (160, 1000, 8000)]
)


def on_disk_mb(daemon):
    files = (daemon.folder / "journal").iterdir()
    return sum(file.stat().st_blocks * 512 for file in files) / 2**20


class Hour:
    """What was accepted in it, and the most that was taken of memory and disk."""

    def __init__(self, daemon, event_bytes):
        self.accepted, self.memory_mb, self.disk_mb = set(), 0, 0
        self._daemon = daemon
        self._text = "x" * (event_bytes - len(json.dumps(event(id="12345678", text=""))))
        self._numbers = itertools.count(10**7)

    def send(self):
        """Answers the reply."""
        numbers = itertools.islice(self._numbers, BATCH)
        events = [event(f"c{n % 5000}@example.com", id=str(n), text=self._text) for n in numbers]
        reply = self._daemon.post(events)
        if reply.status == 202:
            self.accepted |= {event["id"] for event in events}
        self.memory_mb = max(self.memory_mb, resident_mb(self._daemon))
        self.disk_mb = max(self.disk_mb, on_disk_mb(self._daemon))
        return reply


@pytest.mark.slow
@sizes
def test_an_hour_without_kafka(touchpointd, kafka, topics, tmp_path, journal_mb, window, event_bytes):
    settings = {"journal.max_size": f"{journal_mb}MiB", "journal.segment_size": "8MiB", "journal.queue_size": "8MiB"}
    daemon = touchpointd(settings | {"delivery.window": window}, start=False)
    clock = Clock(tmp_path)
    clock.govern(daemon)
    daemon.start()
    hour = Hour(daemon, event_bytes)
    kafka.pause()
    while (reply := hour.send()).status == 202:
        clock.set(min(HOUR, HOUR * len(hour.accepted) * event_bytes // (journal_mb << 20)))
    clock.set(HOUR)
    for _ in range(50):
        assert (reply.status, int(reply.headers["Retry-After"]) > 0) == (503, True)
        reply = hour.send()
    assert len(hour.accepted) * event_bytes > journal_mb * 2**19, "it is made use of"
    assert hour.disk_mb <= journal_mb + 0.1
    kafka.resume()
    until(lambda: daemon.get("/readyz").json["status"] == "ready", 60, "there is room again")
    assert hour.send().status == 202
    records = kafka.records(topics.interactions, until=lambda records: len(records) >= len(hour.accepted), timeout=120)
    assert {record.value["id"] for record in records} == hour.accepted
    most = most_mb(window, 8, event_bytes)
    print(f"memory: {max(hour.memory_mb, resident_mb(daemon)):.0f} of {most:.0f} MB, journal: {hour.disk_mb:.0f} MB")
    if is_telling():
        assert max(hour.memory_mb, resident_mb(daemon)) < most

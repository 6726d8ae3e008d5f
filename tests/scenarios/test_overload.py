"""More comes than there is room for: some are told to come back later, and what was accepted of the others arrives, all
of it, once."""

import threading

from touchpoint import until
from touchpoint.front import error_of, events

NARROW = {"http.max_connections": 6, "http.max_bodies": "8MiB", "http.max_body": "4MiB", "http.max_unpacked": "4MiB"}
SMALL = {"journal.segment_size": "1MiB", "journal.max_size": "32MiB", "journal.queue_size": "1MiB"}
SENDERS = 10


class Crowd:
    """Senders who come with a connection of their own each time, and never again with what was refused."""

    def __init__(self, daemon):
        self.daemon = daemon
        self.accepted, self.refused = [], []
        self._stopping = threading.Event()
        self._threads = [threading.Thread(target=self._send) for _ in range(SENDERS)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def _send(self):
        while not self._stopping.is_set():
            try:
                reply = self.daemon.post(events(100, text="a" * 2000))
            except ConnectionError:  # turned away while it was still sending
                continue
            if reply.status == 202:
                self.accepted += [told["id"] for told in reply.json["events"]]
            else:
                self.refused.append(reply)


def test_what_was_accepted_is_never_dropped_for_more(touchpointd, kafka, topics):
    daemon = touchpointd(NARROW | SMALL | {"http.grace": "100ms"})
    with Crowd(daemon) as crowd:
        until(lambda: len(crowd.refused) > 20 and len(crowd.accepted) > 2000, 60, "there is no room for all")
    for reply in crowd.refused:
        assert reply.status == 503
        assert error_of(reply)["code"] == "no_room"
        assert int(reply.headers["Retry-After"]) > 0
    records = kafka.records(topics.interactions, until=lambda records: len(records) >= len(crowd.accepted))
    assert sorted(record.value["id"] for record in records) == sorted(crowd.accepted)

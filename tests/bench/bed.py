"""The ground that all sides stand on: one broker, and for each measurement a redis-server and a topic that are fresh,
with the same settings for every side."""

import itertools
import os
import shutil
from contextlib import contextmanager
from pathlib import Path

from touchpoint import Redis

from . import events

PARTITIONS = 6
THREADS = min(len(os.sched_getaffinity(0)), 8)
"""What touchpointd's http.threads = 0 comes to; the listener gets as many."""


class Bed:
    def __init__(self, folder, kafka):
        self.folder = Path(folder)
        self.kafka = kafka
        self.templates = self.folder / "templates"
        self._numbers = itertools.count(1)
        self._runs = itertools.cycle(range(1000))
        events.write_templates(self.templates)

    def next_run(self):
        """The number of a run of wrk, with up to three digits."""
        return next(self._runs)

    @contextmanager
    def place(self, name):
        """A folder, which goes when its owner has been measured."""
        folder = self.folder / f"{next(self._numbers)}-{name}"
        folder.mkdir()
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    @contextmanager
    def redis(self):
        with self.place("redis") as folder:
            # An append-only file of some seconds would be written anew every few seconds; one of a day is not.
            server = Redis(folder, appendfsync="everysec", auto_aof_rewrite_percentage=0)
            try:
                yield server.start()
            finally:
                server.kill()

    @contextmanager
    def topic_names(self, *names):
        """Names that no other measurement has; whoever wants the topics makes them, and they go afterwards."""
        mark = f"bench-{next(self._numbers)}"
        own = [f"{mark}.{name}" for name in names]
        try:
            yield own
        finally:
            admin = self.kafka.admin
            there = [name for name in own if name in admin.list_topics(timeout=10).topics]
            for deletion in admin.delete_topics(there).values() if there else ():
                deletion.result(30)

    def records(self, topic):
        """How many records a consumer gets of it; its offsets also count where transactions end."""
        return len(self.kafka.records(topic))

    def value_bytes(self, topic):
        """The bytes of all its values."""
        return sum(len(record.raw) for record in self.kafka.records(topic))

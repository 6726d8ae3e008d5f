"""When the disk is full senders are told to come again later, and readyz says why; nothing is half-written or lost.
When there is room again, they are served again."""

import subprocess

import pytest

from touchpoint import oracle, until
from touchpoint.front import error_of, event
from touchpoint.load import Load


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 6 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=6m,mode=0700", "tmpfs", folder]
    mounted = subprocess.run(mount, capture_output=True, text=True)
    if mounted.returncode != 0:
        pytest.skip(f"a small file system cannot be mounted here: {mounted.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_it_fills_up_and_is_drained(touchpointd, redis, kafka, topics, small_disk):
    settings = {"journal.dir": small_disk / "journal", "journal.segment_size": "1MiB", "redis.timeout": "1s"}
    daemon = touchpointd(settings)
    with Load(daemon, pad=2000) as load:
        until(lambda: len(load.accepted) > 100, 20, "events pass")
        redis.pause()
        ready = until(lambda: (reply := daemon.get("/readyz")).status == 503 and reply, 30, "it is full")
        assert ready.json["status"] == "journal_full"
        refused = daemon.post([event(text="x" * 10000)] * 100)
        assert refused.status == 503
        assert error_of(refused)["code"] == "no_room"
        assert int(refused.headers["Retry-After"]) > 0
        full = len(load.accepted)
        redis.resume()
        until(lambda: len(load.accepted) > full + 500, 30, "events are taken again")
        until(lambda: daemon.get("/readyz").status == 200, 10, "it says so")
    oracle.check(daemon, kafka, topics, load)

"""An older dump is put in the place of what Redis had: what came since is put back from Kafka, however long ago."""

import shutil

import pytest

from touchpoint import Redis, oracle
from touchpoint.load import Load
from touchpoint.repair import restored, settings, until_more_pass, until_repaired


@pytest.fixture
def redis(tmp_path, shown):
    """One that keeps dumps, and no append-only file."""
    server = Redis(tmp_path / "redis", appendonly="no")
    shown.append(server.process)
    yield server.start()
    server.kill()


@pytest.mark.parametrize("window", ["10m", "0s"], ids=["within the window", "older than the window"])
def test_what_came_since_is_put_back(touchpointd, redis, kafka, topics, tmp_path, window):
    daemon = touchpointd(settings(redis__repair_window=window), redis=redis)
    with Load(daemon) as load:
        until_more_pass(daemon)
        redis.client.save()
        shutil.copy(tmp_path / "redis" / "dump.rdb", tmp_path / "older.rdb")
        until_more_pass(daemon)
        redis.kill()
        shutil.copy(tmp_path / "older.rdb", tmp_path / "redis" / "dump.rdb")
        redis.start()
        (done,) = until_repaired(daemon)
        assert int(done["entries"]) >= 300
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert restored(daemon) == ["since"]
    assert daemon.stop() == 0


def test_from_before_a_repair_all_is_made_anew(touchpointd, redis, kafka, topics, tmp_path):
    """It may have what that repair took out."""
    daemon = touchpointd(settings(), redis=redis)
    with Load(daemon) as load:
        until_more_pass(daemon)
        redis.client.save()
        shutil.copy(tmp_path / "redis" / "dump.rdb", tmp_path / "older.rdb")
        redis.client.flushall()
        until_repaired(daemon)
        redis.kill()
        shutil.copy(tmp_path / "older.rdb", tmp_path / "redis" / "dump.rdb")
        redis.start()
        until_repaired(daemon, times=2)
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert restored(daemon) == ["all", "all"]
    assert daemon.stop() == 0

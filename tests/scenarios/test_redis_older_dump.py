"""An older dump is put in the place of what Redis had: what came since is put back from Kafka, however long ago."""

import shutil

import pytest

from faults.points import arm, compiled_in
from touchpoint import Redis, oracle, until
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


@pytest.fixture
def before_a_repair(redis, tmp_path):
    """Lets a load pass and a repair be made, and then puts a dump from before it in the place of what it made."""

    def go_back(daemon):
        until_more_pass(daemon)
        redis.client.save()
        shutil.copy(tmp_path / "redis" / "dump.rdb", tmp_path / "older.rdb")
        redis.client.flushall()
        until_repaired(daemon)
        redis.kill()
        shutil.copy(tmp_path / "older.rdb", tmp_path / "redis" / "dump.rdb")
        redis.start()

    return go_back


def test_from_before_a_repair_all_is_made_anew(touchpointd, redis, kafka, topics, before_a_repair):
    """It may have what that repair took out."""
    daemon = touchpointd(settings(), redis=redis)
    with Load(daemon) as load:
        before_a_repair(daemon)
        until_repaired(daemon, times=2)
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert restored(daemon) == ["all", "all"]
    assert daemon.stop() == 0


@pytest.mark.points
@pytest.mark.skipif(not compiled_in(), reason="this build has no fault points")
def test_and_whoever_takes_over_knows_it_too(touchpointd, redis, kafka, topics, before_a_repair):
    """The first dies when it has closed the lanes and buckets, which then name the repair that they did not know of."""
    daemon = touchpointd(settings(), redis=redis, start=False)
    arm(daemon, "repair.after_close=kill:2")
    daemon.start()
    with Load(daemon) as load:
        before_a_repair(daemon)
        until(lambda: not daemon.process.running, 30, "it is killed")
        daemon.kill9()
        arm(daemon, "")
        daemon.start()
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert restored(daemon) == ["all"]
    assert daemon.stop() == 0

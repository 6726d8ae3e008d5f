"""A Redis that was killed may have lost the last second: what it lacks is put back, and only that is read."""

from touchpoint import Redis, oracle
from touchpoint.load import Load
from touchpoint.repair import restored, settings, until_more_pass, until_repaired


def test_killed_under_load(touchpointd, kafka, topics, tmp_path, shown):
    redis = Redis(tmp_path / "redis", appendfsync="everysec")
    shown.append(redis.process)
    redis.start()
    daemon = touchpointd(settings("on"), redis=redis)
    with Load(daemon) as load:
        until_more_pass(daemon)
        redis.kill()
        redis.start()
        until_repaired(daemon)
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert restored(daemon) == ["since"]
    (line,) = daemon.log("redis_changed")
    assert (line["level"], line["absent"]) == ("warning", "0")
    assert daemon.stop() == 0
    redis.kill()


def test_what_lies_far_back_is_not_read(touchpointd, redis, kafka, topics):
    daemon = touchpointd(settings(redis__repair_window="0s"))
    with Load(daemon) as load:
        until_more_pass(daemon)
    oracle.settle(daemon)
    redis.stop()
    redis.start()
    (done,) = until_repaired(daemon)
    assert int(done["records"]) < len(load.sent) / 2
    oracle.check(daemon, kafka, topics, load)

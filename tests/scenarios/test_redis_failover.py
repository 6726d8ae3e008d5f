"""A failover to a replica that lagged: what it lacks is noticed before the next write, and put back from Kafka."""

import pytest

from touchpoint import Redis, oracle, until
from touchpoint.load import Load
from touchpoint.repair import restored, settings, until_more_pass, until_repaired


@pytest.fixture
def replica(redis, tmp_path, shown):
    server = Redis(tmp_path / "replica", replicaof=f"127.0.0.1 {redis.port}")
    shown.append(server.process)
    server.start()
    until(lambda: server.client.info("replication")["master_link_status"] == "up", 20, "it follows")
    yield server
    server.kill()


def fall_behind(redis, replica):
    """From here on it gets nothing more."""
    replica.client.execute_command("REPLICAOF", "NO", "ONE")
    assert replica.client.info("replication")["role"] == "master"


def test_what_the_replica_lacks_is_put_back(touchpointd, redis, replica, kafka, topics):
    own = settings("on")
    daemon = touchpointd(own)
    with Load(daemon) as load:
        until_more_pass(daemon)
        fall_behind(redis, replica)
        until_more_pass(daemon)
        daemon.kill9()
        redis.kill()
        follower = touchpointd(own | {"journal.dir": daemon.settings["journal.dir"]}, redis=replica)
        (done,) = until_repaired(follower)
        assert int(done["entries"]) >= 300
        until_more_pass(follower)
    oracle.check(follower, kafka, topics, load)
    assert restored(follower) == ["since"]
    assert follower.stop() == 0

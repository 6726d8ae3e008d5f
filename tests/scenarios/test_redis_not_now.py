"""A Redis that says that it cannot now is away for as long as it says so, whatever its reason: events are taken, wait,
and arrive once. The reason is said."""

import contextlib
import threading

import pytest
import redis.exceptions

from touchpoint import Redis, oracle, until
from touchpoint.load import Load

APPENDED = 'touchpoint_timeline_total{result="appended"}'

STRICT = {"delivery.tries": 1}
"""What is taken for an event's own fault is not tried again."""


@pytest.fixture
def says(kafka, topics):
    """Events pass; in the block Redis is brought to say `word`; then it does no longer, and everything arrives."""

    @contextlib.contextmanager
    def story(daemon, word):
        with Load(daemon, pause=0.01) as load:
            until(lambda: daemon.metrics()[APPENDED] > 100, 20, "events pass")
            with contextlib.ExitStack() as afterwards:
                yield afterwards
                until(lambda: word in daemon.process.log_text(), 20, f"{word} is said")
                so_far, placed = len(load.accepted), daemon.metrics()[APPENDED]
                until(lambda: len(load.accepted) > so_far + 100, 20, "events are taken all the same")
                assert daemon.get("/readyz").status == 200
                assert daemon.metrics()[APPENDED] == placed, "and wait"
        oracle.check(daemon, kafka, topics, load)
        assert daemon.metrics()["touchpoint_delivery_undeliverable_total"] == 0

    return story


@pytest.fixture
def other(tmp_path, shown):
    """Another redis-server, for one that must follow."""
    server = Redis(tmp_path / "other")
    shown.append(server.process)
    yield server.start()
    server.kill()


def follow(server, master):
    """Once it is done, `server` has all that `master` has."""
    master.client.config_set("repl-diskless-sync-delay", 0)
    server.client.replicaof("127.0.0.1", master.port)
    until(lambda: server.client.info("replication").get("master_link_status") == "up", 20, "it follows")


def test_it_is_busy_with_a_script(touchpointd, redis, says):
    """Somebody's, that never ends. Redis says so when busy-reply-threshold is over."""
    redis.client.config_set("busy-reply-threshold", 100)
    daemon = touchpointd(STRICT)
    with says(daemon, "BUSY") as afterwards:
        afterwards.callback(redis.client.script_kill)
        endless = lambda: redis.client.eval("while true do end", 0)  # noqa: E731
        threading.Thread(target=_ignoring_its_end, args=[endless]).start()


def _ignoring_its_end(call):
    with contextlib.suppress(redis.exceptions.RedisError):
        call()


def test_it_lacks_replicas(touchpointd, redis, says):
    """NOREPLICAS: it is told to write only while somebody follows."""
    daemon = touchpointd(STRICT)
    with says(daemon, "NOREPLICAS") as afterwards:
        afterwards.callback(redis.client.config_set, "min-replicas-to-write", 0)
        redis.client.config_set("min-replicas-to-write", 1)


def test_its_own_disk_fails(touchpointd, redis, says):
    """MISCONF: it could not save, and takes nothing more until it can."""
    redis.client.config_set("save", "3600 1")
    daemon = touchpointd(STRICT)
    with says(daemon, "MISCONF") as afterwards:
        afterwards.callback(redis.client.config_set, "stop-writes-on-bgsave-error", "no")
        (redis.process.folder / "dump.rdb").mkdir()
        redis.client.bgsave()


@pytest.mark.slow
def test_it_has_no_connection_left(touchpointd, redis, says):
    """maxclients: nobody new is let in, and those who were in are thrown out once."""
    daemon = touchpointd(STRICT)
    with says(daemon, "max number of clients") as afterwards:
        admin = redis.client.client()
        afterwards.callback(admin.config_set, "maxclients", 10000)
        admin.config_set("maxclients", 1)
        admin.client_kill_filter(_type="normal", skipme=True)


@pytest.mark.slow
def test_it_starts_and_reads_a_long_file(touchpointd, tmp_path, shown, says):
    """LOADING, and then it has everything that it had."""
    slow = Redis(tmp_path / "redis", appendfsync="always", loading_process_events_interval_bytes=1024)
    shown.append(slow.process)
    daemon = touchpointd(STRICT, redis=slow.start())
    with says(daemon, "LOADING") as afterwards:
        afterwards.callback(slow.client.config_set, "key-load-delay", 0)
        slow.client.bgrewriteaof()
        until(lambda: not slow.client.info("persistence")["aof_rewrite_in_progress"], 10, "a file of keys")
        slow.kill()
        slow.process.command += ["--key-load-delay", "200000"]
        slow.process.launch()
    slow.kill()


def test_it_was_demoted(touchpointd, redis, other, says):
    """READONLY: an operator makes its replica the master, and then takes that back."""
    follow(other, redis)
    daemon = touchpointd(STRICT)
    with says(daemon, "READONLY") as afterwards:
        afterwards.callback(redis.client.replicaof, "NO", "ONE")
        other.client.replicaof("NO", "ONE")
        follow(redis, other)


@pytest.mark.slow
def test_it_was_demoted_and_its_master_died(touchpointd, redis, other, says):
    """MASTERDOWN: it does not know what it lacks, and would rather say nothing."""
    follow(other, redis)
    redis.client.config_set("replica-serve-stale-data", "no")
    daemon = touchpointd(STRICT)
    with says(daemon, "MASTERDOWN") as afterwards:
        afterwards.callback(redis.client.replicaof, "NO", "ONE")
        other.client.replicaof("NO", "ONE")
        follow(redis, other)
        other.kill()

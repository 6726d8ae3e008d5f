"""What Redis and Kafka may refuse, under load, and for how long they may take."""

import contextlib
import resource
import threading

from redis.exceptions import RedisError

from touchpoint import Redis, until
from touchpoint.proxy import Proxy

QUICK = {"redis.timeout": "1s"}


def until_away(daemon):
    until(lambda: daemon.get("/readyz").json["redis"] == "away", 20, "it is away")


def test_redis_lacks_replicas(node, redis, trial):
    daemon, client = node(), redis.client

    def strike():
        client.config_set("min-replicas-to-write", 1)
        until_away(daemon)
        client.config_set("min-replicas-to-write", 0)

    trial(daemon, "Redis: NOREPLICAS", strike, times=(1, 10))


def test_redis_is_full(node, redis, trial):
    daemon, client = node(), redis.client

    def strike():
        client.config_set("maxmemory", "1mb")
        until_away(daemon)
        client.config_set("maxmemory", 0)

    trial(daemon, "Redis: OOM", strike, times=(1, 10))


def test_redis_is_busy(node, redis, trial):
    """Somebody's script does not end."""
    daemon, client = node(), redis.client
    client.config_set("busy-reply-threshold", 100)

    def run_for_ever():
        with contextlib.suppress(RedisError):
            redis.client.eval("while true do end", 0)

    def strike():
        somebody = threading.Thread(target=run_for_ever)
        somebody.start()
        until_away(daemon)
        client.script_kill()
        somebody.join()

    trial(daemon, "Redis: BUSY", strike, times=(1, 10))


def test_redis_lets_nobody_in(node, redis, trial):
    daemon, client = node(), redis.client.client()

    def strike():
        client.config_set("maxclients", 1)
        client.client_kill_filter(_type="normal", skipme=True)
        until_away(daemon)
        client.config_set("maxclients", 10000)

    trial(daemon, "Redis: maxclients", strike, times=(1, 10))


def test_redis_is_demoted(node, redis, trial, tmp_path, shown):
    """READONLY, until it is made the master again: with all that it had, and another identity."""
    other = Redis(tmp_path / "other")
    shown.append(other.process)
    other.start()
    for server in redis, other:
        server.client.config_set("repl-diskless-sync-delay", 0)
    daemon = node()
    said = lambda daemon: daemon.process.log_text().count("READONLY")  # noqa: E731

    def strike():
        follow(other, redis)
        other.client.replicaof("NO", "ONE")
        so_far = said(daemon)
        follow(redis, other)
        until(lambda: said(daemon) > so_far, 20, "it is said")
        redis.client.replicaof("NO", "ONE")

    trial(daemon, "Redis: READONLY", strike, times=(1, 5))
    other.kill()


def follow(server, master):
    server.client.replicaof("127.0.0.1", master.port)
    until(lambda: server.client.info("replication").get("master_link_status") == "up", 20, "it follows")


def test_redis_answers_too_late(node, redis, trial):
    with Proxy(redis.port) as proxy:
        daemon = node(QUICK, redis=proxy)

        def strike():
            proxy.latency = 1.1
            until_away(daemon)
            proxy.latency = 0

        trial(daemon, "Redis: slower than its timeout", strike, times=(1, 20))
        assert daemon.stop() == 0


def test_kafkas_disk_fails(node, kafka, trial):
    daemon = node()

    def strike():
        resource.prlimit(kafka.process.pid, resource.RLIMIT_FSIZE, (1, 1))  # each write fails from here on
        assert kafka.process.child.wait(60) != 0
        kafka.start()

    trial(daemon, "Kafka: its log folder fails", strike, times=(1, 3), pause=0.02)

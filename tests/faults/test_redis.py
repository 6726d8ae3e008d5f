"""What Redis may do to the daemon, under load: also to lose what it had acknowledged."""

import random
import shutil
import time

from touchpoint import Redis, until
from touchpoint.proxy import Proxy

QUICK = {"redis.timeout": "1s"}
LOSSES = "touchpoint_redis_losses_total"


def test_killed(node, redis, trial):
    def strike():
        redis.kill()
        redis.start()

    trial(node(), "Redis: kill -9", strike, times=(1, 10))


def test_frozen_for_longer_than_its_timeout(node, redis, trial):
    daemon = node(QUICK)

    def strike():
        redis.pause()
        until(lambda: daemon.get("/readyz").json["redis"] == "away", 20, "it is given up")
        redis.resume()

    trial(daemon, "Redis: SIGSTOP", strike, times=(1, 10))


def test_connections_reset_in_the_middle_of_a_reply(node, redis, trial):
    lengths = random.Random()
    with Proxy(redis.port) as proxy:

        def strike():
            so_far = proxy.cut
            proxy.cut_after(lengths.randrange(1, 300))
            until(lambda: proxy.cut > so_far, 20, "one is reset")
            proxy.cut_after(None)

        trial(node(redis=proxy), "Redis: connection reset in mid-reply", strike, times=(3, 50))


def test_scripts_flushed(node, redis, trial):
    daemon = node()
    trial(daemon, "Redis: SCRIPT FLUSH", lambda: redis.client.script_flush(), times=(3, 50))
    assert "NOSCRIPT" in daemon.log("redis_away")[0]["error"]


def test_restarted(node, trial, tmp_path, shown):
    """With all that it acknowledged: it writes its file before it answers."""
    redis = Redis(tmp_path / "redis", appendfsync="always")
    shown.append(redis.process)
    redis.start()

    def strike():
        redis.stop()
        time.sleep(0.2)  # some load finds it away
        redis.start()

    trial(node(redis=redis), "Redis: stopped and started", strike, times=(1, 10))
    redis.kill()


def test_emptied(node, redis, trial):
    trial(node(), "Redis: FLUSHALL", lambda: redis.client.flushall(), times=(1, 10))


def test_restarted_on_a_torn_file(node, redis, trial):
    """Its newest writes are gone, and the last that is there is cut in its middle."""
    lengths = random.Random()

    def strike():
        redis.kill()
        (file,) = (redis.process.folder / "appendonlydir").glob("*.incr.aof")
        with file.open("r+b") as content:
            content.truncate(max(0, file.stat().st_size - lengths.randrange(1, 20000)))
        redis.start()

    trial(node(), "Redis: restarted on a torn file", strike, times=(1, 10))


def test_restored_from_an_older_copy(node, redis, trial, tmp_path):
    daemon = node()
    data, copy = redis.process.folder / "appendonlydir", tmp_path / "copy"

    def strike():
        redis.stop()
        shutil.copytree(data, copy)
        redis.start()
        until(lambda: daemon.metrics()["touchpoint_journal_pending_records"] == 0, 30, "it has more than its copy")
        redis.kill()
        shutil.rmtree(data)
        shutil.move(copy, data)
        redis.start()

    trial(daemon, "Redis: restored from an older copy", strike, times=(1, 10), pause=0.02)


def test_failed_over_to_a_replica_that_lags(node, trial, tmp_path, shown):
    one, other = servers = [Redis(tmp_path / name) for name in ("one", "other")]
    for server in servers:
        shown.append(server.process)
        server.start().client.config_set("repl-diskless-sync-delay", 0)

    with Proxy(one.port) as proxy:
        daemon = node(redis=proxy)

        def strike():
            master, replica = servers
            replica.client.replicaof("127.0.0.1", master.port)
            until(lambda: replica.client.info("replication").get("master_link_status") == "up", 20, "it follows")
            time.sleep(0.1)  # some load reaches both
            replica.client.replicaof("NO", "ONE")
            time.sleep(0.2)  # some load does not reach the replica
            proxy.lead_to(replica.port)
            servers.reverse()

        trial(daemon, "Redis: failover to a replica that lags", strike, times=(1, 10))
        assert daemon.stop() == 0
    one.kill()
    other.kill()


def test_a_part_of_its_keys_is_gone(node, redis, trial):
    """One lane's, or one bucket's, also one that nobody writes to: as if one shard of a cluster had been emptied."""
    dice, daemon = random.Random(), node()

    def strike():
        noticed = daemon.metrics()[LOSSES]
        part = dice.choice(sorted(redis.client.keys("tp:{*}:home"))).removesuffix("home")
        redis.client.delete(*redis.client.keys(f"{part}*"))
        until(lambda: daemon.metrics()[LOSSES] > noticed, 20, "it is noticed")

    trial(daemon, "Redis: one lane or bucket emptied", strike, times=(2, 20), strangers=0.05)

"""A restore reaches Redis as the daemon does, and says what is in its way; Redis may be away before it or in its
middle."""

import pytest

from touchpoint.restore import Restore


@pytest.fixture
def restore(redis, kafka, topics):
    restore = Restore(redis, kafka, topics, {})
    restore.close()
    return restore


def test_with_a_password_and_another_database(restore, redis, monkeypatch):
    monkeypatch.setenv("TEST_REDIS_PASSWORD", "open sesame")
    client = restore.client
    client.set("tp:{L1}:c:x", "of database 0")
    client.swapdb(0, 3)
    client.config_set("requirepass", "open sesame")
    restore.settings = {"redis.url": f"{redis.url}/3", "redis.password": "env:TEST_REDIS_PASSWORD"}
    assert restore.run()["result"] == "ok", restore.log
    client.config_set("requirepass", "")
    client.swapdb(0, 3)
    assert not client.exists("tp:{L1}:c:x")


def test_a_wrong_password_is_said(restore, redis):
    redis.client.config_set("requirepass", "open sesame")
    assert restore.run()["result"] == "unavailable"
    assert restore.log == "redis: NOAUTH Authentication required.\n"


def test_over_a_socket(restore, redis):
    redis.stop()
    redis.process.command += ["--unixsocket", str(redis.process.folder / "socket")]
    redis.start()
    restore.close()
    restore.settings = {"redis.url": f"unix://{redis.process.folder}/socket"}
    assert restore.run()["result"] == "ok", restore.log


def test_redis_is_away(restore, redis):
    redis.stop()
    assert restore.run()["result"] == "unavailable"
    assert "redis: Connection refused" in restore.log


def test_redis_falls_silent(restore, redis):
    redis.pause()
    restore.settings = {"redis.timeout": "200ms"}
    assert restore.run()["result"] == "unavailable"
    assert restore.log.startswith("redis: ")


def test_a_topic_that_is_absent_has_nothing(restore):
    result = restore.run()
    assert (result["result"], result["total"], result["entries"]) == ("ok", 0, 0)

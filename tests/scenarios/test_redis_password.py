"""A Redis that asks for a password gets the one that the configuration names. With a wrong one Redis counts as away:
events are taken, and arrive when the password is right. The password itself is never said."""

import redis as redis_py

from touchpoint import until
from touchpoint.front import event
from touchpoint.oracle import settle


def test_wrong_and_then_right(touchpointd, redis, kafka, topics, monkeypatch):
    redis.client.config_set("requirepass", "open sesame")
    monkeypatch.setenv("TEST_REDIS_PASSWORD", "open barley")
    daemon = touchpointd({"redis.password": "env:TEST_REDIS_PASSWORD", "node.stop_timeout": "1s"})
    away = until(lambda: daemon.log("redis_away"), 10, "it is said")
    assert "WRONGPASS" in away[0]["error"]
    assert daemon.post(event(id="e1")).status == 202
    assert daemon.get("/readyz").json["redis"] == "away"
    assert daemon.stop() == 0

    daemon.process.environment["TEST_REDIS_PASSWORD"] = "open sesame"
    daemon.start()
    settle(daemon)
    assert [record.value["id"] for record in kafka.records(topics.interactions)] == ["e1"]
    assert daemon.get("/readyz").json["redis"] == "up"
    assert "barley" not in daemon.process.log_text()
    assert "sesame" not in daemon.process.log_text()


def test_none_where_one_is_asked_for(touchpointd, redis):
    redis.client.config_set("requirepass", "open sesame")
    daemon = touchpointd({"node.stop_timeout": "1s"})
    away = until(lambda: daemon.log("redis_away"), 10, "it is said")
    assert "NOAUTH" in away[0]["error"]
    assert daemon.post(event()).status == 202


def test_changed_while_it_runs(touchpointd, redis, kafka, topics, monkeypatch):
    """A connection that was let in stays; the next one is not, until touchpointd is started with the new password."""
    redis.client.config_set("requirepass", "open sesame")
    monkeypatch.setenv("TEST_REDIS_PASSWORD", "open sesame")
    daemon = touchpointd({"redis.password": "env:TEST_REDIS_PASSWORD", "node.stop_timeout": "1s"})
    assert daemon.post(event(id="e1"), wait=20).status == 200
    admin = redis_py.Redis(port=redis.port, password="open sesame")
    admin.config_set("requirepass", "open poppy")
    assert daemon.post(event(id="e2"), wait=20).status == 200
    admin.client_kill_filter(_type="normal", skipme=True)
    until(lambda: "WRONGPASS" in str(daemon.log("redis_away")), 10, "it is said")
    assert daemon.post(event(id="e3")).status == 202
    assert daemon.stop() == 0

    daemon.process.environment["TEST_REDIS_PASSWORD"] = "open poppy"
    daemon.start()
    settle(daemon)
    assert [record.value["id"] for record in kafka.records(topics.interactions)] == ["e1", "e2", "e3"]

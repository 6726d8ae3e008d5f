"""The image: built, run confined as compose.yaml runs it, and talked to as senders do."""

import os
import re
import signal
from pathlib import Path

import pytest

from touchpoint import until
from touchpoint.front import AWAY, event
from touchpoint.story import check_record

from .image import BASE, CONFINED, IMAGE, JOURNAL, WITHIN_LIMITS

pytestmark = [pytest.mark.deploy, pytest.mark.timeout(900)]  # the first of them waits for the build

DOCKER = Path(__file__).resolve().parents[2] / "docker"


def test_what_it_is_sent_is_in_kafka(container, kafka, topics):
    daemon = container()
    assert daemon.post(event(id="visit-1"), wait=20).status == 200
    (record,) = kafka.records(topics.interactions, until=1)
    check_record(record)
    assert record.value["id"] == "visit-1"
    assert daemon.find(email="ann@example.com") == record.key


def test_the_journal_outlives_its_container(container, kafka, topics):
    before = container({"redis.url": AWAY.url, "node.stop_timeout": "1s"})
    assert before.post(event(id="visit-1")).status == 202
    assert before.stop() == 0
    before.remove()
    container()
    (record,) = kafka.records(topics.interactions, until=1)
    assert record.value["id"] == "visit-1"


def test_it_has_no_rights(container):
    status = Path(f"/proc/{container().pid}/status").read_text()
    values = dict(re.findall(r"^(\w+):\s+(.*)$", status, re.M))
    assert values["Uid"].split() == ["10001"] * 4
    assert values["Gid"].split() == ["10001"] * 4
    assert int(values["CapEff"], 16) == 0
    assert int(values["CapBnd"], 16) == 0
    assert values["NoNewPrivs"] == "1"


def test_it_writes_to_its_journal_alone(container):
    daemon = container()
    elsewhere = ["-path", "/dev", "-o", "-path", "/proc", "-o", "-path", "/sys", "-o", "-path", JOURNAL]
    passed_over = ["(", *elsewhere, "-o", "-type", "d", "!", "-readable", ")", "-prune"]
    assert daemon.run("find", "/", *passed_over, "-o", "-writable", "!", "-type", "l", "-print") == ""
    daemon.run("touch", f"{JOURNAL}/a-file")
    assert daemon.run("stat", "-c", "%a %u", JOURNAL).split() == ["700", "10001"]


def test_healthy_is_what_takes_interactions(container):
    daemon = container()
    until(daemon.healthy, 20, "it is healthy")
    os.kill(daemon.pid, signal.SIGSTOP)
    assert not daemon.healthy()
    os.kill(daemon.pid, signal.SIGCONT)
    until(daemon.healthy, 20, "it is healthy again")


def test_it_is_healthy_while_redis_is_away(container):
    daemon = container({"redis.url": AWAY.url, "node.stop_timeout": "1s"})
    assert daemon.get("/readyz").json["redis"] == "away"
    assert daemon.healthy()


def test_it_stops_cleanly_within_its_time(container):
    daemon = container()
    assert daemon.post(event()).status == 202
    assert daemon.stop() == 0
    assert "event=stopped status=0" in daemon.process.log_text()


def test_it_takes_the_configuration_that_compose_mounts(engine, tmp_path):
    key = tmp_path / "sender.key"
    key.write_text("0123456789abcdef" * 4)
    configuration = f"--volume={DOCKER}/touchpointd.conf:/etc/touchpointd/touchpointd.conf:ro"
    secrets = [f"--volume={key}:/run/secrets/sender.key:ro", "--env=CREDENTIALS_DIRECTORY=/run/secrets"]
    run = ["run", "--rm", *CONFINED, *WITHIN_LIMITS, configuration]
    assert engine.said(*run, *secrets, IMAGE, "--check") == ""
    assert engine.status(*run, IMAGE, "--check") == 2  # that has no key


def test_it_adds_little_to_its_base(engine):
    added = engine.inspect(IMAGE)["Size"] - engine.inspect(BASE)["Size"]
    assert added < 70_000_000

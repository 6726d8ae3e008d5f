"""The service can do what it must and little else, and keeps its secrets; all of it while events pass."""

import re

import pytest

from touchpoint.front import event
from touchpoint.oracle import settle

pytestmark = pytest.mark.deploy

SECRET = "open-sesame-4711"
PASSWORD = "/etc/touchpointd/redis.password"


def test_systemd_finds_it_well_locked_up(service):
    """What is left are the network, and the host's root directory, which it cannot write to."""
    verdict = service.machine.run("systemd-analyze", "security", "--no-pager", "touchpointd.service")
    exposure = float(re.search(r"Overall exposure level for touchpointd.service: ([\d.]+)", verdict)[1])
    assert exposure <= 1.2, verdict


def test_systemd_finds_no_fault_in_the_unit(service):
    """The pages that it names are the package's, and looked for there."""
    assert service.machine.run("sh", "-c", "systemd-analyze verify --man=no touchpointd.service 2>&1") == ""


def test_what_the_unit_says_holds_for_the_process(service, kafka, topics):
    service.start()
    assert service.post(event()).status == 202
    assert len(kafka.records(topics.interactions, until=1)) == 1
    status = (service.process / "status").read_text()
    assert dict(re.findall(r"^(CapEff|CapBnd|NoNewPrivs|Seccomp):\s+(\S+)$", status, re.M)) == {
        "CapEff": "0" * 16,
        "CapBnd": "0" * 16,
        "NoNewPrivs": "1",
        "Seccomp": "2",
    }
    mounts = (service.process / "mounts").read_text()
    assert dict(re.findall(r"^\S+ (/|/var/lib/touchpointd) \S+ (r[ow]),", mounts, re.M)) == {
        "/": "ro",
        "/var/lib/touchpointd": "rw",
    }


@pytest.fixture
def password(service):
    """One that Redis asks for, and that root alone can read."""
    file = service.machine.path(PASSWORD)
    file.write_text(f"{SECRET}\n")
    file.chmod(0o600)
    service.machine.redis.config_set("requirepass", SECRET)
    yield
    service.machine.run("systemctl", "restart", "redis-server")
    file.unlink()


def test_a_credential_opens_redis_and_is_seen_nowhere(service, kafka, topics, password):
    service.configure({"redis.password": "file:${CREDENTIALS_DIRECTORY}/redis"})
    service.drop_in(f"LoadCredential=redis:{PASSWORD}")
    service.start()
    assert service.post(event()).status == 202
    settle(service)
    assert len(kafka.records(topics.interactions)) == 1
    assert service.get("/readyz").json["redis"] == "up"
    for place in ("environ", "cmdline"):
        assert SECRET.encode() not in (service.process / place).read_bytes()
    assert SECRET not in service.systemctl("show", "touchpointd")
    assert SECRET not in service.machine.run("journalctl", "--output=export")

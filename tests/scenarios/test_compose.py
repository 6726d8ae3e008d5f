"""docker/compose.yaml: what it says is what Compose, the daemon and the other files of docker/ understand."""

import json
import re
import shlex
import subprocess

import pytest
import yaml
from compose_spec import PyCompose

from touchpoint import Redis
from touchpoint.daemon import ROOT, program

DOCKER = ROOT / "docker"
COMPOSE = yaml.safe_load((DOCKER / "compose.yaml").read_text())
SERVICES = COMPOSE["services"]
OF_OTHERS = sorted(name for name, service in SERVICES.items() if "build" not in service)


def check(arguments, **environment):
    """What --check says of a configuration, and its status."""
    result = subprocess.run([program(), *arguments, "--check"], capture_output=True, text=True, env=environment)
    return result.returncode, result.stdout + result.stderr


def test_it_is_as_the_specification_has_it():
    PyCompose.from_json(json.dumps(COMPOSE)).validate()
    named = {volume.partition(":")[0] for service in SERVICES.values() for volume in service["volumes"]}
    assert {name for name in named if not name.startswith(".")} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("name", OF_OTHERS)
def test_images_of_others_are_pinned(name):
    assert re.fullmatch(r"[a-z/]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


def test_kafka_is_the_one_of_the_tests():
    pom = (ROOT / "tests" / "kafka" / "pom.xml").read_text()
    (version,) = re.findall(r"<artifactId>kafka_[\d.]+</artifactId>\s*<version>(.*)</version>", pom)
    assert SERVICES["kafka"]["image"] == f"apache/kafka:{version}"


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_is_published_beyond_loopback(name):
    for port in SERVICES[name].get("ports", []):
        assert port.startswith("127.0.0.1:")
    assert "network_mode" not in SERVICES[name]


def test_redis_and_kafka_are_reached_by_the_daemon_alone():
    assert COMPOSE["networks"]["back"] == {"internal": True}
    inside = {name for name, service in SERVICES.items() if "back" in service["networks"]}
    assert inside == {"touchpointd", "redis", "kafka"}
    assert SERVICES["redis"]["networks"] == SERVICES["kafka"]["networks"] == ["back"]


def test_the_services_stand_on_healthy_ones():
    for name in SERVICES:
        for below, how in SERVICES[name].get("depends_on", {}).items():
            assert how == {"condition": "service_healthy"}
            assert "healthcheck" in SERVICES[below], f"{name} waits for {below}"


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_files_are_there(name):
    for volume in SERVICES[name]["volumes"]:
        source = volume.partition(":")[0]
        if source.startswith("."):
            assert (DOCKER / source).exists()
            assert volume.endswith(":ro")


@pytest.mark.parametrize("name", SERVICES)
def test_the_services_have_no_more_rights_than_they_need(name):
    service = SERVICES[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is (name != "kafka")
    assert service["restart"] == "unless-stopped"


def test_redis_keeps_what_it_has_acknowledged(tmp_path, shown):
    """A real one, started with the same settings, says so."""
    _, *words = shlex.split(SERVICES["redis"]["command"].replace("--", ""))
    server = Redis(tmp_path / "redis", **dict(zip(words[::2], words[1::2], strict=True)))
    shown.append(server.process)
    try:
        settings = server.start().client.config_get("*")
    finally:
        server.kill()
    assert settings["appendonly"] == "yes"
    assert settings["maxmemory-policy"] == "noeviction"


@pytest.fixture
def secrets(tmp_path):
    """The folder that the daemon's secrets are mounted in, made as compose.yaml says."""
    for secret in SERVICES["touchpointd"]["secrets"]:
        (tmp_path / secret).write_text("0123456789abcdef" * 4 + "\n")
    return tmp_path


def test_the_daemon_takes_its_configuration(secrets):
    arguments = ["-c", DOCKER / "touchpointd.conf", *SERVICES["touchpointd"].get("command", [])]
    assert check(arguments, CREDENTIALS_DIRECTORY=str(secrets)) == (0, "")


def test_the_daemon_takes_none_without_a_key(tmp_path):
    status, said = check(["-c", DOCKER / "touchpointd.conf"], CREDENTIALS_DIRECTORY=str(tmp_path))
    assert status == 2
    assert "sender.key" in said


def test_the_daemon_is_led_to_the_others():
    """By the names and ports that they have in their network."""
    text = (DOCKER / "touchpointd.conf").read_text()
    assert 'url = "redis://redis:6379"' in text
    assert 'brokers = "kafka:9092"' in text
    assert "PLAINTEXT://kafka:9092" in SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]
    assert SERVICES["touchpointd"]["environment"]["CREDENTIALS_DIRECTORY"] == "/run/secrets"
    scraped = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())["scrape_configs"]
    assert scraped == [{"job_name": "touchpointd", "static_configs": [{"targets": ["touchpointd:8080"]}]}]

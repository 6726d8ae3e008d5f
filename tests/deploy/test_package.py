"""The Debian package, from its first installation to its purge."""

import re
import shutil
import subprocess
import tarfile

import pytest

from touchpoint.daemon import Daemon
from touchpoint.front import AWAY, SMALL, event

from .package import ROOT, built, field, newer, said, system

pytestmark = pytest.mark.deploy

CONFIGURATION = "/etc/touchpointd/touchpointd.conf"
STATE = "/var/lib/touchpointd"


@pytest.fixture(scope="module")
def package():
    return built()


@pytest.fixture(scope="module")
def files(package):
    """What is in the package, by path."""
    with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", package], stdout=subprocess.PIPE) as tar:
        return {member.name.removeprefix("."): member for member in tarfile.open(fileobj=tar.stdout, mode="r|")}


@pytest.fixture
def debian():
    with system() as debian:
        yield debian


@pytest.fixture
def installed(debian, package):
    debian.install(package)
    return debian


@pytest.fixture
def daemon(installed, tmp_path, topics, shown):
    """Makes daemons of what is installed, as the package's user, on the journal where the service has it."""
    daemons = []

    def make(redis=AWAY, kafka=AWAY):
        settings = {
            **SMALL,
            "http.listen": "127.0.0.1:0",
            "node.stop_timeout": "1s",
            "redis.url": redis.url,
            "kafka.brokers": kafka.brokers,
            "kafka.topic_interactions": topics.interactions,
            "kafka.topic_rejected": topics.rejected,
            "kafka.topic_checkpoints": topics.checkpoints,
        }
        installed.run("install", "--directory", "--owner=touchpointd", "--group=touchpointd", "--mode=0700", STATE)
        daemon = Daemon(tmp_path / "daemon", settings)
        daemon.process.command[:1] = installed.command(
            "setpriv", "--pdeathsig=KILL", "/usr/bin/touchpointd", "-c", CONFIGURATION, user="touchpointd"
        )
        daemons.append(daemon)
        shown.append(daemon.process)
        return daemon.start()

    yield make
    for daemon in daemons:
        daemon.kill9()


# --- what is in it


def test_lintian_has_nothing_to_say(package):
    if not shutil.which("lintian"):
        pytest.skip("there is no lintian here")
    said("lintian", "--fail-on", "error,warning", next(package.parent.glob("*.changes")))


def test_it_has_what_a_system_needs(files):
    assert {
        "/etc/touchpointd/touchpointd.conf",
        "/usr/bin/touchpointctl",
        "/usr/bin/touchpointd",
        "/usr/lib/sysusers.d/touchpointd.conf",
        "/usr/share/doc/touchpointd/README.Debian",
        "/usr/share/doc/touchpointd/copyright",
        "/usr/share/man/man1/touchpointctl.1.gz",
        "/usr/share/man/man5/touchpointd.conf.5.gz",
        "/usr/share/man/man8/touchpointd.8.gz",
        "/usr/share/touchpointd/interaction.schema.json",
        "/usr/share/touchpointd/sources/twilio/kind.conf",
        "/usr/share/touchpointd/sources/twilio/map.jq",
    } <= set(files)
    assert any(path.endswith("lib/systemd/system/touchpointd.service") for path in files)


def test_all_of_it_is_roots(files):
    assert {(member.uid, member.gid) for member in files.values()} == {(0, 0)}


def test_programs_may_be_run_and_all_else_only_read(files):
    modes = {path: member.mode for path, member in files.items() if member.isreg()}
    assert {path for path, mode in modes.items() if mode == 0o755} == {"/usr/bin/touchpointctl", "/usr/bin/touchpointd"}
    assert set(modes.values()) == {0o755, 0o644}


@pytest.mark.parametrize("program", ["touchpointd", "touchpointctl"])
def test_programs_are_hardened(program, package, tmp_path):
    said("dpkg-deb", "--extract", package, tmp_path)
    header = said("readelf", "--wide", "--file-header", "--dynamic", "--dyn-syms", tmp_path / "usr/bin" / program)
    assert re.search(r"Type:.*Position-Independent Executable", header)
    assert re.search(r"FLAGS_1.* NOW", header)
    assert "__memcpy_chk" in header
    assert "__stack_chk_fail" in header


def test_its_version_is_the_projects(package, installed):
    project = re.search(r"^project\(touchpointd VERSION (\S+)", (ROOT / "CMakeLists.txt").read_text(), re.M)[1]
    assert re.fullmatch(rf"{re.escape(project)}(\+git\d{{14}}\.[0-9a-f]+)?", field(package, "Version"))
    assert installed.run("touchpointd", "--version") == f"touchpointd {project}\n"
    assert said("dpkg-parsechangelog", "-l", ROOT / "debian/changelog", "-S", "Version") == f"{project}\n"


# --- installed


def test_it_makes_its_user(installed):
    name, _, uid, _, _, home, shell = installed.run("getent", "passwd", "touchpointd").strip().split(":")
    assert 0 < int(uid) < 1000
    assert home == STATE
    assert shell == "/usr/sbin/nologin"


def test_the_configuration_is_as_it_should_be(installed):
    installed.run("touchpointd", "-c", CONFIGURATION, "--check", user="touchpointd")


def test_it_is_not_enabled(installed):
    """README.Debian says why."""
    assert not installed.path("/etc/systemd/system/multi-user.target.wants/touchpointd.service").is_symlink()


# --- upgraded


def test_an_upgrade_keeps_what_was_accepted(installed, daemon, package, tmp_path, redis, kafka):
    before = daemon()
    assert before.post(event()).status == 202
    assert before.stop() == 0
    installed.install(newer(package, tmp_path))
    after = daemon(redis, kafka)
    with kafka.reader(after.settings["kafka.topic_interactions"]) as reader:
        assert [record.value["type"] for record in reader.until(1)] == ["page.viewed"]


def test_an_upgrade_keeps_a_configuration_that_was_changed(installed, package, tmp_path):
    installed.path(CONFIGURATION).write_text("# mine\n")
    installed.install(newer(package, tmp_path, configuration="# the next\n"))
    assert installed.path(CONFIGURATION).read_text() == "# mine\n"


def test_an_upgrade_brings_a_configuration_that_was_not_changed(installed, package, tmp_path):
    installed.install(newer(package, tmp_path, configuration="# the next\n"))
    assert installed.path(CONFIGURATION).read_text() == "# the next\n"


# --- removed


def test_removing_leaves_what_is_not_the_packages(installed, daemon):
    assert daemon().stop() == 0
    installed.path(CONFIGURATION).write_text("# mine\n")
    installed.run("dpkg", "--remove", "touchpointd")
    assert not installed.path("/usr/bin/touchpointd").exists()
    assert installed.path(CONFIGURATION).read_text() == "# mine\n"
    assert list(installed.path(STATE).glob("journal/*.tp"))
    assert installed.run("id", "--user", "touchpointd")


def test_purging_takes_all_when_it_never_ran(installed):
    installed.path("/etc/touchpointd/redis.password").write_text("secret\n")
    installed.run("dpkg", "--purge", "touchpointd")
    assert not installed.path("/etc/touchpointd").exists()
    assert not installed.path(STATE).exists()


def test_purging_takes_a_journal_that_is_delivered(installed, daemon, redis, kafka):
    running = daemon(redis, kafka)
    assert running.post(event(), wait=30).status == 200
    assert running.stop() == 0
    installed.run("dpkg", "--purge", "touchpointd")
    assert not installed.path(STATE).exists()


def test_purging_leaves_what_nobody_else_has(installed, daemon):
    running = daemon()
    assert running.post(event()).status == 202
    assert running.stop() == 0
    installed.run("dpkg", "--remove", "touchpointd")
    purged = installed.run("dpkg", "--purge", "touchpointd")
    assert f"{STATE} is left" in purged
    assert not installed.path("/etc/touchpointd").exists()
    assert list(installed.path(STATE).glob("journal/*.tp"))


def test_what_was_left_is_delivered_once_it_is_installed_again(installed, daemon, package, redis, kafka):
    running = daemon()
    assert running.post(event()).status == 202
    assert running.stop() == 0
    installed.run("dpkg", "--purge", "touchpointd")
    installed.install(package)
    again = daemon(redis, kafka)
    with kafka.reader(again.settings["kafka.topic_interactions"]) as reader:
        assert len(reader.until(1)) == 1

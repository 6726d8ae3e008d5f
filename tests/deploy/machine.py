"""A Debian that systemd booted, with a journald and a Redis of its own: systemd-nspawn on the bare system of
package.py, which stays as it is. Its network is the host's: Kafka and the tests meet it on loopback.

Commands are run in its namespaces. However the tests end, all of it ends with them: processes, mounts, and the files,
which are in memory."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import redis

from touchpoint.process import Process, free_port
from touchpoint.wait import until

from .package import System, base, built, said

BOOT = Path(__file__).with_name("boot")
OWN_NAMESPACES = ["unshare", "--mount", "--propagation", "private", "--pid", "--fork", "--kill-child", "--mount-proc"]

ENVIRONMENT = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}

REMOVE_GROUP = """
mount -t cgroup2 cgroup2 /sys/fs/cgroup
find "/sys/fs/cgroup/$0" -depth -type d -exec rmdir {} +
"""


def child(pid, name):
    """The child of a process that has this name; None while there is none."""
    try:
        for each in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
            if Path(f"/proc/{each}/comm").read_text().strip() == name:
                return int(each)
    except (FileNotFoundError, ProcessLookupError):
        pass
    return None


class Machine(System):
    def __init__(self, folder):
        self.redis_port = free_port()
        self.init = None
        files = Path(folder) / "files"
        files.mkdir()
        self.group = f"touchpointd-machine-{os.getpid()}"
        self.process = Process("machine", [*OWN_NAMESPACES, BOOT, base(), files, self.group, self.redis_port], folder)

    def boot(self):
        """Skips where the host does not let it."""
        self.process.launch()
        until(lambda: self._is_up() or not self.process.running, 60, "the machine is up")
        if not self.process.running:
            pytest.skip(f"no machine can be booted here: {self.process.log_tail(1)}")

    def reboot(self):
        before = self.init
        self.run("systemctl", "--no-block", "reboot")
        # Nobody asks one that goes down how it is: the question might hang in there.
        self.process.wait_until(lambda: self._find_init() not in (None, before), 60, "the machine begins anew")
        self.process.wait_until(self._is_up, 60, "the machine is up again")

    def end(self):
        self.process.kill()
        if self.init:
            remove = ["unshare", "--mount", "sh", "-c", REMOVE_GROUP, self.group]
            until(lambda: subprocess.run(remove, capture_output=True).returncode == 0, 30, "its processes are gone")

    @property
    def root(self):
        return Path(f"/proc/{self.init}/root")

    @property
    def redis(self):
        """A client of its Redis."""
        return redis.Redis(port=self.redis_port, decode_responses=True, socket_timeout=10)

    def run(self, *command):
        """What a command within prints."""
        return said(*self._entering(*command), env=ENVIRONMENT).strip()

    # what is shown of it when a test fails

    name = "machine"

    @property
    def log(self):
        return self.process.log

    def log_tail(self):
        asked = subprocess.run(self._entering("journalctl", "--lines=60"), capture_output=True, text=True)
        return asked.stdout or self.process.log_tail()

    def _entering(self, *command):
        return ["nsenter", "--target", str(self.init), "--all", "--", *command]

    def _find_init(self):
        return child(child(child(self.process.pid, "boot"), "systemd-nspawn"), "systemd")

    def _is_up(self):
        self.init = self._find_init()
        asked = subprocess.run(self._entering("systemctl", "is-system-running"), capture_output=True, text=True)
        return asked.stdout.strip() in ("running", "degraded")


@pytest.fixture(scope="session")
def machine(tmp_path_factory):
    """One for all tests, with the package installed."""
    if not shutil.which("systemd-nspawn"):
        pytest.skip("there is no systemd-nspawn here")
    machine = Machine(tmp_path_factory.mktemp("machine"))
    try:
        machine.boot()
        machine.install(built())
        yield machine
    finally:
        machine.end()

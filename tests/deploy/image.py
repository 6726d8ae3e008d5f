"""The image of docker/, and containers of it: podman builds and runs them as a user's engine would, in a storage that
goes with the tests. The base is a bare Debian of this machine's own release, made from the mirrors that apt has here.

podman wants one tree of control groups; in a mount namespace of its own it has that on a host of the older kind too."""

import json
import os
import platform
import shutil
import subprocess

import pytest

from touchpoint.daemon import ROOT, Interface
from touchpoint.process import Process, free_port

from .package import mirrors, said

IMAGE = "localhost/touchpointd"
BASE = "localhost/debian"
JOURNAL = "/var/lib/touchpointd"

APART = """
[ -e /sys/fs/cgroup/cgroup.controllers ] || mount -t cgroup2 cgroup2 /sys/fs/cgroup || exit
exec podman "$@"
"""

CONFINED = ["--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL", "--security-opt=no-new-privileges"]
WITHIN_LIMITS = ["--network=host", "--cgroups=disabled", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"]
"""What an engine may do that runs in a container itself: no network, groups and limits but those that it has."""


class Engine:
    def __init__(self, folder, driver):
        self.folder = folder
        store = ["--root", folder / "store", "--runroot", folder / "run", "--storage-driver", driver]
        unshared = ["unshare", "--mount", "--propagation", "private", "sh", "-c", APART, "podman"]
        self._podman = [str(word) for word in [*unshared, *store]]

    def command(self, *words):
        return [*self._podman, *(str(word) for word in words)]

    def said(self, *words):
        return said(*self.command(*words))

    def ask(self, *words):
        return subprocess.run(self.command(*words), capture_output=True, text=True, stdin=subprocess.DEVNULL)

    def status(self, *words):
        return self.ask(*words).returncode

    def inspect(self, name):
        return json.loads(self.said("inspect", name))[0]

    def build(self):
        release = platform.freedesktop_os_release()["VERSION_CODENAME"]
        base = self.folder / "debian.tar"
        said("mmdebstrap", "--variant=minbase", "--dpkgopt=force-unsafe-io", release, base, *mirrors(release))
        self.said("import", base, BASE)
        base.unlink()
        recipe = ["--file", ROOT / "docker" / "Dockerfile", "--build-arg", f"BASE={BASE}"]
        # A container engine proper is not needed for this isolation, and the form is the one that has health checks.
        how = ["--isolation", "chroot", "--format", "docker", "--layers=false"]
        self.said("build", *how, *recipe, "--tag", IMAGE, ROOT)


class Container(Interface):
    """touchpointd as its image starts it, confined as far as an engine can; its network is the host's."""

    def __init__(self, engine, name, folder, settings):
        self.engine = engine
        self.name = name
        self.address = f"127.0.0.1:{free_port()}"
        settings = {"http.listen": self.address, **settings}
        sets = [word for key, value in settings.items() for word in ("--set", f"{key}={value}")]
        options = [f"--env=TOUCHPOINT_URL=http://{self.address}", f"--volume=journal:{JOURNAL}"]
        run = engine.command("run", "--name", name, *CONFINED, *WITHIN_LIMITS, *options, IMAGE, *sets)
        self.process = Process(name, run, folder)

    def start(self):
        self.process.launch()
        self.process.wait_until(lambda: "event=ready" in self.process.log_text(), 60, "it is ready")
        return self

    def stop(self):
        """Asks it to end as an engine does, with 30 s of grace, and answers its exit status."""
        self.engine.said("stop", "--time", 30, self.name)
        return self.process.child.wait(10)

    def remove(self):
        self.engine.status("rm", "--force", "--time", 0, self.name)

    @property
    def pid(self):
        return self.engine.inspect(self.name)["State"]["Pid"]

    def run(self, *command):
        """What a command beside it prints."""
        return self.engine.said("exec", self.name, *command)

    def healthy(self):
        """What the image's own health check finds."""
        return self.engine.status("healthcheck", "run", self.name) == 0


@pytest.fixture(scope="session")
def engine(tmp_path_factory):
    """With the image built."""
    if os.geteuid() != 0:
        pytest.skip("only root can build an image on a base of its own")
    for tool in ("podman", "mmdebstrap"):
        if not shutil.which(tool):
            pytest.skip(f"there is no {tool} here")
    if not mirrors(platform.freedesktop_os_release()["VERSION_CODENAME"]):
        pytest.skip("apt knows no mirror of this release")
    for driver in ("overlay", "vfs"):  # the first is the faster, but not to be had on each file system
        engine = Engine(tmp_path_factory.mktemp(driver), driver)
        info = engine.ask("info")
        if info.returncode == 0:
            break
    else:
        pytest.skip(f"podman cannot work here: {info.stderr.strip()}")
    try:
        engine.build()
        yield engine
    finally:
        shutil.rmtree(engine.folder)


@pytest.fixture
def container(engine, tmp_path, topics, redis, kafka, shown):
    """Makes containers on one journal, started and ready, with this test's Redis and Kafka unless told otherwise."""
    containers = []

    def make(settings=None):
        own = {
            "redis.url": redis.url,
            "kafka.brokers": kafka.brokers,
            "kafka.topic_interactions": topics.interactions,
            "kafka.topic_customers": topics.customers,
            "kafka.topic_rejected": topics.rejected,
            "kafka.topic_checkpoints": topics.checkpoints,
        }
        made = Container(engine, f"touchpointd-{len(containers) + 1}", tmp_path, own | (settings or {}))
        containers.append(made)
        shown.append(made.process)
        return made.start()

    yield make
    for made in containers:
        made.remove()
    engine.status("volume", "rm", "--force", "journal")

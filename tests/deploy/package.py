"""The Debian package, and systems to put it into.

`./dev deb` makes the package. A system begins as a bare one of this machine's own release, which mmdebstrap makes once
from the mirrors that apt has here, with systemd and with what the package depends on; that is kept under .cache/ as it
is, and what a system changes is in memory. So no system needs the network, and installing there is dpkg alone."""

import fcntl
import os
import platform
import re
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
CACHE = ROOT / ".cache" / "debian"

ALSO = {"dbus", "redis-server", "systemd-sysv"}
"""What a system has that the package does not ask for: it can be booted, and has a Redis of its own."""


def built():
    """The package that ./dev deb made."""
    packages = sorted((ROOT / "build" / "deb").glob("touchpointd_*.deb"))
    assert len(packages) == 1, f"expected one package in build/deb, from ./dev deb: {packages}"
    return packages[0]


def said(*command, **options):
    """What a command prints; that it succeeds is expected."""
    result = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, **options)
    assert result.returncode == 0, f"{command} ended with {result.returncode}\n{result.stdout}{result.stderr}"
    return result.stdout


def field(package, name):
    return said("dpkg-deb", "--field", package, name).strip()


def dependencies(package):
    """Their names; where there is a choice, the first."""
    return {re.match(r"[a-z0-9.+-]+", each)[0] for each in field(package, "Depends").split(", ")}


def newer(package, folder, configuration=None):
    """The same as its next version, and with another configuration as shipped."""
    tree = Path(folder) / "next"
    said("dpkg-deb", "--raw-extract", package, tree)
    version, control = field(package, "Version"), tree / "DEBIAN" / "control"
    control.write_text(control.read_text().replace(f"Version: {version}\n", f"Version: {version}.1\n"))
    if configuration:
        (tree / "etc/touchpointd/touchpointd.conf").write_text(configuration)
    said("dpkg-deb", "--root-owner-group", "--build", tree, f"{tree}.deb")
    return Path(f"{tree}.deb")


def mirrors(release):
    """Lines of a sources.list: where apt finds this release here."""
    form = "$(CODENAME) $(REPO_URI) $(RELEASE) $(COMPONENT)"
    found = said("apt-get", "indextargets", "--format", form, "Created-By: Packages").splitlines()
    ours = re.compile(rf"{release}(-updates|-security)? (.*)")
    return sorted({f"deb {match[2]}" for line in found if (match := ours.fullmatch(line))})


def make_base(folder, release, packages):
    """Skips where no mirror can be reached; whatever else goes wrong is a failure."""
    sources = mirrors(release)
    if not sources:
        pytest.skip(f"apt knows no mirror of {release}")
    _, uri, suite, _ = sources[0].split()
    with tempfile.TemporaryDirectory() as scratch:
        fetch = ["/usr/lib/apt/apt-helper", "download-file", f"{uri}dists/{suite}/InRelease", f"{scratch}/InRelease"]
        if subprocess.run(fetch, capture_output=True).returncode != 0:
            pytest.skip("the mirrors of apt cannot be reached")
    include = f"--include={','.join(sorted(packages))}"
    said("mmdebstrap", "--variant=minbase", include, release, folder, *sources)


def base():
    """The bare system, made when it is not there yet."""
    if os.geteuid() != 0:
        pytest.skip("only root can make a system of its own")
    if not shutil.which("mmdebstrap"):
        pytest.skip("there is no mmdebstrap here")
    release = platform.freedesktop_os_release()["VERSION_CODENAME"]
    packages = dependencies(built()) | ALSO
    recipe = " ".join([release, *sorted(packages)])
    folder, made_from = CACHE / release, CACHE / f"{release}.made-from"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not made_from.exists() or made_from.read_text() != recipe:
            made_from.unlink(missing_ok=True)
            shutil.rmtree(folder, ignore_errors=True)
            make_base(folder, release, packages)
            made_from.write_text(recipe)
    return folder


class System:
    """A Debian in a folder."""

    def __init__(self, root):
        self.root = Path(root)

    def path(self, name):
        """Where a file of it lies from outside."""
        return self.root / name.lstrip("/")

    def command(self, *command, user="root"):
        """A command within, as it is given from outside."""
        return ["chroot", f"--userspec={user}:{user}", str(self.root), *command]

    def run(self, *command, user="root"):
        """What a command within prints."""
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LANG": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"}
        return said(*self.command(*command, user=user), env=environment)

    def install(self, package):
        """For the first time, or over another version; as an upgrade without a person does, it keeps a configuration
        that was changed."""
        shutil.copy(package, self.path("/tmp/touchpointd.deb"))
        return self.run("dpkg", "--force-confdef", "--force-confold", "--install", "/tmp/touchpointd.deb")


@contextmanager
def mounted(kind, folder, options="rw"):
    result = subprocess.run(["mount", "-t", kind, "-o", options, kind, folder], capture_output=True, text=True)
    if result.returncode != 0:
        pytest.skip(f"nothing can be mounted here: {result.stderr.strip()}")
    try:
        yield
    finally:
        said("umount", folder)


@contextmanager
def system():
    """A fresh one, gone afterwards."""
    lower = base()
    with tempfile.TemporaryDirectory(prefix="touchpointd-") as name, mounted("tmpfs", name):
        upper, work, root = (Path(name) / each for each in ("upper", "work", "root"))
        for folder in (upper, work, root):
            folder.mkdir()
        with mounted("overlay", root, f"lowerdir={lower},upperdir={upper},workdir={work}"):
            yield System(root)

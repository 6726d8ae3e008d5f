"""systemd is told when the daemon is ready, that it is alive, and that it stops."""

import socket
import tempfile
from pathlib import Path

import pytest

from touchpoint.front import event


class Manager:
    """What systemd is to a service: a socket that hears what it says of itself."""

    def __init__(self, folder):
        self.path = Path(folder) / "notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.socket.settimeout(20)

    def heard(self):
        return self.socket.recv(1000).decode().splitlines()

    def heard_but_life(self):
        """What comes next beside signs of life."""
        while (lines := self.heard()) == ["WATCHDOG=1"]:
            pass
        return lines


@pytest.fixture
def manager():
    with tempfile.TemporaryDirectory() as folder:
        manager = Manager(folder)
        yield manager
        manager.socket.close()


def under(manager, daemon, **environment):
    daemon.process.environment |= {"NOTIFY_SOCKET": str(manager.path), **environment}
    return daemon


def test_ready_means_that_it_takes_events(manager, front):
    daemon = under(manager, front(start=False)).launch()
    assert manager.heard() == ["READY=1"]
    daemon.address = daemon.log("ready")[0]["http"].removeprefix("http://")
    assert daemon.post(event()).status == 202
    assert len(daemon.log("ready")) == 1


def test_it_says_that_it_stops(manager, front):
    daemon = under(manager, front(start=False)).start()
    assert manager.heard() == ["READY=1"]
    daemon.process.send(15)
    assert manager.heard_but_life() == ["STOPPING=1"]
    assert daemon.exit_status() == 0


def test_it_gives_signs_of_life(manager, front):
    """Each within half the time that systemd allows, so that one that comes late is no death."""
    microseconds = 2_000_000
    under(manager, front(start=False), WATCHDOG_USEC=str(microseconds)).start()
    assert manager.heard() == ["READY=1"]
    manager.socket.settimeout(microseconds / 1e6)
    for _ in range(4):
        assert manager.heard() == ["WATCHDOG=1"]


def test_one_that_cannot_start_is_never_ready(manager, front, tmp_path):
    (tmp_path / "file").write_text("")
    daemon = under(manager, front({"journal.dir": tmp_path / "file"}, start=False)).launch()
    assert daemon.exit_status() == 1
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.heard()

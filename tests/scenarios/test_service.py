"""systemd is told when the daemon is ready, that it is alive, and that it stops."""

import ctypes
import os
import signal
import socket
import tempfile
from contextlib import contextmanager
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

    def hears_nothing_for(self, seconds):
        """But for one thing that may have been on its way."""
        self.socket.settimeout(seconds)
        try:
            return not (self.heard() and self.heard())
        except TimeoutError:
            return True
        finally:
            self.socket.settimeout(20)


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
    daemon.process.send(signal.SIGTERM)
    assert manager.heard_but_life() == ["STOPPING=1"]
    assert daemon.exit_status() == 0


@pytest.mark.tsan
def test_it_gives_signs_of_life(manager, front):
    """Each within the time that systemd gives it."""
    microseconds = 2_000_000
    under(manager, front(start=False), WATCHDOG_USEC=str(microseconds)).start()
    assert manager.heard() == ["READY=1"]
    manager.socket.settimeout(microseconds / 1e6)
    for _ in range(4):
        assert manager.heard() == ["WATCHDOG=1"]


SEIZE, INTERRUPT, DETACH = 0x4206, 0x4207, 17
ANY_THREAD = 0x40000000


def ptrace(what, thread):
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.ptrace(what, ctypes.c_long(thread), ctypes.c_void_p(), ctypes.c_void_p()) != 0:
        raise OSError(ctypes.get_errno(), "ptrace")


@contextmanager
def stuck(daemon, name):
    """Holds one thread of it where it is, as a debugger does; the others go on."""
    tasks = Path(f"/proc/{daemon.process.pid}/task").iterdir()
    thread = next(int(task.name) for task in tasks if (task / "comm").read_text().strip() == name)
    ptrace(SEIZE, thread)
    ptrace(INTERRUPT, thread)
    os.waitpid(thread, ANY_THREAD)
    try:
        yield
    finally:
        ptrace(DETACH, thread)


@pytest.mark.parametrize("thread", ["delivery", "http-0", "http-1"])
def test_it_gives_none_while_a_thread_of_it_is_stuck(thread, manager, front):
    """Then systemd kills it and starts it anew."""
    daemon = under(manager, front({"http.threads": 2}, start=False), WATCHDOG_USEC="1000000").start()
    assert manager.heard() == ["READY=1"]
    assert manager.heard() == ["WATCHDOG=1"]
    with stuck(daemon, thread):
        assert manager.hears_nothing_for(1)
    assert manager.heard() == ["WATCHDOG=1"]


def test_one_that_cannot_start_is_never_ready(manager, front, tmp_path):
    (tmp_path / "file").write_text("")
    daemon = under(manager, front({"journal.dir": tmp_path / "file"}, start=False)).launch()
    assert daemon.exit_status() == 1
    manager.socket.setblocking(False)
    with pytest.raises(BlockingIOError):
        manager.heard()

"""A child process that a test can treat as a machine room would: stop it, freeze it, cut its power, bring it back."""

import os
import random
import signal
import socket
import subprocess
from pathlib import Path

from .wait import until

PORTS = range(20000, 32000)
"""Below the ports that the kernel gives to outgoing connections: while a server is down, nobody may get its port, least
of all a client of it that then finds itself connected to itself."""

_given = set()


def free_port():
    """A loopback port that is free now, and stays so but for another process that chooses the same of 12,000."""
    while True:
        port = random.choice(PORTS)
        if port in _given:
            continue
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
        _given.add(port)
        return port


def port_open(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


class Process:
    """One program; what it writes is added to the file `log`, over all its lives."""

    def __init__(self, name, command, folder, environment=None):
        self.name = name
        self.command = [str(word) for word in command]
        self.folder = Path(folder)
        self.log = self.folder / f"{name}.log"
        self.environment = environment
        self.child = None
        self.folder.mkdir(parents=True, exist_ok=True)

    def __repr__(self):
        return f"<{self.name} {self.child.pid if self.running else 'down'}>"

    @property
    def running(self):
        return self.child is not None and self.child.poll() is None

    @property
    def pid(self):
        return self.child.pid

    def launch(self):
        assert not self.running, f"{self.name} runs already"
        # Whatever becomes of the tests, the child goes with them. A session of its own keeps Ctrl-C from reaching it
        # before the fixtures do.
        command = ["setpriv", "--pdeathsig", "KILL", *self.command]
        with self.log.open("ab") as log:
            self.child = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=self.environment,
                start_new_session=True,
            )

    def wait_until(self, condition, timeout, what):
        """As until(), but gives up at once when the process has ended."""

        def ready():
            if condition():
                return True
            assert self.running, f"{self.name} ended with {self.child.returncode} before: {what}\n{self.log_tail()}"
            return False

        until(ready, timeout, what)

    def send(self, number):
        if self.running:
            os.kill(self.pid, number)

    def pause(self):
        """Freezes it: it keeps its connections and answers nothing."""
        self.send(signal.SIGSTOP)

    def resume(self):
        self.send(signal.SIGCONT)

    def kill(self):
        """As a power cut would, as far as the process is concerned."""
        return self.end(signal.SIGKILL)

    def end(self, number=signal.SIGTERM, timeout=30.0):
        """Its exit status, as subprocess has it: negative for a signal."""
        if self.child is None:
            return None
        # A frozen one would see no signal but SIGKILL before it goes on.
        self.send(number)
        self.resume()
        try:
            return self.child.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send(signal.SIGABRT)
            self.child.wait(10)
            raise AssertionError(f"{self.name} did not end within {timeout} s of signal {number}") from None

    def children(self):
        """The pids of the processes that it has started, and that are there."""
        found = []
        for status in Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = status.read_text().rpartition(")")[2].split()
            except OSError:  # it has just ended
                continue
            if int(fields[1]) == self.pid and fields[0] != "Z":
                found.append(int(status.parent.name))
        return found

    def log_text(self):
        return self.log.read_text(errors="replace") if self.log.exists() else ""

    def log_tail(self, lines=60):
        return "\n".join(self.log_text().splitlines()[-lines:])

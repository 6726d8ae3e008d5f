"""touchpointctl, as a script runs it, or a person in a terminal."""

import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import termios
import threading

from .daemon import program as daemon_program
from .wait import until

_SEQUENCE = re.compile(r"\033\[[0-9;?]*[A-Za-z]")


def program():
    """touchpointctl of the build that is under test."""
    return daemon_program().with_name("touchpointctl")


def environment(daemon=None, **more):
    own = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHPOINT_")}
    if daemon:
        own["TOUCHPOINT_URL"] = f"http://{daemon.address}"
    return own | {"TZ": "UTC", **more}


def ctl(daemon, *arguments, stdin=None, timeout=60, **more):
    """Runs it to its end; `more` goes to its environment."""
    return subprocess.run(
        [program(), *map(str, arguments)],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=timeout,
        env=environment(daemon, **more),
        check=False,
    )


class Terminal:
    """It runs in a terminal of this size; `text` is all that it has printed so far."""

    def __init__(self, daemon, *arguments, columns=100, rows=40, **more):
        controller, self._terminal = pty.openpty()
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        self.child = subprocess.Popen(
            [program(), *map(str, arguments)],
            stdin=self._terminal,
            stdout=self._terminal,
            stderr=self._terminal,
            env=environment(daemon, **more),
        )
        self._controller = controller
        self._bytes = b""
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def _read(self):
        while True:
            try:
                self._bytes += os.read(self._controller, 65536)
            except OSError:
                return

    @property
    def text(self):
        return self._bytes.decode(errors="replace").replace("\r\n", "\n")

    @property
    def plain(self):
        """Without colours and movements."""
        return _SEQUENCE.sub("", self.text)

    def shows(self, word, timeout=20):
        until(lambda: word in self.plain, timeout, lambda: self.text)

    def types(self, text):
        os.write(self._controller, text.encode())

    def interrupt(self):
        """As Ctrl-C does; answers the exit status."""
        self.child.send_signal(signal.SIGINT)
        return self.end()

    def end(self, timeout=20):
        """Waits for its end, and for the last of what it printed; answers the exit status."""
        status = self.child.wait(timeout)
        os.close(self._terminal)
        self._reader.join(timeout)
        os.close(self._controller)
        return status

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.child.poll() is None:
            self.child.kill()
            self.end()

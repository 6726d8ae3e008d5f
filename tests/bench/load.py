"""The generators. wrk sends single events, as fast as the side answers or at a given rate; batches are made
beforehand, and sent by as many connections as asked for. A connection by itself is for what is asked one by one."""

import json
import queue
import socket
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

SCRIPT = Path(__file__).with_name("single.lua")
WRK_THREADS = 2


@dataclass(frozen=True)
class Answered:
    """What wrk saw."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self):
        return self.requests / self.seconds


class Pace:
    """Requests a second, which may be changed while they are sent."""

    def __init__(self, path, rate):
        self.path, self._next = path, path.with_suffix(".next")
        self.set(rate)

    def set(self, rate):
        self._next.write_text(f"{rate / WRK_THREADS}\n")
        self._next.replace(self.path)


class Wrk:
    def __init__(self, bed, address, *, seconds, connections, customers, pace=None):
        """Without a pace a connection sends the next request as soon as one is answered."""
        command = ["wrk", "-t", WRK_THREADS, "-c", connections, "-d", seconds, "--timeout", 10, "-s", SCRIPT]
        command += [f"http://{address}", "--", bed.templates, customers, bed.next_run()]
        command += [pace.path] if pace else []
        self._child = subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, text=True)

    @property
    def running(self):
        return self._child.poll() is None

    def answered(self):
        """Waits for its end. A request that was not answered by 2xx makes the measurement worthless."""
        output, _ = self._child.communicate()
        report = json.loads(output.splitlines()[-1])
        if report.pop("refused") or report.pop("broken"):
            raise AssertionError(f"wrk got other answers than 2xx\n{output}")
        return Answered(**report)


class Connection:
    """One that is kept, and does no more than it must: its own time is in what is measured by it."""

    def __init__(self, address):
        host, _, port = address.rpartition(":")
        self._socket = socket.create_connection((host, int(port)), timeout=60)
        self._replies = self._socket.makefile("rb")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._replies.close()
        self._socket.close()

    def exchange(self, request):
        """Answers the status line and the body."""
        self._socket.sendall(request)
        status, length = self._replies.readline(), 0
        while (line := self._replies.readline().lower()) not in (b"\r\n", b""):
            if line.startswith(b"content-length:"):
                length = int(line.split(b":")[1])
        return status, self._replies.read(length)


def send_batches(address, requests, connections, answer=b"HTTP/1.1 202 "):
    """Sends all of these bytes, each as soon as a connection is free, and returns when all are answered so."""
    left = queue.SimpleQueue()
    for request in requests:
        left.put(request)
    faults = []
    threads = [threading.Thread(target=_send, args=(address, left, answer, faults)) for _ in range(connections)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]


def _send(address, left, answer, faults):
    try:
        with Connection(address) as connection:
            while True:
                _check(answer, *connection.exchange(left.get_nowait()))
    except queue.Empty:
        pass
    except Exception as fault:
        faults.append(fault)


def _check(answer, status, body):
    if not status.startswith(answer) or b'"rejected":0' not in body:
        raise AssertionError(f"not accepted: {status!r} {body[:500]!r}")

"""Out of descriptors, the daemon lets those wait who come, at no cost, and takes them in when there is room again."""

import os
import resource
import select
import time
from pathlib import Path

from touchpoint import until
from touchpoint.front import event, post


def limit(daemon, descriptors):
    resource.prlimit(daemon.process.pid, resource.RLIMIT_NOFILE, (descriptors, descriptors))


def open_files(daemon):
    return len(list(Path(f"/proc/{daemon.process.pid}/fd").iterdir()))


def cpu_seconds(daemon):
    fields = Path(f"/proc/{daemon.process.pid}/stat").read_text().rpartition(") ")[2].split()
    user, system = fields[11:13]
    return (int(user) + int(system)) / os.sysconf("SC_CLK_TCK")


def senders(daemon, count):
    """So many, each in the middle of a request: none that could be done without."""
    connections = [daemon.connect() for _ in range(count)]
    for connection in connections:
        connection.send(post(event())[:-1])
    return connections


def test_who_comes_waits_until_there_is_room(front):
    daemon = front({"http.grace": "1h"})
    limit(daemon, open_files(daemon) + 20)
    inside = senders(daemon, 40)
    until(lambda: daemon.log("http_accept_failed"), 10, "there are no more descriptors")

    before, began = cpu_seconds(daemon), time.monotonic()
    waiting = daemon.connect()
    waiting.send(post(event()))
    assert not select.select([waiting.socket], [], [], 1)[0], "it waits"
    assert cpu_seconds(daemon) - before < (time.monotonic() - began) / 2, "and so does the daemon"

    for connection in inside:
        connection.send(post(event())[-1:])
    for connection in inside[:20]:
        connection.socket.close()
    assert waiting.reply().status == 202
    assert daemon.post(event()).status == 202


def test_who_is_idle_makes_room(front):
    daemon = front({"http.grace": "100ms"})
    limit(daemon, open_files(daemon) + 20)
    idle = [daemon.connect() for _ in range(40)]
    until(lambda: daemon.log("http_accept_failed"), 10, "there are no more descriptors")
    assert daemon.post(event()).status == 202
    assert any(connection.closed(timeout=0.1) for connection in idle)


def test_with_fewer_from_the_start_there_are_fewer_connections(front):
    daemon = front({"http.max_connections_per_peer": 0, "http.grace": "100ms"}, start=False)
    daemon.process.command = ["prlimit", "--nofile=400", *daemon.process.command]
    daemon.start()
    (said,) = daemon.log("http_descriptors")
    most = int(said["possible"])
    assert 100 < most < 400
    idle = [daemon.connect() for _ in range(most + 50)]
    until(lambda: daemon.post(event()).status == 202, 10, "one that is idle goes")
    assert not daemon.log("http_accept_failed")
    assert len(idle) > most

"""Thousands who connect and say nothing cost a little memory each, and nobody else anything."""

import resource
import socket

import pytest

from touchpoint import until
from touchpoint.front import event, request
from touchpoint.memory import assert_grown_less_than, resident_mb

KB_EACH = 12
"""What an idle connection may take, of which 5 kB are its request, ready to be filled."""


@pytest.fixture
def descriptors():
    """As many open files as this process may have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    yield hard
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("count", [1000, pytest.param(10_000, marks=pytest.mark.slow)])
def test_idle_connections_are_cheap(front, descriptors, count):
    count = min(count, descriptors - 1000)
    daemon = front({"http.max_connections": count + 10, "http.max_connections_per_peer": 0})
    address = ("127.0.0.1", int(daemon.address.rpartition(":")[2]))
    before = resident_mb(daemon)
    with daemon.client() as client:
        idle = [socket.create_connection(address) for _ in range(count)]
        for connection in idle[::2]:
            connection.sendall(request("GET /healthz"))
            assert connection.recv(4096).startswith(b"HTTP/1.1 200 ")
        until(lambda: f"\ntouchpoint_http_connections {count + 1}\n" in client.get("/metrics").body.decode(), 20)
        assert client.post(event()).status == 202
        with daemon.client() as newcomer:
            assert newcomer.post(event()).status == 202
        assert_grown_less_than(daemon, count * KB_EACH / 1024 + 4, before)
    for connection in idle:
        connection.close()
    until(lambda: daemon.metrics()["touchpoint_http_connections"] == 1, 20, "all are gone")


@pytest.mark.parametrize("count", [300, pytest.param(9000, marks=pytest.mark.slow)])
def test_they_keep_nobody_out(front, descriptors, count):
    """They take all connections there are, again and again; each who has something to say is served all the same."""
    count = min(count, descriptors - 1000)
    most = count // 3
    daemon = front({"http.max_connections": most, "http.max_connections_per_peer": 0, "http.grace": "100ms"})
    address = ("127.0.0.1", int(daemon.address.rpartition(":")[2]))
    idle = []
    for _ in range(3):
        idle += [socket.create_connection(address) for _ in range(most)]
        until(lambda: daemon.post(event()).status == 202, 10, "a grace has its end")
    for connection in idle:
        connection.close()

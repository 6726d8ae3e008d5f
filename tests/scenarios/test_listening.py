"""Where the daemon listens: on loopback alone unless it was told how to tell friend from stranger; on a Unix socket for
a proxy beside it; and never on a port that another daemon has."""

import http.client
import json
import socket
import stat
import tempfile
from pathlib import Path

import pytest

from touchpoint.front import event, recorded

ANYWHERE = {"http.listen": "0.0.0.0:0"}


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0", "127.0.0.1:0,0.0.0.0:0"])
def test_beyond_loopback_needs_keys(address, front):
    daemon = front({"http.listen": address}, start=False)
    assert daemon.launch().exit_status() == 2
    said = daemon.process.log_text()
    refused = address.split(",")[-1]
    assert f"http.listen: {refused} is beyond loopback, and no key is configured" in said
    assert "http.open" in said, "it says what to do"
    assert not daemon.settings["journal.dir"].exists(), "nothing was started"


def test_with_keys_it_may(front, tmp_path):
    (tmp_path / "crm.key").write_text("open-sesame-and-quickly\n")
    daemon = front(ANYWHERE, config=f'key "crm" {{ file = "{tmp_path}/crm.key"  scopes = {{"write"}} }}\n')
    daemon.address = daemon.address.replace("0.0.0.0", "127.0.0.1")
    assert daemon.post(event()).status == 401


def test_or_when_it_is_to_be_open(front):
    daemon = front({**ANYWHERE, "http.open": "yes"})
    daemon.address = daemon.address.replace("0.0.0.0", "127.0.0.1")
    assert daemon.post(event()).status == 202


def test_on_several_addresses_at_once(front):
    daemon = front({"http.listen": "127.0.0.1:0,127.0.0.2:0,[::1]:0"})
    addresses = [address.removeprefix("http://") for address in daemon.log("ready")[0]["http"].split(",")]
    assert [address.rpartition(":")[0] for address in addresses] == ["127.0.0.1", "127.0.0.2", "[::1]"]
    for address in addresses:
        host, _, port = address.rpartition(":")
        assert ask(http.client.HTTPConnection(host.strip("[]"), int(port), timeout=10)) == 202


def test_a_port_that_is_taken_is_said(front):
    first = front()
    second = front({"http.listen": first.address}, start=False)
    assert second.launch().exit_status() == 1
    assert f"http.listen: {first.address}: Address already in use" in second.process.log_text()
    assert first.post(event()).status == 202


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=10)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(10)
        self.sock.connect(self.path)


def ask(connection):
    connection.request("POST", "/v1/events", json.dumps(event()), {"Content-Type": "application/json"})
    try:
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.fixture
def socket_path():
    """In a folder with a short name: a socket's path may have 107 bytes."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "http.sock"


def test_on_a_unix_socket(front, socket_path):
    """It needs no key: who may connect is a matter of the file's mode."""
    daemon = front({"http.listen": f"127.0.0.1:0,unix:{socket_path}"})
    daemon.address = daemon.address.split(",")[0]
    assert ask(UnixConnection(socket_path)) == 202
    assert stat.S_IMODE(socket_path.stat().st_mode) == 0o660
    assert recorded(daemon) == 1
    assert daemon.stop() == 0
    assert not socket_path.exists(), "it goes with the daemon"


def test_a_socket_that_a_killed_daemon_left_is_taken_over(front, socket_path):
    daemon = front({"http.listen": f"unix:{socket_path}"})
    daemon.kill9()
    assert socket_path.exists()
    daemon.start()
    assert ask(UnixConnection(socket_path)) == 202


def test_one_that_is_in_use_is_not(front, socket_path):
    front({"http.listen": f"unix:{socket_path}"})
    second = front({"http.listen": f"unix:{socket_path}"}, start=False)
    assert second.launch().exit_status() == 1
    assert f"unix:{socket_path}: Address already in use" in second.process.log_text()
    assert ask(UnixConnection(socket_path)) == 202

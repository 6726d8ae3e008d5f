"""touchpointctl explains itself, and its exit status tells a script what happened."""

import re
import subprocess
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from touchpoint.ctl import ctl, program
from touchpoint.front import AWAY

COMMANDS = re.findall(r"^  (\w+)  +\S", ctl(None, "--help").stdout, re.M)
COMMANDS_WITH_DAEMON = [["status"], ["customer", "email=a@example.com"], ["timeline", "email=a@example.com"]]
COMMANDS_WITH_DAEMON.append(["split", "email=a@example.com", "01a2bea4-93e0-7000-8067-64ce3e29ba4c"])


def test_version():
    ran = ctl(None, "--version")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert re.fullmatch(r"touchpointctl \d+\.\d+\.\d+\n", ran.stdout)


@pytest.mark.parametrize("option", ["--help", "-h", "help"])
def test_help_names_the_commands(option):
    ran = ctl(None, option)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert {"status", "customer", "timeline"} <= set(COMMANDS)
    assert "Example: touchpointctl " in ran.stdout


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_has_help_with_an_example(command):
    ran = ctl(None, command, "--help")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"touchpointctl {command} ")
    assert f"Example: touchpointctl {command} " in ran.stdout
    assert "Exit: 0" in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 120


@pytest.mark.parametrize("command", COMMANDS)
def test_what_is_no_option_is_2(command):
    ran = ctl(None, command, "--no-such-option")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert f"see touchpointctl {command} --help" in ran.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["nonsense"],
        ["customer"],
        ["customer", "email=a@example.com", "email=b@example.com"],
        ["customer", "ann@example.com"],
        ["customer", "=ann@example.com"],
        ["timeline"],
        ["timeline", "email=a@example.com", "--limit", "0"],
        ["timeline", "email=a@example.com", "--limit", "many"],
        ["split", "email=a@example.com"],
        ["split", "email=a@example.com", "ann"],
        ["split", "a@example.com", "01a2bea4-93e0-7000-8067-64ce3e29ba4c"],
        ["split", "email=a@example.com", "01a2bea4-93e0-7000-8067-64ce3e29ba4c", "--wait", "61"],
        ["status", "now"],
        ["status", "--watch", "0"],
        ["status", "--watch=1", "2"],
    ],
)
def test_a_command_line_that_says_nothing_sensible_is_2(arguments):
    ran = ctl(None, *arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr


@pytest.mark.parametrize("command", COMMANDS_WITH_DAEMON)
def test_a_daemon_that_is_not_there_is_said(command):
    url = AWAY.url.replace("redis:", "http:")
    ran = ctl(None, *command, "--url", url)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f"touchpointd at {url} cannot be reached: " in ran.stderr


class Stranger(BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"It works!")

    def log_message(self, *_):
        pass


@pytest.fixture
def stranger():
    """An HTTP server that is something else."""
    with HTTPServer(("127.0.0.1", 0), Stranger) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize("command", COMMANDS_WITH_DAEMON)
def test_what_answers_there_must_be_touchpointd(command, stranger):
    ran = ctl(None, *command, "--url", stranger)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "not touchpointd" in ran.stderr


def test_an_output_that_cannot_be_written_is_a_fault():
    with Path("/dev/full").open("w") as full:
        ran = subprocess.run([program(), "--version"], stdout=full, stderr=subprocess.PIPE, check=False, timeout=20)
    assert ran.returncode == 1
    assert b"could not be written" in ran.stderr

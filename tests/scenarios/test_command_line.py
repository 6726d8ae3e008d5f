"""--version and --help answer and end; what is no option is said; the status tells a script what happened."""

import re
import signal
import subprocess

import pytest

from touchpoint.daemon import ROOT, program


def run(*arguments):
    return subprocess.run([program(), *arguments], capture_output=True, text=True, timeout=20, check=False)


def test_version():
    ran = run("--version")
    assert ran.returncode == 0
    assert re.fullmatch(r"touchpointd \d+\.\d+\.\d+\n", ran.stdout)
    assert ran.stderr == ""


@pytest.mark.parametrize("option", ["--help", "-h"])
def test_help_names_every_option(option):
    ran = run(option)
    assert (ran.returncode, ran.stderr) == (0, "")
    for word in ("-c", "--config", "--set KEY=VALUE", "--check", "--dev", "--example", "--version", "--help"):
        assert word in ran.stdout
    assert max(map(len, ran.stdout.splitlines())) <= 120


def test_example_is_the_shipped_file():
    ran = run("--example")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == (ROOT / "config" / "touchpointd.conf").read_text()


@pytest.mark.parametrize("arguments", [["--no-such-option"], ["-x"], ["a-word"], ["--set"], ["-c"]])
def test_what_is_no_option_is_2(arguments):
    ran = run(*arguments)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "see touchpointd --help" in ran.stderr


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_clean_stop_is_0(number, front):
    daemon = front()
    daemon.process.send(number)
    assert daemon.exit_status() == 0
    assert [line["signal"] for line in daemon.log("stopping")] == [str(int(number))]
    assert daemon.log("stopped")[0]["status"] == "0"


def test_what_is_neither_is_1(front, tmp_path):
    """Here a file stands where the journal's folder should be."""
    (tmp_path / "file").write_text("")
    daemon = front({"journal.dir": tmp_path / "file"}, start=False)
    assert daemon.launch().exit_status() == 1
    assert f"journal.dir: {tmp_path}/file: " in daemon.process.log_text()
    assert daemon.log("ready") == []

"""What touchpointd does not decide alone about its journal: it refuses to start, names the command with which a person
decides, and then goes on with all that it had accepted."""

import subprocess
from pathlib import Path

import pytest

from touchpoint import until
from touchpoint.ctl import ctl
from touchpoint.front import event


def journal_of(daemon):
    return daemon.settings["journal.dir"]


def adopt(daemon, *arguments, **more):
    return ctl(None, "journal", "adopt", journal_of(daemon), *arguments, **more)


def reset(daemon, *arguments, **more):
    return ctl(None, "journal", "reset-checkpoint", journal_of(daemon), *arguments, **more)


def reason_of_refusal(daemon):
    assert daemon.launch().exit_status() in (1, 2)
    assert daemon.log("ready") == []
    return daemon.process.log_text()


def delivers(daemon, *ids):
    until(lambda: daemon.get("/v1/customers", email="ann@example.com").status == 200, 20, "Redis is there")
    until(lambda: daemon.find(email="ann@example.com"), 20, "somebody is known")
    ann = daemon.find(email="ann@example.com")

    def delivered():
        return [one["id"] for one in daemon.timeline(ann, order="asc")]

    until(lambda: delivered() == list(ids), 20, delivered)


def used(daemon):
    """It has delivered one event, and is stopped."""
    daemon.start()
    assert daemon.post(event(id="a")).status == 202
    delivers(daemon, "a")
    assert daemon.stop() == 0
    return daemon


@pytest.fixture
def stopped(touchpointd):
    return used(touchpointd(start=False))


def damage_slots(daemon, *slots):
    file = journal_of(daemon) / "checkpoint"
    content = bytearray(file.read_bytes())
    for slot in slots:
        content[slot * 4096 + 30] ^= 0xFF
    file.write_bytes(content)
    return content


# --- a checkpoint that cannot be read


def test_both_slots_damaged(stopped):
    damage_slots(stopped, 0, 1)
    assert "`touchpointctl journal reset-checkpoint`" in reason_of_refusal(stopped)
    ran = reset(stopped, "--yes")
    assert (ran.returncode, ran.stderr) == (0, "")
    stopped.start()
    assert stopped.post(event(id="b")).status == 202
    delivers(stopped, "a", "b")  # the first again, and known again


@pytest.mark.parametrize("answer", ["n\n", "", "\n"], ids=["no", "the end", "enter"])
def test_who_does_not_say_yes_changes_nothing(stopped, answer):
    before = damage_slots(stopped, 0, 1)
    ran = reset(stopped, stdin=answer)
    assert ran.returncode == 1
    assert ran.stdout.endswith("Deliver all of it again? [y/N] ")
    assert "nothing was done" in ran.stderr
    assert (journal_of(stopped) / "checkpoint").read_bytes() == before
    assert reset(stopped, stdin="y\n").returncode == 0


def test_one_slot_is_enough(stopped):
    damage_slots(stopped, 0)
    ran = reset(stopped, "--yes")
    assert ran.returncode == 1
    assert "the checkpoint is sound" in ran.stderr
    stopped.start()


# --- a journal of another machine


@pytest.fixture
def moved(touchpointd, tmp_path):
    """Used on a machine with another machine-id, and then brought here."""
    here = Path("/etc/machine-id")
    if not here.exists() or not here.read_text().strip():
        pytest.skip("this machine has no machine-id")
    there = tmp_path / "machine-id"
    there.write_text("0123456789abcdef0123456789abcdef\n")
    on_it = ["unshare", "--mount", "sh", "-c", f'mount --bind "{there}" {here} && exec "$@"', "sh"]
    if subprocess.run([*on_it, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mounts")
    daemon = touchpointd(start=False)
    command = daemon.process.command
    daemon.process.command = [*on_it, *command]
    used(daemon)
    daemon.process.command = command
    return daemon


def test_a_moved_journal_is_adopted(moved):
    assert "`touchpointctl journal adopt`" in reason_of_refusal(moved)
    ran = adopt(moved, stdin="y\n")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "Adopt it only when the touchpointd that wrote it is gone for good" in ran.stdout
    moved.start()
    assert moved.post(event(id="b")).status == 202
    delivers(moved, "a", "b")


# --- and what is not refused


def test_a_running_one_is_neither_adopted_nor_reset(stopped):
    stopped.start()
    for ran in adopt(stopped, "--yes"), reset(stopped, "--yes"):
        assert ran.returncode == 1
        assert "another process has this journal open" in ran.stderr


def test_what_is_no_journal(tmp_path):
    for verb in "adopt", "reset-checkpoint":
        ran = ctl(None, "journal", verb, tmp_path / "nothing", "--yes")
        assert ran.returncode == 1
        assert "No such file or directory" in ran.stderr

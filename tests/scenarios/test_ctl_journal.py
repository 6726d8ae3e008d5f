"""touchpointctl journal inspect: what a journal holds and whether it is sound, beside a running daemon or on a copy,
and without changing a byte of it."""

import json
import shutil

import pytest

from touchpoint import oracle
from touchpoint.ctl import ctl
from touchpoint.front import event
from touchpoint.load import Load


def journal_of(daemon):
    return daemon.settings["journal.dir"]


def inspect(*arguments):
    return ctl(None, "journal", "inspect", *arguments)


def found(directory, status=0):
    ran = inspect(directory, "--json")
    assert (ran.returncode, ran.stderr) == (status, "")
    return json.loads(ran.stdout)


def records(directory, *arguments):
    return [json.loads(line) for line in inspect(directory, "--records", "--json", *arguments).stdout.splitlines()]


def post(daemon, *ids):
    """Each in a request of its own, so that each is synced by itself."""
    for id in ids:
        assert daemon.post(event(id=id)).status == 202


@pytest.fixture
def three(front):
    """A daemon with three records that nobody takes from it."""
    daemon = front()
    post(daemon, "a", "b", "c")
    return daemon


def flip(directory, record):
    """Damages a record in the middle of what it holds; answers its segment's file."""
    (segment,) = directory.glob(f"journal-{record['segment']:020}.tp")
    content = bytearray(segment.read_bytes())
    content[record["at"] + record["bytes"] // 2] ^= 0xFF
    segment.write_bytes(content)
    return segment.name


# --- what is there


def test_beside_a_running_daemon(three):
    look = found(journal_of(three))
    assert look["node"] == three.log("ready")[0]["node"]
    assert look["in_use"]
    assert [slot["state"] for slot in look["slots"]] == ["sound", "sound"]
    assert (look["records"], look["pending"], look["released"], look["frontier"]) == (3, 3, 0, 1)
    active, *spare = look["segments"]
    assert (active["state"], active["first"], active["last"]) == ("active", 1, 3)
    assert (active["interactions"], active["rejections"]) == (3, 0)
    assert {segment["state"] for segment in spare} == {"spare"}
    assert look["damage"] == []
    post(three, "d")
    assert found(journal_of(three))["records"] == 4


def test_for_people(three):
    ran = inspect(journal_of(three))
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"node    {three.log('ready')[0]['node']}\n" in ran.stdout
    assert "A running process has it open.\n" in ran.stdout
    assert "\n3 records: 3 pending, 0 released; " in ran.stdout


def test_what_is_delivered_is_released(touchpointd):
    daemon = touchpointd()
    post(daemon, "a", "b")
    assert daemon.post(event(id="refused", agent=7)).status == 422
    oracle.settle(daemon)
    daemon.stop()
    look = found(journal_of(daemon))
    assert not look["in_use"]
    assert (look["records"], look["pending"], look["released"]) == (3, 0, 3)
    assert look["segments"][0]["rejections"] == 1


def test_records_one_by_one(three):
    three.post(event(id="refused", agent=7))
    first, *_, last = all_of_them = records(journal_of(three))
    assert [(one["record"], one["id"]) for one in all_of_them] == [(1, "a"), (2, "b"), (3, "c"), (4, "refused")]
    assert (first["type"], last["type"]) == ("interaction", "rejection")
    assert first["source"] == "default"
    assert first["at"] + first["bytes"] == all_of_them[1]["at"]
    assert not any("payload" in one for one in all_of_them)
    assert [one["record"] for one in records(journal_of(three), "--from", 2, "--limit", 2)] == [2, 3]

    table = inspect(journal_of(three), "--records").stdout
    assert [line.split()[-1] for line in table.splitlines()] == ["ID", "a", "b", "c", "refused"]
    assert "example.com" not in table


def test_what_records_hold_is_shown_when_that_is_asked_for(three):
    three.post(event(id="refused", agent=7))
    first, *_, last = records(journal_of(three), "--payload")
    assert first["payload"]["customer"] == {"identifiers": [{"type": "email", "value": "ann@example.com"}]}
    assert last["payload"]["reason"]["path"] == "agent"


def test_the_directory_may_come_from_the_settings(three, tmp_path):
    file = tmp_path / "its.conf"
    file.write_text(f'journal {{ dir = "{journal_of(three)}" }}')
    assert json.loads(inspect("--json", "-c", file).stdout)["records"] == 3


def test_a_directory_that_is_not_there(tmp_path):
    ran = inspect(tmp_path / "nothing")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "No such file or directory" in ran.stderr


# --- what is wrong


def test_what_was_synced_and_is_damaged_is_told_by_file_and_bytes(three, tmp_path):
    copy = shutil.copytree(journal_of(three), tmp_path / "copy")
    second = records(copy)[1]
    name = flip(copy, second)
    look = found(copy, status=1)
    (damage,) = look["damage"]
    assert (damage["kind"], damage["file"]) == ("corrupt", name)
    assert (damage["from"], damage["to"]) == (second["at"], second["at"] + second["bytes"])
    assert (damage["first"], damage["last"]) == (2, 2)
    assert [one["id"] for one in records(copy)] == ["a", "c"]
    assert "corrupt" in inspect(copy).stdout


def test_a_torn_tail_is_no_corruption(three, tmp_path):
    """Nobody was told of what stands at the end and is not whole."""
    copy = shutil.copytree(journal_of(three), tmp_path / "copy")
    last = records(copy)[-1]
    flip(copy, last)
    look = found(copy)
    assert [(one["kind"], one["from"]) for one in look["damage"]] == [("torn tail", last["at"])]
    assert look["records"] == 2


def test_a_damaged_slot_of_the_checkpoint(three, tmp_path):
    copy = shutil.copytree(journal_of(three), tmp_path / "copy")
    content = bytearray((copy / "checkpoint").read_bytes())
    content[30] ^= 0xFF
    (copy / "checkpoint").write_bytes(content)
    assert [slot["state"] for slot in found(copy)["slots"]] == ["damaged", "sound"]


# --- and it does no harm


def state_of(directory):
    return {
        file.name: (file.read_bytes(), file.stat().st_mtime_ns, file.stat().st_mode) for file in directory.iterdir()
    }


def test_no_byte_is_changed(three, tmp_path):
    copy = shutil.copytree(journal_of(three), tmp_path / "copy")
    flip(copy, records(copy)[-1])
    (copy / "lock").unlink()
    before = state_of(copy)
    assert inspect(copy).returncode == 0
    assert inspect(copy, "--records", "--payload").returncode == 0
    assert state_of(copy) == before


@pytest.mark.tsan
def test_what_is_just_being_written_is_no_damage(touchpointd, kafka, topics):
    """Looked at while much is written, released and deleted."""
    daemon = touchpointd({"journal.segment_size": "1MiB", "journal.max_size": "16MiB"})
    with Load(daemon, pad=2000, batch=50) as load:
        looks = [found(journal_of(daemon))]
        while len(looks) < 40 or looks[-1]["segments"][0]["segment"] < 3:  # until segments were deleted, too
            looks.append(found(journal_of(daemon)))
    kinds = {damage["kind"] for look in looks for damage in look["damage"]}
    assert kinds <= {"being written"}
    oracle.check(daemon, kafka, topics, load)

"""What the journal's disk may do, under load. When it is full senders are told to come again later, and readyz says
why. When it fails, those who wait are told, and the daemon leaves with 1 and the reason. Nothing is half-written or
lost."""

import pytest

from touchpoint import until
from touchpoint.front import error_of, event

from .disk import FailingDisk, SmallDisk
from .points import arm, failing_points, in_turn, meets, name_of

SMALL = {"journal.segment_size": "1MiB", "journal.max_size": "8MiB", "journal.queue_size": "1MiB"}


def journal_on(disk):
    return {**SMALL, "journal.dir": disk.folder / "journal"}


def leaves(daemon, *reasons):
    """It ends by itself, and has said why."""
    assert daemon.exit_status() == 1
    assert any(reason in daemon.said for reason in reasons), daemon.said


def test_full_and_then_there_is_room(node, redis, trial, tmp_path):
    with SmallDisk(tmp_path / "disk", "6m") as disk:
        daemon = node({**journal_on(disk), "journal.max_size": "64MiB", "redis.timeout": "1s"})

        def strike():
            redis.pause()
            ready = until(lambda: (reply := daemon.get("/readyz")).status == 503 and reply, 30, "it is full")
            assert ready.json["status"] == "journal_full"
            refused = daemon.post([event(text="x" * 10000)] * 100)
            assert refused.status == 503
            assert error_of(refused)["code"] == "no_room"
            assert int(refused.headers["Retry-After"]) > 0
            redis.resume()
            until(lambda: daemon.get("/readyz").status == 200, 30, "there is room again")

        trial(daemon, "the disk: full, and then there is room", strike, times=(1, 10), pad=2000)


def test_read_only(node, trial, tmp_path):
    with FailingDisk(tmp_path / "disk", "32m") as disk:
        daemon = node(journal_on(disk))

        def strike():
            disk.fail()
            leaves(daemon, "Read-only file system", "Input/output error")
            disk.mend()
            daemon.start()

        trial(daemon, "the disk: read-only", strike, times=(1, 10), pad=2000)


BROKEN = {"EIO": "Input/output error", "ENOSPC": "No space left on device"}

FAILURES = [
    *((point, "EIO") for point in failing_points("journal") if point != "journal.read"),
    ("journal.write", "ENOSPC"),
]

ANNOYANCES = [
    ("journal.read", "short"),
    ("journal.write", "short"),
    ("journal.allocate", "ENOSPC"),
    ("journal.make_segment", "EMFILE"),
]
"""Nothing is wrong with a disk that has no room for one more file, nor with a read or a write that takes two calls."""

PASSES = (1, 3, 10)


@pytest.mark.points
@pytest.mark.together("faults", [FAILURES])
def test_a_call_fails(node, trial, faults):
    daemon = node(SMALL)
    times, turns = in_turn(faults, PASSES if trial.in_full else PASSES[:1])

    def strike():
        (point, error), nth = next(turns)
        if not meets(daemon, point, error, nth):
            return False
        leaves(daemon, BROKEN[error])
        arm(daemon, "")
        daemon.start()
        return True

    load = trial(daemon, f"the disk: {name_of(faults)} fails", strike, times=times, pad=2000)
    if ("journal.sync", "EIO") in faults:
        assert load.turned_away["io_error"] > 0, "those who waited were told"


@pytest.mark.points
@pytest.mark.together("faults", [ANNOYANCES])
def test_a_call_does_less_than_it_was_asked(node, trial, faults):
    daemon = node(SMALL)
    times, turns = in_turn(faults, PASSES if trial.in_full else PASSES[:1])

    def strike():
        (point, error), nth = next(turns)
        return meets(daemon, point, error, nth)

    trial(daemon, f"the disk: {name_of(faults)} does less", strike, times=times, pad=2000)

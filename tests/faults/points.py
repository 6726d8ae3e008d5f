"""The fault points of the daemon (common/fault.h), as they stand in its sources."""

import re
from contextlib import suppress
from itertools import groupby

from touchpoint import until
from touchpoint.daemon import ROOT, program

_POINT = re.compile(r'(\(void\))?TP_FAULT\("([\w.]+)"\)')


OF_SPLITS = {"pipeline.before_split", "pipeline.after_split"} | {
    f"customer.after_{step}" for step in ("leave", "give_up", "free")
}
"""Which no load comes by: an operator does."""
OF_TAKING = {"customer.after_give_up", "customer.after_free", "identity.before_move", "identity.after_move"}
"""Likewise, where an identifier is taken back; the first two are those of splits."""

OF_DEMOTIONS = {"pipeline.after_defer"}
"""Nor by this: an event that names a demoted value does."""


def _scan():
    sources = sorted((ROOT / "daemon").rglob("*.c"))
    found = [match for source in sources for match in _POINT.finditer(source.read_text())]
    names = [match[2] for match in found]
    assert len(names) == len(set(names)), f"a point's name stands twice in {sorted(names)}"
    return {match[2]: match[1] is None for match in found}


def all_points():
    return sorted(_scan().keys() - OF_SPLITS - OF_TAKING - OF_DEMOTIONS)


def by_folder():
    return [list(points) for _, points in groupby(all_points(), folder_of)]


def folder_of(point):
    return point.partition(".")[0]


def name_of(group):
    """Of one point, alone or with what happens at it; of several in one folder: journal.*"""
    first = group[0] if isinstance(group[0], str) else " ".join(group[0])
    return first if len(group) == 1 else f"{folder_of(first)}.*"


def failing_points(folder):
    """Those at which a call can be made to fail; at the others it can only be killed or stopped."""
    return sorted(name for name, can_fail in _scan().items() if can_fail and folder_of(name) == folder)


def in_turn(whats, passes):
    """Each at each of its passes: how many that are, and (what, pass) one after the other."""
    turns = [(what, nth) for nth in passes for what in whats]
    return [len(turns)] * 2, iter(turns)


def compiled_in():
    return b"TOUCHPOINTD_FAULT" in program().read_bytes()


def arm(daemon, fault):
    """For its next life: arm(daemon, "journal.sync=EIO:3"); "" for none."""
    daemon.process.environment["TOUCHPOINTD_FAULT"] = fault


def meets(daemon, point, action, nth):
    """Begins a new life of it, and waits until it has met this at its n-th pass. Some points are passed only once in a
    life, as it begins: then the answer is False, unless it was to be met at the first."""
    daemon.kill9()
    arm(daemon, f"{point}={action}:{nth}")
    daemon.launch()
    try:
        return until(lambda: "TOUCHPOINTD_FAULT: " in daemon.said, 30 if nth == 1 else 5, f"{point} is reached")
    except AssertionError:
        if nth == 1:
            raise
        return False


def dies(daemon, point, post, starts=True):
    """On its journal again, it meets the point when it is asked."""
    daemon.stop()
    arm(daemon, f"{point}=kill")
    daemon.start()
    with suppress(ConnectionError):  # it may die before it has answered
        post()
    until(lambda: not daemon.process.running, 30, f"it is killed at {point}")
    daemon.kill9()
    arm(daemon, "")
    if starts:
        daemon.start()

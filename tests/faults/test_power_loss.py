"""The journal after a loss of power. tests/unit/journal/test_power_loss.c makes the disks that it may find."""

import os
import re
import subprocess

from touchpoint import oracle
from touchpoint.daemon import program

LIVES = "20"
"""In full."""

FAULTS = ("once", "after a kill", "twice in a row")

_COUNTS = re.compile(r"images (\d+), lost (\d+), doubled (\d+), otherwise wrong (\d+)")


def test_nothing_told_is_lost(request, record_property):
    full = request.config.getoption("full", False)
    ran = subprocess.run(
        [program().parent / "unit" / "test_power_loss"],
        env=os.environ | ({"TOUCHPOINTD_POWER_LIVES": LIVES} if full else {}),
        capture_output=True,
        text=True,
        check=False,
    )
    for fault, counts in zip(FAULTS, _COUNTS.findall(ran.stdout), strict=False):
        images, lost, doubled, wrong = map(int, counts)
        found = {oracle.LOST: lost, oracle.DOUBLED: doubled, oracle.DISORDER: 0, oracle.WRONG: wrong}
        record_property("trial", {"fault": f"power loss: {fault}", "transactions": "-", "times": images, **found})
    assert ran.returncode == 0, ran.stdout

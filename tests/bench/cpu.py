"""Processor time, from /proc: all threads of a process, and its children that have ended."""

import os
from pathlib import Path

TICK = 1 / os.sysconf("SC_CLK_TCK")


def _seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return TICK * sum(map(int, fields[11:15]))  # utime, stime, cutime, cstime


class Cpu:
    """What each of some processes uses from now on: Cpu({"redis": [pid], ...})."""

    def __init__(self, processes):
        self._processes = processes
        self._before = self._now()

    def _now(self):
        return {name: sum(map(_seconds, pids)) for name, pids in self._processes.items()}

    def us_an_event(self, events):
        now = self._now()
        return {name: 1e6 * (now[name] - before) / events for name, before in self._before.items()}

"""What became of the trials: a line when one ends, and at the end one table, also as JSON in build/faults/."""

import json
import time

from touchpoint.daemon import ROOT

from .trial import KINDS

FILE = ROOT / "build" / "faults" / "results.json"

HEAD = ("fault", "transactions", "times", *KINDS, "recovered in")


class Results:
    """A plugin of the process that shows the results; the tests may run in others."""

    def __init__(self):
        self._rows = {}
        self._began = time.monotonic()
        self._terminal = None

    def pytest_sessionstart(self, session):
        self._terminal = session.config.pluginmanager.getplugin("terminalreporter")

    def pytest_report_teststatus(self, report):
        """A trial has its line; it needs no dot."""
        if report.passed and any(name == "trial" for name, _ in report.user_properties):
            return "passed" if report.when == "call" else "", "", ""
        return None

    def pytest_runtest_logreport(self, report):
        trials = [value for name, value in report.user_properties if name == "trial"]
        if report.failed:
            trials = trials or [{"fault": report.nodeid}]
            self._rows[report.nodeid] = [{**trial, "failed": True} for trial in trials]
        elif report.when == "call" and trials:
            self._rows[report.nodeid] = trials
        if report.when == "teardown":
            for row in self._rows.get(report.nodeid, []):
                self._terminal.write_line(f"{time.monotonic() - self._began:5.0f} s  {sentence(row)}")

    def pytest_terminal_summary(self, terminalreporter):
        rows = [row for rows in self._rows.values() for row in rows]
        if rows:
            FILE.parent.mkdir(parents=True, exist_ok=True)
            FILE.write_text(json.dumps(rows, indent=2) + "\n")
            terminalreporter.write_line("\n" + table(rows) + f"\n{FILE.relative_to(ROOT)}\n")


def cells(row):
    """As they are printed; what a trial that failed did not come to say is a dash."""
    recovered = f"{row['recovered_s']:.1f} s" if "recovered_s" in row else "-"
    values = [str(row.get(name, "-")) for name in HEAD[:-1]]
    return [*values, "FAILED" if row.get("failed") else recovered]


def sentence(row):
    fault, transactions, times, *counts, recovered = cells(row)
    found = ", ".join(f"{count} {kind}" for count, kind in zip(counts, KINDS, strict=True))
    return f"{fault} (transactions {transactions}): {times} times, {found}, {recovered}"


def table(rows):
    lines = [HEAD, *map(cells, sorted(rows, key=lambda row: row["fault"]))]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(
            [line[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(line[1:], widths[1:], strict=True))]
        )
        for line in lines
    )

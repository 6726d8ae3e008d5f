#!/usr/bin/python3
"""./dev fuzz: runs the targets, each over what is kept in corpus/ and on into the unknown, and ends with one table.

What is found is saved under findings/ in the tree of the build, as the input and what was said of it. Inputs that
reached new code are kept there too, and are where the next run begins.
"""

import argparse
import os
import re
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).parent
TARGETS = sorted(folder.name for folder in (HERE / "corpus").iterdir())
PATIENCE = 25
"""Seconds for one input, which takes less than a hundredth of one: it would be an endless loop."""

_STATUS = re.compile(r"#(\d+)\s+\w+\s+(?:cov: (\d+) ft: \d+ )?(?:corp: \S+ )?.*exec/s: (\d+)")
_STATISTIC = re.compile(r"stat::(\w+):\s+(\d+)")
_KEPT = re.compile(r"#\d+\s+INITED ")


@dataclass
class Outcome:
    target: str
    seconds: float = 0
    runs: int = 0
    new: int = 0
    coverage: int = 0
    corpus_passed: bool = False
    findings: list = field(default_factory=list)
    log: list = field(default_factory=list)
    status: int = 0

    @property
    def failed(self):
        return self.status != 0 or bool(self.findings)

    def row(self):
        rate = self.runs / self.seconds if self.seconds else 0
        return (
            self.target,
            f"{self.runs:,}",
            f"{rate:,.0f}",
            f"{self.new:,}",
            f"{self.coverage:,}",
            str(len(self.findings) or int(self.failed)),
        )


def note(outcome, line):
    """What one line of libFuzzer's says."""
    outcome.corpus_passed |= bool(_KEPT.match(line))
    if status := _STATUS.match(line):
        outcome.runs = int(status[1])
        outcome.coverage = int(status[2] or outcome.coverage)
    elif statistic := _STATISTIC.match(line):
        if statistic[1] == "number_of_executed_units":
            outcome.runs = int(statistic[2])
        elif statistic[1] == "new_units_added":
            outcome.new = int(statistic[2])
    else:
        outcome.log.append(line)


def command(build, target, seconds, grown):
    dictionary = HERE / f"{target}.dict"
    return [
        build / "fuzz" / target,
        f"-max_total_time={seconds}",
        f"-timeout={PATIENCE}",
        f"-artifact_prefix={build}/findings/{target}-",
        "-print_final_stats=1",
        "-close_fd_mask=3",  # what the code under test prints and logs
        *([f"-dict={dictionary}"] if dictionary.exists() else []),
        grown,
        HERE / "corpus" / target,
    ]


def saved(build, target):
    return {path for path in (build / "findings").glob(f"{target}-*") if path.suffix != ".txt"}


def run(build, target, seconds, grown, scratch, show):
    """Runs a target to its end; `show` gets its outcome as it grows. What it leaves behind is in `scratch`."""
    outcome = Outcome(target)
    before, began = saved(build, target), time.monotonic()
    environment = os.environ | {
        "ASAN_OPTIONS": "quarantine_size_mb=16:detect_stack_use_after_return=1",
        "TMPDIR": str(scratch),
    }
    with subprocess.Popen(
        command(build, target, seconds, grown),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        env=environment,
        text=True,
        errors="replace",
    ) as child:
        for line in child.stderr:
            note(outcome, line)
            outcome.seconds = time.monotonic() - began
            show(outcome)
    outcome.seconds = time.monotonic() - began
    outcome.status = child.returncode
    outcome.findings = sorted(saved(build, target) - before)
    show(outcome, ended=True)
    for finding in outcome.findings:
        finding.with_suffix(".txt").write_text("".join(outcome.log))
    return outcome


def progress(outcome, ended=False):
    """On a terminal, one line that changes; elsewhere a line for each target."""
    text = f"{outcome.target}: {outcome.seconds:.0f} s, {outcome.runs:,} runs, coverage {outcome.coverage:,}"
    if sys.stderr.isatty():
        print(f"\r\033[K{text}", end="", file=sys.stderr, flush=True)
    elif ended:
        print(text, file=sys.stderr, flush=True)


def table(rows):
    heads = ("target", "runs", "a second", "new inputs", "coverage", "findings")
    widths = [max(map(len, column)) for column in zip(heads, *rows, strict=True)]
    for row in (heads, *rows):
        cells = (text.ljust(widths[0]) if i == 0 else text.rjust(widths[i]) for i, text in enumerate(row))
        print("  ".join(cells))


def tell(outcome):
    """What was found, and how to see it again."""
    print(f"\n{outcome.target}: FOUND")
    print("".join(line for line in outcome.log if not line.startswith("INFO:"))[-4000:])
    for finding in outcome.findings:
        print(f"  again: {finding.parent.parent}/fuzz/{outcome.target} {finding}")


def write_junit(path, outcomes):
    """Two cases a target: that what is kept passed, and that nothing was found beyond it."""
    suite = ElementTree.Element("testsuite", name="fuzz")
    for outcome in outcomes:
        beyond = not outcome.failed
        for name, passed in (("corpus", outcome.corpus_passed), ("beyond", beyond)):
            case = ElementTree.SubElement(suite, "testcase", classname=f"fuzz/{outcome.target}", name=name)
            if not passed:
                ElementTree.SubElement(case, "failure", message=f"see {outcome.findings or 'the log'}")
    ElementTree.ElementTree(suite).write(path)


def main():
    parser = argparse.ArgumentParser(prog="./dev fuzz", usage="./dev fuzz [TARGET...] [--seconds N]")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(TARGETS)}; all of them by default")
    parser.add_argument("--seconds", type=int, default=60, help="for each target (60)")
    parser.add_argument("--jobs", type=int, default=1, help="targets at a time (1)")
    parser.add_argument("--forget", action="store_true", help="begin with what the repository has, and keep nothing")
    parser.add_argument("--build", type=Path, default=Path("build-fuzz"), help=argparse.SUPPRESS)
    parser.add_argument("--junit", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if unknown := set(options.targets) - set(TARGETS):
        parser.error(f"no such target: {', '.join(sorted(unknown))} (there are {', '.join(TARGETS)})")
    if options.seconds < 1:
        parser.error("at least one second")

    (options.build / "findings").mkdir(parents=True, exist_ok=True)
    memory = "/dev/shm" if os.access("/dev/shm", os.W_OK) else None
    with tempfile.TemporaryDirectory(prefix="touchpoint-", dir=memory) as scratch:
        grown = Path(scratch) if options.forget else options.build / "corpus"

        def one(target):
            (grown / target).mkdir(parents=True, exist_ok=True)
            return run(options.build, target, options.seconds, grown / target, scratch, progress)

        with ThreadPoolExecutor(options.jobs) as pool:
            outcomes = list(pool.map(one, options.targets or TARGETS))
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    if options.junit:
        write_junit(options.junit, outcomes)
    for outcome in outcomes:
        if outcome.failed:
            tell(outcome)
    table([outcome.row() for outcome in outcomes])
    return int(any(outcome.failed for outcome in outcomes))


if __name__ == "__main__":
    sys.exit(main())

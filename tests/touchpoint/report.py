"""Sums up JUnit reports: one line for each, one for each test that failed, and last `N passed, N failed`. What was
skipped counts as neither; why it was is said.

A report of ctest has one case for each cmocka program; the program's own tests are counted from what it printed. A
report that is missing, unreadable or empty counts as one failure: something that should have run did not.
"""

import re
import sys
import xml.etree.ElementTree as ElementTree
from collections import Counter
from pathlib import Path


def cmocka_tests(output):
    """The names of the tests that passed and failed, from what cmocka prints."""
    passed = set(re.findall(r"^\[ +OK +\] (\w+)", output, re.M))
    failed = set(re.findall(r"^\[ +FAILED +\] (\w+)(?: \(.*\))?$", output, re.M))
    return passed - failed, failed


def count_case(case):
    """How many passed, and the names of those that failed."""
    name = "::".join(filter(None, [case.get("classname"), case.get("name")]))
    broken = case.find("failure") is not None or case.find("error") is not None
    program = case.get("name").startswith("unit/")
    passed, failed = cmocka_tests(case.findtext("system-out") or "") if program else (set(), set())
    if broken:
        return len(passed), [f"{case.get('name')}: {test}" for test in sorted(failed)] or [name]
    return len(passed) or 1, []


def count(path):
    try:
        cases = list(ElementTree.parse(path).iter("testcase"))
    except (OSError, ElementTree.ParseError):
        return 0, [f"did not run; see {path.parent}"], {}
    if not cases:
        return 0, ["ran no test"], {}
    reasons = Counter(case.find("skipped").get("message") for case in cases if case.find("skipped") is not None)
    counts = [count_case(case) for case in cases if case.find("skipped") is None]
    return sum(passed for passed, _ in counts), [name for _, failed in counts for name in failed], reasons


def main(paths):
    total_passed, total_failed = 0, 0
    for path in map(Path, paths):
        passed, failed, reasons = count(path)
        print(f"{path.stem + ':':24}{passed:5} passed {len(failed):5} failed")
        for name in failed:
            print(f"    FAILED {name}")
        for reason, times in reasons.items():
            print(f"    NOT RUN here, {times} of them: {reason}")
        total_passed += passed
        total_failed += len(failed)
    print(f"{total_passed} passed, {total_failed} failed")
    return 1 if total_failed or not total_passed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

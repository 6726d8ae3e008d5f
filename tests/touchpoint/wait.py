"""Waiting for something to become true, instead of sleeping and hoping."""

import time


def until(condition, timeout=20.0, what="", pause=0.02):
    """Calls `condition` until its answer is true, and answers that. Fails after `timeout` seconds, saying `what`."""
    deadline = time.monotonic() + timeout
    while not (answer := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout} s: {what or condition}; last answer {answer!r}")
        time.sleep(pause)
    return answer

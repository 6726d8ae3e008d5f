"""A mapping that runs on, or makes too much, is stopped and counted, and what it was given is on the rejected topic;
others are answered meanwhile and afterwards."""

import os
import signal
import threading
from pathlib import Path

import pytest

from touchpoint.wait import until

MAPPING = """
if .body.loop then def f: f; f
elif .body.grow then [range(1e9)]
elif .body.many then range(100000) | {channel: "web", type: "t"}
else {id: .body.id, channel: "web", type: "t", customer: {email: "ann@example.com"}} end
"""


@pytest.fixture
def daemon(front, own_kind):
    settings, config = own_kind(MAPPING)
    return front({**settings, "sources.mapping_timeout": "200ms"}, config=config)


@pytest.mark.parametrize(("body", "reason"), [({"loop": 1}, "time"), ({"many": 1}, "size")])
def test_it_is_stopped_and_counted(daemon, body, reason):
    assert daemon.post(body, "/v1/sources/own").json == {"accepted": 0, "rejected": 1}
    metrics = daemon.metrics()
    assert metrics[f'touchpoint_mappings_stopped_total{{reason="{reason}"}}'] == 1
    assert metrics['touchpoint_source_requests_total{source="own",result="unreadable"}'] == 1
    assert daemon.post({"id": "1"}, "/v1/sources/own").json == {"accepted": 1, "rejected": 0}


def test_one_that_grows_ends_by_its_time_or_its_memory(daemon):
    assert daemon.post({"grow": 1}, "/v1/sources/own").json == {"accepted": 0, "rejected": 1}
    assert daemon.log("mapping_stopped")
    assert daemon.post({"id": "1"}, "/v1/sources/own").json == {"accepted": 1, "rejected": 0}


@pytest.mark.tsan
def test_others_are_answered(daemon):
    """Those behind it wait for it, and are not lost with its process."""
    answers = {}

    def ask(number):
        body = {"loop": 1} if number % 4 == 0 else {"id": str(number)}
        answers[number] = daemon.post(body, "/v1/sources/own").json["accepted"]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {number: int(number % 4 != 0) for number in range(16)}


def test_a_process_that_is_killed_is_another_one(daemon):
    """Whoever killed it: what it was at is tried once more."""
    assert daemon.post({"id": "1"}, "/v1/sources/own").json["accepted"] == 1
    before = daemon.process.children()
    assert before
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    until(lambda: not set(before) & set(daemon.process.children()), 10, "they are gone")
    assert daemon.post({"id": "2"}, "/v1/sources/own").json["accepted"] == 1


@pytest.mark.parametrize("end", ["stop", "kill9"])
def test_no_process_is_left_behind(daemon, end):
    daemon.post({"id": "1"}, "/v1/sources/own")
    children = daemon.process.children()
    assert children
    getattr(daemon, end)()
    until(lambda: not any(Path(f"/proc/{pid}").exists() for pid in children), 10, "they are gone")

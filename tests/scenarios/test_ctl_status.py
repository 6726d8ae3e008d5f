"""touchpointctl status: how touchpointd is doing, for people, for programs, and by its exit status."""

import json
import re

from touchpoint import until
from touchpoint.ctl import Terminal, ctl
from touchpoint.daemon import ROOT
from touchpoint.front import event, events

STAGES = ["http", "journal", "identity", "timeline", "kafka"]


def ready(daemon):
    """With Redis and Kafka."""
    until(lambda: "away" not in daemon.get("/readyz").json.values(), 30, "Redis and Kafka are up")
    return daemon


def deliver(daemon):
    """Three interactions and a refused one, and waits until nothing is under way any more."""
    assert daemon.post([*events(3), {}], wait=20).json["accepted"] == 3
    until(lambda: daemon.metrics()["touchpoint_journal_pending_records"] == 0, 20, "all is delivered")


def rows(text):
    """The table of the stages: its name -> its line."""
    return {line.split()[0]: line for line in text.splitlines() if line.split() and line.split()[0] in STAGES}


def status(daemon):
    ran = ctl(daemon, "status", "--json")
    assert ran.stderr == ""
    return ran.returncode, json.loads(ran.stdout)


def test_a_daemon_that_is_well(touchpointd):
    daemon = ready(touchpointd())
    deliver(daemon)
    ran = ctl(daemon, "status")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith(f"touchpointd at http://{daemon.address} is well\n")
    table = rows(ran.stdout)
    assert list(table) == STAGES
    assert re.match(r"http +ready +3 +\d.* rejected 1,", table["http"])
    assert re.match(r"journal +has room +4 +0 +0 ", table["journal"])
    assert re.match(r"identity +Redis up +3 +0 +new customers 1", table["identity"])
    assert re.match(r"kafka +Kafka up +3 +0 +0 +rejected 1", table["kafka"])


def test_for_programs(touchpointd):
    daemon = ready(touchpointd())
    deliver(daemon)
    code, said = status(daemon)
    assert code == 0
    assert (said["healthy"], said["status"], said["redis"], said["kafka"]) == (True, "ready", "up", "up")
    assert (said["waits"], said["oldest_s"], said["rejected"]) == (0, 0, 1)
    assert [stage["stage"] for stage in said["stages"]] == STAGES
    assert [stage["done"] for stage in said["stages"]] == [3, 4, 3, 3, 3]


def test_redis_and_kafka_away(front):
    """It takes interactions all the same; but it is not well, and says what waits."""
    daemon = front()
    assert daemon.post(event()).status == 202
    until(lambda: status(daemon)[1]["oldest_s"] >= 1, 20, "the record waits")
    ran = ctl(daemon, "status")
    assert (ran.returncode, ran.stderr) == (1, "")
    assert "takes interactions, which wait until Redis and Kafka are back" in ran.stdout
    table = rows(ran.stdout)
    assert re.match(r"journal +has room +1 +0 +1 +oldest waits \d+ s, ", table["journal"])
    assert "Redis away" in table["timeline"]
    assert "Kafka away" in table["kafka"]
    code, said = status(daemon)
    assert code == 1
    assert (said["healthy"], said["status"], said["redis"], said["kafka"]) == (False, "ready", "away", "away")
    assert said["waits"] == 1


def test_a_full_journal(front):
    daemon = front({"journal.max_size": "4MiB", "http.max_body": "1MiB", "http.max_unpacked": "1MiB"})
    large = [event(text="x" * 60000) for _ in range(15)]
    until(lambda: daemon.post(large).status == 503, 20, "the journal is full")
    ran = ctl(daemon, "status")
    assert ran.returncode == 1
    assert "refuses interactions: its journal is full" in ran.stdout
    assert re.match(r"http +refuses ", rows(ran.stdout)["http"])
    assert re.match(r"journal +full ", rows(ran.stdout)["journal"])
    assert status(daemon)[1]["status"] == "journal_full"


def test_unreachable_for_programs():
    ran = ctl(None, "status", "--json", "--url", "http://127.0.0.1:1")
    said = json.loads(ran.stdout)
    assert ran.returncode == 1
    assert (said["healthy"], said["status"]) == (False, "unreachable")
    assert "cannot be reached" in said["message"]


def test_latency_is_shown_where_the_daemon_tells_it(touchpointd):
    """It has a row for each histogram that /metrics has, and no table when there is none."""
    daemon = ready(touchpointd())
    assert daemon.post(events(3), wait=20).json["accepted"] == 3
    names = {"touchpoint_accept_seconds": "to 202", "touchpoint_timeline_seconds": "to the timeline"}
    names["touchpoint_delivery_seconds"] = "to Kafka"
    told = {row for name, row in names.items() if f"{name}_count" in daemon.metrics()}
    text = ctl(daemon, "status").stdout
    shown = {row for row in names.values() if re.search(rf"^{row}\b.* \d[\d.]* m?s +\d[\d.]* m?s$", text, re.M)}
    assert shown == told
    assert ("LATENCY" in text) == bool(told)


def test_watching_in_a_terminal(touchpointd, redis):
    """It draws over what it drew, notices Redis away and since when, and after Ctrl-C leaves the last look behind."""
    daemon = ready(touchpointd())
    with Terminal(daemon, "status", "--watch", "1") as terminal:
        terminal.shows("is well")
        assert daemon.post(events(4), wait=20).json["accepted"] == 4
        terminal.shows("new customers 1")
        redis.stop()
        terminal.shows("Redis away since ")
        assert terminal.interrupt() == 1
        assert terminal.text.count("\033[H") >= 2
        before, after = terminal.text.split("\033[?1049l")
        assert before.startswith("\033[?1049h")
        assert "Redis away since " in after
    redis.start()


def test_watching_for_programs(front):
    """A line a look, with rates from the second on."""
    with Terminal(front(), "status", "--watch=1", "--json") as terminal:
        terminal.shows('"per_second"')
        assert terminal.interrupt() == 1
    first, second = [json.loads(line) for line in terminal.text.splitlines()][:2]
    assert "per_second" not in first["stages"][0]
    assert second["stages"][0]["per_second"] == 0


def test_watching_outlives_the_daemon(front):
    daemon = front()
    with Terminal(daemon, "status", "--watch=1") as terminal:
        terminal.shows("takes interactions")
        assert daemon.stop() == 0
        terminal.shows("cannot be reached")
        assert terminal.interrupt() == 1


def test_what_it_reads_is_what_the_daemon_counts(front):
    """Each series that the program names is there, but for the histograms, which come with their first event."""
    known = set(front().metrics())
    sources = "".join((ROOT / "ctl" / name).read_text() for name in ("look.c", "draw.c"))
    named = {name.replace('\\"', '"') for name in re.findall(r'"(touchpoint_(?:[^"\\]|\\.)+)"', sources)}
    counted = {name for name in named if not re.search("accept_seconds|timeline_seconds|delivery_seconds", name)}
    assert len(counted) > 15
    assert counted <= known

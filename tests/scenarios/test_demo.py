"""./dev demo: one customer's story, through four channels, into a timeline and into Kafka."""

import re
import shutil
import subprocess

import pytest

from touchpoint.ctl import environment, program
from touchpoint.daemon import ROOT

DEMO = "config/examples/demo"
COUNT = 25


def run(root, *arguments, **more):
    return subprocess.run(
        [root / DEMO, *arguments],
        capture_output=True,
        text=True,
        timeout=120,
        env=environment(TP_BUILD_DIR=str(program().parent), **more),
        check=False,
    )


def play(root, *arguments, **more):
    """What it prints under each of its titles."""
    ran = run(root, *arguments, **more)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    return re.split(r"^== .*$", ran.stdout, flags=re.M)[1:]


@pytest.fixture
def clone(tmp_path):
    """Makes a folder with the examples in it, where ./dev run wrote down these addresses."""

    def make(http, kafka):
        shutil.copytree(ROOT / "config/examples", tmp_path / "clone/config/examples")
        (tmp_path / "clone/state").mkdir()
        (tmp_path / "clone/state/http").write_text(f"{http}\n")
        (tmp_path / "clone/state/kafka").write_text(f"{kafka}\n")
        return tmp_path / "clone"

    return make


def timeline(part):
    table, below = part.strip().split("\n\n")
    assert below.startswith(f"{COUNT} interactions of customer ")
    return table.splitlines()[1:]


def test_help():
    for command in ([ROOT / DEMO, "--help"], [ROOT / "dev", "demo", "--help"]):
        ran = subprocess.run(command, capture_output=True, text=True, timeout=20, check=False)
        assert (ran.returncode, ran.stderr) == (0, "")
        assert "\n  ./dev demo\n" in ran.stdout


def check_records(part, customer, types):
    """One line a record, all of this customer, in sequence order."""
    lines = part.strip().splitlines()
    assert lines[0].split() == ["KEY", "SEQUENCE", "CE_TIME", "CE_SOURCE", "CE_ID", "CE_TYPE"]
    fields = [line.split() for line in lines[1:-2]]
    assert [int(field[1]) for field in fields] == list(range(1, COUNT + 1))
    assert {field[0] for field in fields} == {customer}
    assert [field[5] for field in fields] == types
    assert lines[-1] == f"{COUNT} records"


def test_with_a_touchpointd_of_its_own(clone, tmp_path):
    """Where nothing runs any more. The table tells the story in order, through four channels; Kafka has the same; and
    nothing is left behind."""
    (tmp_path / "temporary").mkdir()
    _, told, records, _ = play(clone("127.0.0.1:1", "127.0.0.1:1"), TMPDIR=str(tmp_path / "temporary"))
    assert list((tmp_path / "temporary").iterdir()) == []
    rows = timeline(told)
    assert len(rows) == COUNT
    assert "espresso-machines referrer=search" in rows[0]
    assert "nps 9 of 10" in rows[-2]
    channels = [re.search(r"web|email|call_centre|social", row[30:])[0] for row in rows]
    assert set(channels) == {"web", "email", "call_centre", "social"}
    switched = [row for row in rows if "↪" in row]
    assert len(switched) == sum(one != other for one, other in zip(channels, channels[1:], strict=False))

    types = [re.search(r" (\w+\.\w+)( |$)", row[30:])[1] for row in rows]
    check_records(records, told.split()[-1], types)


def test_into_what_dev_run_has_started(clone, touchpointd, kafka):
    daemon = touchpointd({"kafka.topic_interactions": "touchpoint.interactions"})
    _, told, records, further = play(clone(daemon.address, kafka.brokers))
    customer = daemon.find(x="nora_brews")
    events = daemon.timeline(customer, order="asc")
    assert told.split()[-1] == customer
    check_records(records, customer, [event["type"] for event in events])
    assert f"customer email=nora.whitfield@example.com --url http://{daemon.address}\n" in further


def test_a_second_time(touchpointd):
    """Played twice, it has happened once."""
    daemon = touchpointd()
    url = f"http://{daemon.address}"
    _, first, records, _ = play(ROOT, "--url", url)
    assert len(timeline(first)) == COUNT
    assert "Not shown" in records
    _, second, _, _ = play(ROOT, "--url", url)
    assert second == first
    assert daemon.metrics()['touchpoint_timeline_total{result="duplicate"}'] == COUNT
    assert len(daemon.timeline(daemon.find(x="nora_brews"))) == COUNT


def test_what_does_not_answer_is_said():
    ran = run(ROOT, "--url", "http://127.0.0.1:1")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "demo: http://127.0.0.1:1: no touchpointd answers there\n"

"""History in: an export of an older system, a table, goes in by a mapping, with its own times. So a timeline need
not begin empty."""

import json

import pytest

from touchpoint.ctl import ctl
from touchpoint.story import ids

MAPPING = """
# Calls of the old telephone system.
.body
| {id: .Call, channel: "call_centre", type: (if .Result == "OK" then "call.completed" else "call.missed" end),
   time: .Began, wait_s: .Wait, duration_s: .Seconds, agent: .Agent, text: .Note,
   customer: {phone: .Caller, email: .Mail}}
| nobody("old:\\(.id)")
"""

CALLS = """Call;Began;Caller;Mail;Result;Wait;Seconds;Agent;Note
c1;2019-07-01 09:30:00;020 7946 0123;;OK;12;90;bo;"asked for ""Größe M"";
came twice"
c2;2019-12-24 18:00:05;020 7946 0123;ann@example.com;NO;30;;;
c3;2020-02-29 08:00:00;withheld;;OK;3;10;bo;
"""

OPTIONS = ["--zone", "Europe/London", "--region", "GB", "--source", "old-pbx"]


@pytest.fixture
def export(tmp_path):
    """The table and the mapping, as files."""
    table, mapping = tmp_path / "calls.csv", tmp_path / "calls.jq"
    table.write_text(CALLS)
    mapping.write_text(MAPPING)
    return table, mapping


def send(daemon, export, *options):
    table, mapping = export
    return ctl(daemon, "send", table, "--map", mapping, *OPTIONS, *options)


def test_calls_of_years_ago_keep_their_times(touchpointd, kafka, topics, export):
    daemon = touchpointd()
    sent = send(daemon, export)
    assert sent.returncode == 0, sent.stderr
    assert "3 events sent: 3 accepted, 0 refused" in sent.stdout
    ann = kafka.records(topics.interactions, 3) and daemon.find(email="ann@example.com")
    second, first = daemon.timeline(ann)
    assert first["time"] == "2019-07-01T08:30:00.000Z"  # in summer
    assert second["time"] == "2019-12-24T18:00:05.000Z"
    assert (first["source"], first["wait_s"], first["duration_s"]) == ("old-pbx", 12, 90)
    assert first["text"] == 'asked for "Größe M";\ncame twice'
    assert (second["type"], second.get("duration_s")) == ("call.missed", None)
    (withheld,) = daemon.timeline(daemon.find(anonymous_id="old:c3"))
    assert withheld["customer"]["identifiers"] == [{"type": "anonymous_id", "value": "old:c3"}]


def test_the_same_table_again_is_the_same_events(touchpointd, kafka, topics, export):
    daemon = touchpointd()
    assert send(daemon, export).returncode == 0
    assert send(daemon, export).returncode == 0
    kafka.records(topics.interactions, 3)
    assert sorted(ids(daemon.timeline(daemon.find(email="ann@example.com")))) == ["c1", "c2"]
    assert sorted(path.name for path in export[0].parent.glob("calls*")) == ["calls.csv", "calls.jq"]


def test_a_row_without_an_id_is_known_by_what_it_says(touchpointd, kafka, topics, export):
    table, mapping = export
    mapping.write_text(MAPPING.replace("id: .Call, ", "").replace("(.id)", "(.time)"))
    daemon = touchpointd()
    assert send(daemon, export).returncode == 0
    assert send(daemon, export).returncode == 0
    kafka.records(topics.interactions, 3)
    assert len(daemon.timeline(daemon.find(email="ann@example.com"))) == 2


def test_rows_that_cannot_be_mapped_are_said_and_the_others_sent(front, export):
    table, _ = export
    table.write_text(CALLS + "c4;yesterday;020 7946 0123;;OK;1;2;bo;\n")
    daemon = front()
    sent = send(daemon, export)
    assert sent.returncode == 1
    assert "row 4: interaction 1: invalid_value: time" in sent.stderr
    assert "3 events sent: 3 accepted" in sent.stdout


def test_what_was_stopped_goes_on(front, export):
    """The events of the table are kept until all are sent."""
    daemon = front()
    daemon.stop()
    sent = send(daemon, export, "--give-up", "1")
    assert sent.returncode == 1
    events = export[0].with_name("calls.csv.events")
    assert [json.loads(line)["id"] for line in events.read_text().splitlines()] == ["c1", "c2", "c3"]
    again = front()
    assert send(again, export).returncode == 0
    assert not events.exists()


def test_latin_1_and_commas(front, export):
    table, mapping = export
    table.write_bytes("Call,Note\nx1,Gr\xfc\xdfe\n".encode("latin-1"))
    mapping.write_text('.body | {id: .Call, channel: "web", type: "t", text: .Note, customer: {anonymous_id: .Call}}')
    (export[0].parent / "keep").mkdir()
    daemon = front()
    daemon.stop()
    send(daemon, export, "--give-up", "1")
    (event,) = map(json.loads, table.with_name("calls.csv.events").read_text().splitlines())
    assert event["text"] == "Grüße"


@pytest.mark.parametrize(
    ("options", "said"), [(["--zone", "Europe/Atlantis"], "--zone"), (["--map", "/nowhere.jq"], "/nowhere.jq")]
)
def test_what_is_wrong_is_said(front, export, options, said):
    sent = send(front(), export, *options)
    assert sent.returncode == 1
    assert said in sent.stderr

"""touchpointctl send: a file of events, one a line, arrives once, whatever happens on the way; and what is refused is
told line by line."""

import base64
import json
import signal
import subprocess
from itertools import islice

import pytest

from touchpoint import oracle, until
from touchpoint.ctl import ctl, environment, program
from touchpoint.front import event
from touchpoint.process import free_port
from touchpoint.story import ids


def write(path, elements):
    """A file with these lines: text and bytes as they are, anything else as JSON."""
    lines = [e if isinstance(e, bytes) else (e if isinstance(e, str) else json.dumps(e)).encode() for e in elements]
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def many(count, customers=5, **members):
    return [event(f"c{n % customers}@example.com", id=f"e-{n}", **members) for n in range(count)]


def on_timelines(daemon, customers=5):
    """The ids on all timelines."""
    return sorted(id for n in range(customers) for id in ids(daemon.timeline(daemon.find(email=f"c{n}@example.com"))))


class Sending:
    """One that runs while the test does something else."""

    def __init__(self, daemon, file, *arguments):
        self.file = file
        self.said = file.with_suffix(".stderr")
        with self.said.open("wb") as stderr:
            self.process = subprocess.Popen(
                [program(), "send", file, *arguments],
                env=environment(daemon),
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
            )

    @property
    def position(self):
        return self.file.with_suffix(f"{self.file.suffix}.sent")

    def is_under_way(self):
        until(self.position.exists, 20, "something was sent", pause=0.001)
        return self

    def kill(self):
        self.process.kill()
        assert self.process.wait(10) == -signal.SIGKILL, "it was done before it could be killed"

    def end(self):
        output, _ = self.process.communicate(timeout=60)
        return self.process.returncode, output, self.said.read_text()


@pytest.fixture
def daemon(touchpointd):
    """One that has the same address in all its lives."""
    return touchpointd({"http.listen": f"127.0.0.1:{free_port()}"})


# --- all of it arrives


def test_all_lines_arrive(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", many(1200))
    ran = ctl(daemon, "send", file)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.startswith("1200 events sent: 1200 accepted, 0 refused; ")
    oracle.settle(daemon)
    assert on_timelines(daemon) == sorted(f"e-{n}" for n in range(1200))
    assert [path.name for path in tmp_path.glob("all*")] == ["all.ndjson"], "no position is left"


def test_what_editors_make_of_a_file_does_no_harm(front, tmp_path):
    """A byte order mark, line ends of Windows, empty lines, and no line end at the last."""
    lines = [json.dumps(one).encode() for one in many(3)]
    (tmp_path / "odd").write_bytes(b"\xef\xbb\xbf" + lines[0] + b"\r\n\r\n  \n" + lines[1] + b"\n\n" + lines[2])
    ran = ctl(front(), "send", tmp_path / "odd")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "3 accepted, 0 refused" in ran.stdout


def test_standard_input(front):
    text = "".join(json.dumps(one) + "\n" for one in many(7))
    ran = ctl(front(), "send", "-", "--json", stdin=text)
    assert ran.returncode == 0
    told = json.loads(ran.stdout)
    assert (told["sent"], told["accepted"], told["refused"], told["lines"]) == (7, 7, 0, 7)


def test_an_event_without_id_happens_once_however_often_the_file_is_sent(daemon, tmp_path):
    lines = [
        '{"channel":"web","type":"t","customer":{"email":"c0@example.com"},"attributes":{"price":19.90}}',
        ' { "channel" : "web", "type":"t", "customer":{"email":"c0@example.com"}, "attributes":{"price":19.90}}',
        '{"channel":"web","type":"t","customer":{"email":"c0@example.com"},"attributes":{"price":19.90}}',
    ]
    file = write(tmp_path / "no-ids", lines)
    for _ in range(2):
        assert ctl(daemon, "send", file).returncode == 0
    oracle.settle(daemon)
    events = daemon.timeline(daemon.find(email="c0@example.com"), order="asc")
    assert len(set(ids(events))) == len(events) == 3, "two alike stand on different lines, and are two"
    assert daemon.get(f"/v1/customers/{daemon.find(email='c0@example.com')}/timeline").body.count(b"19.90") == 3


def test_a_key_is_shown(front, tmp_path):
    (tmp_path / "key").write_text("the-secret-of-the-crm\n")
    (tmp_path / "key").chmod(0o600)
    daemon = front(config=f'key "crm" {{ file = "{tmp_path}/key"  scopes = {{"write"}} }}\n')
    file = write(tmp_path / "all", many(3))
    refused = ctl(daemon, "send", file)
    assert refused.returncode == 1
    assert "touchpointd does not take it: 401 unauthorized" in refused.stderr
    assert ctl(daemon, "send", file, "--key-file", tmp_path / "key").returncode == 0


def test_a_daemon_that_takes_less_at_once_gets_less(front, tmp_path):
    file = write(tmp_path / "all", many(700, text="x" * 200))
    daemon = front({"http.max_body": "20KiB"})
    assert "700 accepted, 0 refused" in ctl(daemon, "send", file).stdout
    daemon = front({"normalize.max_events": "100"})
    assert "700 accepted, 0 refused" in ctl(daemon, "send", file, "--batch", 700).stdout


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(front, tmp_path):
    """It has 32 MB, which is half of the file."""
    file = write(tmp_path / "large", many(20000, text="x" * 3000))
    assert file.stat().st_size > 60_000_000
    command = ["prlimit", f"--data={32 << 20}", program(), "send", file]
    daemon = front({"journal.max_size": "256MiB"})
    assert subprocess.run(command, env=environment(daemon), timeout=120, check=False).returncode == 0


# --- what is refused

LATIN = '{"id":"latin","channel":"web","type":"Größe","customer":{"email":"a@example.com"}}'.encode("latin-1")


def test_what_is_refused_is_told_by_its_line(front, tmp_path):
    bad = ['{"id": "bad", "nonsense"', json.dumps(event(id="worse", agent=7)), LATIN]
    file = write(tmp_path / "some-bad", [event(id="a"), bad[0], "", bad[1], event(id="b"), bad[2]])
    ran = ctl(front(), "send", file, "--refused", tmp_path / "refused")
    assert ran.returncode == 1
    assert "5 events sent: 2 accepted, 3 refused; " in ran.stdout
    rows = [line.split()[:2] for line in ran.stdout.splitlines()[2:5]]
    assert rows == [["2", "invalid_json"], ["4", "wrong_type"], ["6", "invalid_utf8"]]

    refused = [json.loads(line) for line in (tmp_path / "refused").read_text().splitlines()]
    assert [one["line"] for one in refused] == [2, 4, 6]
    assert refused[1]["error"]["code"] == "wrong_type"
    assert refused[1]["error"]["path"] == "agent"
    assert refused[1]["error"]["message"]
    assert [one["text"] for one in refused[:2]] == bad[:2]
    assert base64.b64decode(refused[2]["text_base64"]) == LATIN


def test_of_many_refused_the_first_are_shown_and_all_are_kept(front, tmp_path):
    file = write(tmp_path / "bad", ["nonsense"] * 1000)
    ran = ctl(front(), "send", file, "--refused", tmp_path / "refused")
    assert ran.returncode == 1
    assert "and 980 more; all of them are in" in ran.stdout
    assert [json.loads(line)["line"] for line in (tmp_path / "refused").open()] == list(range(1, 1001))


def test_a_line_too_long_for_any_request_is_refused_and_the_rest_goes_on(front, tmp_path):
    file = write(tmp_path / "long", [event(id="a"), "x" * 5_000_000, event(id="b"), "y" * 300_000, event(id="c")])
    ran = ctl(front(), "send", file, "--refused", tmp_path / "refused")
    assert ran.returncode == 1
    assert "3 accepted, 2 refused" in ran.stdout
    refused = [json.loads(line) for line in (tmp_path / "refused").open()]
    assert [(one["line"], one["error"]["code"]) for one in refused] == [(2, "too_large"), (4, "too_large")]


# --- whatever happens on the way


def test_killed_half_way_it_goes_on_where_it_was(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", many(6000))
    Sending(daemon, file, "--batch", "20").is_under_way().kill()
    sent = json.loads(file.with_suffix(".ndjson.sent").read_text())["lines"]
    assert 0 < sent < 6000
    ran = ctl(daemon, "send", file, "--json")
    assert ran.returncode == 0
    assert f"going on behind line {sent}" in ran.stderr
    told = json.loads(ran.stdout)
    assert (told["sent"], told["accepted"], told["resumed_behind_line"]) == (6000, 6000, sent)
    assert daemon.metrics()['touchpoint_events_total{status="accepted"}'] <= 6020, "one batch may come twice"
    oracle.settle(daemon)
    assert on_timelines(daemon) == sorted(f"e-{n}" for n in range(6000)), "each once"


def test_what_was_refused_before_a_kill_still_counts(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", ["nonsense", *many(6000)])
    sending = Sending(daemon, file, "--batch", "20", "--refused", str(tmp_path / "refused"))
    sending.is_under_way().kill()
    ran = ctl(daemon, "send", file, "--refused", tmp_path / "refused")
    assert ran.returncode == 1
    assert "6001 events sent: 6000 accepted, 1 refused" in ran.stdout
    assert json.loads((tmp_path / "refused").read_text())["line"] == 1


def test_another_file_under_the_name_begins_anew(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", many(6000))
    Sending(daemon, file, "--batch", "20").is_under_way().kill()
    write(file, [event(id=f"new-{n}") for n in range(6000)])
    ran = ctl(daemon, "send", file, "--json")
    assert "is of another file: beginning from the start" in ran.stderr
    assert json.loads(ran.stdout)["sent"] == 6000


def test_from_the_start_if_that_is_asked_for(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", many(6000))
    Sending(daemon, file, "--batch", "20").is_under_way().kill()
    ran = ctl(daemon, "send", file, "--from-start", "--json")
    assert ran.stderr == ""
    assert json.loads(ran.stdout)["resumed_behind_line"] == 0


def test_the_daemon_is_killed_and_comes_back(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", many(6000))
    sending = Sending(daemon, file, "--batch", "20").is_under_way()
    daemon.kill9()
    until(lambda: "are sent again" in sending.said.read_text(), 20, "it says that it waits")
    daemon.start()
    status, output, said = sending.end()
    assert status == 0, said
    assert "6000 accepted, 0 refused" in output
    assert "touchpointd takes events again" in said
    oracle.settle(daemon)
    assert on_timelines(daemon) == sorted(f"e-{n}" for n in range(6000))


def test_no_room_is_waited_out_until_it_gives_up(front, tmp_path):
    """With Redis away nothing leaves the journal."""
    file = write(tmp_path / "all.ndjson", many(4000, text="x" * 1000))
    daemon = front({"journal.max_size": "2MiB"})
    ran = ctl(daemon, "send", file, "--give-up", 1)
    assert ran.returncode == 1
    assert "no room at the moment: 503 no_room" in ran.stderr
    assert json.loads(file.with_suffix(".ndjson.sent").read_text())["lines"] >= 500, "so it can go on later"


def test_a_file_that_is_not_there(front, tmp_path):
    ran = ctl(front(), "send", tmp_path / "nothing")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "No such file" in ran.stderr


def test_position_and_report_are_of_whole_batches(daemon, tmp_path):
    file = write(tmp_path / "all.ndjson", many(6000))
    Sending(daemon, file, "--batch", "20").is_under_way().kill()
    position = json.loads(file.with_suffix(".ndjson.sent").read_text())
    with file.open("rb") as lines:
        assert position["bytes"] == sum(map(len, islice(lines, position["lines"])))
    assert position["lines"] % 20 == 0

"""A journal was copied, and a second daemon works with the copy: Kafka takes one of the two. The first sees that
another has come, says so and leaves; what it could not deliver any more it keeps. Consumers of committed records see
nothing twice."""

import shutil

from touchpoint.front import event, events

ON = {"kafka.transactions": "on"}


def ids(records):
    return [record.value["id"] for record in records]


def copy_of(daemon, make, tmp_path):
    """A second daemon, with a copy of the journal of the first, which has a moment's rest."""
    folder = tmp_path / "copy" / "journal"
    daemon.process.pause()
    shutil.copytree(daemon.settings["journal.dir"], folder)
    daemon.process.resume()
    return make(ON | {"journal.dir": folder})


def test_the_first_leaves_and_keeps_what_it_has(touchpointd, kafka, topics, tmp_path):
    first = touchpointd(ON)
    assert first.post(events(5), wait=20).status == 200
    second = copy_of(first, touchpointd, tmp_path)
    assert second.post(event(id="to-the-second"), wait=20).status == 200
    assert first.post(event(id="to-the-first")).status == 202
    assert first.exit_status() == 1
    assert first.log("fenced")[0]["node"] == second.log("ready")[0]["node"]
    assert "another daemon has taken over this node at Kafka" in first.process.log_text()
    assert second.post(event(id="again-to-the-second"), wait=20).status == 200
    delivered = ids(kafka.records(topics.interactions))
    assert len(delivered) == len(set(delivered)) == 7
    assert "to-the-first" not in delivered


def test_and_does_not_come_back_by_itself(touchpointd, kafka, topics, tmp_path):
    """As a supervisor starts it: it would fence the second, and believe that one's records to be its own."""
    first = touchpointd(ON)
    second = copy_of(first, touchpointd, tmp_path)
    assert second.post(event(id="to-the-second"), wait=20).status == 200
    assert first.post(event(id="to-the-first")).status == 202
    assert first.exit_status() == 1
    first.launch()
    assert first.exit_status() == 1
    assert "has taken over its node at Kafka" in first.process.log_text()
    assert second.post(event(), wait=20).status == 200
    assert second.log("fenced") == []

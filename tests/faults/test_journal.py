"""Mistakes with the journal's directory, under load."""

import shutil

import pytest

from touchpoint.oracle import settle

from .disk import allowed


def journal_of(daemon):
    return daemon.settings["journal.dir"]


def test_two_daemons_on_one(node, touchpointd, trial):
    daemon = node()
    second = touchpointd({"journal.dir": journal_of(daemon)}, start=False)

    def strike():
        assert second.launch().exit_status() == 1
        assert f"{journal_of(daemon)}: in use by another process" in second.process.log_text()
        assert second.log("ready") == []

    trial(daemon, "the journal: a second daemon on it", strike, times=(1, 10))


@pytest.fixture
def another_machine(tmp_path):
    """Makes a daemon run on one: all that it has of its own is its machine-id."""
    file = tmp_path / "machine-id"
    file.write_text("0123456789abcdef0123456789abcdef\n")
    move = ["unshare", "--mount", "sh", "-c", f'mount --bind "{file}" /etc/machine-id && exec "$@"', "sh"]
    allowed(*move, "true")

    def run_there(daemon):
        daemon.process.command = [*move, *daemon.process.command]
        return daemon

    return run_there


def test_copied_to_another_machine(node, touchpointd, trial, tmp_path, another_machine):
    daemon = node()
    copy = tmp_path / "copy"
    second = another_machine(touchpointd({"journal.dir": copy}, start=False))

    def strike():
        shutil.copytree(journal_of(daemon), copy, dirs_exist_ok=True)
        assert second.launch().exit_status() == 2
        assert "this journal, of node" in second.process.log_text()
        assert "was made on another machine" in second.process.log_text()

    trial(daemon, "the journal: copied to another machine", strike, times=(1, 10))


def test_empty_under_an_old_name(node, trial):
    """Its records have the numbers of those that Kafka has from the old one, and are new all the same."""
    daemon = node()
    last = node({"journal.dir": journal_of(daemon)}, start=False)

    def strike():
        old = daemon.log("ready")[0]["node"]
        assert daemon.stop() == 0
        settle(last.start())  # without senders, so that the old one is empty when it goes
        assert last.stop() == 0
        shutil.rmtree(journal_of(daemon))
        assert daemon.start().log("ready")[0]["node"] != old

    trial(daemon, "the journal: an empty one under the old name", strike, times=(1, 10))

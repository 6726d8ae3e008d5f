"""Two daemons on one journal would both deliver it: the second one says so and leaves, and the
first does not notice."""

from touchpoint.front import event, recorded


def test_the_second_is_refused(front):
    first = front()
    folder = first.settings["journal.dir"]
    second = front({"journal.dir": folder}, start=False)
    assert second.launch().exit_status() == 1
    assert f"journal.dir: {folder}: in use by another process" in second.process.log_text()
    assert second.log("ready") == []
    assert first.post(event()).status == 202
    assert recorded(first) == 1


def test_a_killed_one_leaves_no_lock_behind(front):
    first = front()
    first.kill9()
    second = front({"journal.dir": first.settings["journal.dir"]})
    assert second.post(event()).status == 202

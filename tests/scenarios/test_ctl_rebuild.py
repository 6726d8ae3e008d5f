"""touchpointctl rebuild: everything in Redis is made anew from Kafka, on demand."""

import json

import pytest

from touchpoint import oracle
from touchpoint.ctl import Terminal, ctl
from touchpoint.front import error_of
from touchpoint.load import Load
from touchpoint.repair import restored, settings, until_more_pass


def test_what_nobody_could_notice_is_mended(touchpointd, redis, kafka, topics):
    """Keys deleted by hand beneath a home that stayed."""
    daemon = touchpointd(settings())
    with Load(daemon) as load:
        until_more_pass(daemon)
    oracle.settle(daemon)
    client = redis.client
    client.delete(*client.keys("tp:{L*}:t:*"), *client.keys("tp:{I*}:email:*"))
    ran = ctl(daemon, "rebuild", "--yes", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    told = json.loads(ran.stdout)
    assert (told["state"], told["number"], told["lacking"]) == ("done", 1, 0)
    assert told["records"] == told["total"] > 0
    assert told["entries"] >= 300
    assert restored(daemon) == ["all"]
    oracle.check(daemon, kafka, topics, load)


def test_for_people_it_asks_first_and_shows_what_it_did(touchpointd):
    daemon = touchpointd()
    assert daemon.post({"channel": "web", "type": "x", "customer": {"x": "ann"}}, wait=20).status == 200
    with Terminal(daemon, "rebuild") as terminal:
        terminal.shows("Go on? [y/N]")
        terminal.types("y\n")
        terminal.shows("entries of timelines")
        assert terminal.end() == 0
    assert "identifiers" in terminal.plain


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_without_a_yes_nothing_is_done(touchpointd, answer):
    daemon = touchpointd()
    ran = ctl(daemon, "rebuild", stdin=answer)
    assert ran.returncode == 1
    assert "not begun" in ran.stderr
    assert daemon.get("/v1/rebuild").json["state"] == "none"


def test_it_wants_a_key_with_its_own_scope(front, tmp_path):
    sections = []
    for scope in ("read", "admin"):
        (tmp_path / scope).write_text(f"the-key-that-opens-{scope}\n")
        sections.append(f'key "{scope}" {{ file = "{tmp_path / scope}"  scopes = {{"{scope}"}} }}\n')
    daemon = front(config="".join(sections))
    replies = {
        scope: daemon.post({}, "/v1/rebuild", {"Authorization": f"Bearer the-key-that-opens-{scope}"})
        for scope in ("nothing", "read", "admin")
    }
    assert {scope: reply.status for scope, reply in replies.items()} == {"nothing": 401, "read": 403, "admin": 202}
    assert error_of(replies["read"])["code"] == "forbidden"
    assert replies["admin"].json["state"] == "asked"

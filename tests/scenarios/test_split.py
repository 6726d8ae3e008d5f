"""An operator takes a merge back: both are who they were before it, and nothing makes them one again."""

import json

import pytest

from touchpoint import until
from touchpoint.ctl import ctl
from touchpoint.front import error_of, event, recorded
from touchpoint.oracle import settle
from touchpoint.splits import COOKIE, EMAIL, HANDLE, NOBODY, PHONE, Story, at, known, last_told, split, told
from touchpoint.story import UUID, ids, send


@pytest.fixture
def story(touchpointd):
    return Story(touchpointd())


def assert_apart(story):
    daemon = story.daemon
    assert (daemon.find(**PHONE), daemon.find(**EMAIL)) == (story.caller, story.root)
    assert known(daemon, story.caller) == story.before[story.caller]


def test_both_are_who_they_were(story):
    daemon = story.daemon
    reply = split(daemon, story.root, story.caller, reason="two sisters")
    assert reply.status == 200, reply.body
    assert UUID.fullmatch(reply.json["id"])
    assert reply.json["customers"] == [{"id": story.root}, {"id": story.caller}]
    assert_apart(story)
    stays, before = known(daemon, story.root), story.before[story.root]
    assert stays["members"] == [story.reader]
    assert "requested" not in stays
    assert [one["value"] for one in stays["identifiers"]] == ["7f1c", "ann@example.com", "ann"]
    came = [one for one in stays["events"] if one not in before["events"]]
    assert [one["type"] for one in came] == ["mention.posted", "call.completed"], (
        "told under its id while they were one"
    )
    members = daemon.get(f"/v1/customers/{story.root}/identity").json["members"]
    assert ids(members) == [story.reader]


def test_it_is_told_of_both(story, kafka, topics):
    reply = split(story.daemon, story.root, story.caller, reason="two sisters")
    assert reply.status == 200, reply.body
    own, stays = last_told(kafka, topics, story.caller), last_told(kafka, topics, story.root)
    change = {"kind": "split", "source": "operator", "event": reply.json["id"], "reason": "two sisters"}
    assert own.pop("change").items() >= (change | {"from": story.root}).items()
    last = story.before[story.caller]["events"][0]["context"]["sequence"]
    identifiers = story.before[story.caller]["identifiers"]
    assert own == {"schema": 1, "id": story.caller, "sequence": last, "identifiers": identifiers}
    assert stays.pop("change").items() >= (change | {"customers": [story.caller]}).items()
    now = known(story.daemon, story.root)
    last = max(one["context"]["sequence"] for one in now["events"] if one["customer"]["id"] == story.root)
    found = {"schema": 1, "id": story.root, "sequence": last, "identifiers": now["identifiers"]}
    assert stays == found | {"members": [story.reader]}
    assert story.daemon.metrics()["touchpoint_identity_split_total"] == 1
    (line,) = story.daemon.log("split")
    assert (line["customer"], line["member"], line["done"]) == (story.root, story.caller, "now")
    assert "sisters" not in story.daemon.said


def test_the_same_evidence_does_not_make_them_one_again(story):
    daemon = story.daemon
    assert split(daemon, story.root, story.caller).status == 200
    for _ in range(2):
        (again,) = told(daemon, at("call_centre", "call.completed", PHONE | EMAIL))
        assert again["id"] == story.root, "the email is the stronger of the two"
        (conflict,) = again["conflict"]
        assert (conflict["reason"], conflict["customer"]) == ("split", story.caller)
    assert_apart(story)


def test_each_goes_on_by_itself(story):
    daemon = story.daemon
    assert split(daemon, story.root, story.caller).status == 200
    mine, others = send(daemon, at("call_centre", "call.started", PHONE), at("web", "page.viewed", COOKIE))
    assert (mine["customer"]["id"], others["customer"]["id"]) == (story.caller, story.root)
    assert mine["context"]["previous"]["id"] == story.before[story.caller]["events"][0]["id"]


def test_any_id_of_the_customer_will_do(story):
    reply = split(story.daemon, story.reader, story.caller)
    assert (reply.status, reply.json["customers"][0]["id"]) == (200, story.root)
    assert_apart(story)


def test_who_came_along_goes_along(touchpointd):
    """The caller is merged into the reader first, and with that one into the visitor."""
    daemon = touchpointd()
    visitor, reader, caller = (
        one["id"]
        for one in told(daemon, at("web", "v", COOKIE), at("email", "c", EMAIL), at("call_centre", "s", PHONE))
    )
    told(daemon, at("call_centre", "e", PHONE | EMAIL))
    before = known(daemon, reader)
    told(daemon, at("web", "f", COOKIE | EMAIL))
    assert split(daemon, visitor, reader).status == 200
    assert known(daemon, reader) == before
    assert before["members"] == [caller]
    assert daemon.find(**PHONE) == daemon.find(**EMAIL) == reader
    assert daemon.find(**COOKIE) == visitor


def test_who_was_merged_before_anything_was_told_of_it_is_found_again(touchpointd):
    """Both come in one batch: whom the first would make is merged, and the first told of the one that stays."""
    daemon = touchpointd()
    (visitor,) = told(daemon, at("web", "v", COOKIE))
    told(daemon, at("email", "c", EMAIL), at("web", "f", COOKIE | EMAIL))
    (member,) = known(daemon, visitor["id"])["members"]
    assert split(daemon, visitor["id"], member).status == 200
    assert daemon.find(**EMAIL) == member
    assert [one["value"] for one in known(daemon, member)["identifiers"]] == ["ann@example.com"]
    assert told(daemon, at("email", "d", EMAIL))[0]["id"] == member


def test_it_is_done_after_a_kill(story):
    daemon = story.daemon
    reply = split(daemon, story.root, story.caller, wait=0)
    assert (reply.status, reply.json["status"]) == (202, "accepted")
    daemon.kill9()
    daemon.start()
    until(lambda: daemon.find(**PHONE) == story.caller, 20, "it is done")
    settle(daemon)
    assert_apart(story)


def test_what_stands_before_it_is_of_the_customer_that_they_were(story):
    """In the journal's order, whatever is under way."""
    daemon = story.daemon
    many = [at("call_centre", "call.started", PHONE) for _ in range(50)]
    assert daemon.post(many).status == 202
    assert split(daemon, story.root, story.caller).status == 200
    (behind,) = told(daemon, at("call_centre", "call.ended", PHONE))
    assert behind["id"] == story.caller
    owners = {one["id"]: one["customer"]["id"] for one in daemon.timeline(story.root)}
    assert {owners[one["id"]] for one in many} == {story.root}


def test_who_took_in_the_customer_meanwhile_gives_it_up_too(touchpointd, kafka, topics):
    """The customer is the root when the split is asked for, and no more when it is done: a merge stands between."""
    daemon = touchpointd()
    oldest = told(daemon, at("social", "mention.posted", HANDLE))[0]["id"]
    story = Story(daemon, social=COOKIE)
    many = [event(id=f"m-{n}", customer={"customer_id": str(n)}) for n in range(900)]
    assert daemon.post([*many, at("web", "form.submitted", COOKIE | HANDLE)]).status == 202
    assert split(daemon, story.root, story.caller).status == 200
    assert known(daemon, story.caller) == story.before[story.caller]
    assert known(daemon, oldest)["members"] == sorted([story.root, story.reader])
    assert last_told(kafka, topics, oldest)["members"] == sorted([story.root, story.reader])
    assert last_told(kafka, topics, story.root)["redirect"] == oldest
    assert "redirect" not in last_told(kafka, topics, story.caller)


def test_the_journal_shows_it(story):
    id = split(story.daemon, story.root, story.caller, reason="two sisters").json["id"]
    settle(story.daemon)
    story.daemon.stop()
    journal = story.daemon.settings["journal.dir"]
    *_, last = map(
        json.loads, ctl(None, "journal", "inspect", journal, "--records", "--payload", "--json").stdout.splitlines()
    )
    assert (last["type"], last["source"], last["id"]) == ("split", "operator", id)
    assert last["payload"].items() >= {"member": story.caller, "reason": "two sisters"}.items()
    assert json.loads(ctl(None, "journal", "inspect", journal, "--json").stdout)["segments"][0]["splits"] == 1


def test_kafka_may_be_away(touchpointd, kafka):
    """It is safe, and told when that is back; what comes behind it waits for neither."""
    story = Story(touchpointd())
    kafka.kill()
    assert split(story.daemon, story.root, story.caller, wait=1).status == 202
    until(lambda: story.daemon.find(**PHONE) == story.caller, 20, "it is done in Redis")
    assert story.daemon.post(at("call_centre", "call.started", PHONE)).status == 202
    until(lambda: story.daemon.get(f"/v1/customers/{story.caller}").json["interactions"] == 2, 20, "it is behind it")
    kafka.start()
    settle(story.daemon)


def test_one_that_can_never_be_done_is_refused(story, redis, kafka, topics):
    """A key of the member holds something else. Nothing waits for it for ever."""
    (recents,) = redis.client.keys(f"tp:*r:{story.caller}")
    redis.client.delete(recents)
    redis.client.rpush(recents, "something else")
    reply = split(story.daemon, story.root, story.caller)
    assert (reply.status, error_of(reply)["code"]) == (422, "undeliverable")
    (refused,) = kafka.records(topics.rejected)
    assert (refused.value["source"], refused.value["reason"]["code"]) == ("operator", "undeliverable")
    assert json.loads(refused.value["payload"])["member"] == story.caller
    assert told(story.daemon, at("web", "page.viewed", COOKIE))[0]["id"] == story.root


def test_twice_is_once(story):
    first = split(story.daemon, story.root, story.caller)
    again = split(story.daemon, story.root, story.caller)
    assert (first.status, again.status) == (200, 422)
    assert (error_of(again)["code"], error_of(again)["path"]) == ("invalid_value", "member")
    assert_apart(story)


def test_what_is_refused(story):
    daemon, before = story.daemon, recorded(story.daemon)
    bodies = {
        (): (422, "required", "member"),
        (("member", 7),): (422, "wrong_type", "member"),
        (("member", "ann"),): (422, "invalid_value", "member"),
        (("member", NOBODY),): (422, "invalid_value", "member"),
        (("member", story.root),): (422, "invalid_value", "member"),
        (("member", story.caller), ("reason", "x" * 1001)): (422, "out_of_range", "reason"),
        (("member", story.caller), ("why", "x")): (422, "unknown_member", "why"),
    }
    for body, expected in bodies.items():
        reply = daemon.post(dict(body), f"/v1/customers/{story.root}/split")
        error = error_of(reply)
        assert (reply.status, error["code"], error["path"]) == expected
    for customer in (NOBODY, "ann"):
        assert (split(daemon, customer, story.caller).status, recorded(daemon)) == (404, before)
    assert daemon.post(b"{", f"/v1/customers/{story.root}/split").status == 400
    assert split(daemon, story.root, story.caller, wait=61).status == 400
    assert daemon.get(f"/v1/customers/{story.root}/split").status == 405
    assert recorded(daemon) == before


def test_without_redis_nobody_knows(front):
    reply = split(front(), NOBODY, NOBODY)
    assert (reply.status, error_of(reply)["code"]) == (503, "unavailable")


def test_it_wants_a_key_of_those_who_run_it(front, tmp_path):
    sections = []
    for scope in ("read", "write", "admin"):
        (tmp_path / scope).write_text(f"the-key-that-opens-{scope}\n")
        sections.append(f'key "{scope}" {{ file = "{tmp_path / scope}"  scopes = {{"{scope}"}} }}\n')
    daemon = front(config="".join(sections))
    path = f"/v1/customers/{NOBODY}/split"
    replies = {
        scope: daemon.post({"member": NOBODY}, path, {"Authorization": f"Bearer the-key-that-opens-{scope}"}).status
        for scope in ("nothing", "read", "write", "admin")
    }
    assert replies == {"nothing": 401, "read": 403, "write": 403, "admin": 503}


# --- touchpointctl


def test_by_hand(story):
    ran = ctl(story.daemon, "split", "email=Ann@Example.com", story.caller, "--reason", "two sisters")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout == f"customer  {story.root}\ncustomer  {story.caller}\n"
    assert_apart(story)


def test_by_hand_for_programs_and_without_waiting(story):
    ran = ctl(story.daemon, "split", story.root, story.caller, "--wait", "0", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["status"]) == (0, "accepted")
    until(lambda: story.daemon.find(**PHONE) == story.caller, 20, "it is done")
    ran = ctl(story.daemon, "split", story.root, story.reader, "--wait", "0")
    assert (ran.returncode, ran.stdout.partition(" ")[0]) == (0, story.reader)


def test_by_hand_what_is_none_is_said(story):
    ran = ctl(story.daemon, "split", story.root, NOBODY)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr.startswith("touchpointctl: split: 422 invalid_value: member: this is none of the customer")
    ran = ctl(story.daemon, "split", "email=nobody@example.com", story.caller)
    assert (ran.returncode, ran.stderr) == (1, "touchpointctl: no customer is known by email=nobody@example.com\n")

"""An operator says that an identifier is not this customer's: it leads to a new one, and nothing brings it back."""

import pytest

from touchpoint.ctl import ctl
from touchpoint.front import error_of, event
from touchpoint.splits import COOKIE, EMAIL, HANDLE, NOBODY, PHONE, Story, at, known, last_told, take_back, told
from touchpoint.story import UUID, send


@pytest.fixture
def story(touchpointd):
    """The handle is the root's own; the phone was the caller's, who is a member."""
    return Story(touchpointd({"normalize.region": "GB"}))


def values(customer):
    return [one["value"] for one in customer["identifiers"]]


def test_it_leads_to_a_new_customer(story):
    daemon = story.daemon
    before = known(daemon, story.root)
    reply = take_back(daemon, story.root, HANDLE)
    assert reply.status == 200, reply.body
    root, new = (one["id"] for one in reply.json["customers"])
    assert root == story.root
    assert UUID.fullmatch(new)
    assert daemon.find(**HANDLE) == new
    after = known(daemon, story.root)
    assert values(after) == [value for value in values(before) if value != "ann"]
    assert after["events"] == before["events"], "what it brought stays where it was told"
    assert values(daemon.get(f"/v1/customers/{new}").json) == ["ann"]


@pytest.mark.parametrize("identifier", [HANDLE, PHONE], ids=["its own", "a member's"])
def test_what_comes_with_it_is_the_new_ones(story, identifier):
    daemon = story.daemon
    told(daemon, at("web", "page.viewed", EMAIL | identifier))
    new = take_back(daemon, story.root, identifier).json["customers"][1]["id"]
    (alone,) = send(daemon, at("social", "mention.posted", identifier))
    assert alone["customer"]["id"] == new
    assert alone["context"]["sequence"] == 1
    for _ in range(2):
        (both,) = told(daemon, at("web", "page.viewed", EMAIL | identifier))
        assert both["id"] == story.root, "the email is the stronger of the two"
        (conflict,) = both["conflict"]
        assert (conflict["reason"], conflict["customer"]) == ("split", new)


def test_it_is_told_of_both(story, kafka, topics):
    daemon = story.daemon
    reply = take_back(daemon, story.root, PHONE, reason="a typing error")
    new = reply.json["customers"][1]["id"]
    own, stays = last_told(kafka, topics, new), last_told(kafka, topics, story.root)
    phone = {"type": "phone", "value": "+447400123456"}
    change = {"kind": "split", "identifiers": [phone], "source": "operator", "event": reply.json["id"]}
    change |= {"reason": "a typing error"}
    assert own["change"].items() >= (change | {"from": story.root}).items()
    assert stays["change"].items() >= (change | {"customers": [new]}).items()
    (only,) = own["identifiers"]
    assert only == phone | {"first_seen": own["change"]["time"], "source": "operator", "event": reply.json["id"]}
    assert own["sequence"] == 0
    assert values(stays) == values(known(daemon, story.root))
    assert phone["value"] not in values(stays)


def test_a_retry_finds_what_was_told_before(story):
    """It names the identifier that leads elsewhere by now."""
    daemon = story.daemon
    mention = at("social", "mention.posted", HANDLE)
    (first,) = send(daemon, mention)
    assert take_back(daemon, story.root, HANDLE).status == 200
    reply = daemon.post([mention], wait=20)
    (again,) = reply.json["events"]
    assert (again["duplicate"], again["event"]["customer"]["id"]) == (True, story.root)
    assert again["event"]["context"] == first["context"]


def test_it_may_be_taken_from_the_new_one_too(story):
    """And the third is kept apart from the first as well."""
    daemon = story.daemon
    second = take_back(daemon, story.root, HANDLE).json["customers"][1]["id"]
    told(daemon, at("social", "mention.posted", HANDLE | {"line": "ann"}))
    reply = take_back(daemon, second, HANDLE)
    assert reply.status == 200, reply.body
    third = reply.json["customers"][1]["id"]
    assert len({story.root, second, third}) == 3
    assert daemon.find(**HANDLE) == third
    assert daemon.find(line="ann") == second
    (both,) = told(daemon, at("web", "page.viewed", EMAIL | HANDLE))
    (conflict,) = both["conflict"]
    assert (both["id"], conflict["reason"], conflict["customer"]) == (story.root, "split", third)
    (alone,) = told(daemon, at("social", "mention.posted", HANDLE))
    assert alone["id"] == third


def test_the_new_one_may_turn_out_to_be_somebody_else(story):
    daemon = story.daemon
    assert take_back(daemon, story.root, HANDLE).status == 200
    (other,) = told(daemon, at("web", "page.viewed", {"anonymous_id": "b-1"}))
    (joined,) = told(daemon, at("web", "form.submitted", {"anonymous_id": "b-1"} | HANDLE))
    assert daemon.find(**HANDLE) == daemon.find(anonymous_id="b-1") == joined["id"]
    assert joined["id"] != story.root
    assert other["id"] in {joined["id"], *daemon.get(f"/v1/customers/{joined['id']}").json["members"]}


@pytest.mark.parametrize(
    ("body", "status", "path"),
    [
        ({"identifier": {"type": "email", "value": "bob@example.com"}}, 422, "identifier"),
        ({"identifier": {"type": "email", "value": "no address"}}, 400, "identifier"),
        ({"identifier": {"type": "no_such", "value": "1"}}, 400, "identifier"),
        ({"identifier": {"type": "email"}}, 422, "identifier"),
        ({"identifier": "ann@example.com"}, 422, "identifier"),
        ({"identifier": {"type": "x", "value": "ann"}, "member": NOBODY}, 400, "identifier"),
        ({}, 422, "member"),
    ],
)
def test_what_is_none_of_its_identifiers_is_refused(story, body, status, path):
    told(story.daemon, at("web", "page.viewed", {"email": "bob@example.com"}))
    reply = story.daemon.post(body, f"/v1/customers/{story.root}/split")
    assert (reply.status, error_of(reply)["path"]) == (status, path)


def test_nobody_has_no_identifiers(story):
    assert take_back(story.daemon, NOBODY, EMAIL).status == 404


def test_cookies_go_on_as_they_were(story):
    daemon = story.daemon
    assert take_back(daemon, story.root, PHONE).status == 200
    (visit,) = told(daemon, at("web", "page.viewed", COOKIE))
    assert visit["id"] == story.root


def test_who_has_none_left_is_still_there(touchpointd):
    """With what was said of it, under the id that was told."""
    daemon = touchpointd()
    send(daemon, event(type="identify", customer=COOKIE, traits={"name": "Ann"}))
    before = daemon.get(f"/v1/customers/{daemon.find(**COOKIE)}").json
    assert before["traits"] == {"name": "Ann"}
    assert take_back(daemon, before["id"], COOKIE).status == 200
    assert daemon.get(f"/v1/customers/{before['id']}").json == before | {"identifiers": []}
    assert daemon.timeline(before["id"]) == []


def test_by_hand(story):
    ran = ctl(story.daemon, "split", "email=Ann@Example.com", "phone=07400 123456", "--reason", "a typing error")
    assert (ran.returncode, ran.stderr) == (0, "")
    new = story.daemon.find(**PHONE)
    assert new not in (story.root, story.caller)
    assert ran.stdout == f"customer  {story.root}\ncustomer  {new}\n"
    ran = ctl(story.daemon, "split", story.root, "phone")
    assert ran.stderr == "touchpointctl: phone: the id of a member, or TYPE=VALUE, was expected\n"
    assert ran.returncode == 2

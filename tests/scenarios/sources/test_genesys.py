"""A conversation is told by what happens to each who is in it, in any order: it ends once, and all of it is of who
called, also what does not say who that is."""

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, sent, timeline_of

CALLER = {"phone": "+442079460123"}


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "genesys", "genesys"))


def told(daemon, *fixtures):
    for fixture in fixtures:
        assert sent(daemon, "genesys", Fixture("genesys", fixture)).status == 200


def types(timeline):
    return [entry["type"] for entry in reversed(timeline)]


def test_a_call_from_its_beginning_to_its_end(daemon):
    told(daemon, "customer-start", "acd-start", "user-start", "acd-end-answered", "user-end", "customer-end")
    timeline = timeline_of(daemon, 5, **CALLER)
    assert types(timeline) == ["call.started", "call.queued", "call.answered", "call.handled", "call.completed"]
    assert timeline[2]["wait_s"] == 37
    assert timeline[2]["agent"] == timeline[1]["agent"] == "u-1"


@pytest.mark.parametrize(
    "order",
    [
        ("acd-end-abandoned", "customer-end-of-an-abandoned-one"),
        ("customer-end-of-an-abandoned-one", "acd-end-abandoned"),
    ],
    ids=["queue first", "caller first"],
)
def test_who_gave_up_in_the_queue_has_not_completed_a_call(daemon, order):
    told(daemon, *order, "voicemail")
    timeline = timeline_of(daemon, 2, **CALLER)
    assert types(timeline) == ["call.abandoned", "voicemail.left"]


def test_what_a_flow_found_out_is_of_the_caller(daemon):
    """It does not say who that is."""
    told(daemon, "attributes", "customer-start")
    timeline = timeline_of(daemon, 2, **CALLER)
    assert {entry["conversation"] for entry in timeline} == {"genesys:k-1"}
    assert timeline[0]["attributes"]["attributes"] == {"order": "o-9"}


def test_a_chat_is_of_the_contact_that_is_known_at_its_end(daemon):
    told(daemon, "chat", "chat-ended-by-a-contact")
    assert types(timeline_of(daemon, 2, anonymous_id="genesys:x-8")) == ["chat.started", "chat.completed"]


def test_a_call_back_and_its_call_are_told_once(daemon):
    told(daemon, "callback-asked-for", "callback", "callback-answered", "callback-taken", "callback-over")
    told(daemon, "customer-end", "callback-called")
    timeline = timeline_of(daemon, 4, **CALLER)
    assert sorted(types(timeline)) == ["call.completed", "call.completed", "call.queued", "call.started"]
    assert {entry["direction"] for entry in timeline if entry["type"] == "call.completed"} == {"inbound", "outbound"}


def test_whom_an_agent_asks_is_somebody_else(daemon):
    told(daemon, "customer-start", "one-external-contact", "whom-an-agent-asks")
    assert types(timeline_of(daemon, 1, phone="+442079460777")) == ["call.completed"]
    assert sorted(types(timeline_of(daemon, 2, **CALLER))) == ["call.queued", "call.started"]


def test_a_number_is_the_external_contacts(daemon):
    told(daemon, "contact", "customer-start")
    assert types(timeline_of(daemon, 1, anonymous_id="genesys:x-7")) == ["call.started"]

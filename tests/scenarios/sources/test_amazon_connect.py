"""A contact's events do not say who called; its record does, when it is over. Then all of it is the caller's, and the
end is told once, by whom knows most."""

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, sent, timeline_of
from touchpoint.wait import until

CALLER = {"phone": "+442079460123"}


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "amazon-connect", "amazon-connect"))


def told(daemon, *fixtures):
    for fixture in fixtures:
        assert sent(daemon, "amazon-connect", Fixture("amazon-connect", fixture)).status == 200


def types(timeline):
    return [entry["type"] for entry in reversed(timeline)]


CALL = ("initiated", "queued", "connected-to-agent", "disconnected")
AS_TOLD = ["call.started", "call.queued", "call.answered", "call.completed"]


def test_a_call_is_nobodys_until_its_record_says_whose(daemon):
    told(daemon, *CALL)
    assert types(timeline_of(daemon, 4, anonymous_id="connect:c-1")) == AS_TOLD
    assert daemon.find(**CALLER) is None
    told(daemon, "record")
    assert types(timeline_of(daemon, 4, **CALLER)) == AS_TOLD


@pytest.mark.parametrize("order", [("disconnected", "record"), ("record", "disconnected")], ids=" ".join)
def test_it_has_one_end_and_that_is_the_records(daemon, order):
    told(daemon, *order, "number-that-is-none")
    timeline_of(daemon, 1, anonymous_id="connect:c-36")  # came last
    (end,) = timeline_of(daemon, 1, **CALLER)
    assert (end["id"], end["agent"], end["attributes"]["talk_s"]) == ("c-1.ended", "bo.adams", 260)


def test_a_record_that_has_changed_takes_the_place_of_the_one_before(daemon, kafka, topics):
    told(daemon, "record", "record-updated", "record")
    (end,) = until(
        lambda: (found := timeline_of(daemon, 1, **CALLER))[0]["attributes"]["after_contact_s"] == 95 and found,
        20,
        "the newer one is shown",
    )
    assert end["context"]["supersedes"]["sequence"] == 1
    first, second = kafka.records(topics.interactions)
    assert (first.value["version"], second.value["version"]) == (1772444160000, 1772445600000)


def test_who_was_passed_on_is_one_caller(daemon):
    told(daemon, "initiated", "transferred", "transferred-to-a-queue", "survey-after-the-call", "record")
    timeline = timeline_of(daemon, 5, **CALLER)
    assert sorted(types(timeline)) == ["call.completed", "call.started", *["call.transferred"] * 3]
    assert {entry["conversation"] for entry in timeline} == {"connect:c-1"}


def test_an_email_is_its_writers_and_counts_once(daemon):
    told(daemon, "email", "record-of-an-email", "email-answered")
    timeline = timeline_of(daemon, 2, email="ann@example.com")
    assert sorted(types(timeline)) == ["email.received", "email.sent"]
    assert timeline[0]["conversation"] == timeline[1]["conversation"] == "connect:c-16"


def test_a_call_back_is_answered_when_the_customer_is_there_too(daemon):
    told(daemon, "callback-is-dialled", "record-callback-not-answered")
    assert types(timeline_of(daemon, 1, **CALLER)) == ["call.missed"]
    told(daemon, "callback-is-dialled", "callback")
    assert types(timeline_of(daemon, 2, **CALLER)) == ["call.answered", "call.missed"]


def test_a_draft_that_is_thrown_away_was_never_sent(daemon):
    told(daemon, "email-drafted", "email-draft-thrown-away", "record-of-a-draft-thrown-away")
    told(daemon, "email-answered", "record-of-an-email-of-ours")
    (mail,) = timeline_of(daemon, 1, email="ann@example.com")
    assert (mail["type"], mail["agent"], mail["id"]) == ("email.sent", "bo", "c-17.email")

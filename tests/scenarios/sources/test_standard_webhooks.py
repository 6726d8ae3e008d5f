"""Whoever signs as Standard Webhooks says, under its names for the headers or under Svix'; and of what is sent, whoever
is named in it is the customer."""

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send, sent, timeline_of
from touchpoint.senders import sender


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "hooks", "standard-webhooks"))


def test_names_of_headers_are_not_mixed(front, tmp_path):
    daemon = front(SETTINGS, config=section(tmp_path, "hooks", "standard-webhooks"))
    signed = sender("standard-webhooks").sign(Fixture("standard-webhooks", "a-person-within").request("hooks"))
    mixed = {**signed.headers, "webhook-id": "msg_of_somebody_else"}
    mixed["webhook-signature"] = mixed.pop("svix-signature")
    signed.headers = mixed
    assert send(daemon, signed).status == 401


def test_one_person_by_what_two_senders_call_them(daemon):
    for fixture in ("of-an-own-type", "a-person-within", "an-interaction"):
        assert sent(daemon, "hooks", Fixture("standard-webhooks", fixture)).json == {"accepted": 1, "rejected": 0}
    timeline = timeline_of(daemon, 3, customer_id="4711")
    assert sorted(entry["id"] for entry in timeline) == ["call-9", "msg_1", "msg_6"]


def test_a_retry_is_signed_anew_and_is_none(daemon):
    first = Fixture("standard-webhooks", "of-an-own-type").request("hooks")
    retry = Fixture("standard-webhooks", "of-an-own-type").request("hooks")
    retry.now = first.now + 5
    for request in (first, retry):
        assert send(daemon, sender("standard-webhooks").sign(request)).status == 200
    sent(daemon, "hooks", Fixture("standard-webhooks", "a-mail"))
    assert len(timeline_of(daemon, 2, email="ann@example.com")) == 2

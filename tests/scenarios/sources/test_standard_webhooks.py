"""Whoever signs as Standard Webhooks says, under its names for the headers or under Svix'; and of what is sent, whoever
is named in it is the customer."""

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import ids


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


def test_a_retry_is_known_by_its_id_and_another_event_may_say_the_same(daemon):
    for number, delay in (("msg_1", 0), ("msg_1", 5), ("msg_2", 9)):
        request = Fixture("standard-webhooks", "a-mail").request("hooks")
        request.headers["webhook-id"] = number
        request.now += delay
        assert send(daemon, sender("standard-webhooks").sign(request)).status == 200
    assert ids(timeline_of(daemon, 2, email="ann@example.com")) == ["msg_2", "msg_1"]

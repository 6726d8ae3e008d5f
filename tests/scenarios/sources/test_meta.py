"""Whom Meta tells of in one way is the same when it tells of them in another; but each page has people of its own."""

import json

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import ids


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "meta", "meta"))


def test_who_ticked_a_box_of_a_web_page_is_who_writes(daemon):
    for fixture in ("checkbox-of-a-web-page", "first-message-of-a-checkbox"):
        sent(daemon, "meta", Fixture("meta", fixture))
    assert ids(timeline_of(daemon, 2, facebook="10987:7700900123")) == ["m_9", "ref-77.optin.1772443800000"]


def test_who_comments_in_public_is_who_writes(daemon):
    for fixture in ("comment", "message"):
        sent(daemon, "meta", Fixture("meta", fixture))
    timeline = timeline_of(daemon, 2, facebook="10987:7700900123")
    assert [one["type"] for one in timeline] == ["message.received", "comment.posted"]


def test_the_same_number_on_another_page_is_somebody_else(daemon):
    sent(daemon, "meta", Fixture("meta", "message"))
    other = Fixture("meta", "quick-reply").request("meta")
    body = json.loads(other.body)
    body["entry"][0]["id"] = "20001"
    other.body = json.dumps(body).encode()
    assert send(daemon, sender("meta").sign(other)).status == 200
    assert ids(timeline_of(daemon, 1, facebook="20001:7700900123")) == ["m_3"]
    assert ids(timeline_of(daemon, 1, facebook="10987:7700900123")) == ["m_1"]

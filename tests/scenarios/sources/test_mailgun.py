"""Mailgun signs a moment and a token, not what happened; a subaccount's events also by the key of the account above.
A mail that came in by a route is told once, and is in one conversation with the mail that it answers."""

import json

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send, sent, timeline_of
from touchpoint.senders import mailgun
from touchpoint.story import ids
from touchpoint.wait import until

HOUR = 3600


def config(folder):
    return section(folder, "mailgun", "mailgun")


def request_of(name, hours_ago=0):
    request = Fixture("mailgun", name).request("mailgun")
    request.now -= hours_ago * HOUR
    return request


@pytest.mark.parametrize("name", ["delivered", "route"])
def test_a_signature_is_not_good_for_ever(front, tmp_path, name):
    """Longer than Mailgun tries, which is eight hours."""
    daemon = front(SETTINGS, config=config(tmp_path))
    assert send(daemon, mailgun.sign(request_of(name, hours_ago=9))).status == 200
    assert send(daemon, mailgun.sign(request_of(name, hours_ago=13))).status == 401
    assert daemon.log("unverified")[0]["reason"] == "old"


def test_a_subaccount_is_proven_by_the_account_above(front, tmp_path):
    daemon = front(SETTINGS, config=config(tmp_path))
    signed = mailgun.sign_of_subaccount(request_of("delivered"))
    assert send(daemon, signed).json == {"accepted": 1, "rejected": 0}
    body = json.loads(signed.body)
    del body["signature"]["parent-signature"]
    signed.body = json.dumps(body).encode()
    assert send(daemon, signed).status == 401


def test_a_mail_that_is_told_again_is_known(touchpointd, tmp_path):
    """With another token, and at another moment."""
    daemon = touchpointd(SETTINGS, config=config(tmp_path))
    for hours_ago in (1, 0):
        assert send(daemon, mailgun.sign(request_of("route", hours_ago))).status == 200
    until(lambda: daemon.metrics()['touchpoint_timeline_total{result="duplicate"}'] == 1, 20, "the second is known")
    assert ids(timeline_of(daemon, 1, email="zoe@example.com")) == ["reply-7@mail.example.com"]


def test_an_answer_is_in_the_conversation_of_what_it_answers(touchpointd, tmp_path):
    daemon = touchpointd(SETTINGS, config=config(tmp_path))
    for name in ("delivered", "route"):
        sent(daemon, "mailgun", Fixture("mailgun", name))
    (delivered,) = timeline_of(daemon, 1, email="ann@example.com")
    (answer,) = timeline_of(daemon, 1, email="zoe@example.com")
    assert answer["conversation"] == delivered["conversation"] == "20260302.1@mg.example.com"

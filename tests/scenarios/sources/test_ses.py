"""Amazon signs for whoever has a topic, by one certificate: only the topics that are configured are the source's. What
a customer writes is in one conversation with the mail that it answers."""

import json

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send, sent, timeline_of
from touchpoint.senders import sender


@pytest.fixture
def daemon(front, tmp_path):
    return front(SETTINGS, config=section(tmp_path, "ses", "ses"))


def of_another_topic(**members):
    """A request that Amazon has signed, for somebody else."""
    request = Fixture("ses", "delivery").request("ses")
    body = json.loads(request.body) | {"TopicArn": f"{sender('ses').TOPIC}-of-somebody-else", **members}
    request.body = json.dumps(body).encode()
    return sender("ses").sign(request)


def test_what_is_published_to_another_topic_is_nothing(daemon):
    assert sent(daemon, "ses", Fixture("ses", "delivery")).json == {"accepted": 1, "rejected": 0}
    assert send(daemon, of_another_topic()).status == 401
    assert daemon.metrics()["touchpoint_journal_records_total"] == 1


def test_nobody_is_asked_to_confirm_another_topic(daemon):
    asked = {"Type": "SubscriptionConfirmation", "Token": "t", "SubscribeURL": "https://sns.example.com/?t"}
    assert send(daemon, of_another_topic(**asked)).status == 401
    assert daemon.metrics()["touchpoint_journal_records_total"] == 0
    assert not daemon.log("confirm_subscription")


def test_an_answer_is_in_the_conversation_of_what_it_answers(touchpointd, tmp_path):
    daemon = touchpointd(SETTINGS, config=section(tmp_path, "ses", "ses"))
    for name in ("delivery", "received-answer"):
        sent(daemon, "ses", Fixture("ses", name))
    answer, delivered = timeline_of(daemon, 2, email="ann@example.com")
    assert {answer["type"], delivered["type"]} == {"email.received", "email.delivered"}
    assert answer["conversation"] == delivered["conversation"] == "0100018"

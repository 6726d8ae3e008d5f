"""A ticket names its requester by a number; who that is comes by an event of its own. And triggers, which have neither
an id nor a second, are told apart by their runs."""

import json
import time

import pytest

from touchpoint.kinds import SETTINGS, Fixture, Request, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.wait import until

URL = f"{SETTINGS['http.external_url']}/v1/sources/zendesk"


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "zendesk", "zendesk"))


def post(daemon, *fixtures):
    for fixture in fixtures:
        assert sent(daemon, "zendesk", Fixture("zendesk", fixture)).json["rejected"] == 0


def types(timeline):
    return sorted(entry["type"] for entry in timeline)


def run(daemon, number, **members):
    """A trigger runs, for that time."""
    request = Fixture("zendesk", "trigger-commented").request("zendesk")
    minute = time.strftime("%Y-%m-%dT%H:%MZ", time.gmtime(request.now))
    request.body = json.dumps(json.loads(request.body) | {"updated_at": minute} | members).encode()
    request.headers["X-Zendesk-Webhook-Invocation-Id"] = number
    assert send(daemon, sender("zendesk").sign(request)).status == 200
    return request


def test_tickets_of_before_are_theirs_once_zendesk_says_whose_number_it_is(daemon):
    post(daemon, "created", "user-created")
    (entry,) = timeline_of(daemon, 1, email="ann@example.com")
    assert entry["type"] == "ticket.opened"
    assert daemon.find(customer_id="4711") == entry["customer"]["id"]


def test_who_writes_in_copy_is_not_the_requester(daemon):
    post(daemon, "comment-of-the-customer", "comment-of-somebody-in-copy")
    assert [entry["text"] for entry in timeline_of(daemon, 1, anonymous_id="zendesk:8448")] == ["It was for me."]
    assert len(timeline_of(daemon, 1, anonymous_id="zendesk:8447")) == 1


def test_what_is_answered_in_a_chat_is_with_what_was_asked(daemon):
    post(daemon, "created-by-chat", "message-of-the-customer", "message-of-an-agent")
    timeline = timeline_of(daemon, 3, anonymous_id="zendesk:8447")
    assert types(timeline) == ["message.received", "message.sent", "ticket.opened"]


def test_accounts_that_are_merged_are_one_customer(daemon):
    post(daemon, "user-created", "user-merged")
    one = until(lambda: daemon.find(anonymous_id="zendesk:8450"), 20, "the merged account is known")
    assert daemon.find(anonymous_id="zendesk:8447") == one


def test_two_comments_of_one_minute_are_two_and_a_retry_is_none(daemon):
    for number in ("1", "2", "2"):
        run(daemon, number, comment="Hello?")
    until(lambda: daemon.metrics()['touchpoint_timeline_total{result="duplicate"}'] == 1, 20, "the retry is known")
    assert len(timeline_of(daemon, 2, email="ann@example.com")) == 2


def test_the_second_is_that_of_the_request(daemon):
    request = run(daemon, "1")
    (entry,) = timeline_of(daemon, 1, email="ann@example.com")
    assert entry["time"][:19] + "Z" == request.headers["X-Zendesk-Webhook-Signature-Timestamp"]


def test_a_body_that_a_trigger_spoils_waits_for_people(daemon, kafka, topics):
    request = Request("POST", URL, {}, b'{"event": "solved", "ticket_id": }')
    assert send(daemon, sender("zendesk").sign(request)).json == {"accepted": 0, "rejected": 1}
    (record,) = until(lambda: kafka.records(topics.rejected), 20, "it is on the rejected topic")
    assert "not JSON" in record.value["reason"]["message"]

"""What senders ask before they send: whether this is the place. Each asks in its own way, and is answered in it."""

import base64
import hashlib
import hmac
import json

import pytest

from touchpoint.front import error_of
from touchpoint.kinds import SETTINGS, VERIFY_TOKEN, Request, section, send
from touchpoint.senders import sender
from touchpoint.wait import until


@pytest.fixture
def daemon(front, tmp_path):
    """With one source of each kind that asks."""
    kinds = ["meta", "whatsapp", "x", "cloudevents", "twilio"]
    return front(SETTINGS, config="".join(section(tmp_path, kind, kind) for kind in kinds))


@pytest.mark.parametrize("kind", ["meta", "whatsapp"])
def test_meta_is_given_its_challenge(daemon, kind):
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444"}
    reply = daemon.get(f"/v1/sources/{kind}", **asked)
    assert (reply.status, reply.body) == (200, b"1158201444")
    assert reply.headers["Content-Type"] == "text/plain"


@pytest.mark.parametrize(
    "wrong", [{"hub.verify_token": "guessed"}, {"hub.mode": "unsubscribe"}, {"hub.verify_token": ""}]
)
def test_another_is_not(daemon, wrong):
    asked = {"hub.mode": "subscribe", "hub.verify_token": VERIFY_TOKEN, "hub.challenge": "1158201444", **wrong}
    reply = daemon.get("/v1/sources/meta", **asked)
    assert reply.status == 403
    assert error_of(reply)["path"] == "hub.verify_token"
    assert b"1158201444" not in reply.body


def test_x_is_answered_with_what_only_the_secret_can_make(daemon):
    reply = daemon.get("/v1/sources/x", crc_token="token-of-x")
    digest = hmac.new(sender("x").SECRET.encode(), b"token-of-x", hashlib.sha256).digest()
    assert reply.json == {"response_token": f"sha256={base64.b64encode(digest).decode()}"}
    assert daemon.get("/v1/sources/x").status == 422


def test_cloudevents_are_allowed_from_who_asks(daemon):
    with daemon.client() as client:
        headers = {"WebHook-Request-Origin": "events.example.com", "WebHook-Request-Rate": "120"}
        reply = client.request("OPTIONS", "/v1/sources/cloudevents", headers=headers)
        assert reply.status == 200
        assert reply.headers["WebHook-Allowed-Origin"] == "events.example.com"
        assert "POST" in reply.headers["Allow"]
        assert client.request("OPTIONS", "/v1/sources/cloudevents").status == 422


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_who_only_looks_is_answered(daemon, method):
    with daemon.client() as client:
        assert client.request(method, "/v1/sources/twilio").status == 200
        assert client.request(method, "/v1/sources/nobody").status == 404


def test_sns_waits_for_a_person(touchpointd, kafka, topics, tmp_path):
    """No request goes out: what SNS asks for is where what waits for people is, and one line of the log says so."""
    daemon = touchpointd(SETTINGS, config=section(tmp_path, "ses", "ses"))
    asked = {
        "Type": "SubscriptionConfirmation",
        "MessageId": "m1",
        "TopicArn": sender("ses").TOPIC,
        "Message": "You have chosen...",
    }
    asked |= {"Token": "t", "SubscribeURL": "https://sns.example.com/?t", "Timestamp": "2026-03-02T09:30:00.000Z"}
    url = f"{SETTINGS['http.external_url']}/v1/sources/ses"
    signed = sender("ses").sign(Request("POST", url, {}, json.dumps(asked).encode()))
    assert send(daemon, signed).status == 200
    (record,) = until(lambda: kafka.records(topics.rejected), 20, "it is on the rejected topic")
    assert record.value["reason"]["code"] == "confirm_subscription"
    assert json.loads(record.value["payload"])["SubscribeURL"] == asked["SubscribeURL"]
    assert daemon.log("confirm_subscription")[0]["source"] == "ses"


def test_the_log_says_which_certificate_is_lacking(front, tmp_path):
    daemon = front(SETTINGS, config=section(tmp_path, "ses", "ses"))
    named = "https://sns.eu-west-2.amazonaws.com/next.pem"
    assert (
        daemon.post({"Type": "Notification", "Signature": "AAAA", "SigningCertURL": named}, "/v1/sources/ses").status
        == 401
    )
    assert daemon.log("unverified")[0]["certificate"] == named


SLACK = """
verify {
    by = "hmac"  digest = "sha256"  encoding = "hex"
    signature = "header:x-slack-signature"  prefix = "v0="  signed = "v0:{timestamp}:{body}"
    timestamp = "header:x-slack-request-timestamp"
}
handshake = "challenge"
"""


def test_a_signed_challenge_is_echoed(front, tmp_path):
    """As Slack asks, to a kind of one's own; unsigned it is nobody's."""
    folder = tmp_path / "kinds" / "slack"
    folder.mkdir(parents=True)
    (folder / "kind.conf").write_text(SLACK)
    (folder / "map.jq").write_text("empty")
    (tmp_path / "secret").write_text("signing-secret")
    config = f'source "slack" {{ kind = "slack"  secret = {{"file:{tmp_path}/secret"}} }}'
    daemon = front({"sources.dir": tmp_path / "kinds"}, config=config)
    body = json.dumps({"type": "url_verification", "challenge": "3eZbrw1aB", "token": "x"})
    assert daemon.post(body, "/v1/sources/slack").status == 401
    digest = hmac.new(b"signing-secret", f"v0:1772443800:{body}".encode(), hashlib.sha256).hexdigest()
    headers = {"X-Slack-Signature": f"v0={digest}", "X-Slack-Request-Timestamp": "1772443800"}
    reply = daemon.post(body, "/v1/sources/slack", headers)
    assert reply.json == {"challenge": "3eZbrw1aB"}
    assert daemon.metrics()["touchpoint_journal_records_total"] == 0

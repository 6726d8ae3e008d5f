"""Kinds whose senders prove themselves in more than one way: each does."""

import base64

import pytest

from touchpoint.kinds import SETTINGS, Fixture, section, send, sent
from touchpoint.senders import sender


@pytest.fixture
def daemon(front, tmp_path):
    kinds = ["standard-webhooks", "amazon-connect"]
    return front(SETTINGS, config="".join(section(tmp_path, kind, kind) for kind in kinds))


@pytest.mark.parametrize("by", ["v1", "v1a"])
def test_a_webhook_is_signed_by_a_secret_or_by_a_key(daemon, by):
    fixture = Fixture("standard-webhooks", "of-an-own-type")
    signed = sender(fixture.kind).sign(fixture.request(fixture.kind), by)
    assert send(daemon, signed).json == {"accepted": 1, "rejected": 0}
    signed.headers["webhook-signature"] = signed.headers["webhook-signature"].replace(f"{by},", "v2,")
    assert send(daemon, signed).status == 401


def test_one_of_several_signatures_is_enough(daemon):
    """As while a secret is changed: the sender signs with both."""
    fixture = Fixture("standard-webhooks", "unicode")
    signed = sender(fixture.kind).sign(fixture.request(fixture.kind))
    signed.headers["webhook-signature"] = (
        f"v1,{base64.b64encode(b'x' * 32).decode()} {signed.headers['webhook-signature']}"
    )
    assert send(daemon, signed).status == 200


def test_firehose_is_answered_in_its_own_form(daemon):
    reply = sent(daemon, "amazon-connect", Fixture("amazon-connect", "record"))
    assert reply.json["requestId"] == "ed4acda5-034f-9f42-bba1-f29aea6d7d8f"
    assert reply.json["timestamp"] > 1700000000000


def test_eventbridge_may_log_in(daemon):
    fixture = Fixture("amazon-connect", "initiated")
    request = fixture.request("amazon-connect")
    login = base64.b64encode(sender(fixture.kind).SECRETS[1].encode()).decode()
    request.headers["Authorization"] = f"Basic {login}"
    assert send(daemon, request).status == 200
    request.headers["Authorization"] = f"Basic {login[:-4]}AAAA"
    assert send(daemon, request).status == 401

"""A person on X is their number: a handle may be changed, and taken over by somebody else. What both of X's APIs tell
has happened once. And while the secret is changed for another, nothing is missed."""

import base64
import hashlib
import hmac
import json

import pytest

from touchpoint.kinds import SETTINGS, Fixture, Request, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import ids


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "x", "x"))


def mention(daemon, number, handle, post):
    """@shop is named by this account, which has this handle now."""
    created = {"id_str": post, "text": "@shop", "timestamp_ms": "1772443800123"}
    created["user"] = {"id_str": number, "screen_name": handle}
    body = json.dumps({"for_user_id": "2244994945", "tweet_create_events": [created]}).encode()
    request = Request("POST", f"{SETTINGS['http.external_url']}/v1/sources/x", {}, body)
    assert send(daemon, sender("x").sign(request)).status == 200


def test_who_changes_their_handle_is_the_same(daemon):
    mention(daemon, "77009", "ann_example", "1")
    mention(daemon, "77009", "ann_of_the_shop", "2")
    assert ids(timeline_of(daemon, 2, x="ann_of_the_shop")) == ["2", "1"]


def test_who_takes_over_a_handle_is_somebody_else(daemon):
    mention(daemon, "77009", "ann_example", "1")
    mention(daemon, "88110", "ann_example", "2")
    assert ids(timeline_of(daemon, 1, anonymous_id="x:88110")) == ["2"]
    assert ids(timeline_of(daemon, 1, anonymous_id="x:77009")) == ["1"]


def test_what_both_apis_tell_has_happened_once(daemon):
    for fixture in ("mention", "activity-mention", "liked", "activity-liked", "direct-messages"):
        sent(daemon, "x", Fixture("x", fixture))
    sent(daemon, "x", Fixture("x", "activity-direct-message"))
    sent(daemon, "x", Fixture("x", "activity-encrypted-chat"))
    timeline = timeline_of(daemon, 5, anonymous_id="x:77009")
    assert sorted(ids(timeline)) == ["1650000000000000001", "d1", "d2", "e4-1", "f1.liked"]


def test_while_the_secret_is_changed_both_sign_and_the_first_answers(front, tmp_path):
    (tmp_path / "new").write_text("the-new-secret")
    (tmp_path / "old").write_text(sender("x").SECRET)
    secrets = f'{{"file:{tmp_path}/new", "file:{tmp_path}/old"}}'
    daemon = front(SETTINGS, config=f'source "x" {{ kind = "x"  secret = {secrets} }}')
    digest = hmac.new(b"the-new-secret", b"token-of-x", hashlib.sha256).digest()
    answered = daemon.get("/v1/sources/x", crc_token="token-of-x").json
    assert answered == {"response_token": f"sha256={base64.b64encode(digest).decode()}"}
    assert sent(daemon, "x", Fixture("x", "mention")).status == 200
    request = Fixture("x", "reply").request("x")
    digest = hmac.new(b"the-new-secret", request.body, hashlib.sha256).digest()
    request.headers["x-twitter-webhooks-signature"] = f"sha256={base64.b64encode(digest).decode()}"
    assert send(daemon, request).status == 200

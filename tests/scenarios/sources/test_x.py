"""A person on X is their number: a handle may be changed, and taken over by somebody else. And what both of X's APIs
tell has happened once."""

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

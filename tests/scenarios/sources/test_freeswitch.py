"""A call is told once, however many of its legs FreeSWITCH tells, and however its record is encoded; and one that
FreeSWITCH has broken is not lost."""

import json
from urllib.parse import quote

import pytest

from touchpoint.kinds import SETTINGS, Fixture, Request, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import ids
from touchpoint.wait import until


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "freeswitch", "freeswitch"))


def posted(daemon, body, content_type):
    url = f"{SETTINGS['http.external_url']}/v1/sources/freeswitch"
    request = Request("POST", url, {"Content-Type": content_type}, body)
    return send(daemon, sender("freeswitch").sign(request))


def test_a_call_is_told_by_the_callers_leg(daemon):
    for fixture in ("callees-leg", "answered", "agents-leg", "queue-answered"):
        assert sent(daemon, "freeswitch", Fixture("freeswitch", fixture)).status == 200
    timeline = timeline_of(daemon, 2, phone="+442079460123")
    assert [(event["type"], event["agent"]) for event in timeline] == [
        ("call.completed", "bo@default"),
        ("call.completed", "1003"),
    ]


def test_what_is_sent_again_from_a_file_has_happened_once(daemon):
    for fixture in ("form-base64", "file-of-base64", "form-base64-without-its-type", "answered"):
        assert sent(daemon, "freeswitch", Fixture("freeswitch", fixture)).status == 200
    timeline = timeline_of(daemon, 2, phone="+442079460123")
    assert len(set(ids(timeline))) == len(timeline) == 2


def test_a_form_that_freeswitch_has_broken_is_for_a_person_to_see(daemon, kafka, topics):
    """Its values are encoded, and then the whole but for what looks encoded: quotes within values end them."""
    record = json.loads(Fixture("freeswitch", "answered").request("freeswitch").body)
    assert "%22Ann%20Example%22" in record["variables"]["caller_id"]
    body = "cdr=" + quote(json.dumps(record), safe="%")
    assert posted(daemon, body.encode(), "application/x-www-form-urlencoded").status == 200
    (rejected,) = until(lambda: kafka.records(topics.rejected), 20, "it is there")
    assert rejected.value["reason"]["code"] == "unreadable"
    assert "encode-values" in rejected.value["reason"]["message"]
    assert rejected.value["payload"] == body

"""A call at Aircall is told many times: by each event, half a minute after it ended once more, and whenever somebody
notes something. It has one end all the same, and is its caller's."""

import pytest

from touchpoint.front import event
from touchpoint.kinds import SETTINGS, Fixture, section, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import send as tell


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "aircall", "aircall"))


def post(daemon, *fixtures):
    for fixture in fixtures:
        assert sent(daemon, "aircall", Fixture("aircall", fixture)).json["rejected"] == 0


def types(timeline):
    return sorted(entry["type"] for entry in timeline)


def test_a_call_has_one_end_however_often_it_is_told(daemon):
    post(daemon, "hungup", "ended", "tagged-afterwards", "created")
    assert types(timeline_of(daemon, 2, phone="+442079460123")) == ["call.completed", "call.started"]


def test_a_voicemail_is_left_once(daemon):
    post(daemon, "left-a-voicemail", "ended-with-a-voicemail")
    assert types(timeline_of(daemon, 2, phone="+442079460123")) == ["call.missed", "voicemail.left"]


def test_who_withheld_their_number_is_found_by_who_says_later_who_it_was(daemon):
    post(daemon, "withheld")
    nobody = timeline_of(daemon, 1, anonymous_id="aircall:81201")[0]["customer"]["id"]
    said = event(type="form.submitted", customer={"anonymous_id": "aircall:81201", "email": "bo@example.com"})
    (entry,) = tell(daemon, said)
    assert entry["customer"]["id"] == nobody


def test_a_transcript_is_its_callers(daemon):
    post(daemon, "ended", "transcript")
    assert types(timeline_of(daemon, 2, email="ann@example.com")) == ["call.completed", "call.recorded"]


def test_the_token_of_another_webhook_is_none(front, tmp_path):
    (tmp_path / "other").write_text("token-of-another-webhook")
    daemon = front(SETTINGS, config=f'source "aircall" {{ kind = "aircall"  secret = {{"file:{tmp_path}/other"}} }}')
    assert sender("aircall").SECRET != "token-of-another-webhook"
    assert sent(daemon, "aircall", Fixture("aircall", "ended")).status == 401

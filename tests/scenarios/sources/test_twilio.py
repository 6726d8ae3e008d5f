"""A call is told by several callbacks, of which each knows a part: it begins and ends once, and ends as the one says
that knows most. What callbacks and Event Streams both tell has happened once."""

import dataclasses

import pytest

from touchpoint.front import event
from touchpoint.kinds import SETTINGS, Fixture, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import ids
from touchpoint.story import send as tell
from touchpoint.wait import until

CALL = "CA00000000000000000000000000000001"


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "twilio", "twilio"))


def told(daemon, *fixtures):
    for fixture in fixtures:
        assert sent(daemon, "twilio", Fixture("twilio", fixture)).status == 200


def types(timeline):
    return [entry["type"] for entry in reversed(timeline)]


def test_who_leaves_a_queue_has_not_completed_a_call(daemon):
    """Twilio calls it completed, since it was answered by the menu."""
    told(daemon, "call-incoming", "queue-waiting", "queue-waiting", "queue-hung-up", "call-completed", "sms-received")
    timeline = timeline_of(daemon, 4, phone="+442079460123")
    assert sorted(types(timeline)) == ["call.abandoned", "call.queued", "call.started", "message.received"]


def test_who_was_answered_by_an_agent_has_talked_to_one(daemon):
    told(daemon, "call-incoming", "leg-rings", "leg-answered", "dial-completed", "call-completed", "sms-received")
    timeline = timeline_of(daemon, 4, phone="+442079460123")
    by_type = {entry["type"]: entry for entry in timeline}
    assert sorted(by_type) == ["call.answered", "call.completed", "call.started", "message.received"]
    assert by_type["call.answered"]["agent"] == "bo"
    assert (by_type["call.completed"]["outcome"], by_type["call.completed"]["duration_s"]) == ("answered", 170)
    assert {entry["conversation"] for entry in timeline if entry["type"] != "message.received"} == {CALL}


def test_the_end_that_comes_later_and_knows_more_takes_the_place_of_the_other(daemon):
    told(daemon, "call-completed", "dial-hung-up")

    def abandoned():
        timeline = timeline_of(daemon, 1, phone="+442079460123")
        return timeline if timeline[0]["type"] == "call.abandoned" else None

    assert ids(until(abandoned, 20, "the later one is shown")) == [f"{CALL}.ended"]


def test_who_is_put_through_is_answered_once(daemon):
    """When it begins and when it has ended, Twilio tells both."""
    told(daemon, "queue-put-through", "queue-bridged", "sms-received")
    (answered,) = [e for e in timeline_of(daemon, 2, phone="+442079460123") if e["type"] != "message.received"]
    assert (answered["type"], answered["queue"], answered["wait_s"]) == ("call.answered", "orders", 47)


def test_a_voicemail_is_left_once(daemon):
    told(daemon, "voicemail", "voicemail-recorded", "sms-received")
    assert sorted(types(timeline_of(daemon, 2, phone="+442079460123"))) == ["message.received", "voicemail.left"]


def test_what_callbacks_and_event_streams_tell_has_happened_once(daemon):
    told(daemon, "outbound-started", "outbound-answered", "outbound-completed", "stream-call", "sms-received")
    timeline = timeline_of(daemon, 4, phone="+442079460123")
    assert sorted(types(timeline)) == ["call.answered", "call.completed", "call.started", "message.received"]


def test_a_task_of_a_call_ends_with_it(daemon):
    told(daemon, "stream-task", "stream-task-completed", "task-callback", "call-completed", "sms-received")
    timeline = timeline_of(daemon, 5, phone="+442079460123")
    assert sorted(types(timeline)) == [
        "call.answered",
        "call.completed",
        "call.queued",
        "call.transferred",
        "message.received",
    ]


def test_who_writes_by_whatsapp_is_who_calls(daemon):
    told(daemon, "whatsapp-received", "call-incoming")
    timeline = timeline_of(daemon, 2, phone="+442079460123")
    assert types(timeline) in (["call.started", "message.received"], ["message.received", "call.started"])
    assert daemon.find(whatsapp="+442079460123") == daemon.find(phone="+442079460123")


def test_who_says_later_who_they_were_is_found(daemon):
    """The caller withheld the number, and an agent has asked for it."""
    told(daemon, "call-withheld")
    call = "twilio:CA00000000000000000000000000000003"
    timeline_of(daemon, 1, anonymous_id=call)
    tell(
        daemon, event(channel="call_centre", type="identify", customer={"anonymous_id": call, "phone": "+442079460170"})
    )
    assert types(timeline_of(daemon, 1, phone="+442079460170")) == ["call.started"]


def test_what_twilio_leaves_out_may_stand_in_the_address_and_is_signed(daemon):
    request = sender("twilio").sign(Fixture("twilio", "recording-with-who-it-is-of").request("twilio"))
    forged = dataclasses.replace(request, url=request.url.replace("0123", "0666"))
    assert forged.url != request.url
    assert send(daemon, forged).status == 401
    assert send(daemon, request).status == 200
    assert types(timeline_of(daemon, 1, phone="+442079460123")) == ["call.recorded"]


def test_the_answer_is_twiml_that_does_nothing(daemon):
    reply = sent(daemon, "twilio", Fixture("twilio", "call-incoming"))
    assert reply.headers["Content-Type"] == "text/xml"
    assert reply.body == b'<?xml version="1.0" encoding="UTF-8"?><Response/>'

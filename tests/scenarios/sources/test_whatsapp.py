"""Who writes by WhatsApp is who calls, also once they hide their number; and a call is told once, however often."""

import json

import pytest

from touchpoint.front import event
from touchpoint.kinds import SETTINGS, Fixture, Request, section, send, sent, timeline_of
from touchpoint.senders import sender
from touchpoint.story import ids
from touchpoint.story import send as tell


@pytest.fixture
def daemon(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=section(tmp_path, "whatsapp", "whatsapp"))


def test_who_writes_is_who_calls(daemon):
    sent(daemon, "whatsapp", Fixture("whatsapp", "text"))
    writer = timeline_of(daemon, 1, whatsapp="442079460123")[0]["customer"]
    (called,) = tell(daemon, event(channel="call_centre", type="call.started", customer={"phone": "+44 20 7946 0123"}))
    assert called["customer"]["id"] == writer["id"]


def test_who_hides_their_number_is_still_the_same(daemon):
    for fixture in ("number-and-user-id", "hidden-number"):
        sent(daemon, "whatsapp", Fixture("whatsapp", fixture))
    assert ids(timeline_of(daemon, 2, phone="+442079460150")) == ["wamid.15", "wamid.50"]


def test_who_changes_their_number_is_found_by_either(daemon):
    for fixture in ("text", "system"):
        sent(daemon, "whatsapp", Fixture("whatsapp", fixture))
    assert ids(timeline_of(daemon, 2, phone="+442079460125")) == ["wamid.12", "wamid.1"]
    assert daemon.find(phone="+442079460123") == daemon.find(phone="+442079460125")


def of_a_call(**steps):
    number = {"display_phone_number": "442079460999", "phone_number_id": "1055"}
    changes = [{"field": "calls", "value": {"metadata": number, name: [step]}} for name, step in steps.items()]
    body = json.dumps({"object": "whatsapp_business_account", "entry": [{"id": "WABA1", "changes": changes}]})
    request = Request("POST", f"{SETTINGS['http.external_url']}/v1/sources/whatsapp", {}, body.encode())
    return sender("whatsapp").sign(request)


def test_a_call_that_rings_and_is_declined_begins_and_ends_once(daemon):
    """Each is told twice, as an event of the call and as its status."""
    call = {"id": "wacid.9", "direction": "BUSINESS_INITIATED", "from": "442079460999", "to": "442079460123"}
    status = {"id": "wacid.9", "type": "call", "recipient_id": "442079460123"}
    for said in (
        {"statuses": status | {"status": "RINGING", "timestamp": "1772443800"}},
        {"calls": call | {"event": "connect", "timestamp": "1772443801"}},
        {"statuses": status | {"status": "REJECTED", "timestamp": "1772443806"}},
        {"calls": call | {"event": "terminate", "timestamp": "1772443807", "status": "FAILED"}},
    ):
        assert send(daemon, of_a_call(**said)).status == 200
    sent(daemon, "whatsapp", Fixture("whatsapp", "text"))
    last, *others = timeline_of(daemon, 3, whatsapp="442079460123")
    assert (last["type"], last["outcome"]) == ("call.missed", "busy")
    assert {one["type"] for one in others} == {"call.started", "message.received"}
    assert len(others) == 2

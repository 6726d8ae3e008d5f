"""A visitor of the web, a reader of the newsletter and a caller turn out to be one person, who is talked of on social
media too: one customer, with one timeline."""

from touchpoint.front import event
from touchpoint.story import ids, send

COOKIE, EMAIL, PHONE = {"anonymous_id": "7f1c"}, {"email": "ann@example.com"}, {"phone": "+447400123456"}


def at(hour, channel, kind, customer):
    return event(
        id=f"{channel}-{hour}", channel=channel, type=kind, time=f"2026-03-01T{hour:02}:00:00Z", customer=customer
    )


def told(daemon, *events):
    return [found["customer"] for found in send(daemon, *events)]


def test_four_channels_one_customer(touchpointd):
    daemon = touchpointd()
    visit = at(9, "web", "page.viewed", COOKIE)
    click = at(10, "email", "email.clicked", EMAIL)
    form = at(11, "web", "form.submitted", COOKIE | EMAIL)
    call = at(12, "call_centre", "call.started", PHONE)
    ended = at(13, "call_centre", "call.completed", PHONE | EMAIL)
    mention = at(14, "social", "mention.posted", {"x": "ann"} | EMAIL)

    visitor, reader, joined = (told(daemon, one)[0] for one in (visit, click, form))
    assert visitor["id"] != reader["id"], "nobody knows yet"
    assert joined["id"] == visitor["id"], "who is known for longer stays"
    caller, second, talked_of = (told(daemon, one)[0] for one in (call, ended, mention))
    assert caller["id"] != visitor["id"]
    assert second["id"] == talked_of["id"] == visitor["id"]

    for known in (COOKIE, EMAIL, PHONE, {"x": "ann"}):
        assert daemon.find(**known) == visitor["id"]
    timeline = daemon.timeline(visitor["id"])
    assert ids(timeline) == [one["id"] for one in (mention, ended, call, form, click, visit)]
    assert [one["channel"] for one in reversed(timeline)] == [
        "web",
        "email",
        "web",
        "call_centre",
        "call_centre",
        "social",
    ]

"""SendGrid tries for a day: what it signed in the morning is still taken in the evening, and happens once."""

from touchpoint.kinds import SETTINGS, Fixture, section, send, timeline_of
from touchpoint.senders import sendgrid
from touchpoint.story import ids
from touchpoint.wait import until

HOUR = 3600


def signed(hours_ago):
    request = Fixture("sendgrid", "one-alone").request("sendgrid")
    request.now -= hours_ago * HOUR
    return sendgrid.sign(request)


def test_what_was_signed_in_the_morning_is_taken_once(touchpointd, tmp_path):
    daemon = touchpointd(SETTINGS, config=section(tmp_path, "sendgrid", "sendgrid"))
    for hours_ago in (12, 0):
        assert send(daemon, signed(hours_ago)).status == 200
    until(lambda: daemon.metrics()['touchpoint_timeline_total{result="duplicate"}'] == 1, 20, "the second is known")
    (expected,) = Fixture("sendgrid", "one-alone").expected
    assert ids(timeline_of(daemon, 1, email="ann@example.com")) == [expected["id"]]


def test_what_nobody_sends_any_more_is_refused(front, tmp_path):
    daemon = front(SETTINGS, config=section(tmp_path, "sendgrid", "sendgrid"))
    assert send(daemon, signed(hours_ago=25)).status == 401
    assert daemon.log("unverified")[0]["reason"] == "old"

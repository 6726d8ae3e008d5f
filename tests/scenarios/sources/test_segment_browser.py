"""Segment's library for pages, from npm and unchanged, in pages that a real Chromium loads from an origin of their own:
what a page tells it is what is in the timeline."""

import json
from datetime import datetime

import pytest

from touchpoint.chromium import PROGRAM, Site, visiting
from touchpoint.node import MODULES
from touchpoint.segment import KEY, SETTINGS, source
from touchpoint.wait import until

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no chromium")

LIBRARY = MODULES / "@segment" / "analytics-next" / "dist" / "umd" / "index.js"
PAGE = """<!DOCTYPE html><title>What it costs</title><script>%s</script><script src="/analytics.js"></script><script>
const say = (said) => fetch("/said", {method: "POST", body: JSON.stringify(said)})
const ids = (contexts) => contexts.map((context) => context.event.messageId)
const load = (options) => AnalyticsNext.AnalyticsBrowser.load({writeKey: %s, cdnURL: %s}, options)
%s
</script>"""


@pytest.fixture
def site():
    with Site().served() as site:
        site.pages["/analytics.js"] = LIBRARY.read_bytes()
        yield site


def page(daemon, script, before=""):
    return (PAGE % (before, json.dumps(KEY), json.dumps(f"http://{daemon.address}"), script)).encode()


def visit(daemon, site, folder, script, before=""):
    site.pages["/pricing"] = page(daemon, script, before)
    return visiting(f"{site.origin}/pricing", folder / "browser")


def welcome(site):
    return f'origins = "{site.origin}"'


def the_timeline_of(daemon, number, **identifier):
    """Once it has so many."""

    def there():
        customer = daemon.find(**identifier)
        events = daemon.timeline(customer, order="asc") if customer else []
        return events if len(events) >= number else None

    return until(there, 30, f"{number} of {identifier} are in the timeline")


def test_what_a_page_tells_is_in_the_timeline(touchpointd, tmp_path, site):
    """With nothing but the address set: the library reads there where to send."""
    daemon = touchpointd(SETTINGS, config=source(tmp_path, settings=welcome(site)))
    script = """
        const analytics = load()
        analytics.setAnonymousId("visitor-1")
        Promise.all([
            analytics.page("Shop", "Pricing"),
            analytics.track("Product Added", {product_id: "lumen-2", price: 19.9}),
            analytics.identify("4711", {name: "Nora", email: "Nora@Example.com"}),
            analytics.track("Trial Started"),
            analytics.group("acme", {name: "Acme Ltd"}),
            analytics.alias("4711", "visitor-0"),
        ]).then(ids).then(say)"""
    with visit(daemon, site, tmp_path, script):
        events = the_timeline_of(daemon, 3, customer_id="4711")
        until(lambda: daemon.find(anonymous_id="visitor-0"), 20, "the alias is known")
        (said,) = until(lambda: site.said, 20, "the page says what it sent")
    assert daemon.find(anonymous_id="visitor-0") == daemon.find(email="nora@example.com")

    assert {event["id"]: (event["channel"], event["type"], event["subject"]) for event in events} == {
        said[0]: ("web", "page.viewed", "What it costs"),
        said[1]: ("web", "cart.updated", "Product Added"),
        said[3]: ("web", "track.trial_started", "Trial Started"),
    }
    (viewed,) = (event for event in events if event["id"] == said[0])
    assert viewed["attributes"]["properties"]["url"] == f"{site.origin}/pricing"
    assert viewed["attributes"]["context"]["library"]["name"] == "analytics.js"
    assert KEY not in json.dumps(events)
    traits = daemon.get(f"/v1/customers/{daemon.find(customer_id='4711')}").json["traits"]
    assert traits == {
        "name": "Nora",
        "email": "Nora@Example.com",
        "group_id": "acme",
        "group": {"name": "Acme Ltd"},
    }


def test_what_was_gathered_is_sent_when_the_page_is_left(touchpointd, tmp_path, site):
    """In batches, to an address that the page says."""
    daemon = touchpointd(SETTINGS, config=source(tmp_path, settings=welcome(site)))
    settings = {
        "apiHost": f"{daemon.address}/v1",
        "protocol": "http",
        "deliveryStrategy": {"strategy": "batching", "config": {"size": 50, "timeout": 600_000}},
    }
    script = f"""
        const analytics = load({{integrations: {{"Segment.io": {json.dumps(settings)}}}}})
        analytics.setAnonymousId("visitor-1")
        Promise.all([analytics.track("One Done"), analytics.track("Two Done")])
            .then(() => {{ location = "/elsewhere" }})"""
    site.pages["/elsewhere"] = b"<!DOCTYPE html>"
    with visit(daemon, site, tmp_path, script):
        events = the_timeline_of(daemon, 2, anonymous_id="visitor-1")
    assert {event["type"] for event in events} == {"track.one_done", "track.two_done"}


def test_a_beacon(touchpointd, tmp_path, site):
    """text/plain, with the write key in it, and not asked for before."""
    daemon = touchpointd(SETTINGS, config=source(tmp_path, settings=welcome(site)))
    body = {"writeKey": KEY, "anonymousId": "visitor-1", "event": "Page Left", "messageId": "beacon-1"}
    script = f'navigator.sendBeacon("http://{daemon.address}/v1/t", {json.dumps(json.dumps(body))})'
    with visit(daemon, site, tmp_path, script):
        (event,) = the_timeline_of(daemon, 1, anonymous_id="visitor-1")
    assert (event["id"], event["type"]) == ("beacon-1", "track.page_left")


def test_a_clock_that_is_wrong(touchpointd, tmp_path, site):
    """A customer's device may live in any year: what happens now is put where it happened."""
    daemon = touchpointd(SETTINGS, config=source(tmp_path, settings=welcome(site)))
    next_week = """
        const Right = Date, week = 7 * 86400000
        Date = class extends Right {
            constructor(...of) { of.length ? super(...of) : super(Right.now() + week) }
            static now() { return Right.now() + week }
        }"""
    script = """
        const analytics = load()
        analytics.setAnonymousId("visitor-1")
        analytics.track("Trial Started").then(({event}) => say(event.timestamp))"""
    with visit(daemon, site, tmp_path, script, before=next_week):
        (event,) = the_timeline_of(daemon, 1, anonymous_id="visitor-1")
        (said,) = until(lambda: site.said, 20, "the page says when it was")
    happened, received = (datetime.fromisoformat(event[name]) for name in ("time", "received_at"))
    assert (datetime.fromisoformat(said) - received).days >= 6, "the device was wrong"
    assert abs((received - happened).total_seconds()) < 3600


def test_a_page_that_is_not_welcome_sends_nothing(touchpointd, tmp_path, site):
    """Its browser does not let it, and a beacon, which is not asked for, is refused."""
    daemon = touchpointd(SETTINGS, config=source(tmp_path, settings='origins = "https://shop.example"'))
    settings = {"integrations": {"Segment.io": {"apiKey": KEY, "apiHost": f"{daemon.address}/v1", "protocol": "http"}}}
    beacon = {"writeKey": KEY, "anonymousId": "visitor-1", "event": "Page Left"}
    script = f"""
        const its_own = {{writeKey: "{KEY}", cdnSettings: {json.dumps(settings)}}}
        const analytics = AnalyticsNext.AnalyticsBrowser.load(its_own)
        analytics.setAnonymousId("visitor-1")
        const tried = (context) => say(context.logs().map((log) => log.message))
        load().catch(() => analytics.track("Trial Started")).then(tried)
        navigator.sendBeacon("http://{daemon.address}/v1/t", {json.dumps(json.dumps(beacon))})"""
    with visit(daemon, site, tmp_path, script):
        (logs,) = until(lambda: site.said, 30, "the page has tried")
        refused = 'touchpoint_source_requests_total{source="shop",result="unverified"}'
        until(lambda: daemon.metrics()[refused] == 1, 20, "the beacon was refused")
    assert "Error sending event" in logs
    assert daemon.metrics()["touchpoint_journal_records_total"] == 0

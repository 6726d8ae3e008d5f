"""Segment's and RudderStack's libraries from npm and PyPI, unchanged but for the address that they send to: what one of
them was told is what is in the timeline, and of its customer."""

from datetime import UTC, datetime

import pytest
import rudderstack.analytics.client
import segment.analytics.client

from touchpoint.node import run_node
from touchpoint.segment import KEY, SETTINGS, source
from touchpoint.wait import until

LONG_AGO = "2026-01-02T03:04:05.678Z"


def by_segments_node(address):
    return run_node("segment_node.cjs", address, KEY)


def by_rudderstacks_node(address):
    return run_node("rudder_node.cjs", address, KEY)


def tell_the_story(client):
    user, numbers = "4711", [f"m-{number}" for number in range(1, 8)]
    ids = iter(numbers)
    moment = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
    client.page(anonymous_id="visitor-1", name="Pricing", category="Shop", message_id=next(ids))
    client.identify(user, {"name": "Nora", "email": "Nora@Example.com"}, anonymous_id="visitor-1", message_id=next(ids))
    client.track(user, "Order Completed", {"order_id": "W-1", "total": 19.9}, timestamp=moment, message_id=next(ids))
    client.track(user, "Trial Started", message_id=next(ids))
    client.screen(user, name="Basket", message_id=next(ids))
    client.group(user, "acme", {"name": "Acme Ltd"}, message_id=next(ids))
    client.alias("visitor-0", user, message_id=next(ids))
    client.flush()
    client.join()
    return numbers


def by_segments_python(address):
    failed = []
    client = segment.analytics.client.Client(KEY, host=address, on_error=lambda error, _: failed.append(error))
    ids = tell_the_story(client)
    assert not failed
    return ids


def by_rudderstacks_python(address):
    failed = []
    client = rudderstack.analytics.client.Client(KEY, host=address, on_error=lambda error, _: failed.append(error))
    ids = tell_the_story(client)
    assert not failed
    return ids


@pytest.mark.parametrize("tell", [by_segments_node, by_rudderstacks_node, by_segments_python, by_rudderstacks_python])
def test_what_was_sent_is_in_the_timeline(touchpointd, tmp_path, tell):
    daemon = touchpointd(SETTINGS, config=source(tmp_path))
    page, _, order, trial, screen, _, _ = tell(f"http://{daemon.address}")
    customer = until(lambda: daemon.find(anonymous_id="visitor-0"), 20, "the alias is known")
    assert daemon.find(customer_id="4711") == daemon.find(email="nora@example.com") == customer

    four = until(lambda: len(found := daemon.timeline(customer)) == 4 and found, 20, "the four that happened are there")
    events = {event["id"]: event for event in four}
    said = {id: (event["channel"], event["type"], event.get("subject")) for id, event in events.items()}
    assert said == {
        page: ("web", "page.viewed", "Pricing"),
        order: ("web", "purchase.completed", "Order Completed"),
        trial: ("web", "track.trial_started", "Trial Started"),
        screen: ("app", "screen.viewed", "Basket"),
    }
    assert {event["source"] for event in events.values()} == {"shop"}
    assert events[order]["time"] == LONG_AGO
    assert events[order]["attributes"]["properties"] == {"order_id": "W-1", "total": 19.9}

    known = daemon.get(f"/v1/customers/{customer}").json
    identifiers = {(one["type"], one["value"]) for one in known["identifiers"]}
    assert identifiers == {
        ("customer_id", "4711"),
        ("email", "nora@example.com"),
        ("anonymous_id", "visitor-1"),
        ("anonymous_id", "visitor-0"),
    }
    assert known["traits"] == {
        "name": "Nora",
        "email": "Nora@Example.com",
        "group_id": "acme",
        "group": {"name": "Acme Ltd"},
    }

"""A timeline is read in pages: by filters, in either order, complete and without repetition while events arrive, also
when many have the same time."""

import pytest

from touchpoint.front import event
from touchpoint.story import ago, ids, send


def page(daemon, customer, **query):
    reply = daemon.get(f"/v1/customers/{customer}/timeline", **query)
    assert reply.status == 200, reply.body
    assert set(reply.json) == {"customer", "events", "next"}
    assert reply.json["customer"] == customer
    return reply.json["events"], reply.json["next"]


def read_on(daemon, customer, between=lambda: None, **query):
    """All pages; `between` happens before each next one."""
    events, cursor = page(daemon, customer, **query)
    while cursor is not None:
        between()
        more, cursor = page(daemon, customer, cursor=cursor, **query)
        events += more
    return events


def test_filters_and_orders(touchpointd):
    daemon = touchpointd()
    times = [ago(hours=6 - number) for number in range(6)]
    kinds = [("web", "page.viewed"), ("email", "email.opened"), ("web", "cart.left")] * 2
    sent = send(
        daemon,
        *(event(id=f"e-{n}", time=times[n], channel=channel, type=type) for n, (channel, type) in enumerate(kinds)),
    )
    customer = sent[0]["customer"]["id"]

    def found(**query):
        return "".join(id[-1] for id in ids(page(daemon, customer, **query)[0]))

    assert found() == "543210"
    assert found(order="desc") == "543210"
    assert found(order="asc") == "012345"
    assert found(limit=2) == "54"
    assert found(limit=500, order="asc") == "012345"
    assert found(channel="web", order="asc") == "0235"
    assert found(type="cart.left") == "52"
    assert found(channel="email", type="email.opened") == "41"
    assert found(channel="email", type="cart.left") == ""
    assert found(channel="fax") == ""
    assert found(since=times[2]) == "5432"
    assert found(until=times[2]) == "210"
    assert found(since=times[1], until=times[3], order="asc") == "123"
    assert found(since=times[1], until=times[1]) == "1"
    assert found(since=times[3], until=times[1]) == ""
    assert found(since=times[4], channel="web", order="asc") == "5"
    assert page(daemon, customer, order="asc")[0] == sent, "as it was answered to its sender"


def test_fifty_are_a_page_unless_told(touchpointd):
    daemon = touchpointd()
    customer = send(daemon, *(event() for _ in range(51)))[0]["customer"]["id"]
    events, cursor = page(daemon, customer)
    assert len(events) == 50
    assert len(page(daemon, customer, cursor=cursor)[0]) == 1


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_are_complete_while_events_arrive(touchpointd, order):
    """What was there at the start is read once and in order, whatever its time is shared with; and late events of long
    ago, and new ones, move nothing."""
    daemon = touchpointd()
    many, few = ago(hours=2), [ago(hours=4), ago(hours=3), ago(hours=1)]
    sent = [event(id=f"few-{n}", time=time) for n, time in enumerate(few)]
    sent += [event(id=f"many-{n:03}", time=many) for n in range(240)]
    customer = send(daemon, *sent)[0]["customer"]["id"]
    expected = ["few-0", "few-1", *(f"many-{n:03}" for n in range(240)), "few-2"]
    if order == "desc":
        expected.reverse()
    arrived = []

    def something_arrives():
        for time in (ago(hours=5), many, ago(minutes=1)):
            arrived.append(f"arrived-{len(arrived)}")
            send(daemon, event(id=arrived[-1], time=time))

    for limit in (7, 100, 101):
        read = ids(read_on(daemon, customer, something_arrives, order=order, limit=limit))
        assert len(read) == len(set(read))
        assert [id for id in read if not id.startswith("arrived")] == expected
    everything = ids(read_on(daemon, customer, order=order, limit=500))
    assert sorted(everything) == sorted(expected + arrived)


def test_what_a_filter_seldom_finds_is_found(touchpointd):
    """A page may then be short, or empty, and be followed by more."""
    daemon = touchpointd()
    events = [event(id=f"e-{n:04}", channel="sms" if n in (3, 700) else "web") for n in range(1000)]
    customer = send(daemon, *events)[0]["customer"]["id"]
    assert ids(read_on(daemon, customer, channel="sms")) == ["e-0700", "e-0003"]
    assert ids(read_on(daemon, customer, channel="sms", limit=1)) == ["e-0700", "e-0003"]
    assert len(read_on(daemon, customer, channel="web", limit=99)) == 998


BAD_QUERIES = {
    "limit": ["0", "501", "-1", "ten", "", "1.5", "99999999999999999999"],
    "order": ["up", "", "ASC"],
    "since": ["yesterday", "2026-01-01", "1767268800", ""],
    "until": ["2026-01-01T00:00:00"],
    "cursor": ["x", "1-", "-1", "1-2-3", "1-2x", "+1-2", "0x1-2", " 1-2", "1- 2", "f" * 40, "f" * 16 + "-1"],
    "colour": ["blue"],
}


def test_a_query_that_is_none_says_what_was_expected(touchpointd):
    daemon = touchpointd()
    customer = send(daemon, event())[0]["customer"]["id"]
    for name, values in BAD_QUERIES.items():
        for value in values:
            reply = daemon.get(f"/v1/customers/{customer}/timeline", **{name: value})
            if (name, value) == ("cursor", ""):
                continue
            assert reply.status == 400, (name, value, reply.body)
            assert reply.json["error"]["path"] == name
            assert "expected" in reply.json["error"]["message"]

"""Two customers that turn out to be one are read as one, under the id of either."""

from touchpoint.front import event
from touchpoint.story import ids, send

COOKIE, EMAIL = {"anonymous_id": "7f1c"}, {"email": "ann@example.com"}


def story(daemon):
    """Customers of five interactions, which the last one makes one, and what was read of the younger before."""
    parts = [COOKIE, EMAIL, EMAIL, COOKIE, COOKIE | EMAIL]
    times = [f"2026-03-01T09:00:0{i}.000Z" for i in range(5)]
    events = [event(id=f"e-{i}", time=times[i], customer=parts[i]) for i in range(5)]
    older, younger = (send(daemon, one)[0]["customer"]["id"] for one in events[:2])
    send(daemon, *events[2:4])
    before = page(daemon, younger, order="asc", limit=1)
    assert send(daemon, events[4])[0]["customer"]["id"] == older != younger
    return older, younger, times, before


def page(daemon, customer, **query):
    return daemon.get(f"/v1/customers/{customer}/timeline", **query).json


def pages(daemon, customer, **query):
    found = [page(daemon, customer, **query)]
    while found[-1]["next"]:
        found.append(page(daemon, customer, cursor=found[-1]["next"], **query))
    return found


def test_the_customer_is_that_of_all(touchpointd):
    daemon = touchpointd()
    older, younger, times, _ = story(daemon)
    known = daemon.get(f"/v1/customers/{older}").json
    assert (known["id"], known["members"], known["interactions"]) == (older, [younger], 5)
    assert (known["first_seen"], known["last_seen"]) == (times[0], times[4])
    assert daemon.get(f"/v1/customers/{younger}").json == known | {"requested": younger}
    assert daemon.find(**EMAIL) == daemon.find(**COOKIE) == older


def test_why_they_are_one_is_said(touchpointd):
    daemon = touchpointd()
    older, younger, _, _ = story(daemon)
    (member,) = daemon.get(f"/v1/customers/{younger}/identity").json["members"]
    assert (member["id"], member["into"], member["event"]) == (younger, older, "e-4")
    assert [found["value"] for found in member["identifiers"]] == ["7f1c", "ann@example.com"]


def test_the_timeline_is_that_of_all_page_by_page(touchpointd):
    daemon = touchpointd()
    older, younger, _, before = story(daemon)
    told = ["e-0", "e-1", "e-2", "e-3", "e-4"]
    for customer in (older, younger):
        for order, expected in (("asc", told), ("desc", told[::-1])):
            found = pages(daemon, customer, order=order, limit=1)
            assert ids(one for part in found for one in part["events"]) == expected
            assert {part["customer"] for part in found} == {older}
            assert {part.get("requested") for part in found} == {younger if customer == younger else None}
    owners = [one["customer"]["id"] for one in page(daemon, older, order="asc")["events"]]
    assert owners == [older, younger, younger, older, older], "each as it was forwarded"
    rest = page(daemon, younger, order="asc", cursor=before["next"])
    assert (ids(before["events"]), ids(rest["events"])) == (told[1:2], told[2:]), "the merge came between"

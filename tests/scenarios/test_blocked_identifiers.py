"""Values that name nobody, such as "null" or "unknown@...", are no identifiers: they make no customer, and lead to
none. The event is taken for who else it names, and says what was put aside."""

import pytest

from touchpoint.ctl import ctl
from touchpoint.front import event
from touchpoint.story import send

BLOCKED = "touchpoint_identifiers_blocked_total"


def test_it_stands_on_the_event_and_leads_to_nobody(touchpointd, kafka, topics):
    daemon = touchpointd()
    send(daemon, event(id="e1", customer={"email": "ann@example.com", "customer_id": "null"}))
    send(daemon, event(id="e2", customer={"email": "bob@example.com", "customer_id": "null"}))
    ann, bob = daemon.find(email="ann@example.com"), daemon.find(email="bob@example.com")
    assert ann != bob
    assert daemon.find(customer_id="null") is None
    (entry,) = daemon.timeline(ann)
    identifiers = [{"type": "email", "value": "ann@example.com"}]
    assert entry["customer"] == {
        "id": ann,
        "change": {"kind": "created", "identifiers": identifiers},
        "identifiers": identifiers,
        "dropped": [{"type": "customer_id", "value": "null", "reason": "blocked"}],
    }
    records = [record.value for record in kafka.records(topics.interactions)]
    assert sorted(records, key=lambda record: record["id"]) == [entry, *daemon.timeline(bob)]
    known = daemon.get(f"/v1/customers/{ann}").json["identifiers"]
    assert [identifier["value"] for identifier in known] == ["ann@example.com"]
    assert daemon.metrics()[BLOCKED] == 2


@pytest.mark.parametrize(
    ("type", "value"),
    [
        ("customer_id", "null"),
        ("customer_id", "Undefined"),
        ("customer_id", "0"),
        ("customer_id", "-1"),
        ("customer_id", "[object Object]"),
        ("email", "unknown@example.com"),
        ("email", "none"),
        ("phone", "anonymous"),
        ("anonymous_id", "00000000-0000-0000-0000-000000000000"),
        ("x", "guest"),
    ],
)
def test_an_event_of_nobody_is_refused(front, type, value):
    reply = front().post(event(customer={type: value}))
    assert reply.status == 422
    assert reply.json["events"][0]["error"] == {
        "code": "blocked",
        "path": "customer.identifiers",
        "message": "an identifier whose value is not blocked was expected",
    }


def test_the_companys_own_addresses_and_trunks_are_configured(front):
    own = """
        identifier "email" { blocked = "*@shop.example, *@mail.shop.example" }
        identifier "phone" { blocked = "+442079460000" }
        identifier "line" { form = "lower" }
    """
    daemon = front({"normalize.region": "GB"}, config=own)
    assert daemon.post(event(customer={"email": "Sales@Shop.example"})).status == 422
    assert daemon.post(event(customer={"phone": "020 7946 0000"})).status == 422
    assert daemon.post(event(customer={"email": "ann@shop.example.org", "phone": "020 7946 0001"})).status == 202


def test_what_is_put_aside_is_restored_with_the_event(touchpointd, redis, kafka):
    daemon = touchpointd()
    send(daemon, event(id="e1", customer={"email": "ann@example.com", "phone": "unknown"}))
    customer = daemon.find(email="ann@example.com")
    before = daemon.timeline(customer)
    assert ctl(daemon, "rebuild", "--yes").returncode == 0
    assert daemon.timeline(customer) == before

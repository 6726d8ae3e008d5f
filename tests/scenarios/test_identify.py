"""An event of type identify says who somebody is: it attaches identifiers and sets traits, the newest by time, and
nothing has happened by it. It is told on the customers' topic alone."""

import pytest

from touchpoint import until
from touchpoint.front import event
from touchpoint.oracle import settle
from touchpoint.story import ids, send

COOKIE, EMAIL, NUMBER = {"anonymous_id": "7f1c"}, {"email": "ann@example.com"}, {"customer_id": "17"}
PHONE = {"phone": "+447400123456"}
EARLY, LATE = "2026-03-01T09:00:00.000Z", "2026-03-02T09:00:00.000Z"


def identify(customer, traits=None, time=LATE, **more):
    said = {} if traits is None else {"traits": traits}
    return {"channel": "crm", "type": "identify", "customer": customer, "time": time, **said, **more}


def named(customer):
    """As records have it."""
    return [{"type": type, "value": value} for type, value in customer.items()]


def known(daemon, customer):
    return daemon.get(f"/v1/customers/{customer}").json


def traits(daemon, customer):
    return known(daemon, customer).get("traits")


def told(kafka, topics, until):
    return [record.value for record in kafka.records(topics.customers, until=until)]


def test_it_attaches_and_is_found(touchpointd):
    """By any of its identifiers, also where nothing else ever came of the customer."""
    daemon = touchpointd()
    (record,) = send(daemon, identify(EMAIL | NUMBER, {"name": "Ann"}))
    customer = record["id"]
    assert daemon.find(**EMAIL) == daemon.find(**NUMBER) == customer
    answer = known(daemon, customer)
    identifiers = answer.pop("identifiers")
    assert [{name: one[name] for name in ("type", "value")} for one in identifiers] == named(EMAIL | NUMBER)
    nothing = {"interactions": 0, "counts": {}, "last": None}
    assert answer == {"id": customer, "traits": {"name": "Ann"}} | nothing
    assert daemon.timeline(customer) == []
    metrics = daemon.metrics()
    assert metrics["touchpoint_identity_identified_total"] == metrics["touchpoint_identity_created_total"] == 1
    assert metrics['touchpoint_timeline_total{result="appended"}'] == 0


def test_it_is_told_as_the_customers_record(touchpointd, kafka, topics):
    """All that is known, and what this one brought; who waits for it is answered the same."""
    daemon = touchpointd()
    (visit,) = send(daemon, event(id="w-1", customer=EMAIL))
    customer, consent = visit["customer"]["id"], {"newsletter": True, "price": 19.99}
    said = identify(EMAIL | NUMBER, {"name": "Ann", "consent": consent}, id="i-1", source="crm")
    answer = daemon.post(said, wait=20)
    assert b'"price":19.99' in answer.body
    record = answer.json["events"][0]["event"]
    assert record["id"] == customer
    assert [one["event"] for one in record["identifiers"]] == ["w-1", "i-1"]
    assert record["traits"] == {"name": {"value": "Ann", "time": LATE}, "consent": {"value": consent, "time": LATE}}
    assert record["change"] == {
        "kind": "identified",
        "identifiers": named(NUMBER),
        "traits": ["name", "consent"],
        "source": "crm",
        "event": "i-1",
        "time": LATE,
    }
    (later,) = send(daemon, event(id="w-2", customer=EMAIL | COOKIE))
    attached = told(kafka, topics, until=3)
    assert attached[1] == record
    assert attached[2]["traits"] == record["traits"], "every record has all that is known"
    assert later["context"]["sequence"] == 2
    assert [one.value for one in kafka.records(topics.interactions, until=2)] == [visit, later]
    assert ids(daemon.timeline(customer, order="asc")) == ["w-1", "w-2"]
    assert known(daemon, customer)["counts"] == {"web": 2}


def test_the_newest_by_time_is_kept(touchpointd):
    """One that comes late loses; of one time, the later wins; null takes away, and loses like any value."""
    daemon = touchpointd()
    (record,) = send(daemon, identify(EMAIL, {"name": "Ann", "language": "en"}))
    customer = record["id"]
    (late,) = send(daemon, identify(EMAIL, {"name": "Anna", "segment": "gold"}, time=EARLY))
    assert traits(daemon, customer) == {"name": "Ann", "language": "en", "segment": "gold"}
    assert late["change"]["traits"] == ["name", "segment"], "what was said"
    send(daemon, identify(EMAIL, {"name": "Anne"}), identify(EMAIL, {"language": None}))
    assert traits(daemon, customer) == {"name": "Anne", "segment": "gold"}
    send(daemon, identify(EMAIL, {"language": "de"}, time=EARLY), identify(EMAIL, {"name": None}, time=EARLY))
    assert traits(daemon, customer) == {"name": "Anne", "segment": "gold"}
    send(daemon, identify(EMAIL, {"name": None, "segment": None}))
    assert traits(daemon, customer) is None


def test_to_say_it_once_more_changes_nothing(touchpointd):
    """It is no duplicate, nor is its id taken."""
    daemon = touchpointd()
    said = identify(EMAIL, {"name": "Ann"}, id="i-1")
    first, again = send(daemon, said), send(daemon, said)
    assert again[0]["traits"] == first[0]["traits"]
    assert again[0]["change"]["identifiers"] == []
    (visit,) = send(daemon, event(id="i-1", source="default", customer=EMAIL))
    assert visit["context"]["sequence"] == 1
    assert send(daemon, identify(EMAIL, {"name": "Anne"}, id="i-1"))[0]["traits"]["name"]["value"] == "Anne"


def test_without_traits_it_attaches_alone(touchpointd):
    daemon = touchpointd()
    (record,) = send(daemon, identify(EMAIL | NUMBER))
    assert record["change"]["identifiers"] == named(EMAIL | NUMBER)
    assert "traits" not in record
    assert "traits" not in record["change"]
    assert "traits" not in known(daemon, record["id"])


def test_the_merged_show_the_newest_of_both(touchpointd, kafka, topics):
    daemon = touchpointd()
    (older,) = send(daemon, identify(EMAIL, {"name": "Ann", "language": "de", "segment": "gold"}, time=EARLY))
    (younger,) = send(daemon, identify(NUMBER, {"name": "Ann Lee", "segment": None}))
    (joined,) = send(daemon, identify(EMAIL | NUMBER, {"vip": True}, time=EARLY))
    assert joined["id"] == older["id"]
    assert joined["members"] == [younger["id"]]
    shown = {"language": "de", "name": "Ann Lee", "vip": True}
    assert {name: one["value"] for name, one in joined["traits"].items()} == shown | {"segment": None}
    assert joined["traits"]["name"] == {"value": "Ann Lee", "time": LATE, "customer": younger["id"]}
    for customer in (older, younger):
        assert traits(daemon, customer["id"]) == shown
    (visit,) = send(daemon, event(customer=EMAIL))
    assert visit["customer"]["change"]["kind"] == "merged", "told by the first interaction behind it"
    last = {mapping["id"]: mapping for mapping in told(kafka, topics, until=5)}
    assert last[older["id"]]["traits"] == joined["traits"]
    assert last[younger["id"]]["redirect"] == older["id"]


def test_each_has_its_own_again_when_the_merge_is_taken_back(touchpointd, kafka, topics):
    """What was said in between stays with the one that stayed."""
    daemon = touchpointd()
    (older,) = send(daemon, identify(EMAIL, {"name": "Ann"}, time=EARLY))
    (younger,) = send(daemon, identify(PHONE, {"name": "Bob", "language": "de"}))
    send(daemon, event(customer=EMAIL | PHONE), identify(PHONE, {"vip": True}))
    assert traits(daemon, older["id"]) == {"name": "Bob", "language": "de", "vip": True}
    reply = daemon.post({"member": younger["id"]}, f"/v1/customers/{older['id']}/split", wait=20)
    assert reply.status == 200, reply.body
    assert traits(daemon, older["id"]) == {"name": "Ann", "vip": True}
    assert traits(daemon, younger["id"]) == {"name": "Bob", "language": "de"}
    last = {mapping["id"]: mapping for mapping in told(kafka, topics, until=7)}
    for customer in (older["id"], younger["id"]):
        shown = {name: one["value"] for name, one in last[customer]["traits"].items()}
        assert (last[customer]["change"]["kind"], shown) == ("split", traits(daemon, customer))


def test_what_is_anothers_is_said(touchpointd):
    daemon = touchpointd()
    send(daemon, identify(NUMBER | EMAIL), identify({"customer_id": "18"} | PHONE))
    (record,) = send(daemon, identify(NUMBER | PHONE, {"name": "Ann"}))
    (conflict,) = record["change"]["conflict"]
    assert (conflict["type"], conflict["reason"]) == ("phone", "unique")
    assert daemon.metrics()["touchpoint_identity_conflicts_total"] == 1


def test_those_that_come_at_once_keep_their_order(touchpointd):
    """And their place among interactions: one batch, a customer each of a few."""
    daemon = touchpointd()
    customers = [{"email": f"a{n}@example.com"} for n in range(5)]
    said = [
        one
        for turn in range(40)
        for customer in customers
        for one in (identify(customer, {"turn": turn}), event(id=f"{customer['email']}-{turn}", customer=customer))
    ]
    found = send(daemon, *said)
    assert [one["traits"]["turn"]["value"] for one in found[::2]] == [turn for turn in range(40) for _ in customers]
    for customer in customers:
        one = known(daemon, daemon.find(**customer))
        assert (one["traits"], one["interactions"]) == ({"turn": 39}, 40)


def test_what_was_accepted_is_told_after_a_kill(touchpointd, kafka, topics):
    """Kafka is away when it is killed: nothing of it was delivered."""
    daemon = touchpointd()
    (before,) = send(daemon, event(customer=EMAIL))
    kafka.pause()
    try:
        said = [identify(EMAIL, {"turn": turn}, id=f"i-{turn}") for turn in range(20)]
        assert daemon.post([*said, identify(NUMBER, {"name": "Bob"})]).json["accepted"] == 21
        until(lambda: traits(daemon, before["customer"]["id"]) == {"turn": 19}, 10, "Redis has them")
        daemon.kill9()
    finally:
        kafka.resume()
    daemon.start()
    settle(daemon)
    found = told(kafka, topics, until=22)
    assert [one["change"]["event"] for one in found if one["change"]["event"][:2] == "i-"] == ids(said)
    last = {mapping["id"]: mapping["traits"] for mapping in found if "traits" in mapping}
    assert last[before["customer"]["id"]]["turn"] == {"value": 19, "time": LATE}
    assert traits(daemon, daemon.find(**NUMBER)) == {"name": "Bob"}
    assert len(kafka.records(topics.interactions)) == 1


REFUSED = [
    ({"traits": []}, "wrong_type", "traits"),
    ({"traits": {f"t{n}": n for n in range(51)}}, "too_many", "traits"),
    ({"traits": {"": 1}}, "out_of_range", "traits"),
    ({"traits": {"n" * 65: 1}}, "out_of_range", "traits"),
    ({"traits": {"a\tb": 1}}, "invalid_value", "traits"),
    ({"traits": {"name": "x" * 1023}}, "out_of_range", "traits.name"),
    ({"traits": {"ann@example.com": "x" * 1023}}, "out_of_range", "traits"),
    ({"text": "hello"}, "unknown_member", "text"),
    ({"feedback": {"csat": 4}}, "unknown_member", "feedback"),
    ({"sentiment": {"score": 1}}, "unknown_member", "sentiment"),
    ({"attributes": {"name": "Ann"}}, "unknown_member", "attributes"),
    ({"type": "page.viewed", "traits": {"name": "Ann"}}, "unknown_member", "traits"),
]


def test_what_does_not_fit_is_refused_by_name(touchpointd):
    daemon = touchpointd()
    reply = daemon.post([identify(EMAIL) | wrong for wrong, _, _ in REFUSED])
    errors = [one["error"] for one in reply.json["events"]]
    assert [(one["code"], one.get("path", "")) for one in errors] == [(code, path) for _, code, path in REFUSED]


@pytest.mark.parametrize("name", ["n" * 64, "näme", "consent.newsletter", "a b"])
def test_names_are_anything_on_one_line(touchpointd, name):
    daemon = touchpointd()
    (record,) = send(daemon, identify(EMAIL, {name: "x" * 1022}))
    assert traits(daemon, record["id"]) == {name: "x" * 1022}

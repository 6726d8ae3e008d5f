"""Identifiers that come together belong to one customer from then on; and of two known customers who may not be one, an
event goes to that of its strongest identifier."""

import json
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest

from touchpoint.front import event
from touchpoint.story import check_sequence, ids, send

EMAIL, PHONE = {"email": "ann@example.com"}, {"phone": "+447400123456"}


def customer_of(daemon, **identifiers):
    return send(daemon, event(customer=identifiers))[0]["customer"]["id"]


def test_a_phone_linked_by_an_email_is_the_same_customer(touchpointd):
    daemon = touchpointd()
    assert customer_of(daemon, **EMAIL) == customer_of(daemon, **EMAIL, **PHONE) == customer_of(daemon, **PHONE)
    assert daemon.find(**EMAIL) == daemon.find(**PHONE)


def test_also_within_one_request(touchpointd):
    daemon = touchpointd()
    events = send(
        daemon, *(event(customer=customer) for customer in (EMAIL, EMAIL | PHONE, PHONE, {"x": "ann"} | PHONE))
    )
    assert len({found["customer"]["id"] for found in events}) == 1
    check_sequence(events)


def test_several_values_of_one_type_are_one_customer(touchpointd):
    daemon = touchpointd()
    both = customer_of(daemon, email=["ann@example.com", "ann@work.example"])
    assert customer_of(daemon, email="ann@work.example") == both


def two_who_stay_two(daemon):
    """By a number of the company's and a phone the one, by an address the other: a phone does not make them one."""
    return customer_of(daemon, customer_id="K-1", **PHONE), customer_of(daemon, **EMAIL)


def test_of_two_known_customers_the_strongest_identifier_decides(touchpointd):
    daemon = touchpointd()
    by_number, by_email = two_who_stay_two(daemon)
    assert customer_of(daemon, **PHONE, **EMAIL) == by_email
    assert customer_of(daemon, **PHONE, x="ann") == by_number
    assert (daemon.find(**EMAIL), daemon.find(**PHONE), daemon.find(customer_id="K-1")) == (
        by_email,
        by_number,
        by_number,
    )
    assert daemon.find(x="ann") == by_number, "what is new goes where the event goes"


def test_what_belongs_to_another_is_not_listed_as_ones_own(touchpointd):
    """The event that named both keeps what it said; the customers list what leads to them."""
    daemon = touchpointd()
    by_number, by_email = two_who_stay_two(daemon)
    assert customer_of(daemon, **EMAIL, **PHONE, x="ann") == by_email

    def listed(customer):
        identifiers = daemon.get(f"/v1/customers/{customer}").json["identifiers"]
        return {identifier["type"]: identifier["value"] for identifier in identifiers}

    assert listed(by_email) == EMAIL | {"x": "ann"}
    assert listed(by_number) == PHONE | {"customer_id": "K-1"}
    assert len(daemon.timeline(by_email)[0]["customer"]["identifiers"]) == 3


def test_the_event_that_names_both_says_so(touchpointd, kafka, topics):
    """In Kafka, on the timeline, and to who waits; a retry is told the same, although more is known by then."""
    daemon = touchpointd()
    by_number, by_email = two_who_stay_two(daemon)
    both = event(id="both", customer={"x": "ann", **PHONE, **EMAIL})
    (told,) = send(daemon, both)
    assert told["customer"] == {
        "id": by_email,
        "change": {"kind": "attached", "identifiers": [{"type": "x", "value": "ann"}]},
        "identifiers": [
            {"type": "x", "value": "ann"},
            {"type": "phone", "value": PHONE["phone"]},
            {"type": "email", "value": EMAIL["email"]},
        ],
        "conflict": [{"type": "phone", "value": PHONE["phone"], "reason": "weaker", "customer": by_number}],
    }
    assert send(daemon, both) == [told]
    assert daemon.timeline(by_email)[0] == told
    assert [record.value for record in kafka.records(topics.interactions, until=3) if record.value["id"] == "both"] == [
        told
    ]
    assert daemon.metrics()["touchpoint_identity_conflicts_total"] == 1


def test_what_is_refused_later_is_refused_as_it_was_sent(touchpointd, kafka, topics):
    """Without what was found out about it, so that it can be sent again."""
    daemon = touchpointd()
    two_who_stay_two(daemon)
    send(daemon, event(id="both", customer=PHONE | EMAIL))
    daemon.stop()
    daemon.start()  # so that the timeline is asked
    assert daemon.post(event(id="both", type="other", customer=PHONE | EMAIL)).status == 202
    (refused,) = kafka.records(topics.rejected, until=1)
    assert refused.value["reason"]["code"] == "id_reused"
    assert "conflict" not in json.loads(refused.value["payload"])["customer"]


def test_a_record_names_what_belongs_to_another(touchpointd, kafka, topics):
    """The second of its identifiers, as a bit."""
    daemon = touchpointd()
    two_who_stay_two(daemon)
    customer_of(daemon, **EMAIL, **PHONE, x="ann")
    others = [record.headers.get("tp_others") for record in kafka.records(topics.interactions, until=3)]
    assert sorted(filter(None, others)) == ["2"]
    assert others.count(None) == 2


def test_a_known_weak_identifier_counts_more_than_a_new_strong_one(touchpointd):
    daemon = touchpointd()
    anonymous = customer_of(daemon, anonymous_id="7f1c")
    assert customer_of(daemon, anonymous_id="7f1c", customer_id="K-1") == anonymous
    assert daemon.find(customer_id="K-1") == anonymous


@pytest.mark.parametrize(("types", "whose"), [("email,phone", 0), ("phone,email", 1)])
def test_the_order_of_strength_is_a_setting(touchpointd, types, whose):
    daemon = touchpointd({"identity.types": types})
    known = [customer_of(daemon, **EMAIL, phone="+447400123450"), customer_of(daemon, **PHONE)]
    assert customer_of(daemon, **EMAIL, **PHONE) == known[whose]


def test_the_first_events_of_a_customer_at_the_same_time_make_one(touchpointd, kafka, topics):
    """Each on a connection of its own, spread over the threads of the front."""
    daemon = touchpointd({"http.threads": 4})
    connections, rounds = 12, 5
    barrier = Barrier(connections)

    def first(number):
        found = []
        with daemon.client() as client:
            for round in range(rounds):
                customer = {"email": f"new-{round}@example.com", "x": f"handle_{round}_{number}"}
                barrier.wait(30)
                reply = client.post(event(id=f"e-{round}-{number}", customer=customer), wait=20)
                found.append(reply.json["events"][0]["event"])
        return found

    with ThreadPoolExecutor(connections) as pool:
        by_round = list(zip(*pool.map(first, range(connections)), strict=True))
    for round, events in enumerate(by_round):
        customers = {found["customer"]["id"] for found in events}
        assert customers == {daemon.find(email=f"new-{round}@example.com")}
        check_sequence(events)
        assert sorted(ids(daemon.timeline(customers.pop()))) == sorted(ids(events))
    by_customer = {}
    for record in kafka.records(topics.interactions):
        by_customer.setdefault(record.key, []).append(record.value["context"]["sequence"])
    assert list(by_customer.values()) == [list(range(1, connections + 1))] * rounds

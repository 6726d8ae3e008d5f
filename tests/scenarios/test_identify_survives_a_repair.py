"""What events of type identify have said is on the customers' topic alone, and is put back from there."""

import json

import pytest

from touchpoint import oracle
from touchpoint.front import event
from touchpoint.splits import split
from touchpoint.story import send
from touchpoint.wait import until

EMAIL, NUMBER, COOKIE = {"email": "ann@example.com"}, {"customer_id": "17"}, {"anonymous_id": "7f1c"}
EARLY, LATE = "2026-03-05T10:00:00.000Z", "2026-03-06T10:00:00.000Z"


def identify(customer, traits=None, time=LATE, **more):
    said = {} if traits is None else {"traits": traits}
    return {"type": "identify", "channel": "crm", "time": time, "customer": customer} | said | more


def known(daemon, customer):
    found = daemon.get(f"/v1/customers/{customer}")
    return found.json, daemon.timeline(customer), daemon.get(f"/v1/customers/{customer}/identity").json


def traits(daemon, customer):
    return daemon.get(f"/v1/customers/{customer}").json.get("traits")


def lose(daemon, redis, pattern="*"):
    oracle.settle(daemon)
    if pattern == "*":
        redis.client.flushall()
    else:
        redis.client.delete(*redis.client.keys(pattern))
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)


@pytest.fixture
def daemon(touchpointd):
    return touchpointd({"kafka.transactions": "on"})


@pytest.mark.parametrize("lost", ["*", "tp:{L*}:*", "tp:{I*}:*"], ids=["all", "the customers", "the claims"])
def test_a_customer_who_is_known_by_identify_alone(daemon, redis, lost):
    """Identifiers and traits, in their order, also with numbers as they were sent."""
    said = {"name": "Ann", "limit": 19.90, "address": {"lines": ["1 High St", None]}}
    (first,) = send(daemon, identify(EMAIL | COOKIE, said))
    send(daemon, identify(EMAIL | NUMBER, {"name": "Anne"}, source="crm"))
    before = known(daemon, first["id"])
    lose(daemon, redis, lost)
    assert known(daemon, first["id"]) == before
    assert before[0]["traits"] == said | {"name": "Anne"}
    for one in (EMAIL, COOKIE, NUMBER):
        assert daemon.find(**one) == first["id"]


def test_also_where_interactions_came_between(daemon, redis):
    (visit,) = send(daemon, event(customer=COOKIE))
    customer = visit["customer"]["id"]
    send(
        daemon, identify(COOKIE | EMAIL, {"name": "Ann"}), event(customer=EMAIL | {"line": "7"}), event(customer=EMAIL)
    )
    before = known(daemon, customer)
    lose(daemon, redis)
    assert known(daemon, customer) == before
    assert daemon.find(line="7") == daemon.find(**EMAIL) == customer


def test_what_was_taken_away_stays_away(daemon, redis):
    (first,) = send(daemon, identify(EMAIL, {"name": "Ann", "vip": True}))
    send(daemon, identify(EMAIL, {"vip": None}))
    lose(daemon, redis)
    assert traits(daemon, first["id"]) == {"name": "Ann"}
    send(daemon, identify(EMAIL, {"vip": True, "name": "A"}, time=EARLY))
    assert traits(daemon, first["id"]) == {"name": "Ann"}, "one that comes late loses also now"


def two(daemon):
    older, younger = (
        one["id"] for one in send(daemon, identify(COOKIE, {"name": "?"}), identify(EMAIL, {"vip": True}))
    )
    assert older < younger
    return older, younger


def test_a_merge_that_only_identify_has_brought_about(daemon, redis):
    """It is told with the next interaction, now as before."""
    older, younger = two(daemon)
    send(daemon, identify(COOKIE | EMAIL, {"name": "Ann"}, time=LATE))
    shown = traits(daemon, older)
    lose(daemon, redis)
    assert daemon.find(**EMAIL) == daemon.find(**COOKIE) == older
    assert traits(daemon, older) == shown == {"name": "Ann", "vip": True}
    (member,) = daemon.get(f"/v1/customers/{older}/identity").json["members"]
    assert (member["id"], member["into"]) == (younger, older)
    (visit,) = send(daemon, event(customer=EMAIL))
    assert visit["customer"]["change"]["customers"] == [younger]


def test_the_counts_of_such_a_merge(daemon, redis):
    """The younger's interactions are not counted twice, and not forgotten."""
    older, younger = two(daemon)
    send(daemon, event(customer=EMAIL), event(customer=EMAIL), event(customer=COOKIE))
    send(daemon, identify(COOKIE | EMAIL))
    before = daemon.get(f"/v1/customers/{older}").json["counts"]
    lose(daemon, redis)
    assert daemon.get(f"/v1/customers/{older}").json["counts"] == before == {"web": 3}
    (visit,) = send(daemon, event(customer=COOKIE))
    assert visit["context"]["counts"] == {"web": 4}
    assert visit["customer"]["change"]["customers"] == [younger]


def test_each_has_its_own_again_when_they_are_split(daemon, redis):
    older, younger = two(daemon)
    send(daemon, event(customer=COOKIE | EMAIL), identify(EMAIL, {"language": "en"}))
    lose(daemon, redis)
    assert traits(daemon, older) == {"name": "?", "vip": True, "language": "en"}
    assert split(daemon, older, younger).status == 200
    assert (traits(daemon, older), traits(daemon, younger)) == ({"name": "?", "language": "en"}, {"vip": True})
    assert (daemon.find(**COOKIE), daemon.find(**EMAIL)) == (older, younger)


def test_what_was_split_before_stays_so(daemon, redis):
    older, younger = two(daemon)
    send(daemon, event(customer=COOKIE | EMAIL))
    assert split(daemon, older, younger).status == 200
    before = [known(daemon, one) for one in (older, younger)]
    lose(daemon, redis)
    assert [known(daemon, one) for one in (older, younger)] == before
    assert (daemon.find(**COOKIE), daemon.find(**EMAIL)) == (older, younger)


def test_a_record_that_is_none_is_passed_over(daemon, redis, kafka, topics):
    (first,) = send(daemon, identify(EMAIL, {"name": "Ann"}))
    sound = {"schema": 1, "id": first["id"], "identifiers": []}
    foreign = [
        (b"somebody", b"{}"),
        (b"01a201bc-ed2d-7000-8033-8b5c564c75a5", b"no JSON"),
        (b"01a201bc-ed2d-7000-8033-8b5c564c75a6", json.dumps(sound).encode()),
        (b"01a201bc-ed2d-7000-8033-8b5c564c75a7", json.dumps({"schema": 2}).encode()),
    ]
    producer = kafka.producer()
    for key, value in foreign:
        producer.produce(topics.customers, value, key=key)
    assert producer.flush(10) == 0
    lose(daemon, redis)
    assert traits(daemon, first["id"]) == {"name": "Ann"}
    assert daemon.log("restore_unreadable")

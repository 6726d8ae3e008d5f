"""A value that several people use, as a family does its phone, finds the one who came with it first; but whoever names
anything else is taken for who that is."""

from touchpoint.front import event
from touchpoint.story import check_sequence, send

PHONE = {"phone": "+447400123456"}
FAMILY = 'identifier "phone" { shared = on }'


def customers(daemon, *identified):
    return [found["customer"]["id"] for found in send(daemon, *(event(customer=who) for who in identified))]


def test_two_who_share_a_phone_are_two(touchpointd):
    daemon = touchpointd(config=FAMILY)
    ann, bob = customers(daemon, PHONE | {"email": "ann@example.com"}, PHONE | {"email": "bob@example.com"})
    assert ann != bob
    assert customers(daemon, {"email": "bob@example.com"} | PHONE, {"email": "ann@example.com"} | PHONE) == [bob, ann]
    assert customers(daemon, PHONE | {"anonymous_id": "7f1c"})[0] not in (ann, bob), "a stranger may have it too"


def test_alone_it_finds_who_came_with_it_first(touchpointd):
    daemon = touchpointd(config=FAMILY)
    ann, _, caller = customers(
        daemon, PHONE | {"email": "ann@example.com"}, PHONE | {"email": "bob@example.com"}, PHONE
    )
    assert caller == ann == daemon.find(**PHONE)
    check_sequence(daemon.timeline(ann, order="asc"))


def test_the_second_does_not_have_it_as_ones_own(touchpointd):
    daemon = touchpointd(config=FAMILY)
    _, bob = customers(daemon, PHONE | {"email": "ann@example.com"}, PHONE | {"email": "bob@example.com"})
    known = daemon.get(f"/v1/customers/{bob}").json["identifiers"]
    assert [identifier["type"] for identifier in known] == ["email"]
    (entry,) = daemon.timeline(bob)
    assert [identifier["type"] for identifier in entry["customer"]["identifiers"]] == ["phone", "email"]
    assert "conflict" not in entry["customer"], "that is how it is meant to be"


def test_other_types_are_not_shared_by_that(touchpointd):
    daemon = touchpointd(config=FAMILY)
    first, second = customers(daemon, {"email": "ann@example.com"}, {"email": "ann@example.com", "x": "ann"})
    assert first == second

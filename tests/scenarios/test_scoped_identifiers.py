"""An id that a page, a bot or an account gave a person is its own: on another page the same id is somebody else's."""

import pytest

from touchpoint.front import event
from touchpoint.story import check_sequence, send

REQUIRED = 'identifier "facebook" { scope = "required" }'


def on_page(page, value="123"):
    return {"identifiers": [{"type": "facebook", "value": value, "scope": page}]}


def customers(daemon, *identified):
    return [found["customer"]["id"] for found in send(daemon, *(event(customer=who) for who in identified))]


@pytest.mark.parametrize("config", ["", REQUIRED])
def test_one_id_on_two_pages_is_two_people(touchpointd, config):
    daemon = touchpointd(config=config)
    first, second, again = customers(daemon, on_page("page-77"), on_page("page-78"), on_page("page-77"))
    assert first != second
    assert again == first
    assert daemon.find(facebook="page-77:123") == first
    assert daemon.find(facebook="page-78:123") == second
    check_sequence(daemon.timeline(first, order="asc"))


def test_two_pages_of_one_event_are_not_joined_by_equal_values(touchpointd):
    daemon = touchpointd()
    ann, bob = customers(
        daemon, on_page("p1") | {"email": "ann@example.com"}, on_page("p2") | {"email": "bob@example.com"}
    )
    assert customers(daemon, on_page("p1"), on_page("p2"), {"facebook": "p2:123"}) == [ann, bob, bob]


def test_what_was_forwarded_finds_the_same_again(touchpointd):
    daemon = touchpointd()
    (forwarded,) = send(daemon, event(customer=on_page("page-77")))
    identifiers = forwarded["customer"]["identifiers"]
    assert identifiers == [{"type": "facebook", "value": "page-77:123"}]
    assert customers(daemon, {"identifiers": identifiers}) == [forwarded["customer"]["id"]]


def test_a_plain_handle_is_nobody_of_a_page(touchpointd):
    daemon = touchpointd()
    ann, other = customers(daemon, {"telegram": "@Ann"}, {"telegram": "bot-1:@Ann"})
    assert ann != other
    assert daemon.find(telegram="ann") == ann
    assert daemon.find(telegram="bot-1:ANN") == other


def test_where_a_scope_is_required_nothing_goes_without(touchpointd):
    daemon = touchpointd(config=REQUIRED)
    answer = daemon.post(event(customer={"facebook": "123"}))
    assert answer.status == 422
    error = answer.json["events"][0]["error"]
    assert (error["code"], error["path"]) == ("required", "customer.facebook")
    assert "SCOPE:VALUE" in error["message"]
    answer = daemon.get("/v1/customers?facebook=123")
    assert (answer.status, answer.json["error"]["path"]) == (400, "facebook")

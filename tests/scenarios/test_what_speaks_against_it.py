"""What several customers have in common does not always make them one: the event goes to that of its strongest
identifier, and says which value did not count, and why."""

from touchpoint.front import event
from touchpoint.story import send

HIS, HERS, COOKIE = {"email": "bob@example.com"}, {"email": "ann@example.com"}, {"anonymous_id": "7f1c"}


def told(daemon, customer):
    return send(daemon, event(customer=customer))[0]["customer"]


def test_two_who_use_one_browser_stay_two(touchpointd):
    daemon = touchpointd()
    his, hers = told(daemon, HIS | COOKIE)["id"], told(daemon, HERS)["id"]
    both = told(daemon, HERS | COOKIE)
    assert both["id"] == hers != his
    assert both["conflict"] == [{"type": "anonymous_id", "value": "7f1c", "reason": "weaker", "customer": his}]
    assert (daemon.find(**COOKIE), daemon.find(**HERS)) == (his, hers)


def test_two_customer_numbers_are_two_people(touchpointd):
    daemon = touchpointd()
    first, second = (told(daemon, {"customer_id": f"K-{n}"} | one)["id"] for n, one in enumerate((HIS, HERS)))
    both = told(daemon, {"customer_id": "K-0"} | HERS)
    assert both["id"] == first
    assert both["conflict"] == [{"type": "email", "value": HERS["email"], "reason": "unique", "customer": second}]


def test_a_value_of_nobody_can_be_too_many(touchpointd):
    daemon = touchpointd()
    told(daemon, {"customer_id": "K-1", "email": ["a@example.com", "b@example.com"]})
    third = told(daemon, {"customer_id": "K-1", "email": "c@example.com"})
    assert third["conflict"] == [{"type": "email", "value": "c@example.com", "reason": "limit"}]

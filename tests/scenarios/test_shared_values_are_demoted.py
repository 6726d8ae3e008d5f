"""A value that too many customers come with turns out to be shared: it is demoted, for good, and said."""

from touchpoint.front import event
from touchpoint.story import ids, send

PHONE = {"phone": "+447400123456"}
MOST = 20
LIMIT = {"identity.shared_after": MOST}


def customer_with(number, **more):
    return {"customer_id": f"K-{number}"} | PHONE | more


def told(daemon, *customers, **members):
    return [one["customer"] for one in send(daemon, *(event(customer=customer, **members) for customer in customers))]


def come(daemon, first=0, last=MOST):
    """So many customers with one phone, the first of whom has it; one after the other, so that each is counted."""
    return [told(daemon, customer_with(number))[0] for number in range(first, last + 1)]


def demoted(daemon):
    return daemon.metrics()["touchpoint_identity_demoted_total"]


def test_one_that_many_come_with_is_demoted_and_said(touchpointd):
    daemon = touchpointd(LIMIT)
    whose, *others = [found["id"] for found in come(daemon)]
    assert len({whose, *others}) == MOST + 1, "whoever has a number is himself"
    assert demoted(daemon) == 1
    (found,) = told(daemon, customer_with("one more"))
    assert found["conflict"] == [{"type": "phone", "value": PHONE["phone"], "reason": "shared", "customer": whose}]
    assert found["id"] not in (whose, *others)


def test_it_is_shown_with_the_customer_whose_it_is(touchpointd):
    daemon = touchpointd(LIMIT)
    whose, other, *_ = [found["id"] for found in come(daemon, last=MOST - 1)]
    assert "shared" not in daemon.get(f"/v1/customers/{whose}/identity").json
    come(daemon, first=MOST)
    shown = daemon.get(f"/v1/customers/{whose}/identity").json
    assert shown["shared"] == [{"type": "phone", "value": PHONE["phone"]}]
    assert len(shown["identifiers"]) == 2
    assert "shared" not in daemon.get(f"/v1/customers/{other}/identity").json


def test_it_is_logged_without_the_value(touchpointd):
    daemon = touchpointd(LIMIT)
    come(daemon)
    (line,) = daemon.log("identifier_demoted")
    assert (line["type"], line["customers"]) == ("phone", str(MOST + 1))
    assert "447400123456" not in daemon.said


def test_up_to_the_limit_nobody_is_affected(touchpointd):
    daemon = touchpointd(LIMIT)
    whose = come(daemon, last=MOST - 1)[0]["id"]
    (found,) = told(daemon, PHONE | {"anonymous_id": "new"})
    assert found["id"] == whose
    assert [one["reason"] for one in told(daemon, customer_with(1))[0]["conflict"]] == ["unique"]
    assert demoted(daemon) == 0


def test_one_customer_who_comes_again_and_again_is_one(touchpointd):
    daemon = touchpointd(LIMIT)
    told(daemon, customer_with(0), *[customer_with(1)] * 2 * MOST)
    assert demoted(daemon) == 0


def test_with_0_none_is_demoted(touchpointd):
    daemon = touchpointd({"identity.shared_after": 0})
    come(daemon, last=2 * MOST)
    assert demoted(daemon) == 0
    assert [one["reason"] for one in told(daemon, customer_with("K"))[0]["conflict"]] == ["unique"]


def test_all_of_one_batch_count(touchpointd):
    daemon = touchpointd(LIMIT)
    told(daemon, *(customer_with(number) for number in range(2 * MOST)))
    assert demoted(daemon) == 1
    assert [one["reason"] for one in told(daemon, customer_with("K"))[0]["conflict"]] == ["shared"]


def test_from_then_on_it_leads_only_where_there_is_nothing_else(touchpointd):
    daemon = touchpointd(LIMIT)
    whose = come(daemon)[0]["id"]
    (stranger,) = told(daemon, PHONE | {"anonymous_id": "new"})
    assert stranger["id"] != whose
    assert told(daemon, {"anonymous_id": "new"})[0]["id"] == stranger["id"], "with all else as ever"
    assert told(daemon, PHONE)[0]["id"] == whose
    assert daemon.find(**PHONE) == whose


def test_what_it_has_made_one_stays_so_and_others_are_themselves(touchpointd):
    """An address that an integration sends for everybody."""
    daemon = touchpointd({"identity.shared_after": 5})
    everybody, callers = {"email": "shop@example.com"}, [{"phone": f"+44740012345{number}"} for number in range(9)]
    for caller in callers:
        told(daemon, caller)
        told(daemon, caller | everybody)
    assert demoted(daemon) == 1
    assert daemon.find(**callers[0]) == daemon.find(**everybody)
    for caller in callers[1:]:
        (found,) = told(daemon, caller | everybody)
        assert found["id"] == daemon.find(**caller) != daemon.find(**everybody)


def test_who_comes_with_ever_new_browsers_is_one(touchpointd):
    """As who clears cookies does: unknown at first, then by the address."""
    daemon = touchpointd({"identity.shared_after": 5, "identity.merges_per_minute": 1000})
    ann, browsers = {"email": "ann@example.com"}, [{"anonymous_id": f"b-{number}"} for number in range(20)]
    for browser in browsers:
        told(daemon, browser)
        told(daemon, browser | ann)
    assert demoted(daemon) == 0
    assert {daemon.find(**browser) for browser in browsers} == {daemon.find(**ann)}


def test_what_was_sent_before_is_known_after_it(touchpointd):
    """It went to whose the phone is; now the browser would lead elsewhere."""
    daemon = touchpointd(LIMIT)
    whose = come(daemon, last=MOST - 1)[0]["id"]
    told(daemon, {"email": "ann@example.com", "anonymous_id": "hers"})
    call = event(id="c-1", customer=PHONE | {"anonymous_id": "hers"})
    (first,) = send(daemon, call)
    assert first["customer"]["id"] == whose
    come(daemon, first=MOST, last=MOST)
    assert demoted(daemon) == 1
    (again,) = daemon.post(call, wait=20).json["events"]
    assert (again["duplicate"], again["event"]["customer"]["id"]) == (True, whose)
    (later,) = send(daemon, event(id="c-2", customer=call["customer"]))
    assert later["customer"]["id"] != whose


def test_what_was_sent_after_it_is_known_too(touchpointd):
    """By another daemon, and when its customer is another's by then."""
    daemon, second = touchpointd(LIMIT), touchpointd(LIMIT)
    for node in (daemon, second):
        told(node, {"x": "somebody"})  # two that begin at once make a repair, which counts anew
    come(daemon)
    assert demoted(daemon) == 1
    call = event(id="c-1", customer=PHONE | {"anonymous_id": "new"})
    (first,) = send(daemon, call)
    for node in (daemon, second):
        assert node.post(call, wait=20).json["events"][0]["duplicate"]
    older, younger = sorted([first["customer"]["id"], daemon.find(customer_id="K-3")])
    told(daemon, {"customer_id": "K-3", "anonymous_id": "new"})
    assert {daemon.find(customer_id="K-3"), daemon.find(anonymous_id="new")} == {older}, younger
    for node in (daemon, second):
        assert node.post(call, wait=20).json["events"][0]["duplicate"]
    assert sum("c-1" in ids(daemon.timeline(one)) for one in {older}) == 1


def test_those_of_one_customer_keep_their_order(touchpointd):
    daemon = touchpointd(LIMIT)
    come(daemon)
    hers = {"anonymous_id": "new"}
    sent = [event(id=f"c-{n}", customer=hers | (PHONE if n % 3 else {})) for n in range(60)]
    found = send(daemon, *sent)
    assert len({one["customer"]["id"] for one in found}) == 1
    assert [one["context"]["sequence"] for one in found] == list(range(1, 61))

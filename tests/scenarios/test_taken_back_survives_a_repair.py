"""An identifier that an operator took back is the new customer's also when Redis has lost it: interactions go on
telling that it was attached to the first."""

import pytest

from touchpoint import oracle
from touchpoint.front import event
from touchpoint.splits import EMAIL, HANDLE, PHONE, take_back
from touchpoint.story import send
from touchpoint.wait import until

KEPT = {"kafka.transactions": "on"}


def views(daemon, customers):
    found = [(daemon.get(f"/v1/customers/{one}").json, daemon.timeline(one)) for one in customers]
    return found, [daemon.get(f"/v1/customers/{one}/identity").json for one in customers]


def lane_of(client, customer):
    (name,) = client.keys(f"tp:{{L*}}:c:{customer}")
    return name.partition(":c:")[0]


def lose(client, what, customers):
    if what == "all":
        client.flushall()
    elif what == "the claims":
        client.delete(*client.keys("tp:{I*}:*"))
    else:
        client.delete(*client.keys(f"{lane_of(client, customers[what == 'the new one'])}:*"))


@pytest.mark.parametrize("later", [False, True], ids=["at once", "with more behind it"])
@pytest.mark.parametrize("lost", ["all", "the first", "the new one", "the claims"])
def test_it_is_the_new_ones(touchpointd, redis, lost, later):
    daemon = touchpointd(KEPT)
    first, *_ = send(daemon, event(customer=EMAIL | HANDLE), event(customer=HANDLE), event(customer=EMAIL))
    customers = [one["id"] for one in take_back(daemon, first["customer"]["id"], HANDLE).json["customers"]]
    if later:
        send(daemon, event(customer=HANDLE | {"line": "7"}), event(customer=EMAIL), event(customer=EMAIL | HANDLE))
    before = views(daemon, customers)
    lose(redis.client, lost, customers)
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)
    assert views(daemon, customers) == before
    assert [daemon.find(**EMAIL), daemon.find(**HANDLE)] == customers
    (both,) = send(daemon, event(customer=EMAIL | HANDLE))
    assert [one["reason"] for one in both["customer"]["conflict"]] == ["split"]


def test_a_members_identifier_too(touchpointd, redis):
    """It was the member's own; and the merge is made again without it."""
    daemon = touchpointd(KEPT)
    send(daemon, event(customer=EMAIL), event(customer=PHONE))
    (merged,) = send(daemon, event(customer=EMAIL | PHONE))
    send(daemon, event(customer=PHONE | {"line": "7"}))
    root = merged["customer"]["id"]
    customers = [one["id"] for one in take_back(daemon, root, PHONE).json["customers"]]
    send(daemon, event(customer=PHONE), event(customer={"line": "7"}))
    before = views(daemon, customers)
    before[1][0]["members"][0]["identifiers"] = []  # a repair does not know them
    redis.client.flushall()
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)
    assert views(daemon, customers) == before
    assert [daemon.find(**EMAIL), daemon.find(**PHONE)] == customers
    assert daemon.find(line="7") == root


def test_a_retry_is_known_afterwards(touchpointd, redis):
    """The new one learns anew what was told before it was."""
    daemon = touchpointd(KEPT)
    sent = event(id="m-1", customer=HANDLE)
    first, _ = send(daemon, event(customer=EMAIL | HANDLE), sent)
    assert take_back(daemon, first["customer"]["id"], HANDLE).status == 200
    redis.client.flushall()
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)
    (again,) = daemon.post([sent], wait=20).json["events"]
    assert (again.get("duplicate"), again["event"]["customer"]["id"]) == (True, first["customer"]["id"])


def test_from_one_to_the_next(touchpointd, redis):
    daemon = touchpointd(KEPT)
    (first,) = send(daemon, event(customer=EMAIL | HANDLE))
    owners = [first["customer"]["id"]]
    for number in range(3):
        owners.append(take_back(daemon, owners[-1], HANDLE).json["customers"][1]["id"])
        send(daemon, event(customer=HANDLE | {"line": f"l-{number}"}))
    redis.client.flushall()
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)
    assert daemon.find(**HANDLE) == owners[-1]
    assert [daemon.find(line=f"l-{number}") for number in range(3)] == owners[1:]
    (both,) = send(daemon, event(customer=EMAIL | HANDLE))
    assert [(one["reason"], one["customer"]) for one in both["customer"]["conflict"]] == [("split", owners[-1])]

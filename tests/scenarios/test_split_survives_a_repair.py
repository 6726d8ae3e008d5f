"""What an operator took back stays so when Redis has lost it: interactions in Kafka go on telling of the merge."""

import pytest

from touchpoint import oracle
from touchpoint.front import event
from touchpoint.story import send
from touchpoint.wait import until

ANN = {"anonymous_id": "v-1"}
BOB = {"email": "bob@example.com"}


def split_one(daemon, later):
    """Ann and Bob turned out to be one, and were not."""
    ann, bob = (
        one["customer"]["id"] for one in send(daemon, event(customer=ANN), event(customer=BOB, channel="email"))
    )
    send(daemon, event(customer=ANN | BOB), event(customer=BOB, channel="sms"))
    survivor, member = sorted([ann, bob])
    assert daemon.post({"member": member}, path=f"/v1/customers/{survivor}/split").status == 200
    if later:
        send(daemon, event(customer=ANN), event(customer=BOB), event(customer=ANN))
    return survivor, member


def views(daemon, customers):
    return [
        (view.json, daemon.timeline(customer), daemon.get(f"/v1/customers/{customer}/identity").json)
        for customer in customers
        if (view := daemon.get(f"/v1/customers/{customer}")).status == 200
    ]


def lane_of(client, customer):
    (name,) = client.keys(f"tp:{{L*}}:c:{customer}")
    return name.partition(":c:")[0]


@pytest.mark.parametrize("later", [False, True], ids=["at once", "with more behind it"])
@pytest.mark.parametrize("lost", ["all", "the survivor", "the member"])
def test_both_are_as_they_were(touchpointd, redis, later, lost):
    daemon = touchpointd({"kafka.transactions": "on"})
    customers = split_one(daemon, later)
    before = views(daemon, customers)
    assert len(before) == 2
    if lost == "all":
        redis.client.flushall()
    else:
        lane = lane_of(redis.client, customers[lost == "the member"])
        redis.client.delete(*redis.client.keys(f"{lane}:*"))
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)
    assert views(daemon, customers) == before
    (joined,) = send(daemon, event(customer=ANN | BOB))
    assert [one["reason"] for one in joined["customer"]["conflict"]] == ["split"]


def test_one_that_was_asked_for_before_a_repair_is_made_after_it(touchpointd, redis):
    """The repair makes the merge once more, and gives it a number of its own."""
    daemon = touchpointd({"kafka.transactions": "on"})
    ann, bob = (
        one["customer"]["id"] for one in send(daemon, event(customer=ANN), event(customer=BOB, channel="email"))
    )
    send(daemon, event(customer=ANN | BOB))
    survivor, member = sorted([ann, bob])
    (merged,) = redis.client.keys(f"tp:{{L*}}:m:{member}")
    redis.client.hset(merged, "merge", "7")  # as if it had been led elsewhere and back before
    assert daemon.post({"member": member}, path=f"/v1/customers/{survivor}/split", wait=0).status == 202
    daemon.kill9()
    redis.client.flushall()
    daemon.start()
    until(lambda: daemon.find(**ANN) == ann and daemon.find(**BOB) == bob, 30, "they are two")
    oracle.settle(daemon)
    (joined,) = send(daemon, event(customer=ANN | BOB))
    assert [one["reason"] for one in joined["customer"]["conflict"]] == ["split"]

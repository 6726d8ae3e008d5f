"""A value that turned out to be shared stays so when Redis has lost it: the interactions in Kafka say it."""

import pytest

from touchpoint import oracle
from touchpoint.front import event
from touchpoint.story import send
from touchpoint.wait import until

PHONE = {"phone": "+447400123456"}
STRANGERS = [{"customer_id": f"K-{number}"} | PHONE for number in range(4)]


def told(daemon, customer):
    return send(daemon, event(customer=customer))[0]["customer"]


def bucket_of(client, identifier):
    (name,) = client.keys(f"tp:{{I*}}:{identifier}")
    return name.partition(identifier)[0]


@pytest.mark.parametrize("lost", ["all", "its bucket"])
def test_it_is_demoted_still(touchpointd, redis, lost):
    daemon = touchpointd({"kafka.transactions": "on", "identity.shared_after": 2})
    whose, *_, last = (told(daemon, customer) for customer in STRANGERS)
    assert [one["reason"] for one in last["conflict"]] == ["shared"]
    if lost == "all":
        redis.client.flushall()
    else:
        redis.client.delete(*redis.client.keys(bucket_of(redis.client, "phone:+447400123456") + "*"))
    until(lambda: daemon.log("repair_done"), 30, "the repair has ended")
    oracle.settle(daemon)
    assert daemon.find(**PHONE) == whose["id"]
    stranger = told(daemon, PHONE | {"anonymous_id": "new"})
    assert stranger["id"] != whose["id"]
    assert stranger["conflict"] == last["conflict"]
    assert daemon.metrics()["touchpoint_identity_demoted_total"] == 1, "it was not counted anew"

"""Many who came as two turn out to be one within one request: each pair becomes one customer, and nobody waits for
another try."""

from touchpoint.front import event
from touchpoint.story import send

PAIRS = 40


def test_each_pair_is_one(touchpointd):
    daemon = touchpointd()
    visitors = [{"anonymous_id": f"v-{n}"} for n in range(PAIRS)]
    readers = [{"email": f"r{n}@example.com"} for n in range(PAIRS)]
    apart = send(daemon, *(event(customer=customer) for customer in visitors + readers))
    assert len({one["customer"]["id"] for one in apart}) == 2 * PAIRS
    joined = send(daemon, *(event(customer=visitors[n] | readers[n]) for n in range(PAIRS)))
    assert [one["customer"]["id"] for one in joined] == [one["customer"]["id"] for one in apart[:PAIRS]]
    assert {one["customer"]["change"]["kind"] for one in joined} == {"merged"}
    assert daemon.metrics()["touchpoint_identity_merged_total"] == PAIRS
    assert daemon.log("redis_given_up") == []

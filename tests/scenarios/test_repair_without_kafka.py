"""Redis is emptied while Kafka is away: nothing can be put back yet. Events are taken, look-ups are refused rather than
answered wrongly, and it is said; when Kafka is back, so is everything."""

import json

from touchpoint import oracle, until
from touchpoint.ctl import ctl
from touchpoint.front import error_of, event
from touchpoint.load import Load
from touchpoint.repair import settings, until_more_pass, until_repaired


def test_everything_waits_but_intake(touchpointd, redis, kafka, topics):
    daemon = touchpointd(settings())
    with Load(daemon) as load:
        until_more_pass(daemon)
    oracle.settle(daemon)
    customer = daemon.find(email=load.customers[0])
    kafka.kill()
    redis.client.flushall()
    until(lambda: daemon.get("/readyz").json["redis"] == "repairing", 20, "it is noticed")
    paths = (f"/v1/customers/{customer}", f"/v1/customers/{customer}/timeline", "/v1/customers?email=a@example.com")
    for path in paths:
        reply = daemon.get(path)
        assert (reply.status, error_of(reply)["code"]) == (503, "unavailable")
        assert int(reply.headers["Retry-After"]) > 0
    reply = daemon.post(event(load.customers[0], id="waits"), wait=1)
    assert (reply.status, reply.json["accepted"]) == (202, 1)
    until(lambda: daemon.get("/readyz").json["repair"]["waits_for"] == "kafka: no broker answers", 20, "it is said")
    ran = ctl(daemon, "status", "--json")
    assert (ran.returncode, json.loads(ran.stdout)["redis"]) == (1, "repairing")
    assert "is made anew from Kafka" in ctl(daemon, "status").stdout
    kafka.start()
    until_repaired(daemon)
    oracle.settle(daemon)
    timeline = daemon.timeline(customer, order="asc")
    assert [entry["id"] for entry in timeline].count("waits") == 1
    assert [entry["context"]["sequence"] for entry in oracle.in_sequence(timeline)] == list(range(1, len(timeline) + 1))

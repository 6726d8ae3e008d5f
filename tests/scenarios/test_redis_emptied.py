"""A Redis that was emptied is noticed before the next write, said, and counted; new events pass."""

from touchpoint.front import event
from touchpoint.oracle import settle

LOSSES = "touchpoint_redis_losses_total"


def passes(daemon, **members):
    """Posts an event, and answers it as it was delivered."""
    reply = daemon.post(event(**members), wait=20)
    assert reply.status == 200, reply.body
    return reply.json["events"][0]["event"]


def assert_noticed(daemon, redis):
    (line,) = daemon.log("redis_changed")
    assert line["level"] == "error"
    assert int(line["absent"]) == len(redis.client.keys("tp:*}:home")), "all lanes and buckets"
    assert daemon.metrics()[LOSSES] == 1


def test_while_it_is_connected(touchpointd, redis):
    daemon = touchpointd()
    before = passes(daemon)
    assert passes(daemon)["context"]["sequence"] == 2
    assert daemon.metrics()[LOSSES] == 0
    redis.client.flushall()
    after = passes(daemon)
    assert after["context"]["sequence"] == 1
    assert after["customer"]["id"] != before["customer"]["id"], "not to be taken for the one that Kafka knows"
    assert_noticed(daemon, redis)


def test_while_touchpointd_was_down(touchpointd, redis):
    daemon = touchpointd()
    passes(daemon)
    settle(daemon)
    assert daemon.stop() == 0
    redis.client.flushall()
    daemon.start()
    passes(daemon)
    assert_noticed(daemon, redis)


def test_a_restart_with_all_its_data_is_no_loss_of_events(touchpointd, redis):
    """Yet it is said: nobody can know whether it lacks something."""
    daemon = touchpointd()
    before = passes(daemon)
    redis.stop()
    redis.start()
    after = passes(daemon)
    assert after["customer"]["id"] == before["customer"]["id"]
    assert after["context"]["sequence"] == 2
    (line,) = daemon.log("redis_changed")
    assert (line["level"], line["absent"]) == ("warning", "0")

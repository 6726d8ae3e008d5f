"""A repair may be interrupted at any point, by another loss or by the end of its process: it begins again, under the
next number, and ends as if nothing had been."""

import pytest

from faults.points import arm, compiled_in
from touchpoint import oracle, until
from touchpoint.load import Load
from touchpoint.repair import settings, until_more_pass, until_repaired

POINTS = ["repair.after_close", "repair.before_open", "repair.before_done"]


def test_redis_is_emptied_again_meanwhile(touchpointd, redis, kafka, topics):
    daemon = touchpointd(settings("on"))
    with Load(daemon) as load:
        until_more_pass(daemon, 2000)
        redis.client.flushall()
        until(lambda: daemon.log("repair_restores"), 20, "it restores")
        redis.client.flushall()
        until_repaired(daemon)
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)


def test_killed_while_it_restores(touchpointd, redis, kafka, topics):
    daemon = touchpointd(settings())
    with Load(daemon) as load:
        until_more_pass(daemon, 2000)
        redis.client.flushall()
        until(lambda: daemon.log("repair_restores"), 20, "it restores")
        daemon.kill9()
        daemon.start()
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert daemon.log("repair_followed") == [], "it knows that its own earlier life repairs no more"


@pytest.mark.points
@pytest.mark.skipif(not compiled_in(), reason="this build has no fault points")
@pytest.mark.parametrize("point", POINTS)
def test_killed_at_its_turns(touchpointd, redis, kafka, topics, point):
    daemon = touchpointd(settings("on"), start=False)
    arm(daemon, f"{point}=kill")
    daemon.start()
    with Load(daemon) as load:
        until_more_pass(daemon)
        redis.client.flushall()
        until(lambda: not daemon.process.running, 30, f"it is killed at {point}")
        daemon.kill9()
        arm(daemon, "")
        daemon.start()
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)

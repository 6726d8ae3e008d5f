"""A Redis that has lost its scripts (SCRIPT FLUSH, a restart) gets them again by itself, and nothing is lost or done
twice."""

import time

from touchpoint import oracle, until
from touchpoint.load import Load


def test_scripts_flushed_under_load(touchpointd, redis, kafka, topics):
    daemon = touchpointd()
    with Load(daemon) as load:
        for enough in (200, 400, 600):
            until(lambda enough=enough: len(load.accepted) > enough, 20, "events pass")
            redis.client.script_flush()
            time.sleep(0.1)  # some load in between
    oracle.check(daemon, kafka, topics, load)
    assert "NOSCRIPT" in daemon.log("redis_away")[0]["error"]

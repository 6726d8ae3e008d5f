"""touchpointd may be killed at any moment, as often as it likes: what it answered by 202 is neither lost nor doubled, and
senders who send again what was not answered do no harm."""

import random
import time

import pytest

from touchpoint import oracle
from touchpoint.load import Load
from touchpoint.process import free_port


@pytest.mark.tsan
def test_twenty_kills_lose_and_double_nothing(touchpointd, kafka, topics):
    daemon = touchpointd({"http.listen": f"127.0.0.1:{free_port()}"})
    with Load(daemon) as load:
        moments = random.Random(load.seed)
        for _ in range(20):
            time.sleep(moments.uniform(0.02, 0.4))  # the moment is the point
            daemon.kill9()
            daemon.start()
    oracle.check(daemon, kafka, topics, load)

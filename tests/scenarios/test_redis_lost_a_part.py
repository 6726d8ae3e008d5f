"""Identifiers alone, or one lane alone, deleted with their home: all is made anew from Kafka. (A part that is deleted
while its home stays cannot be noticed: touchpointctl rebuild is for that.)"""

import pytest

from touchpoint import oracle
from touchpoint.load import Load
from touchpoint.repair import restored, settings, until_more_pass, until_repaired


@pytest.mark.parametrize("part", ["tp:{I*", "tp:{L3}*"], ids=["identifiers", "one lane"])
def test_all_is_made_anew(touchpointd, redis, kafka, topics, part):
    daemon = touchpointd(settings())
    with Load(daemon, customers=200) as load:
        until_more_pass(daemon)
        client = redis.client
        assert client.eval("return #redis.call('KEYS', ARGV[1])", 0, part) > 1
        client.eval("for _, key in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', key) end", 0, part)
        until_repaired(daemon)
        until_more_pass(daemon)
    oracle.check(daemon, kafka, topics, load)
    assert restored(daemon) == ["all"]

"""Redis died while it wrote to its append-only file: the call in which it died is there in part. It drops that part
when it starts, and touchpointd asks for that call again."""

from touchpoint import Redis, oracle, until
from touchpoint.load import Load

TORN = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$3\r\nSET\r\n$14\r\ntp:{L0}:c:torn\r\n$100\r\nhalf of wh"


def tear(redis):
    """As the kernel may leave it: the calls that were answered, and a part of the one behind them."""
    (last,) = (redis.process.folder / "appendonlydir").glob("*.incr.aof")
    with last.open("ab") as file:
        file.write(TORN)


def test_a_call_is_there_in_part(touchpointd, kafka, topics, tmp_path, shown):
    redis = Redis(tmp_path / "redis", appendfsync="always", aof_load_truncated="yes")
    shown.append(redis.process)
    daemon = touchpointd(redis=redis.start())
    with Load(daemon) as load:
        for enough in (300, 600, 900):
            until(lambda enough=enough: len(load.accepted) > enough, 20, "events pass")
            redis.kill()
            tear(redis)
            redis.start()
    oracle.check(daemon, kafka, topics, load)
    assert redis.process.log_text().count("loaded anyway because aof-load-truncated is enabled") == 3
    assert redis.client.keys("*torn*") == []
    redis.kill()

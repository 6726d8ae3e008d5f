"""The daemon is killed at each named point of its code, wherever one stands in the sources, and started again."""

from contextlib import contextmanager, nullcontext

import pytest

from .points import arm, by_folder, folder_of, in_turn, meets, name_of

pytestmark = pytest.mark.points

SETTINGS = {"journal.segment_size": "1MiB", "journal.max_size": "8MiB", "journal.queue_size": "1MiB"}
"""Small files, so that new ones are begun and old ones removed all the time."""

PASSES = (1, 3, 20, 100)
"""How often a life comes by the point before it ends there. Some are passed only once in a life, as it begins."""

OF_TRANSACTIONS = {"kafka.before_abort", "kafka.before_commit", "kafka.after_commit"}


@pytest.fixture
def provocation(redis, kafka, topics):
    """What it takes to come by a point that no load alone comes by: a context, in which a life meets it once."""

    @contextmanager
    def empty_redis():
        redis.client.flushall()
        yield

    @contextmanager
    def narrow_topic():
        """Its records are refused, and so what they came with is aborted."""
        kafka.configure_topic(topics.interactions, max_message_bytes=100)
        yield
        kafka.configure_topic(topics.interactions, max_message_bytes=1_000_000)

    kinds = {"kafka.before_abort": narrow_topic, "repair": empty_redis, "restore": empty_redis}
    return lambda point: kinds.get(point) or kinds.get(folder_of(point))


@pytest.mark.together("points", by_folder())
def test_killed_at(points, node, trial, transactions, provocation):
    points = [point for point in points if transactions == "on" or point not in OF_TRANSACTIONS]
    if not points:
        pytest.skip("it is passed with kafka.transactions on alone")
    daemon = node(SETTINGS)
    times, turns = in_turn(points, PASSES if trial.in_full else PASSES[:1])

    def strike():
        point, nth = next(turns)
        provoked = provocation(point)
        with (provoked or nullcontext)():
            reached = meets(daemon, point, "kill", 1 if provoked else nth)
            daemon.kill9()
        arm(daemon, "")
        daemon.launch()
        return reached

    trial(
        daemon,
        f"the daemon: kill -9 at {name_of(points)}",
        strike,
        times=times,
        each_recovers=trial.in_full,
        pad=2000,
        strangers=0.05,
    )

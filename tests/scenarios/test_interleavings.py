"""Few people come by few identifiers, mostly as themselves and now and then as somebody else, to one daemon or to two
at once, which are killed in between: they become the same customers, with the same timelines, as in the models.

INTERLEAVINGS=1000 makes so many of each kind, each time others. Those of two daemons are a search, made only then: what
two list at one time, and one of them has, is not in the model yet."""

import itertools
import os

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from touchpoint import oracle, until
from touchpoint.interleaving import Tangle, faults_of
from touchpoint.proxy import Proxy

SETTINGS = {"identity.merges_per_minute": 1_000_000, "kafka.transaction_interval": "5ms", "redis.repair_wait": "2s"}

PEOPLE = 3
OF_ONE = {"customer_id": 1, "email": 2, "phone": 2, "anonymous_id": 2}
NAMES = [[(kind, person * n + one) for kind, n in OF_ONE.items() for one in range(n)] for person in range(PEOPLE)]

NODE = st.integers(0, 1)
OWN = st.sampled_from(NAMES).flatmap(lambda own: st.lists(st.sampled_from(own), min_size=1, max_size=3, unique=True))
STRANGE = st.lists(st.sampled_from(sum(NAMES, [])), min_size=2, max_size=3, unique=True)
SAYS = st.sampled_from([False] * 9 + [True])
VISIT = st.tuples(st.one_of(OWN, OWN, OWN, OWN, STRANGE), st.integers(0, 20), SAYS)
VISITS = st.lists(VISIT, min_size=1, max_size=4)

COME = st.tuples(st.just("come"), NODE, VISITS)
CROSS = st.tuples(st.just("cross"), VISITS, VISITS)
BOTH = st.tuples(st.just("both"), VISITS)
AGAIN = st.tuples(st.just("again"), NODE, st.integers(0, 5))
KILL = st.tuples(st.just("kill"), NODE)
WAIT = st.tuples(st.just("wait"))
SPLIT = st.tuples(st.just("split"), NODE, st.integers(0, 5), st.booleans())
OF_ONE_NODE = st.one_of(COME, COME, COME, COME, AGAIN, WAIT, SPLIT)
OF_TWO = st.one_of(COME, COME, CROSS, CROSS, CROSS, BOTH, AGAIN, WAIT, KILL, SPLIT)

ASKED = int(os.environ.get("INTERLEAVINGS", 0))


def bounded():
    """A story that is wrong is told as it is: to shorten it would take minutes."""
    return settings(
        max_examples=ASKED or 20,
        derandomize=not ASKED,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


@pytest.fixture
def news(kafka, topics):
    """Of a topic, what came since it was asked last. A commit is answered before readers see what it has committed."""
    readers = {
        name: kafka.reader(getattr(topics, name), fetch_wait_max_ms=20) for name in ("interactions", "customers")
    }

    def since(name):
        reader = readers[name]
        until(lambda: not kafka.has_open_transaction(reader.topic), 20, "what is committed is seen")
        return reader.rest(kafka.ends(reader.topic))

    yield since
    for reader in readers.values():
        reader.close()
    assert kafka.records(topics.rejected) == []


def check(tangle, news):
    if not tangle.events:
        return
    tangle.ask_again()
    tangle.rest()
    verdict = oracle.Verdict(faults_of(tangle.sight(news), tangle))
    assert not verdict, str(verdict)


def test_one_makes_of_them_what_the_model_makes(touchpointd, news):
    nodes, numbers = [touchpointd(SETTINGS)], itertools.count()

    @bounded()
    @given(st.lists(OF_ONE_NODE, min_size=1, max_size=12))
    def same(steps):
        tangle = Tangle(next(numbers), nodes)
        for step in steps:
            tangle.step(*step)
        tangle.rest()
        assert tangle.partition() == tangle.expected()
        check(tangle, news)

    same()


@pytest.mark.skipif(not ASKED, reason="INTERLEAVINGS=1000 searches")
@pytest.mark.parametrize("latency", [0, 0.002], ids=["alike", "one slow"])
def test_of_two_that_are_killed_each_event_has_one_place(touchpointd, redis, news, latency):
    with Proxy(redis.port) as way:
        way.latency = latency
        nodes = [touchpointd(SETTINGS), touchpointd(SETTINGS | {"redis.url": way.url})]
        numbers = itertools.count()

        @bounded()
        @given(
            st.lists(
                st.one_of(COME, COME, CROSS, CROSS, CROSS, BOTH, AGAIN, WAIT, KILL, SPLIT), max_size=12, min_size=1
            )
        )
        def hold(steps):
            tangle = Tangle(next(numbers), nodes)
            for step in steps:
                tangle.step(*step)
            tangle.rest()
            check(tangle, news)

        hold()

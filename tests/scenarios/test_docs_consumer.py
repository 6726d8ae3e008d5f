"""The consumer of the documentation joins interactions with their customers, whichever topic is ahead."""

import importlib.util
import itertools
import json
import subprocess
import sys

from touchpoint.daemon import ROOT
from touchpoint.front import event
from touchpoint.story import send

PROGRAM = ROOT / "docs" / "consumer.py"


def program():
    specification = importlib.util.spec_from_file_location("consumer", PROGRAM)
    module = importlib.util.module_from_spec(specification)
    specification.loader.exec_module(module)
    return module


def test_each_interaction_comes_with_what_was_known_by_then(touchpointd, kafka, topics):
    daemon = touchpointd()
    visits = [{"anonymous_id": "7f1c"}, {"anonymous_id": "7f1c", "email": "ann@example.com"}, {"x": "bob"}]
    sent = send(daemon, *(event(id=f"e-{n}", customer=customer) for n, customer in enumerate(visits)))
    own = ["--interactions", topics.interactions, "--customers", topics.customers, "--count", "3"]
    done = subprocess.run(
        [sys.executable, PROGRAM, kafka.brokers, *own], capture_output=True, text=True, timeout=60, check=True
    )
    joined = sorted((json.loads(line) for line in done.stdout.splitlines()), key=lambda one: one["interaction"]["id"])
    assert [one["interaction"] for one in joined] == sent
    for found in joined:
        known = {(one["type"], one["value"]) for one in found["customer"]["identifiers"]}
        assert known >= {(one["type"], one["value"]) for one in found["interaction"]["customer"]["identifiers"]}


def of(customer, sequence, *identifiers, **more):
    """A record of the customers' topic."""
    return {"id": customer, "sequence": sequence, "identifiers": list(identifiers)} | more


def redirect(customer, other):
    return {"id": customer, "redirect": other, "identifiers": []}


def said(number, customer, sequence, **change):
    """An interaction."""
    changed = {"change": change} if change else {}
    return {"id": number, "customer": {"id": customer} | changed, "context": {"sequence": sequence}}


def feed(join, record):
    take = join.take_interaction if "context" in record else join.take_mapping
    return take(record)


def test_whichever_topic_is_ahead():
    """All orders of two mappings and three interactions that keep the order of each topic."""
    first, second = {"type": "x", "value": "ann"}, {"type": "line", "value": "7"}
    mappings = [of("A", 1, first), of("A", 3, first, second)]
    changes = [{"identifiers": [first]}, {}, {"identifiers": [second]}]
    interactions = [said(number, "A", number + 1, **change) for number, change in enumerate(changes)]
    orders = set(itertools.permutations("mmiii"))
    assert len(orders) == 10
    for order in orders:
        join, left, found = program().Join(), {"m": iter(mappings), "i": iter(interactions)}, []
        for letter in order:
            found += feed(join, next(left[letter]))
        assert [one["interaction"]["id"] for one in found] == [0, 1, 2]
        assert found[2]["customer"] == mappings[1]


def test_what_is_said_of_a_customer_comes_with_it():
    """A mapping that no interaction waits for changes what those behind it come with."""
    known = of("A", 0, {"type": "x", "value": "ann"})
    traits = {"name": {"value": "Ann", "time": "2026-03-05T10:00:00.000Z"}}
    join = program().Join()
    assert feed(join, known) == feed(join, known | {"traits": traits, "change": {"kind": "identified"}}) == []
    (found,) = feed(join, said(1, "A", 1))
    assert found["customer"]["traits"] == traits


FIRST, SECOND = {"type": "x", "value": "ann"}, {"type": "line", "value": "7"}
MERGED = of("A", 4, FIRST, SECOND, members=["B"])
BY_KEY = {"A": [of("A", 1, FIRST), MERGED], "B": [of("B", 1, SECOND), redirect("B", "A")]}
"""The records of the customers' topic: B turned out to be A."""
OF_A = [said(0, "A", 1, identifiers=[FIRST]), said(1, "A", 4, identifiers=[], customers=["B"])]
OF_B = [said(2, "B", 1, identifiers=[SECOND]), said(3, "B", 2)]


def joined(streams):
    """What comes of all orders that keep the order of each stream."""
    letters = "".join(str(number) * len(stream) for number, stream in enumerate(streams))
    for order in set(itertools.permutations(letters)):
        join, left = program().Join(), [iter(stream) for stream in streams]
        yield [one for letter in order for one in feed(join, next(left[int(letter)]))], join


def test_whoever_was_merged_comes_with_the_survivor():
    for found, join in joined([BY_KEY["A"], BY_KEY["B"], OF_A, OF_B[:1]]):
        mappings = {one["interaction"]["id"]: one["customer"] for one in found}
        assert sorted(one["interaction"]["id"] for one in found) == [0, 1, 2]
        assert mappings[1] == MERGED
        assert mappings[2] in (BY_KEY["B"][0], MERGED)
        assert join.waiting == {}


def test_also_where_compaction_left_the_last_of_each_alone():
    for found, _ in joined([BY_KEY["A"][1:], BY_KEY["B"][1:], OF_A, OF_B]):
        assert sorted(one["interaction"]["id"] for one in found) == [0, 1, 2, 3]
        assert all(one["customer"] == MERGED for one in found)


def test_and_by_way_of_another():
    """C into B, and B into A."""
    last = of("A", 5, FIRST, SECOND, members=["B", "C"])
    into = [redirect("B", "A"), redirect("C", "B")]
    of_c = [said(4, "C", 1, identifiers=[SECOND])]
    for found, _ in joined([[BY_KEY["A"][0], MERGED, last], *([one] for one in into), of_c]):
        assert [one["customer"] for one in found] == [last]


APART = {"A": [*BY_KEY["A"], of("A", 4, FIRST)], "B": [*BY_KEY["B"], of("B", 2, SECOND)]}
"""It was taken back that B is A."""


def test_whoever_was_split_comes_with_their_own_again():
    for found, join in joined([APART["A"], APART["B"], OF_A]):
        assert sorted(one["interaction"]["id"] for one in found) == [0, 1]
        assert join.waiting == {}
        (own,) = feed(join, said(9, "B", 3))
        assert own["customer"] == APART["B"][-1]


def test_also_where_compaction_left_the_last_of_each_alone_then():
    """What the one had attached, and whom it had merged, is in no mapping any more."""
    for found, _ in joined([APART["A"][-1:], APART["B"][-1:], OF_A, OF_B]):
        mappings = {one["interaction"]["id"]: one["customer"] for one in found}
        assert mappings == {0: APART["A"][-1], 1: APART["A"][-1], 2: APART["B"][-1], 3: APART["B"][-1]}

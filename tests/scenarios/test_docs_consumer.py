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


def test_whichever_topic_is_ahead():
    """All orders of two mappings and three interactions that keep the order of each topic."""
    first, second = {"type": "x", "value": "ann"}, {"type": "line", "value": "7"}
    mappings = [{"id": "A", "identifiers": [first]}, {"id": "A", "identifiers": [first, second]}]
    changes = [{"change": {"identifiers": [first]}}, {}, {"change": {"identifiers": [second]}}]
    interactions = [{"id": number, "customer": {"id": "A"} | change} for number, change in enumerate(changes)]
    orders = set(itertools.permutations("mmiii"))
    assert len(orders) == 10
    for order in orders:
        join, left, found = program().Join(), {"m": iter(mappings), "i": iter(interactions)}, []
        for letter in order:
            take = join.take_mapping if letter == "m" else join.take_interaction
            found += take(next(left[letter]))
        assert [one["interaction"]["id"] for one in found] == [0, 1, 2]
        assert found[2]["customer"] == mappings[1]

"""The bench is run seldom. So here it is whole, with so little of everything that its figures say nothing; and what
makes it fair: that the stack made by hand does the same work."""

import json
import xml.etree.ElementTree as ElementTree

import pytest

from bench import events, report, run, sides
from bench.bed import Bed
from bench.results import Results
from touchpoint import Client

LITTLE = run.Plan(
    rounds=1,
    warm_up=1,
    seconds=1,
    batch_events=400,
    memory_events=200,
    densities=(10,),
    identity=run.Amounts(rounds=1, events=100, customers=10, merged=(20, 10, 5), members=5, interactions=2, requests=3),
    node_shapes=1,
    node=sides.node_program() is not None,
)

needs_node = pytest.mark.skipif(not LITTLE.node, reason="there is no npm here, so no Node stack")


@pytest.fixture
def bed(tmp_path, kafka_server):
    return Bed(tmp_path, kafka_server)


@pytest.mark.parametrize("part", run.PARTS)
def test_each_part_gives_its_figures(part, bed, tmp_path):
    results = run.measure(bed, LITTLE, [part], print)

    shown = [row for row in report.ROWS if row.figure in results.samples]
    for row in shown:
        assert results.median(row.figure, "touchpointd") >= 0, row
        assert row.beside in (None, "node") or results.has(row.figure, row.beside), row
        assert row.beside != "node" or results.has(row.figure, "node") == LITTLE.node, row
    assert len(report.table(results).splitlines()) == 1 + len(shown)

    results_json, *pictures = run.write(results, LITTLE, {"machine": {}}, tmp_path)
    assert json.loads(results_json.read_text())["samples"] == results.samples
    assert pictures
    for picture in pictures:
        assert ElementTree.parse(picture).findall(".//{*}rect"), picture


def verdicts(reply):
    """What is wrong with an event each side says in its own words."""
    answer = reply.json
    for event in answer["events"]:
        assert ("error" in event) == (event["status"] == "rejected")
        event.pop("error", None)
    return reply.status, answer


def forwarded(bed, side):
    """What it forwarded of each event, but for what is each side's own: the customer's id, what changed of the
    customer, which Node does not tell, and the time of receipt."""
    told = {}
    for record in bed.kafka.records(side.topic):
        event = record.value
        assert record.key == event["customer"].pop("id")
        event["customer"].pop("change", None)
        del event["received_at"]
        headers = {name: value for name, value in record.headers.items() if not name.startswith("tp_")}
        assert told.setdefault(event["id"], (event, headers)) == (event, headers)
    return told


@needs_node
def test_the_node_stack_answers_and_forwards_as_touchpointd_does(bed):
    """Events of seven customers, alone and in batches, the last ones twice; and one that is refused."""
    many = [json.loads(text) for text in events.events(60, 7)]
    bad = {"id": "bad", "channel": "web", "customer": {"email": "ann@example.com"}}
    bodies = [*many[:10], many[10:40], [*many[40:], bad], many[40:], [bad]]
    seen = []
    for start in (sides.touchpointd, lambda bed: sides.node(bed, workers=1)):
        with start(bed) as side, Client(side.address) as client:
            answers = [verdicts(client.post(body)) for body in bodies]
            side.drain()
            assert bed.records(side.topic) == 60
            seen.append((answers, forwarded(bed, side)))
    assert seen[0] == seen[1]


def test_of_several_shapes_the_best_counts_in_each_figure():
    results = Results()
    for shape, rate, cost in (("one", 100, 20.0), ("two", 150, 30.0)):
        results.add("single_rate", shape, rate)
        results.add("single_cpu_service", shape, cost)
    results.take_best(["one", "two", "not measured"], "node")
    assert results.median("single_rate", "node") == 150
    assert results.median("single_cpu_service", "node") == 20.0


@pytest.mark.parametrize(
    ("touchpointd", "node", "expected"), [(1500, 1000, "met"), (1499, 1000, "not met"), (2000, None, "")]
)
def test_a_target_is_for_the_ratio(touchpointd, node, expected):
    results = Results()
    results.add("batch_rate", "touchpointd", touchpointd)
    if node:
        results.add("batch_rate", "node", node)
    (verdict,) = {row[-1] for row in report.rows(results) if "node" in row[2]} or {""}
    assert verdict == expected

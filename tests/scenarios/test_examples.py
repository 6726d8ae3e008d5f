"""The examples tell one customer's story, and each line of them is an interaction as the schema has it."""

import json

import pytest
from jsonschema import Draft202012Validator

from touchpoint.daemon import ROOT

EXAMPLES = sorted((ROOT / "config/examples").glob("*.ndjson"))
SCHEMA = Draft202012Validator(json.loads((ROOT / "config/interaction.schema.json").read_text()))


def lines(path):
    return path.read_text().splitlines()


def story():
    """All of them, in the order in which they happened."""
    return [json.loads(line) for line in sorted(line for path in EXAMPLES for line in lines(path))]


def test_there_is_one_file_a_channel():
    assert [path.stem for path in EXAMPLES] == ["call_centre", "email", "social", "web"]
    for path in EXAMPLES:
        assert {json.loads(line)["channel"] for line in lines(path)} == {path.stem}


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_every_line_is_an_interaction(path):
    for number, line in enumerate(lines(path), 1):
        faults = [f"{fault.json_path}: {fault.message}" for fault in SCHEMA.iter_errors(json.loads(line))]
        assert not faults, f"line {number}"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_lines_can_be_merged_by_time(path):
    """Each begins with its time, all are of one width and one offset, and the file is sorted."""
    assert all(line.startswith('{"time": "2025-09-') for line in lines(path))
    assert {json.loads(line)["time"][19:] for line in lines(path)} == {"+01:00"}
    assert lines(path) == sorted(lines(path))


def test_ids_are_fixed_so_that_a_second_play_changes_nothing():
    named = [(interaction["source"], interaction["id"]) for interaction in story()]
    assert len(set(named)) == len(named) == 25


def test_each_interaction_is_tied_to_those_before_it():
    """By an identifier that was seen already: that makes the story one customer's."""
    seen = set()
    for interaction in story():
        own = set(interaction["customer"].items())
        assert not seen or seen & own, interaction["id"]
        seen |= own
    assert {kind for kind, _ in seen} == {"anonymous_id", "email", "customer_id", "phone", "x"}

"""The daemon and the published JSON Schema take and refuse the same interactions: one table of cases, two verdicts."""

import json
import os
import subprocess
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
TABLE = json.loads((ROOT / "tests/cases/interaction.json").read_text())
CASES = TABLE["cases"]
SCHEMA = json.loads((ROOT / "config/interaction.schema.json").read_text())
BUILD = Path(os.environ.get("TP_BUILD_DIR", ROOT / "build"))


def nested(depth):
    return {"in": nested(depth - 1)} if depth > 1 else {}


def expand(value):
    """What the table writes short: long strings, wide and deep objects."""
    match value:
        case {"repeat": str(text), "times": int(times)}:
            return text * times
        case {"values": int(count)}:
            return [f"value {number}" for number in range(count)]
        case {"members": int(count)}:
            return {f"member {number}": number for number in range(count)}
        case {"depth": int(depth)}:
            return nested(depth)
        case dict():
            return {name: expand(member) for name, member in value.items()}
        case _:
            return value


def sent(case):
    """The JSON text of a case's event, on one line."""
    if "raw" in case:
        return case["raw"]
    event = TABLE["base"] | expand(case.get("set", {}))
    members = {name: value for name, value in event.items() if name not in case.get("without", [])}
    return json.dumps(members, ensure_ascii=False)


@pytest.fixture(scope="module")
def daemon_says():
    """Each case's name -> its verdict, path and message."""
    lines = "".join(sent(case) + "\n" for case in CASES).encode()
    said = subprocess.run([BUILD / "unit/verdict"], input=lines, stdout=subprocess.PIPE, check=True, timeout=60).stdout
    verdicts = [[*line.split("\t"), "", ""][:3] for line in said.decode().splitlines()]
    return dict(zip((case["name"] for case in CASES), verdicts, strict=True))


def by_name(case):
    return case["name"]


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_the_daemon_gives_this_verdict(case, daemon_says):
    verdict, path, message = daemon_says[case["name"]]
    assert (verdict, path) == (case["verdict"], case.get("path", "")), message


@pytest.mark.parametrize("case", CASES, ids=by_name)
def test_the_schema_gives_the_same(case):
    accepted = Draft202012Validator(SCHEMA).is_valid(json.loads(sent(case)))
    assert accepted == (case["verdict"] == "ok" or "daemon_only" in case)


def test_no_refusal_quotes_what_was_sent(daemon_says):
    """Nor is any without words."""
    for case in CASES:
        verdict, _, message = daemon_says[case["name"]]
        assert verdict == "ok" or message
        assert "ann" not in message


def test_the_table_and_the_schema_are_sound():
    Draft202012Validator.check_schema(SCHEMA)
    for example in SCHEMA["examples"]:
        Draft202012Validator(SCHEMA).validate(example)
    assert len({case["name"] for case in CASES}) == len(CASES)


def test_each_member_of_the_schema_has_a_case():
    taken = [json.loads(sent(case)) for case in CASES if case["verdict"] == "ok"]
    seen = {name for event in taken for name in event}
    assert seen == set(SCHEMA["properties"])

"""A mapping of one's own: the steps that the README of the kind goes through are true, one by one, and end where the
shipped example is."""

import json
import re

import pytest

from touchpoint.ctl import ctl
from touchpoint.kinds import KINDS, SETTINGS, Fixture, section, sent, timeline_of

STEPS = (KINDS / "json" / "README.md").read_text().split("## Writing the mapping")[1].split("\n## ")[0]
PAYLOAD, *RESULTS = re.findall(r"```json\n(.*?)```", STEPS, re.S)
PROGRAMS = re.findall(r"```jq\n(.*?)```", STEPS, re.S)


def becomes(folder, program):
    (folder / "payload.json").write_text(PAYLOAD)
    (folder / "shop.jq").write_text(program)
    return ctl(
        None, "source", "test", "json", folder / "payload.json", "--mapping", folder / "shop.jq", "--region", "GB"
    )


def test_each_step_shows_what_it_becomes():
    assert len(PROGRAMS) == len(RESULTS) == 5


@pytest.mark.parametrize(("program", "result"), zip(PROGRAMS, RESULTS, strict=True))
def test_a_step_is_true(tmp_path, program, result):
    told = becomes(tmp_path, program)
    assert told.returncode == 0, told.stderr
    assert json.loads(told.stdout) == json.loads(result)


def test_a_mistake_is_named(tmp_path):
    told = becomes(tmp_path, PROGRAMS[0].replace("email:", "mail:"))
    assert told.returncode == 1
    assert "customer.mail: not known here" in told.stderr


def test_the_steps_end_at_the_example(tmp_path):
    told = becomes(tmp_path, (KINDS / "json" / "map.jq").read_text())
    assert json.loads(told.stdout) == Fixture("json", "paid").expected


def test_a_mapping_of_ones_own_takes_the_examples_place(touchpointd, tmp_path):
    (tmp_path / "shop.jq").write_text(PROGRAMS[2])
    settings = f'region = "GB"  mapping = "{tmp_path}/shop.jq"'
    daemon = touchpointd(SETTINGS, config=section(tmp_path, "shop", "json", settings))
    assert sent(daemon, "shop", Fixture("json", "refunded")).status == 200
    (entry,) = timeline_of(daemon, 1, phone="+442079460123")
    assert (entry["id"], entry["type"]) == ("o-9.refunded", "purchase.completed")

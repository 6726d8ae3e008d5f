"""docs/guarantees.md says of each promise which test holds the daemon to it, and which settings it stands on. Both are
there."""

import re
import subprocess

import pytest

from touchpoint.daemon import ROOT, program

PAGE = ROOT / "docs" / "guarantees.md"
TEXT = PAGE.read_text()
LINKS = sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT)))
SETTINGS = sorted(set(re.findall(r"\b((?:http|journal|redis|timeline|delivery|kafka|normalize)\.[a-z_]+)\b", TEXT)))


def test_it_names_tests_and_settings():
    assert len(LINKS) > 20
    assert len(SETTINGS) > 5


@pytest.mark.parametrize("link", LINKS)
def test_what_it_links_to_is_there(link):
    assert (PAGE.parent / link).is_file()


@pytest.mark.parametrize("promise", re.findall(r"^\| (?!promise|fault|---)(.*) \|$", TEXT, re.M))
def test_each_promise_has_a_test(promise):
    *_, tested_by = promise.split(" | ")
    assert re.search(r"\]\(\.\./tests/.*test_\w+\.(py|c)\)", tested_by)


@pytest.fixture(scope="module")
def example():
    return subprocess.run([program(), "--example"], capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("setting", SETTINGS)
def test_what_it_names_is_a_setting(setting, example):
    section, name = setting.split(".")
    body = re.search(rf"^{section} \{{\n(.*?)^\}}", example, re.M | re.S)[1]
    assert re.search(rf"^[# ]*{name}\b", body, re.M)

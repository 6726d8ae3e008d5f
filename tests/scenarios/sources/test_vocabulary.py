"""All kinds speak in one vocabulary: whatever a fixture becomes has a type and a channel of docs/vocabulary.md, or is
SENDER.other. Of kinds whose senders have words of their own, those are their own."""

import re

import pytest

from touchpoint.kinds import ROOT, fixtures, kinds

TEXT = (ROOT / "docs" / "vocabulary.md").read_text()
OWN_WORDS = {"cloudevents", "standard-webhooks", "segment"}


def types():
    """`call.started` / `.answered` is two of them."""
    table = TEXT.split("## Types")[1].split("## Channels")[0]
    for row in re.findall(r"^\| (`.*?) \|", table, re.M):
        noun = None
        for word in re.findall(r"`([^`]+)`", row):
            noun = noun if word.startswith(".") else word.split(".")[0]
            yield noun + word if word.startswith(".") else word


def channels():
    paragraph = TEXT.split("## Channels")[1].split("## ")[0].partition(". A message")[0]
    return set(re.findall(r"`(\w+)`", paragraph))


def test_the_tables_are_read():
    assert {"call.started", "call.missed", "chat.completed", "email.resubscribed", "identify"} <= set(types())
    assert {"call_centre", "sms", "desk"} <= channels()


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_speaks_in_it(kind):
    known = {*types(), f"{kind}.other"}
    for fixture in fixtures(kind):
        for event in fixture.expected:
            assert event["channel"] in channels(), fixture
            assert event["type"] in known or kind in OWN_WORDS, (fixture, event["type"])


@pytest.mark.parametrize("kind", kinds())
def test_a_kind_has_what_it_promises(kind):
    """What it does not know it keeps, and somebody who has an account there is told what to enter where."""
    said = [event["type"] for fixture in fixtures(kind) for event in fixture.expected]
    assert f"{kind}.other" in said
    readme = (ROOT / "config" / "sources" / kind / "README.md").read_text()
    assert f'kind = "{kind}"' in readme
    for part in ("## In touchpointd.conf", "## What becomes of it"):
        assert part in readme or kind in ("json",), part

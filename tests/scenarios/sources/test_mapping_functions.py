"""What mappings have at hand, beyond jq's own: daemon/mapping/prelude.jq, as config/sources/README.md says."""

import json

import pytest

from touchpoint.ctl import ctl


@pytest.fixture
def gives(tmp_path):
    """What this program makes of this value."""

    def run(program, value):
        (tmp_path / "payload.json").write_text(json.dumps({"value": value}))
        customer = '{email: "a@example.com"}'
        it = f"{{it: (.body.value | {program})}}"
        (tmp_path / "map.jq").write_text(f'{{channel: "web", type: "t", customer: {customer}, attributes: {it}}}')
        told = ctl(None, "source", "test", "json", tmp_path / "payload.json", "--mapping", tmp_path / "map.jq")
        assert told.returncode == 0, told.stderr
        return json.loads(told.stdout)[0].get("attributes", {}).get("it")

    return run


MOMENTS = {
    "2026-03-02T09:30:00.5+01:00": "2026-03-02T09:30:00.5+01:00",
    "2026-03-02 09:30:00+00:00": "2026-03-02T09:30:00+00:00",
    "2026-03-02 09:30:00 UTC": "2026-03-02T09:30:00Z",
    "2026-03-02T09:30:00.123": "2026-03-02T09:30:00.123Z",
    1772443800: "2026-03-02T09:30:00.000Z",
    "1772443800": "2026-03-02T09:30:00.000Z",
    1772443800123: "2026-03-02T09:30:00.123Z",
    1772443800123456: "2026-03-02T09:30:00.123Z",
    "yesterday": None,
    "": None,
    -5: None,
}


@pytest.mark.parametrize(("written", "meant"), MOMENTS.items())
def test_a_moment_in_any_form(gives, written, meant):
    assert gives("moment", written) == meant


@pytest.mark.parametrize("type", ["order.paid", "com.example-shop.v1", "order_paid", "A"])
def test_a_type_that_may_be_one(gives, type):
    assert gives("type_form", type) == type


@pytest.mark.parametrize(
    "type", ["order:paid", "order paid", ".paid", "order..paid", "order-", "größer", "", "x" * 129, 7]
)
def test_a_type_that_may_not(gives, type):
    assert gives("type_form", type) is None


ANN = {"email": "ann@example.com"}


@pytest.mark.parametrize(
    ("value", "is_one"),
    [
        ({"channel": "web", "customer": ANN}, True),
        ({"channel": "web", "customer": {"identifiers": [{"type": "card", "value": "1"}]}, "text": "x"}, True),
        ({"channel": "web", "customer": ANN, "total": 3}, False),
        ({"channel": "web", "customer": {**ANN, "name": "Ann"}}, False),
        ({"customer": ANN}, False),
        ([], False),
        (None, False),
    ],
)
def test_an_interaction_is_told_from_what_only_resembles_one(gives, value, is_one):
    assert gives("is_interaction", value) == is_one


@pytest.mark.parametrize(
    ("type", "channel"),
    [("email.opened", "email"), ("call.ended", "call_centre"), ("order.paid", "web"), ("..", "web")],
)
def test_what_is_told_of_has_the_channel_of_its_type(gives, type, channel):
    told = gives(f'told("{type}"; null)', {"user": ANN, "order_id": 9})
    assert (told["channel"], told["customer"]["email"], told["conversation"]) == (channel, ANN["email"], 9)

"""touchpointctl customer: who somebody is, by any of their identifiers."""

import json
import re

import pytest

from touchpoint.ctl import ctl
from touchpoint.story import send


@pytest.fixture
def daemon(touchpointd):
    """With a customer of two channels."""
    daemon = touchpointd()
    ann = {"email": "Ann@Example.com", "anonymous_id": "a=77&x"}
    send(daemon, {"channel": "web", "type": "page.viewed", "time": "2026-03-02T09:30:00Z", "customer": ann})
    send(daemon, {"channel": "web", "type": "page.viewed", "time": "2026-03-02T09:31:00Z", "customer": ann})
    send(
        daemon,
        {
            "channel": "email",
            "type": "email.sent",
            "time": "2026-03-01T08:00:00Z",
            "customer": {"email": "ann@example.com", "phone": "+44 7700 900123"},
        },
    )
    return daemon


def test_as_tables(daemon):
    customer = daemon.find(email="ann@example.com")
    ran = ctl(daemon, "customer", "email=ann@example.com")
    assert (ran.returncode, ran.stderr) == (0, "")
    head, identifiers, counts, moments = ran.stdout.split("\n\n")
    assert head == f"Customer {customer}"
    lines = [line.split()[:2] for line in identifiers.splitlines()]
    assert sorted(lines[1:]) == [["anonymous_id", "a=77&x"], ["email", "ann@example.com"], ["phone", "+447700900123"]]
    assert re.search(r"VALUE +FIRST SEEN \(UTC\)$", identifiers.splitlines()[0])
    assert sorted(line.split() for line in counts.splitlines()[1:]) == [["all", "3"], ["email", "1"], ["web", "2"]]
    assert re.search(r"^first +Sun 2026-03-01 08:00:00$", moments, re.M)
    assert re.search(r"^last +Mon 2026-03-02 09:31:00$", moments, re.M)
    assert re.search(r"^arrived last +Sun 2026-03-01 08:00:00 +email email.sent$", moments, re.M)


def test_with_what_is_said_of_it(daemon):
    """Also of one who never did anything."""
    said = {
        "channel": "crm",
        "type": "identify",
        "traits": {"name": "Ann Lee", "price": 19.99, "consent": {"mail": True}},
    }
    send(daemon, said | {"customer": {"email": "ann@example.com"}}, said | {"customer": {"x": "bob"}})
    ann = ctl(daemon, "customer", "email=ann@example.com").stdout.split("\n\n")
    assert [line.split(maxsplit=1) for line in ann[4].splitlines()] == [
        ["TRAIT", "VALUE"],
        ["consent", '{"mail":true}'],
        ["name", "Ann Lee"],
        ["price", "19.99"],
    ]
    bob = ctl(daemon, "customer", "x=bob").stdout.split("\n\n")
    assert bob[4] == ann[4]
    assert [line.split() for line in bob[2].splitlines()[1:]] == [["all", "0"]]
    assert len(bob[3].splitlines()) == 1


@pytest.mark.parametrize(
    "identifier", ["email=ANN@example.com", "phone=+44 (7700) 900-123", "phone=+447700900123", "anonymous_id=a=77&x"]
)
def test_by_any_identifier_in_any_form(daemon, identifier):
    ran = ctl(daemon, "customer", identifier)
    assert ran.stdout.startswith(f"Customer {daemon.find(email='ann@example.com')}\n"), ran.stderr


def test_by_its_id_and_for_programs(daemon):
    customer = daemon.find(email="ann@example.com")
    ran = ctl(daemon, "customer", customer, "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert json.loads(ran.stdout) == daemon.get(f"/v1/customers/{customer}").json


def test_in_local_time(daemon):
    """A zone that is said in the environment; --utc overrides it."""
    local = ctl(daemon, "customer", "email=ann@example.com", TZ="Asia/Tokyo").stdout
    assert "TIME (local)" in local
    assert re.search(r"^first +Sun 2026-03-01 17:00:00$", local, re.M)
    utc = ctl(daemon, "customer", "email=ann@example.com", "--utc", TZ="Asia/Tokyo").stdout
    assert "TIME (UTC)" in utc
    assert re.search(r"^first +Sun 2026-03-01 08:00:00$", utc, re.M)


@pytest.mark.parametrize("command", ["customer", "timeline"])
@pytest.mark.parametrize("who", ["email=nobody@example.com", "01a201bc-ed2d-7000-8033-8b5c564c75a5"])
def test_nobody(daemon, command, who):
    ran = ctl(daemon, command, who)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == f"touchpointctl: no customer is known by {who}\n"


@pytest.mark.parametrize("who", ["email=nonsense", "shoe_size=44"])
def test_what_is_no_identifier_is_said_as_the_daemon_says_it(daemon, who):
    ran = ctl(daemon, "customer", who)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert re.match(rf"touchpointctl: {who}: 400 invalid: ", ran.stderr)


def test_with_a_key(touchpointd, tmp_path):
    (tmp_path / "key").write_text("a-key-of-sixteen-and-more\n")
    config = f'key "desk" {{ file = "{tmp_path}/key"  scopes = {{"read"}} }}\n'
    daemon = touchpointd(config=config)
    ran = ctl(daemon, "customer", "email=nobody@example.com")
    assert ran.returncode == 1
    assert ": 401 unauthorized: " in ran.stderr
    for ran in (
        ctl(daemon, "customer", "email=nobody@example.com", "--key-file", tmp_path / "key"),
        ctl(daemon, "customer", "email=nobody@example.com", TOUCHPOINT_KEY="a-key-of-sixteen-and-more"),
    ):
        assert ran.stderr == "touchpointctl: no customer is known by email=nobody@example.com\n"

"""touchpointctl timeline: what happened with a customer, as a table and as lines of JSON."""

import json
import re

import pytest

from touchpoint.ctl import Terminal, ctl
from touchpoint.story import ids, send

WHO = "email=ann@example.com"


def interaction(number, channel="web", **members):
    """The number-th, a minute after the one before."""
    return {
        "id": f"e-{number}",
        "channel": channel,
        "type": "page.viewed",
        "time": f"2026-03-{2 + number // 1440:02}T{number // 60 % 24:02}:{number % 60:02}:00Z",
        "customer": {"email": "ann@example.com"},
        **members,
    }


def lines(ran):
    """The table's rows, without titles and what is said below."""
    assert (ran.returncode, ran.stderr) == (0, "")
    return ran.stdout.split("\n\n")[0].splitlines()[1:]


def shown(ran):
    """The ids that --json prints, in order."""
    assert (ran.returncode, ran.stderr) == (0, "")
    return ids(map(json.loads, ran.stdout.splitlines()))


def test_a_table_that_a_person_likes_to_read(touchpointd):
    daemon = touchpointd()
    send(
        daemon,
        interaction(0, subject="Pricing"),
        interaction(2, "email", type="email.sent", direction="outbound", subject="Hello", text="Are you there? 👶"),
        interaction(3, "email", type="email.opened", direction="inbound"),
    )
    assert ctl(daemon, "timeline", WHO, "--order", "asc").stdout == (
        "TIME (UTC)                 GAP    CHANNEL  WAY  TYPE          ABOUT\n"
        "Mon 2026-03-02 00:00:00           web           page.viewed   Pricing\n"
        "               00:02:00  2 min  ↪ email    out  email.sent    Hello · Are you there? 👶\n"
        "               00:03:00  1 min    email    in   email.opened\n"
        "\n"
        f"3 interactions of customer {daemon.find(email='ann@example.com')}\n"
    )
    newest_first = lines(ctl(daemon, "timeline", WHO, TZ="Asia/Tokyo"))
    assert [line.split()[-1] for line in newest_first] == ["email.opened", "👶", "Pricing"]
    assert newest_first[0].startswith("Mon 2026-03-02 09:03:00  ")


def test_for_programs_it_is_what_the_daemon_tells(touchpointd):
    """To the byte: a price stays as it was sent."""
    daemon = touchpointd()
    send(daemon, interaction(0, attributes={"price": 19.90, "of": "Café"}), interaction(1))
    page = daemon.get(f"/v1/customers/{daemon.find(email='ann@example.com')}/timeline")
    ran = ctl(daemon, "timeline", WHO, "--json")
    assert all(line.encode() in page.body for line in ran.stdout.splitlines())
    assert [json.loads(line) for line in ran.stdout.splitlines()] == page.json["events"]


def test_of_one_channel_type_and_time(touchpointd):
    daemon = touchpointd()
    send(daemon, *(interaction(n, "email" if n % 2 else "web") for n in range(6)), interaction(6, type="order.placed"))
    assert shown(ctl(daemon, "timeline", WHO, "--json", "--channel", "email")) == ["e-5", "e-3", "e-1"]
    assert shown(ctl(daemon, "timeline", WHO, "--json", "--type", "order.placed")) == ["e-6"]
    since = "2026-03-02T01:02:00+01:00"  # a plus in a query is a blank, unless it is escaped
    until = "2026-03-02T00:04:00Z"
    ran = ctl(daemon, "timeline", WHO, "--json", "--since", since, "--until", until, "--order", "asc")
    assert shown(ran) == ["e-2", "e-3", "e-4"]
    assert lines(ctl(daemon, "timeline", WHO, "--channel", "chat")) == []


@pytest.mark.parametrize("fault", [["--since", "yesterday"], ["--order", "random"]])
def test_what_the_daemon_refuses_is_said(touchpointd, fault):
    daemon = touchpointd()
    send(daemon, interaction(0))
    ran = ctl(daemon, "timeline", WHO, *fault)
    assert (ran.returncode, ran.stdout) == (1, "")
    assert f": 400 invalid: {fault[0][2:]}: " in ran.stderr


def test_page_by_page(touchpointd):
    """50 when nothing is said; so many as are asked for, also more than a page has; all of them."""
    daemon = touchpointd()
    every = [f"e-{number}" for number in range(1200)]
    for at in range(0, len(every), 400):
        send(daemon, *(interaction(number) for number in range(at, at + 400)))
    assert shown(ctl(daemon, "timeline", WHO, "--json")) == every[:-51:-1]
    assert shown(ctl(daemon, "timeline", WHO, "--json", "--limit", "7")) == every[:-8:-1]
    assert shown(ctl(daemon, "timeline", WHO, "--json", "--limit", "1101", "--order", "asc")) == every[:1101]
    assert shown(ctl(daemon, "timeline", WHO, "--json", "--all", "--order", "asc")) == every
    assert "; there may be more: --all" in ctl(daemon, "timeline", WHO).stdout
    all_of_them = ctl(daemon, "timeline", WHO, "--all")
    assert len(lines(all_of_them)) == 1200
    assert f"\n1,200 interactions of customer {daemon.find(email='ann@example.com')}\n" in all_of_them.stdout


HOSTILE = "\033]0;owned\a\033[2J\u009b31m\u202egnp.exe\r\n"


def test_what_a_customer_wrote_cannot_reach_the_terminal(touchpointd):
    daemon = touchpointd()
    send(daemon, interaction(0, text=HOSTILE, attributes={HOSTILE: HOSTILE}), interaction(1))
    printed = ctl(daemon, "timeline", WHO).stdout
    assert not re.search(r"[^\n\x20-\x7e\u00a0-\u2029\u202f-\U0010ffff]", printed)
    assert len(printed.splitlines()) == 5


def test_in_a_terminal_no_line_is_broken(touchpointd):
    """The last column is cut to what the terminal is wide; and there are colours, unless they are not wanted."""
    daemon = touchpointd()
    send(daemon, interaction(0, text="long " * 100), interaction(1, subject="日本語" * 40), interaction(2, "email"))
    with Terminal(daemon, "timeline", WHO, columns=90) as terminal:
        assert terminal.end() == 0
    assert "\033[" in terminal.text
    rows = terminal.plain.split("\n\n")[0].splitlines()
    assert [row.endswith("…") for row in rows] == [False, False, True, True]
    assert len(rows[3]) == 90
    with Terminal(daemon, "timeline", WHO, columns=90, NO_COLOR="1") as terminal:
        assert terminal.end() == 0
    assert "\033" not in terminal.text

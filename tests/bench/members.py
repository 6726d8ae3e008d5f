"""What is asked about a customer of many members, and the same about one with as many interactions and no member."""

import statistics
import time
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from .events import CUSTOMER
from .load import Connection
from .sender import by_turns

ROOT, PLAIN = {"email": "root@mail.example"}, {"email": "plain@mail.example"}
MEMBER, ALONE = {"anonymous_id": f"member-{CUSTOMER}"}, {"anonymous_id": "alone"}
SAMPLE = MEMBER["anonymous_id"].replace(CUSTOMER, "00000001")


def measure(side, sender, amounts, results, say):
    count = amounts.members
    say(f"look-ups: a customer of {count:,} members with {amounts.interactions} interactions each")
    asked = {"touchpointd": _merged(sender, amounts, say), "no member": _plain(sender, amounts)}
    asked = {name: _questions(side.daemon, *each) for name, each in asked.items()}
    known = side.daemon.get(f"/v1/customers/{side.daemon.find(**ROOT)}").json
    assert len(known["members"]) == count, f"{len(known['members'])} members"
    with Connection(side.address) as connection:
        for _ in range(amounts.rounds):
            _round(connection, asked, amounts.requests, results)
    for figure in asked["touchpointd"]:
        say(f"  {figure}: " + " and ".join(f"{results.median(figure, name):,.0f} us" for name in asked))


def _merged(sender, amounts, say):
    """The root is there first, since the older stays. Answers how it and a member are found, and a time before they
    were one."""
    count = amounts.members
    sender.send(1, 1, ROOT)
    until = _before_merges()
    sender.send(count * amounts.interactions, count, MEMBER)
    began = time.monotonic()
    sender.send_calmly(count, count, ROOT | MEMBER, size=20)
    say(f"  {count:,} merges: {1e3 * (time.monotonic() - began) / count:.2f} ms each")
    return ROOT, {"anonymous_id": SAMPLE}, until


def _before_merges():
    """To be asked before the members' interactions are made. Of those, the last one happens now, and of the merges too,
    a millisecond apart."""
    return datetime.now(UTC) - timedelta(seconds=1)


def _plain(sender, amounts):
    sender.send(1, 1, PLAIN)
    until = _before_merges()
    sender.send(amounts.members * amounts.interactions, 1, PLAIN)
    sender.send(amounts.members, 1, PLAIN | ALONE)
    return PLAIN, ALONE, until


def _questions(daemon, own, other, until):
    """By figure. A page until then is of the members' interactions, of as many members as there is room for."""
    customer = f"/v1/customers/{daemon.find(**own)}"
    until = until.isoformat(timespec="milliseconds").replace("+00:00", "Z")
    paths = {
        "lookup_own": f"/v1/customers?{urlencode(own)}",
        "lookup_other": f"/v1/customers?{urlencode(other)}",
        "lookup_timeline": f"{customer}/timeline?limit=50",
        "lookup_members_page": f"{customer}/timeline?limit=50&until={until}",
        "lookup_customer": customer,
        "lookup_identity": f"{customer}/identity",
    }
    return {figure: f"GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n".encode() for figure, path in paths.items()}


def _round(connection, asked, requests, results):
    for figure in asked["touchpointd"]:
        times = {name: [] for name in asked}
        by_turns(requests, *(_timed(connection, asked[name][figure], times[name]) for name in asked))
        for name, taken in times.items():
            results.add(figure, name, statistics.median(taken))


def _timed(connection, request, times):
    def ask(_):
        began = time.perf_counter()
        status, body = connection.exchange(request)
        times.append(1e6 * (time.perf_counter() - began))
        assert status.startswith(b"HTTP/1.1 200 "), (status, body)

    return ask

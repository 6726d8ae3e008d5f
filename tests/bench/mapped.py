"""What a mapping costs: the same interactions, posted as they are, and as a sender's own JSON that a source of kind
`json` maps to them, signed; in batches of 100 and alone."""

import hashlib
import hmac
import json
import subprocess
import time

from touchpoint.kinds import SETTINGS, section
from touchpoint.senders import sender

from . import sides
from .cpu import Cpu
from .load import send_batches

CUSTOMERS, CONNECTIONS, NOTE = 10_000, 8, "please ring twice, the bell is hard to hear from the garden"


def measure(bed, plan, results, say):
    for number in range(plan.rounds):
        for work, size in (("batch", 100), ("single", 1)):
            events = plan.batch_events // (1 if size > 1 else 6)
            say(f"mapped, {work}, {events:,} events, round {number + 1} of {plan.rounds}")
            for side, make in (("native", native), ("touchpointd", mapped)):
                rate = _pass(bed, make, size, events, work, side, results)
                say(f"  {'a mapping' if side == 'touchpointd' else 'as it is'}: {rate:,.0f}/s")


def _pass(bed, make, size, events, work, name, results):
    config = section(bed.folder, "shop", "json", f'mapping = "{SETTINGS["sources.dir"]}/json/map.jq"')
    with sides.touchpointd(bed, config=config) as side:
        warm_up = events // 4
        send_batches(side.address, _requests(make, size, range(events, events + warm_up)), CONNECTIONS, make.answer)
        side.drain()
        requests = list(_requests(make, size, range(events)))
        side.processes["service"] += _children(side.processes["service"][0])
        cpu, began = Cpu(side.processes), time.monotonic()
        send_batches(side.address, requests, CONNECTIONS, make.answer)
        side.drain()
        rate = events / (time.monotonic() - began)
        results.add(f"mapped_{work}_rate", name, rate)
        results.add_cpu(f"mapped_{work}", name, cpu.us_an_event(events))
        side.check(events + warm_up)
        return rate


def _children(pid):
    """The mapping processes, which are there after the first request."""
    told = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return list(map(int, told.stdout.split()))


def _requests(make, size, numbers):
    for first in range(numbers.start, numbers.stop, size):
        path, headers, body = make([make.one(number) for number in range(first, min(first + size, numbers.stop))])
        head = [f"POST {path} HTTP/1.1", "Host: bench", "Content-Type: application/json", *headers]
        head.append(f"Content-Length: {len(body)}")
        yield "\r\n".join([*head, "", ""]).encode() + body


def _order(number):
    buyer = {"number": f"c-{number % CUSTOMERS:08}", "mail": f"customer.{number % CUSTOMERS:08}@mail.example"}
    about = {"total": 19.99 + number % 100, "currency": "GBP"}
    return {
        "order": f"o-{number:09}",
        "state": "paid",
        "changed": 1772443800 + number,
        "buyer": buyer,
        **about,
        "note": NOTE,
    }


def _interaction(number):
    order = _order(number)
    return {
        "id": f"{order['order']}.paid",
        "channel": "web",
        "type": "purchase.completed",
        "time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(order["changed"])),
        "direction": "inbound",
        "conversation": order["order"],
        "text": order["note"],
        "customer": {"customer_id": order["buyer"]["number"], "email": order["buyer"]["mail"]},
        "attributes": {"total": order["total"], "currency": order["currency"]},
    }


def native(events):
    return "/v1/events", [], json.dumps(events).encode()


def mapped(events):
    body = json.dumps(events).encode()
    digest = hmac.new(sender("json").SECRET.encode(), body, hashlib.sha256).hexdigest()
    return "/v1/sources/shop", [f"X-Signature: sha256={digest}"], body


native.one, native.answer = _interaction, b"HTTP/1.1 202 "
mapped.one, mapped.answer = _order, b"HTTP/1.1 200 "

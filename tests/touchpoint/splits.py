"""Customers whom several events made one, and what an operator takes back of it."""

import itertools

from touchpoint.front import event
from touchpoint.story import send
from touchpoint.wait import until

COOKIE, EMAIL, PHONE, HANDLE = (
    {"anonymous_id": "7f1c"},
    {"email": "ann@example.com"},
    {"phone": "+447400123456"},
    {"x": "ann"},
)
NOBODY = "01a201bc-ed2d-7000-8033-8b5c564c75a5"

_hours = itertools.count(9)


def at(channel, kind, customer):
    hour = next(_hours)
    time = f"2026-03-{1 + hour // 24:02}T{hour % 24:02}:00:00.000Z"
    return event(id=f"{channel}-{hour}", channel=channel, type=kind, time=time, customer=customer)


def told(daemon, *events):
    return [found["customer"] for found in send(daemon, *events)]


def answered(ask):
    """READY says that interactions are taken: each thread of the front has a connection to Redis of its own, which may
    come up a little later."""
    return until(lambda: reply if (reply := ask()).status != 503 else None, 10, "look-ups are answered")


def take_back(daemon, customer, identifier, wait=20, **body):
    ((kind, value),) = identifier.items()
    asked = {"identifier": {"type": kind, "value": value}, **body}
    return daemon.post(asked, f"/v1/customers/{customer}/split", wait=wait)


def split(daemon, customer, member, wait=20, **body):
    return daemon.post({"member": member, **body}, f"/v1/customers/{customer}/split", wait=wait)


def known(daemon, customer):
    """Without what changes when it is merged and split again."""
    found = daemon.get(f"/v1/customers/{customer}").json
    return found | {"events": daemon.timeline(customer)}


def last_told(kafka, topics, customer):
    return [record.value for record in kafka.records(topics.customers) if record.key == customer][-1]


class Story:
    """A visitor, a reader and a caller; the reader is merged into the visitor, and the caller too."""

    def __init__(self, daemon, social=None):
        self.daemon = daemon
        visitor, reader = told(daemon, at("web", "page.viewed", COOKIE), at("email", "email.clicked", EMAIL))
        told(daemon, at("web", "form.submitted", COOKIE | EMAIL), at("call_centre", "call.started", PHONE))
        self.root, self.reader = visitor["id"], reader["id"]
        self.caller = daemon.find(**PHONE)
        self.before = {id: known(daemon, id) for id in (self.root, self.caller)}
        told(
            daemon,
            at("call_centre", "call.completed", PHONE | EMAIL),
            at("social", "mention.posted", social or HANDLE | EMAIL),
        )
        assert {daemon.find(**one) for one in (COOKIE, EMAIL, PHONE)} == {self.root}
        assert len({self.root, self.reader, self.caller}) == 3

"""The front alone: a daemon whose Redis and Kafka are away, which is enough for all that ends at the journal."""

import itertools
import json
from types import SimpleNamespace

import pytest

AWAY = SimpleNamespace(url="redis://127.0.0.1:1", brokers="127.0.0.1:1")
"""A Redis and a Kafka at a port where nobody listens."""

SMALL = {"journal.segment_size": "1MiB", "journal.max_size": "64MiB", "journal.queue_size": "1MiB"}

_numbers = itertools.count(1)


def event(email="ann@example.com", **members):
    """An interaction that is as it should be."""
    return {"channel": "web", "type": "page.viewed", "customer": {"email": email}, **members}


def events(count, **members):
    return [event(id=f"e-{next(_numbers)}", **members) for _ in range(count)]


def request(target="POST /v1/events", *fields, body=b""):
    """The bytes of a request; without a field for its length unless `fields` has one."""
    lines = [f"{target} HTTP/1.1", "Host: touchpoint", *fields]
    return "".join(f"{line}\r\n" for line in lines).encode() + b"\r\n" + as_bytes(body)


def post(content, *fields):
    """The bytes of a POST of `content`, its length said properly."""
    body = as_bytes(content)
    return request("POST /v1/events", f"Content-Length: {len(body)}", *fields, body=body)


def as_bytes(content):
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def recorded(daemon):
    """How many records the journal has taken: what is not there happened nowhere."""
    return daemon.metrics()["touchpoint_journal_records_total"]


def error_of(response):
    """The error of a reply that is one, in the form that all of them have."""
    assert response.headers["Content-Type"] == "application/json"
    error = response.json["error"]
    assert set(response.json) == {"error"}
    assert error["code"]
    assert error["message"]
    return error


@pytest.fixture
def front(touchpointd):
    """Makes daemons as `touchpointd` does, with nothing behind them."""

    def make(settings=None, **options):
        own = {**SMALL, "node.stop_timeout": "1s", **(settings or {})}
        return touchpointd(own, redis=AWAY, kafka=AWAY, **options)

    return make

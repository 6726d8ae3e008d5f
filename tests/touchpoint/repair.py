"""What scenarios about a Redis that lost writes have in common: both ways to produce, events that pass, and the repairs
that were made of it."""

import pytest

from .process import free_port
from .wait import until

APPENDED = 'touchpoint_timeline_total{result="appended"}'
ACKNOWLEDGED = 'touchpoint_kafka_acknowledged_total{topic="interactions"}'

both_ways = pytest.mark.parametrize("transactions", ["off", "on"], ids=["at least once", "transactions"])


def settings(transactions="off", **more):
    """Of a daemon that has the same address in all its lives, and does not wait long for a silent one. `more`: with __
    for the dot."""
    own = {"http.listen": f"127.0.0.1:{free_port()}", "kafka.transactions": transactions, "redis.repair_wait": "2s"}
    return own | {name.replace("__", "."): value for name, value in more.items()}


def until_more_pass(daemon, count=300):
    """So many more are in Kafka than are on timelines now."""
    before = daemon.metrics()[APPENDED]
    until(lambda: daemon.metrics()[ACKNOWLEDGED] >= before + count, 30, f"{count} events pass")


def until_repaired(daemon, times=1):
    """Answers what it says of the repairs that it has carried out in this life, from the first to the last."""
    until(lambda: len(daemon.log("repair_done")) >= times, 30, f"{times} repairs are done")
    until(lambda: daemon.get("/readyz").json["redis"] == "up", 30, "Redis is open")
    return daemon.log("repair_done")


def restored(daemon):
    """What each restore of this life was to do: "all", or "since" a time."""
    return ["all" if line["all"] == "1" else "since" for line in daemon.log("repair_restores")]


class Together:
    """Several loads, for the oracle."""

    def __init__(self, *loads):
        self._loads = loads
        self.sent = {id: event for load in loads for id, event in load.sent.items()}
        self.accepted = {id: when for load in loads for id, when in load.accepted.items()}
        self.surprises = [surprise for load in loads for surprise in load.surprises]
        self.customers = [customer for load in loads for customer in load.customers]

    def __repr__(self):
        return " ".join(map(repr, self._loads))

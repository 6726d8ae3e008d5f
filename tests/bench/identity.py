"""What it costs to know who is who: events that name their customer by more identifiers than one, merges, and what is
asked about a customer of many members. One daemon for all; what is compared was done by turns, within one run."""

from dataclasses import dataclass

from . import identifiers, members, merges, sides
from .sender import Sender

CONFIG = """
normalize { region = "DE" }
identity { merges_per_minute = 1000000 }
identifier "anonymous_id" { limit = 2000 }
"""


@dataclass(frozen=True)
class Amounts:
    rounds: int = 5
    events: int = 20_000
    """Of a round."""
    customers: int = 10_000
    merged: tuple = (10_000, 1_000, 10)
    """How many interactions each of two has that are merged."""
    members: int = 1_000
    interactions: int = 10
    """Of a member."""
    requests: int = 200
    """Of a kind and a round."""


def measure(bed, plan, results, say):
    amounts = plan.identity
    with sides.touchpointd(bed, config=CONFIG) as side:
        sender = Sender(side)
        for part in (identifiers, merges, members):
            part.measure(side, sender, amounts, results, say)
        metrics = side.daemon.metrics()
        side.check(sender.sent)
    conflicts = {name: n for name, n in metrics.items() if name.startswith("touchpoint_identity_conflicts") and n}
    assert not conflicts, f"something spoke against what was to be measured: {conflicts}"

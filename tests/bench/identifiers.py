"""Events of customers who are known by four identifiers: they name all four, or one. They differ in nothing else."""

from .cpu import Cpu
from .events import CUSTOMER
from .sender import by_turns

ONE = {"customer_id": f"k-{CUSTOMER}"}
FOUR = ONE | {
    "email": f"known.{CUSTOMER}@mail.example",
    "phone": f"+4930{CUSTOMER}",
    "anonymous_id": f"cookie-{CUSTOMER}",
}
SIDES = {"touchpointd": FOUR, "1 identifier": ONE}
SIZES = {"batch": (100, 8), "single": (1, 32)}
"""Events a request, and connections."""


def measure(side, sender, amounts, results, say):
    say(f"4 identifiers and 1: {amounts.customers:,} customers, {amounts.rounds} rounds of {amounts.events:,} events")
    sender.send(amounts.customers, amounts.customers, FOUR)

    def measured(size, name):
        return lambda _: _cost(side, sender, amounts, size, name, results)

    for size in SIZES:
        by_turns(amounts.rounds, *(measured(size, name) for name in SIDES))
        say(f"  {size}: {_said(results, size)}")


def _cost(side, sender, amounts, size, name, results):
    cpu = Cpu(side.processes)
    sender.send(amounts.events, amounts.customers, SIDES[name], *SIZES[size])
    results.add_cpu(f"identifiers_{size}", name, cpu.us_an_event(amounts.events))


def _said(results, size):
    figures = (f"identifiers_{size}_cpu_{process}" for process in ("service", "redis"))
    return "; ".join(" and ".join(f"{results.median(figure, name):.1f} us" for name in SIDES) for figure in figures)

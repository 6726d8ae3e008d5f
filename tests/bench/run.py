"""./dev bench: what the daemon does, beside the floor under it and a stack made by hand, measured by turns."""

import argparse
import json
import tempfile
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from touchpoint import Kafka
from touchpoint.daemon import program

from . import batch, identity, machine, mapped, memory, plots, report, single
from .bed import Bed
from .identity import Amounts
from .results import Results
from .sides import node_program

PARTS = {
    "single": single.measure,
    "batch": batch.measure,
    "memory": memory.measure,
    "identity": identity.measure,
    "mapped": mapped.measure,
}


@dataclass(frozen=True)
class Plan:
    """How much of everything."""

    rounds: int = 3
    warm_up: int = 3
    seconds: int = 5
    batch_events: int = 60_000
    memory_events: int = 20_000
    densities: tuple = (1, 10, 100)
    """Interactions a customer."""
    identity: Amounts = Amounts()
    node_shapes: int = 3
    """How many of the numbers of workers and connections are tried."""
    node: bool = True


QUICK = Plan(
    rounds=1,
    warm_up=2,
    seconds=2,
    batch_events=10_000,
    memory_events=2_000,
    identity=Amounts(rounds=3, events=10_000),
    node_shapes=1,
)


def read_command():
    parser = argparse.ArgumentParser(prog="./dev bench", add_help=False)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--only", choices=PARTS)
    parser.add_argument("--without-node", action="store_true")
    return parser.parse_args()


@contextmanager
def new_bed(folder):
    """A broker of our own, and a folder that goes with it."""
    with tempfile.TemporaryDirectory(prefix="work-", dir=folder) as work:
        kafka = Kafka(Path(work) / "kafka")
        try:
            yield Bed(work, kafka.start())
        finally:
            kafka.kill()


def measure(bed, plan, parts, say):
    results = Results()
    for part in parts:
        PARTS[part](bed, plan, results, say)
    return results


def write(results, plan, about, folder):
    """results.json and the plots; answers their paths."""
    path = folder / "results.json"
    path.write_text(json.dumps({**about, "plan": asdict(plan), "samples": results.samples}, indent=2) + "\n")
    return [path, *plots.draw(results, folder)]


def show(about):
    for title, facts in about.items():
        print(f"{title}: " + ", ".join(f"{name} {value}" for name, value in facts.items()))


def main():
    began = time.monotonic()
    options = read_command()
    plan = replace(QUICK if options.quick else Plan(), node=not options.without_node)
    assert node_program() or not plan.node, "the Node stack is not installed; see --without-node"
    about = {"machine": machine.machine(), "versions": machine.versions(plan.node)}
    show(about)

    def say(text):
        print(f"{time.monotonic() - began:4.0f} s  {text}", flush=True)

    folder = program().parent / "bench"
    with new_bed(folder) as bed:
        results = measure(bed, plan, [options.only] if options.only else PARTS, say)
    print(f"\n{report.table(results)}\n")
    for path in write(results, plan, about, folder):
        print(path)


if __name__ == "__main__":
    main()

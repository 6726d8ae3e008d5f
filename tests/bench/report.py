"""The one table: each figure of touchpointd's beside what it is measured against, and what was aimed at."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    label: str
    figure: str
    beside: str | None = None
    at_least: float | None = None
    at_most: float | None = None
    form: str = ",.0f"
    own: bool = False
    """Whether the target is for the figure itself, and not for its ratio."""


POSTS, BATCHES = "single POSTs a second, 202 after the sync", "batches of 100: events a second, end to end"
MEMORY = "Redis bytes a byte of JSON, {} a customer"


def _cpu(work, title, most):
    """Processor time an event; only what the daemon itself uses has a target."""
    label = f"{title}: us of processor an event, {{}}"
    yield Row(label.format("service"), f"{work}_cpu_service", "node", at_most=most, form=",.1f")
    for process in ("redis", "broker", "all"):
        yield Row(label.format(process), f"{work}_cpu_{process}", "node", form=",.1f")


def _identifiers(work, title):
    """What several identifiers cost more than one: of Redis and of the daemon, since the broker sees no difference."""
    for process in ("service", "redis"):
        label = f"{title} with 4 identifiers: us of processor an event, {process}"
        yield Row(label, f"identifiers_{work}_cpu_{process}", "1 identifier", at_most=1.5, form=",.1f")


def _mapped(work, title):
    """What a mapping costs, beside the same interactions as they are."""
    yield Row(f"{title} through a mapping, a second", f"mapped_{work}_rate", "native", at_least=1 / 3)
    for process in ("service", "all"):
        label = f"{title} through a mapping: us of processor an event, {process}"
        yield Row(label, f"mapped_{work}_cpu_{process}", "native", at_most=3.0, form=",.1f")


MERGE, MEMBERS = "two of 10,000 interactions each are merged, {}", "a customer of 1,000 members, {}, us"

ROWS = (
    Row(f"{POSTS}, backlog not growing", "single_rate", "listener", at_least=0.5),
    Row(f"{POSTS}, backlog not growing", "single_rate", "node", at_least=2.0),
    Row("  answered, flat out", "single_flat_out_answered"),
    Row("  delivered meanwhile", "single_flat_out_delivered"),
    Row("  median answer, ms", "single_p50_ms", "node", form=",.2f"),
    Row("  99 of 100 answers within, ms", "single_p99_ms", "node", form=",.2f"),
    Row(BATCHES, "batch_rate", "idempotent", at_least=0.8),
    Row(BATCHES, "batch_rate", "redis alone"),
    Row(BATCHES, "batch_rate", "librdkafka"),
    Row(BATCHES, "batch_rate", "node", at_least=1.5),
    *_cpu("single", "single", 0.4),
    *_cpu("batch", "batches", 0.6),
    Row("batches: us of processor an event, service", "batch_cpu_service", "idempotent", form=",.1f"),
    Row("batches: us of processor an event, redis", "batch_cpu_redis", "redis alone", form=",.1f"),
    Row("batches: us of processor an event, broker", "batch_cpu_broker", "librdkafka", form=",.1f"),
    Row(MEMORY.format(1), "memory_1", "node", form=".2f"),
    Row(MEMORY.format(10), "memory_10", "node", at_most=1.6, form=".2f", own=True),
    Row(MEMORY.format(100), "memory_100", "node", form=".2f"),
    *_identifiers("batch", "batches"),
    *_identifiers("single", "single POSTs"),
    *_mapped("batch", "batches of 100"),
    *_mapped("single", "single POSTs"),
    Row(MERGE.format("answered within ms"), "merge_ms", "10 each", at_most=1.5, form=",.1f"),
    Row(MERGE.format("us of Redis' scripts"), "merge_redis_us", "1,000 each", at_most=1.5),
    Row(MERGE.format("us of Redis' scripts"), "merge_redis_us", "10 each", at_most=1.5),
    Row(MEMBERS.format("by an identifier of its own"), "lookup_own", "no member", at_most=2.0),
    Row(MEMBERS.format("by one of a member"), "lookup_other", "no member", at_most=2.0),
    Row(MEMBERS.format("newest 50 of the timeline"), "lookup_timeline", "no member", at_most=2.0),
    Row(MEMBERS.format("50 that are of 50 members"), "lookup_members_page", "no member"),
    Row(MEMBERS.format("itself"), "lookup_customer", "no member"),
    Row(MEMBERS.format("why it is one"), "lookup_identity", "no member"),
)

HEAD = ("", "touchpointd (min..max)", "beside it (min..max)", "ratio", "target", "")


def _value(results, row, side):
    low, high = results.spread(row.figure, side)
    return f"{results.median(row.figure, side):{row.form}} ({low:{row.form}}..{high:{row.form}})"


def judge(row, ratio, own):
    """What was aimed at, and whether it was met; nothing to say where there is no target or nothing to judge."""
    judged = own if row.own else ratio
    if judged is None or row.at_least is row.at_most is None:
        return "", ""
    if row.at_least is not None:
        return f">= {row.at_least:.2f}", "met" if judged >= row.at_least else "not met"
    return f"<= {row.at_most:.2f}", "met" if judged <= row.at_most else "not met"


def rows(results):
    """The cells of each row that was measured."""
    for row in ROWS:
        if not results.has(row.figure, "touchpointd"):
            continue
        ratio = results.ratio(row.figure, row.beside)
        beside = "" if ratio is None else f"{row.beside} {_value(results, row, row.beside)}"
        target, verdict = judge(row, ratio, results.median(row.figure, "touchpointd"))
        own = _value(results, row, "touchpointd")
        yield row.label, own, beside, "" if ratio is None else f"{ratio:.2f}", target, verdict


def table(results):
    lines = [HEAD, *rows(results)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip() for line in lines
    )

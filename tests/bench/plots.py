"""Bars as SVG: one line a side, its parts one behind the other. Nothing but text, so nothing needs to be installed."""

from functools import partial
from html import escape

LEFT, WIDTH, BAR, GAP, TOP = 210, 560, 22, 12, 62
COLOURS = ("#2b6cb0", "#dd6b20", "#718096")


def _text(x, y, content, anchor="start", size=13, weight="normal"):
    style = f'text-anchor="{anchor}" font-size="{size}" font-weight="{weight}"'
    return f'<text x="{x:.1f}" y="{y:.1f}" {style}>{escape(content)}</text>'


def _rect(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" fill="{colour}"/>'


def _legend(names):
    for number, name in enumerate(names):
        x = LEFT + 130 * number
        yield _rect(x, 38, 12, 12, COLOURS[number])
        yield _text(x + 18, 48, name, size=12)


def bars(title, lines, parts=(), form=",.0f"):
    """`lines`: (label, [value of each part]); `parts`: their names, where there are several."""
    longest = max(sum(values) for _, values in lines) or 1
    drawn = [_text(LEFT, 24, title, size=16, weight="bold"), *_legend(parts)]
    y = TOP
    for label, values in lines:
        drawn.append(_text(LEFT - 10, y + 16, label, anchor="end"))
        x = LEFT
        for value, colour in zip(values, COLOURS, strict=False):
            width = WIDTH * value / longest
            drawn.append(_rect(x, y, width, BAR, colour))
            x += width
        drawn.append(_text(x + 6, y + 16, f"{sum(values):{form}}"))
        y += BAR + GAP
    size = f'width="{LEFT + WIDTH + 90}" height="{y + 10}"'
    body = "\n".join(drawn)
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size} font-family="sans-serif" fill="#1a202c">\n{body}\n</svg>\n'


def _throughput(results):
    for figure, name in (("single_rate", "single POSTs"), ("batch_rate", "batches of 100")):
        for side in ("touchpointd", "listener", "redis alone", "librdkafka", "node"):
            if results.has(figure, side):
                yield f"{name}: {side}", [results.median(figure, side)]


PROCESSES = ("service", "redis", "broker")


def _cpu(results):
    for work, name in (("single", "single POSTs"), ("batch", "batches of 100")):
        for side in ("touchpointd", "node"):
            if results.has(f"{work}_cpu_all", side):
                yield f"{name}: {side}", [results.median(f"{work}_cpu_{process}", side) for process in PROCESSES]


def _memory(results):
    for density in sorted(int(figure.removeprefix("memory_")) for figure in results.samples if "memory" in figure):
        for side in ("touchpointd", "node"):
            if results.has(f"memory_{density}", side):
                yield f"{density} a customer: {side}", [results.median(f"memory_{density}", side)]


IDENTITY = (
    ("4 identifiers to 1, batches, service", "identifiers_batch_cpu_service", "1 identifier"),
    ("4 identifiers to 1, batches, Redis", "identifiers_batch_cpu_redis", "1 identifier"),
    ("merge of 10,000 to 10", "merge_ms", "10 each"),
    ("1,000 members: by identifier", "lookup_own", "no member"),
    ("1,000 members: by a member's", "lookup_other", "no member"),
    ("1,000 members: newest 50", "lookup_timeline", "no member"),
)


MAPPED = (
    ("a mapping, batches, service", "mapped_batch_cpu_service", "native"),
    ("a mapping, single POSTs, service", "mapped_single_cpu_service", "native"),
)


def _ratios(rows, results):
    for label, figure, beside in rows:
        if results.has(figure, beside):
            yield label, [results.ratio(figure, beside) or 0]


def draw(results, folder):
    """Writes those for which something was measured, and answers their paths."""
    pictures = (
        ("throughput", "Events a second", _throughput, (), ",.0f"),
        ("cpu", "Microseconds of processor an event", _cpu, PROCESSES, ",.0f"),
        ("memory", "Bytes of Redis a byte of forwarded JSON", _memory, (), ".2f"),
        ("identity", "How many times as dear", partial(_ratios, IDENTITY), (), ".2f"),
        ("mapped", "How many times as dear", partial(_ratios, MAPPED), (), ".2f"),
    )
    written = []
    for name, title, lines_of, parts, form in pictures:
        if lines := list(lines_of(results)):
            path = folder / f"{name}.svg"
            path.write_text(bars(title, lines, parts, form))
            written.append(path)
    return written

"""How much memory the daemon takes, where that says something: sanitizers keep what is freed, and add their own."""

from pathlib import Path

from .daemon import program


def resident_mb(daemon):
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def most_mb(window, queue_mb, event_bytes):
    """The most that a daemon may take while Redis or Kafka is away, for however long, as docs/guarantees.md has it:
    itself with the requests of a moment, what waits to be written, and what is under way, which is delivery.window or
    64 MB of events, whichever is less, each in the forms that it has on its way."""
    return 64 + queue_mb + window * 3 / 1024 + 4 * min(window * event_bytes / 2**20, 64)


def is_telling():
    content = program().read_bytes()
    return b"__asan_init" not in content and b"__tsan_init" not in content


def assert_grown_less_than(daemon, mb, before):
    """Says nothing of a build with a sanitizer."""
    grown = resident_mb(daemon) - before
    if is_telling():
        assert grown < mb, f"grown by {grown:.0f} MB"

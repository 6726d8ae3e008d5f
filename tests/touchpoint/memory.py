"""How much memory the daemon takes, where that says something: sanitizers keep what is freed, and add their own."""

from pathlib import Path

from .daemon import program


def resident_mb(daemon):
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    (line,) = (line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def assert_grown_less_than(daemon, mb, before):
    """Says nothing of a build with a sanitizer."""
    grown = resident_mb(daemon) - before
    content = program().read_bytes()
    if b"__asan_init" not in content and b"__tsan_init" not in content:
        assert grown < mb, f"grown by {grown:.0f} MB"

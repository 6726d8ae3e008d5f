"""A wall clock that a test sets, for one daemon alone: tests/tools/clock.c, made and put before the C library."""

import struct
import subprocess

from .daemon import ROOT


class Clock:
    """The daemon's wall clock."""

    def __init__(self, folder):
        self._offset = folder / "clock"
        self._library = folder / "clock.so"
        self._offset.write_bytes(bytes(8))
        source = ROOT / "tests" / "tools" / "clock.c"
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", self._library, source], check=True)

    def govern(self, daemon):
        environment = daemon.process.environment
        environment |= {"LD_PRELOAD": str(self._library), "TEST_CLOCK": str(self._offset)}
        environment["ASAN_OPTIONS"] += ":verify_asan_link_order=0"

    def set(self, seconds):
        """So far from the true time."""
        with self._offset.open("r+b") as file:
            file.write(struct.pack("=q", seconds * 1000))

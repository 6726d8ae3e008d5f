"""File systems of a test's own, small or failing. To mount one takes root; where that is not allowed a test that wants
one is skipped, with the reason."""

import subprocess
from pathlib import Path

import pytest


def run(*command):
    """Its standard error, None when it succeeded."""
    try:
        done = subprocess.run([str(word) for word in command], capture_output=True, text=True)
    except FileNotFoundError as error:
        return str(error)
    return done.stderr.strip() or f"status {done.returncode}" if done.returncode != 0 else None


def allowed(*command):
    refused = run(*command)
    if refused:
        pytest.skip(f"not allowed here: {' '.join(map(str, command[:3]))}: {refused}")


class SmallDisk:
    """In memory, of `size`."""

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.folder.mkdir()
        allowed("mount", "-t", "tmpfs", "-o", f"size={size},mode=0700", "tmpfs", self.folder)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        run("umount", "--lazy", self.folder)


class FailingDisk(SmallDisk):
    """An ext4 in a file. When it fails it does what the kernel does with a disk that has gone bad: it is read-only from
    then on, also for those who have files open."""

    def __init__(self, folder, size):
        self.folder = Path(folder)
        self.folder.mkdir()
        self._image = self.folder.with_suffix(".img")
        allowed("truncate", "-s", size, self._image)
        allowed("mkfs.ext4", "-q", self._image)
        allowed("mount", "-o", "loop", self._image, self.folder)

    def fail(self):
        allowed("mount", "-o", "remount,abort", self.folder)

    def mend(self):
        assert run("umount", self.folder) is None
        assert run("mount", "-o", "loop", self._image, self.folder) is None

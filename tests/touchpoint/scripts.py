"""The daemon's Lua scripts, whole as the build embeds them, for tests that call them without the daemon."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]

REPAIR = "0"


def script_text(path):
    """As cmake does: a line `-- include: PATH` stands for that file."""
    path = ROOT / path

    def included(line):
        return (path.parent / line[1]).read_text().replace("#!lua\n", "")

    return re.sub(r"-- include: (.+)\n", included, path.read_text())


class Scripts:
    """Calls them on one server; keys and answers are bytes."""

    def __init__(self, client):
        self._client = client
        self._known = {}

    def call(self, path, keys, arguments):
        if path not in self._known:
            self._known[path] = self._client.script_load(script_text(path))
        return self._client.evalsha(self._known[path], len(keys), *keys, *arguments)

    def open_home(self, prefix, count=1):
        return self.call("daemon/redis/open.lua", [prefix + b"home"], [REPAIR, count])

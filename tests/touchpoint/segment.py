"""Segment's API: daemons with a source of it, and what is said again and again of it."""

import base64

from .kinds import KINDS, section
from .senders.segment import SECRET as KEY

SETTINGS = {"sources.dir": KINDS}
OK = b'{"success": true}'


def basic(key=KEY):
    return {"Authorization": "Basic " + base64.b64encode(f"{key}:".encode()).decode()}


def source(folder, name="shop", settings=""):
    """The section of a source whose write key is KEY."""
    return section(folder, name, "segment", settings)


def track(event="Trial Started", **members):
    return {"type": "track", "event": event, "userId": "4711", **members}

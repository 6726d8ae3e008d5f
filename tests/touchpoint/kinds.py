"""The kinds of config/sources and their fixtures, and daemons that have sources of them."""

import json
import os
import re
import time
import urllib.parse
from dataclasses import dataclass, field
from pathlib import Path

from .senders import sender
from .wait import until

ROOT = Path(__file__).resolve().parents[2]
KINDS = ROOT / "config" / "sources"
VERIFY_TOKEN = os.environ.setdefault("TP_VERIFY_TOKEN", "what-was-typed-into-the-console")
URL = "https://touchpoint.example.com"
"""The address that senders know: http.external_url of the daemons here."""


def kinds():
    return sorted(folder.name for folder in KINDS.iterdir() if (folder / "kind.conf").exists())


@dataclass
class Request:
    """A request as a sender makes it."""

    method: str
    url: str
    headers: dict
    body: bytes
    now: float = field(default_factory=time.time)

    @property
    def path(self):
        parts = urllib.parse.urlsplit(self.url)
        return parts.path + (f"?{parts.query}" if parts.query else "")


@dataclass(frozen=True)
class Fixture:
    kind: str
    name: str

    def __str__(self):
        return f"{self.kind}/{self.name}"

    @property
    def file(self):
        return KINDS / self.kind / "fixtures" / f"{self.name}.http"

    @property
    def expected(self):
        return json.loads(self.file.with_suffix(".json").read_text())

    def request(self, source):
        """What the sender posts to that source, not signed yet."""
        head, _, body = self.file.read_bytes().replace(b"\r\n", b"\n").partition(b"\n\n")
        line, *lines = head.decode().splitlines()
        method, target, _ = line.split(" ")
        query = urllib.parse.urlsplit(target).query
        headers = dict(re.split(r":\s*", text, maxsplit=1) for text in lines)
        url = f"{URL}/v1/sources/{source}" + (f"?{query}" if query else "")
        return Request(method, url, headers, body.removesuffix(b"\n"))


def fixtures(kind):
    return [Fixture(kind, file.stem) for file in sorted((KINDS / kind / "fixtures").glob("*.http"))]


def all_fixtures():
    return [fixture for kind in kinds() for fixture in fixtures(kind)]


def is_proven(kind):
    """Whether its requests prove where they come from; otherwise a key is asked for."""
    return re.search(r"^\s*verify\b", (KINDS / kind / "kind.conf").read_text(), re.M) is not None


def section(folder, name, kind, settings=None):
    """The section of a source, with its sender's secrets in files of that folder."""
    module = sender(kind)
    secrets = getattr(module, "SECRETS", None) or [module.SECRET]
    references = []
    for number, secret in enumerate(filter(None, secrets)):
        file = Path(folder) / f"{kind}.secret.{number}"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(secret)
        references.append(f'"file:{file}"')
    lines = [f'kind = "{kind}"', settings if settings is not None else module.SETTINGS]
    if references:
        lines.append(f"secret = {{{', '.join(references)}}}")
    return f'source "{name}" {{\n    ' + "\n    ".join(filter(None, lines)) + "\n}\n"


def send(daemon, request):
    """Posts it as it is; the daemon sees the path and query that the sender's address has."""
    with daemon.client() as client:
        return client.request(request.method, request.path, request.body, request.headers)


def sent(daemon, source, fixture):
    """Signs and sends it, and answers the reply."""
    return send(daemon, sender(fixture.kind).sign(fixture.request(source)))


def timeline_of(daemon, count, **identifier):
    """Of whom this finds, once there are so many interactions. Who is found may have none for a moment."""

    def all_there():
        customer = daemon.find(**identifier)
        known = customer and daemon.get(f"/v1/customers/{customer}").status == 200
        found = daemon.timeline(customer) if known else []
        return found if len(found) >= count else None

    return until(all_there, 20, "all are in the timeline")


SETTINGS = {"http.external_url": URL, "sources.dir": KINDS}

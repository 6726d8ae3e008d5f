"""Each kind's README begins with what to write into touchpointd.conf: pasted as it stands there, with the sender's
secret where it says, it takes what the sender posts."""

import re

import pytest

from touchpoint.kinds import KINDS, SETTINGS, VERIFY_TOKEN, fixtures, kinds, send
from touchpoint.senders import sender

KEY = "a-key-of-touchpointd"


def pasted(kind, folder, monkeypatch):
    """The configuration, and the name of its source."""
    blocks = re.findall(r"^```\w*\n(.*?)^```", (KINDS / kind / "README.md").read_text(), re.S | re.M)
    config = next(block for block in blocks if 'source "' in block)
    secret = folder / "secret"
    module = sender(kind)
    secret.write_text((getattr(module, "SECRETS", None) or [module.SECRET])[0] or KEY)
    for name in re.findall(r'"env:(\w+)"', config):
        monkeypatch.setenv(name, VERIFY_TOKEN if "VERIFY" in name else secret.read_text())
    config = re.sub(r"/etc/touchpointd/\S+\.jq", str(KINDS / kind / "map.jq"), config)
    config = re.sub(r"/etc/touchpointd/[^\s\"]+", str(secret), config)
    return config, re.search(r'source "([^"]+)"', config)[1]


@pytest.mark.parametrize("kind", kinds())
def test_what_it_says_to_configure_takes_what_the_sender_posts(front, tmp_path, monkeypatch, kind):
    config, name = pasted(kind, tmp_path, monkeypatch)
    fixture = next(fixture for fixture in fixtures(kind) if fixture.expected)
    daemon = front(SETTINGS, config=config)
    request = sender(kind).sign(fixture.request(name))
    request.headers.setdefault("Authorization", f"Bearer {KEY}")
    reply = send(daemon, request)
    assert reply.status in (200, 202, 204), reply.body
    accepted = daemon.metrics()[f'touchpoint_source_events_total{{source="{name}",status="accepted"}}']
    assert accepted == len(fixture.expected)

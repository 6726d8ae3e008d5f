"""A body may come as gzip, and what it unpacks to is bounded: a bomb costs its sender a 413 and the daemon nothing."""

import gzip
import json
import zlib
from pathlib import Path

from touchpoint.front import error_of, event, events, recorded

GZIP = {"Content-Encoding": "gzip"}


def packed(content):
    return gzip.compress(json.dumps(content).encode())


def test_gzip_is_unpacked(front):
    reply = front().post(packed(events(50)), headers=GZIP)
    assert reply.status == 202
    assert reply.json["accepted"] == 50


def test_several_members_are_one_body(front):
    whole = json.dumps(events(2)).encode()
    reply = front().post(gzip.compress(whole[:40]) + gzip.compress(whole[40:]), headers=GZIP)
    assert reply.json["accepted"] == 2


def test_a_bomb_is_413(front):
    """100 kB that unpack to 100 MB, where 1 MB is allowed."""
    daemon = front({"http.max_unpacked": "1MiB"})
    bomb = gzip.compress(b" " * 100_000_000)
    before = resident(daemon)
    reply = daemon.post(bomb, headers=GZIP)
    assert reply.status == 413
    assert error_of(reply)["code"] == "too_large"
    assert recorded(daemon) == 0
    assert resident(daemon) - before < 20_000_000
    assert daemon.post(event()).status == 202


def test_a_bomb_within_a_bomb_stays_what_it_is(front):
    """One layer is taken off, never two."""
    reply = front().post(gzip.compress(packed(event())), headers=GZIP)
    assert reply.status == 400


def test_broken_gzip_is_400(front):
    daemon = front()
    whole = packed(event())
    damaged = whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:]
    for name, body in {
        "none at all": json.dumps(event()).encode(),
        "cut short": whole[:-20],
        "cut in its last byte": whole[:-1],
        "a wrong checksum": damaged,
        "bytes behind the end": whole + b"{}",
        "zlib's form": zlib.compress(json.dumps(event()).encode()),
        "nothing": b"",
    }.items():
        reply = daemon.post(body, headers=GZIP)
        assert reply.status == 400, name
        error_of(reply)
    assert recorded(daemon) == 0


def test_what_is_no_gzip_is_415(front):
    daemon = front()
    for coding in ("br", "deflate", "zstd", "gzip, gzip", "gzip, br"):
        reply = daemon.post(packed(event()), headers={"Content-Encoding": coding})
        assert reply.status == 415, coding
        assert error_of(reply)["code"] == "unsupported_type"
        assert reply.headers["Accept-Encoding"] == "gzip"
    assert recorded(daemon) == 0


def resident(daemon):
    """Bytes of memory that the daemon holds."""
    status = Path(f"/proc/{daemon.process.pid}/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
    return int(line.split()[1]) * 1024

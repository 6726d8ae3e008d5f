"""What the scripts keep of a customer, read from its bytes: daemon/customer/customer.lua has the layout."""

import io
from dataclasses import dataclass
from uuid import UUID

RECENT = 38
ID = 36
UNTOLD = 2**47  # added to when an identifier was seen first, while it is listed and not told
REPEATED = 2**47  # added to the record of what brought a known key once more
DEFERRED = 2**46  # added to the record of what is no entry, and has its place with another
ROLES = ["alone", "root", "member"]


@dataclass(frozen=True)
class Entry:
    """Its time is the score, which the entry itself does not have."""

    time: int
    sequence: int
    key: bytes
    attached: int
    merged: tuple  # ids
    before: dict  # empty before the first
    tail: bytes
    bare_key: bytes = b""  # of one that has a version, key of source and id
    version: int = None
    hidden: bool = False  # a newer version of it is there


@dataclass(frozen=True)
class Recent:
    key: bytes
    content: bytes
    node: bytes
    record: int
    time: int
    again: bool = False  # it brought a known key once more
    owner: int = 0  # whose entry it is: 0, or a place among the owners, from 1 on
    to: str = ""  # with whom it has its place, of one that is no entry; its content and time are not known


@dataclass(frozen=True)
class Trait:
    name: str
    time: int
    holder: str
    json: str

    @property
    def line(self):
        return f"{self.name}\t{self.time}\t{self.holder}\t{self.json}\n"


@dataclass(frozen=True)
class Version:
    """The newest of an interaction that somebody has."""

    version: int
    sequence: int
    time: int
    owner: str = ""  # a member; none: the customer itself


@dataclass
class Stored:
    sequence: int
    count: int  # entries
    first: int  # no entry is older
    role: str
    untold: int
    state: dict
    identifiers: dict  # when each was seen first, and with which event
    prints: bytes


def number_of(big_endian):
    return int.from_bytes(big_endian, "big")


def read_numbers(rest, *sizes):
    return [number_of(rest.read(size)) for size in sizes]


def split_ids(text):
    assert len(text) % ID == 0
    return tuple(text[at : at + ID].decode() for at in range(0, len(text), ID))


def read_spans(members, text):
    """By member: the times of its first entry and of its last."""
    rest = io.BytesIO(text)
    spans = {id: tuple(read_numbers(rest, 6, 6)) for id in split_ids(members)}
    assert rest.read() == b""
    return spans


def read_state(text):
    lines = text.decode().split("\n")
    assert lines[0] == ""
    return dict(line.split("\t", 1) for line in lines[1:])


def read_attachments(rest, count, identifiers_length, origins_length):
    seen = [number_of(rest.read(6)) for _ in range(count)]
    names = rest.read(identifiers_length).decode().split("\n")[1:-1]
    origins = rest.read(origins_length).decode().split("\n")[:-1]
    for place, origin in enumerate(origins):
        assert origin != (origins[place - 1] if place else ""), "what is as before is not said again"
        origins[place] = origin or origins[place - 1]
    return {name: (when, origin) for name, when, origin in zip(names, seen, origins, strict=True)}


def read_customer(blob):
    rest = io.BytesIO(blob)
    assert rest.read(1) == b"\4"
    sequence, count, first, last, state, *mapping, role, untold = read_numbers(rest, 6, 4, 6, 4, 4, 2, 4, 4, 1, 1)
    state = read_state(rest.read(last) + rest.read(state))
    identifiers = read_attachments(rest, *mapping)
    assert untold == sum(when >= UNTOLD for when, _ in identifiers.values())
    return Stored(sequence, count, first, ROLES[role], untold, state, identifiers, rest.read())


def read_traits(text):
    """In the order in which they came."""
    lines = [line.split("\t") for line in text.decode().split("\n")]
    assert lines.pop() == [""]
    return [Trait(name, int(time), holder, json) for name, time, holder, json in lines]


def read_mapping(text):
    """Last sequence, identifiers, members and traits, as an answer has them; nothing where nothing changed."""
    if not text:
        return 0, {}, (), []
    rest = io.BytesIO(text)
    sequence, *mapping, members, redirect, traits = read_numbers(rest, 6, 2, 4, 4, 4, 4, 4)
    identifiers = read_attachments(rest, *mapping)
    members = split_ids(rest.read(members))
    assert redirect in (0, ID)
    rest.read(redirect)
    assert len(text) - rest.tell() == traits
    return sequence, identifiers, members, read_traits(rest.read())


def read_entry(entry, score=None):
    """Without a score it is not known what that tells."""
    rest = io.BytesIO(entry)
    sequence, key, encoding = number_of(rest.read(6)), rest.read(8), rest.read(1)
    assert encoding in b"\0\1"
    attached, merged, before = read_numbers(rest, 4, 2, 4)
    version = (rest.read(8), number_of(rest.read(8))) if encoding == b"\1" else (b"", None)
    merged = split_ids(rest.read(ID * merged))
    own = sequence, key, attached, merged, read_state(rest.read(before)), rest.read(), *version
    if score is None:
        return Entry(-1, *own)
    return Entry(int(score) if score >= 0 else -1 - int(score), *own, hidden=score < 0)


def read_versions(lines):
    """Of v:ID, by key of source and id."""
    return {key: [read_version(line) for line in text.decode().splitlines()] for key, text in lines.items()}


def read_version(line):
    version, sequence, time, owner = line.split(" ")
    return Version(int(version), int(sequence), int(time), owner)


def read_line(line):
    """Of a timeline with scores."""
    return [read_entry(entry, time) for entry, time in line]


def read_told(told):
    """Of an event just appended: its sequence, what was attached, who was merged, and the state before."""
    rest = io.BytesIO(told)
    sequence, attached, merged = read_numbers(rest, 6, 4, 2)
    merged = split_ids(rest.read(ID * merged))
    return sequence, attached, merged, read_state(rest.read())


def read_recents(text):
    assert len(text) % RECENT == 0
    return [read_recent(text[at : at + RECENT]) for at in range(0, len(text), RECENT)]


def read_recent(mark):
    again, record = divmod(number_of(mark[24:30]), REPEATED)
    deferred, record = divmod(record, DEFERRED)
    if deferred:
        to = str(UUID(bytes=mark[30:38] + mark[8:16]))
        return Recent(mark[:8], None, mark[16:24], record, None, bool(again), to=to)
    return Recent(mark[:8], mark[8:16], mark[16:24], record, number_of(mark[30:36]), bool(again), number_of(mark[36:]))


def prints_of(recents):
    """The first bytes of the key of each, as they stand beside the customer."""
    return b"".join(recent.key[:2] for recent in recents)

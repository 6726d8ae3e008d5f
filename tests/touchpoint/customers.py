"""The scripts of customers, called one customer a call, as the daemon does; and what they left in Redis."""

import struct
from dataclasses import dataclass

from .layout import (
    ID,
    Recent,
    prints_of,
    read_customer,
    read_entry,
    read_line,
    read_mapping,
    read_recents,
    read_spans,
    read_told,
    read_versions,
)
from .layout import split_ids as ids_of
from .scripts import REPAIR, Scripts

LANES = 3
MINUTE = 7
KINDS = (b"c:", b"r:", b"t:", b"m:", b"v:")
NEVER = 2**32 - 1  # bound to it, nothing is appended
DEFER = 2**31  # added to a bound: whose it is to be is remembered


def customer_id(number):
    return f"0190a000-0000-7000-8000-{number:012}"


def lane_of(id):
    return b"tp:{L%d}:" % (int(id[-12:]) % LANES)


def customer_keys(lane, names):
    """As each script has its KEYS."""
    return [lane + b"home", lane + b"released", *(lane + kind + name for name in names for kind in KINDS)]


def merge_of(name):
    """By which notes tell of an identifier that is taken back."""
    return name.replace("\t", ":", 1)


def packed(kind, name, value):
    """A change of the state."""
    name, value = f"\n{name}\t".encode(), value.encode()
    return kind + struct.pack(">H", len(name)) + name + struct.pack(">I", len(value)) + value


def six(number):
    return number.to_bytes(6, "big")


@dataclass(frozen=True)
class Look:
    standing: str
    to: str
    generation: int
    count: int
    names: frozenset
    merges: int
    has: bool
    notes: str

    @property
    def version(self):
        return self.generation, self.count


@dataclass(frozen=True)
class Event:
    key: bytes
    content: bytes
    home: str
    time: int
    received: int
    names: tuple
    channel: str
    asked: str = ""  # whose it would be without a demotion
    bare_key: bytes = b""  # of one that has a version
    version: int = None

    @property
    def origin(self):
        return f'web\t"{self.key.decode()}"'

    @property
    def last(self):
        return f"{self.time}\t{self.key.decode()}"

    def lines(self, names):
        return "".join(line + "\n" for line in [self.origin, *names])


@dataclass
class Seen:
    """A customer as Redis has it."""

    id: str
    role: str
    sequence: int
    state: dict
    identifiers: dict
    entries: list
    recents: list  # (key, content, node, record, again, whose)
    graph: dict  # without rows, spans and owners
    rows: dict
    spans: dict
    versions: dict


class Customers:
    def __init__(self, client, most_recents=2):
        self.client = client
        self.scripts = Scripts(client)
        self.most_recents = most_recents

    def clear(self):
        self.client.flushall()
        for number in range(LANES):
            self.scripts.open_home(b"tp:{L%d}:" % number, count=LANES)

    def _call(self, script, id, *arguments):
        keys = customer_keys(lane_of(id), [id.encode()])
        return self.scripts.call(f"daemon/{script}.lua", keys, [REPAIR, *arguments])

    def look(self, id, member=""):
        (found,) = self._call("customer/look", id, MINUTE, b"\0\1", member)
        standing, to, generation, count, names, merges, has, notes = found
        names = frozenset(names.decode().split("\n")[1:-1])
        return Look(standing.decode(), to.decode(), generation, count, names, merges, bool(has), notes.decode())

    def list(self, id, version, event, names):
        word = (b"\0\1", *version, six(event.received), event.lines(names), "")
        return bool(self._call("customer/list", id, *word)[0])

    def take_back(self, id, version, claimant, names):
        """Names that are listed, and were claimed for another; as it is, where no version is said."""
        lost = "".join(f"{claimant}\t{name}\n" for name in names)
        return bool(self._call("customer/list", id, b"\0\1", *(version or ("", 0)), six(0), "\n", lost)[0])

    def redirect(self, loser, version, survivor, survivor_version, evidence):
        at = "{} {}".format(*survivor_version)
        return self._call("customer/redirect", loser, "open", *version, survivor, at, evidence)

    def pending(self, loser):
        return self._call("customer/redirect", loser, "open", "")

    def absorb(self, loser, told, home="open", is_counted="0"):
        """What redirect told."""
        words = (home, self.most_recents, MINUTE, loser, is_counted, *told[1:])
        return self._call("customer/absorb", told[1].decode(), *words).decode()

    def confirm(self, loser, number, result, home="open"):
        return bool(self._call("customer/confirm", loser, home, number, result))

    def merge(self, loser, survivor, evidence="evidence"):
        told = self.redirect(loser, self.look(loser).version, survivor, self.look(survivor).version, evidence)
        result = self.absorb(loser, told)
        assert self.confirm(loser, told[2], result)
        return result

    def leave(self, member, number):
        return self._call("customer/leave", member, "open", number)

    def give_up(self, id, member, at, told):
        """What leave told."""
        return self._call("customer/give_up", id, "open", member, told[2], at, *told[4:])

    def give_up_identifier(self, id, to, at, name, why, claimant=""):
        """Who gets it. First at the one that has claimed it, and then at each above."""
        lines = f"\n{name}\n"
        return self._call("customer/give_up", id, "open", to, merge_of(name), at, claimant, lines, "", "", why)

    def give(self, to, name, root, up, notes):
        """What the root told when it gave the identifier up."""
        words = (self.most_recents, merge_of(name), root, up[4], up[5], notes, up[6])
        return bool(self._call("customer/give", to, "open", *words))

    def free(self, member, number, root, up, notes):
        """What the root told when it gave the member up."""
        return bool(self._call("customer/free", member, "open", self.most_recents, number, root, up[4], up[5], notes))

    def split(self, member):
        told = self.leave(member, self.seen(member).graph["merge"])
        to, at, notes, up = told[1].decode(), told[3], b"", [b"member"]
        while up[0] == b"member":
            up = self.give_up(to, member, at, told)
            notes += up[3]
            to, at = (up[1].decode(), up[2]) if up[0] == b"member" else (to, at)
        assert self.free(member, told[2], to, up, notes)

    def apart(self, member, number, root, sequence, state):
        """As one who restores does it."""
        told = self._call("customer/apart", root, "closed", self.most_recents, member, number, "s", sequence, state)
        self._call("customer/apart", member, "closed", self.most_recents, member, number, "m", root, *told)

    def merge_again(self, loser, survivor, is_counted, evidence="evidence"):
        """As one who restores does it."""
        told = self._call("customer/redirect", loser, "closed", "*", 0, survivor, "", evidence)
        result = self.absorb(loser, told, "closed", is_counted)
        assert self.confirm(loser, told[2], result, "closed")
        return result

    def append(self, id, bound, event, node, record, released):
        """A letter, and what was told: the same of what was just appended and of what is stored."""
        given = b"tail", "\nlast\t" + event.last, packed(b"a", f"in.{event.channel}", "1")
        letter, rest = self._place(id, bound, event, node, record, released, given)
        if letter not in "ard":
            return letter, rest.decode()
        if letter != "a":
            return self._known(letter, rest)
        length = struct.unpack(">I", rest[:4])[0]
        return letter, *read_told(rest[4 : 4 + length]), read_mapping(rest[4 + length :])

    def defer(self, id, bound, event, node, record, released, to):
        """As append, of what is not appended here."""
        letter, rest = self._place(id, DEFER + bound, event, node, record, released, (to, "", b""))
        return (letter, rest.decode()) if letter not in "rd" else self._known(letter, rest)

    def _known(self, letter, rest):
        length = struct.unpack(">I", rest[:4])[0]
        entry, mapping = read_entry(rest[4 : 4 + length]), read_mapping(rest[4 + length :])
        return letter, entry.sequence, entry.attached, entry.merged, entry.before, mapping

    def identify(self, id, bound, event, node, record, released, traits):
        """A letter, what was attached, and the mapping."""
        said = "".join(f"{name}\t{json}\n" for name, json in traits.items())
        letter, rest = self._place(id, bound, event, node, record, released, (b"", "", said))
        return (letter, struct.unpack(">II", rest[:8])[1], read_mapping(rest[8:])) if letter == "i" else (letter,)

    def _place(self, id, bound, event, node, record, released, given):
        """`given`: entry, last and changes."""
        mark = event.key + event.content + node + six(record) + six(event.time)
        head = (node, released, 100_000, self.most_recents, 0, event.received, 1)
        entry, last, changes = given
        mark += event.bare_key + struct.pack(">Q", event.version) if event.bare_key else b""
        first = b"\0\1" + struct.pack(">I", bound) + six(event.received) + mark
        words = (first, event.time, entry, event.lines(event.names), last, changes)
        (answer,) = self._call("timeline/append", id, *head, *words)
        return answer[:1].decode(), answer[1:]

    def seen(self, id):
        lane, name = lane_of(id), id.encode()
        pipe = self.client.pipeline(transaction=False)
        pipe.get(lane + b"c:" + name).get(lane + b"r:" + name)
        pipe.zrange(lane + b"t:" + name, 0, -1, withscores=True).hgetall(lane + b"m:" + name)
        pipe.hgetall(lane + b"v:" + name)
        blob, recents, line, graph, versions = pipe.execute()
        if blob is None:
            assert (recents, line, graph, versions) == (None, [], {}, {})
            return None
        stored, recents = read_customer(blob), read_recents(recents or b"")
        assert stored.prints == prints_of(recents)
        assert stored.count == len(line)
        spans = read_spans(graph.get(b"members", b""), graph.pop(b"spans", b""))
        graph = {name.decode(): value.decode() for name, value in graph.items()}
        owners = [id, *ids_of(graph.pop("owners", "").encode())]
        rows = {name[4:]: graph.pop(name) for name in list(graph) if name[:4] == "row "}
        recents = [whose(recent, owners) for recent in recents]
        own = id, stored.role, stored.sequence, stored.state, stored.identifiers
        return Seen(*own, read_line(line), recents, graph, rows, spans, read_versions(versions))


def whose(recent: Recent, owners):
    mark = recent.key, recent.content, recent.node, recent.record, recent.again
    return *mark, recent.to and ("to", recent.to) or owners[recent.owner]


assert len(customer_id(0)) == ID

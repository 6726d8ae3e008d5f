"""Customers that are merged and split, and identifiers that are taken back, as events come: the scripts do what a page
of Python says, whatever is half-way, left by who died, ended by another, retried and replayed; and in the end each
event is in one timeline, once, and its answer what it was. On a plain Redis and on one that refuses to cross slots."""

import itertools
from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass, field, replace

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import Redis
from touchpoint.customers import MINUTE, NEVER, Customers, Event, Look, customer_id, lane_of, merge_of
from touchpoint.layout import UNTOLD, Entry, Trait

NODES = [b"node-one", b"node-two"]
IDS = [customer_id(number) for number in range(6)]
CHANNELS = ["web", "call"]
MOST_TOLD = 4


def held(listed, holder):
    """As one who has taken the holder in lists it: since when, and its origin with whose it is."""
    when, origin = listed
    return when, origin if origin.count("\t") > 1 else f"{origin}\t{holder}"


def given_up(notes):
    """The identifiers of which they say that they are another's."""
    sides = [line.split("\t")[2:4] for line in notes.splitlines()]
    return {merge.replace(":", "\t", 1) for merge, side in sides if ":" in merge and side == "s"}


@dataclass
class Customer:
    """What is stored of one, and the rules by which it changes. Nothing is forgotten here."""

    id: str
    role: str = None
    generation: int = 0
    merge: dict = field(default_factory=dict)  # of a member: to, merge, at, evidence, and phase while it is half-way
    sequence: int = 0
    last: str = None
    counts: Counter = field(default_factory=Counter)
    identifiers: dict = field(default_factory=dict)
    listed: set = field(default_factory=set)  # of these, what is not told yet
    entries: list = field(default_factory=list)
    recents: list = field(default_factory=list)
    members: list = field(default_factory=list)
    rows: dict = field(default_factory=dict)
    spans: dict = field(default_factory=dict)
    untold: list = field(default_factory=list)
    merges: int = 0
    lasts: dict = field(default_factory=dict)  # by member: what had arrived last before
    notes: list = field(default_factory=list)  # (holder, member, merge, side, generation)
    traits: list = field(default_factory=list)
    whys: dict = field(default_factory=dict)  # by who gets an identifier: when that was said, and by whom

    @property
    def version(self):
        return self.generation, len(self.identifiers)

    @property
    def state(self):
        """Of an event it is stored as it is then."""
        last = {"last": self.last} if self.last else {}
        return last | {f"in.{channel}": str(n) for channel, n in self.counts.items()}

    def look(self, member):
        standing = self.merge.get("phase", "member") if self.merge else "root"
        to = self.merge.get("to", "")
        names = frozenset(self.identifiers)
        return Look(standing, to, *self.version, names, self.merges, member in self.rows, self.stored_notes())

    def list(self, version, event, names):
        if self.merge or version != self.version:
            return False
        self.role = self.role or "alone"
        self.identifiers |= dict.fromkeys(names, (event.received, event.origin))
        self.listed |= set(names)
        return True

    def take_back(self, version, claimant, names):
        if self.merge or version != self.version or claimant == self.id or claimant in self.rows:
            return False
        self.role = "root"
        self.generation += 1
        self.identifiers = {name: one for name, one in self.identifiers.items() if name not in names}
        self.listed -= names
        return True

    def redirect(self, version, survivor, survivor_version, evidence):
        if self.merge or version != self.version:
            return False
        self.generation, self.role = self.generation + 1, "member"
        at = "{} {}".format(*survivor_version)
        self.merge = {"to": survivor, "merge": str(self.generation), "at": at, "evidence": evidence, "phase": "pending"}
        return True

    def pending(self):
        return self.merge.get("phase") == "pending"

    def absorb(self, loser):
        """As it was when it was redirected, since which it is frozen."""
        if loser.id in self.rows:
            return "in"
        if self.merge or loser.merge["at"] != "{} {}".format(*self.version):
            return "moved"
        times = [entry.time for entry in loser.entries] or [0]
        row = "\t".join(loser.merge[name] for name in ("to", "merge", "evidence"))
        self.role, self.merges = "root", self.merges + 1
        self.rows |= {loser.id: row} | loser.rows
        self.spans |= {loser.id: (min(times), max(times))} | loser.spans
        self.members += [loser.id, *loser.members]
        self.untold += [*loser.untold, loser.id]
        self.listed |= {name for name in loser.listed if name not in self.identifiers}
        self.identifiers = {name: held(one, loser.id) for name, one in loser.identifiers.items()} | self.identifiers
        self.recents += [recent for recent in loser.recents if recent not in self.recents]
        self.sequence += loser.sequence
        self.counts += loser.counts
        self.notes += loser.notes
        self.traits = self.traits + loser.traits
        if loser.last and (not self.last or time_of(loser.last) > time_of(self.last)):
            self.lasts[loser.id], self.last = self.last, loser.last
        return "in"

    def confirm(self, number, result):
        if not self.pending() or self.merge["merge"] != number:
            return False
        del self.merge["phase"]
        if result != "in":
            self.merge, self.role = {}, "root"
        return True

    # --- split

    def has_note(self, member, number):
        return any(note[:3] == (self.id, member, number) for note in self.notes)

    def note(self, member, number, side):
        if not self.has_note(member, number):
            self.notes.append((self.id, member, number, side, self.generation))

    def had(self):
        """What those above may list of it: also what it gave up, which they were perhaps not told."""
        return set(self.identifiers) | given_up(self.stored_notes())

    def leave(self, number):
        if self.merge.get("merge") != number:
            return "gone"
        if self.pending():
            return "pending"
        if "phase" not in self.merge:
            self.merge["phase"] = "leaving"
            self.note(self.id, number, "m")
        return "leaving"

    def give_up(self, member, number):
        if self.pending():
            return "pending"
        listed = member.id in self.rows and self.rows[member.id].split("\t")[1] == number
        if listed or not self.has_note(member.id, number):
            self.role = self.role if self.merge else "root"
            self.generation += 1
            if listed:
                self.give_up_all([member.id, *member.members], member)
            self.note(member.id, number, "s")
        return "member" if self.merge else "root"

    def give_up_all(self, gone, member):
        self.rows = {id: row for id, row in self.rows.items() if id not in gone}
        self.spans = {id: span for id, span in self.spans.items() if id not in gone}
        self.members = [id for id in self.members if id not in gone]
        self.untold = [id for id in self.untold if id not in gone]
        self.notes = [note for note in self.notes if note[0] not in gone]
        self.traits = [trait for trait in self.traits if trait.holder not in gone]
        names = member.had()
        self.identifiers = {name: one for name, one in self.identifiers.items() if name not in names}
        self.listed -= names
        self.counts = +(self.counts - member.counts)
        before = self.lasts.pop(member.id, member.last)
        self.last = before if self.last == member.last else self.last

    def free(self, number, recents, notes):
        if self.merge.get("phase") != "leaving" or self.merge["merge"] != number:
            return False
        self.merge, self.role = {}, "root"
        self.recents += [recent for recent in recents if recent not in self.recents]
        for note in notes:
            self.note(*note)
        return True

    # --- an identifier

    def give_up_identifier(self, to, name, why, claimant):
        if "phase" in self.merge:
            return "pending"
        if claimant != self.id and claimant not in self.members:
            return "apart"
        if name in self.identifiers or not self.has_note(to, merge_of(name)):
            self.role = self.role if self.merge else "root"
            self.generation += 1
            self.identifiers.pop(name, None)
            self.listed.discard(name)
            self.whys |= {to: why} if why else {}
            self.note(to, merge_of(name), "s")
        return "member" if self.merge else "root"

    def taken_from(self, name):
        """Who gets it is kept apart from these too."""
        return [note[1:4] for note in self.notes if (note[0], *note[2:4]) == (self.id, merge_of(name), "m")]

    def give(self, name, recents, notes, why):
        if self.merge:
            return False
        self.role = "root"
        if not self.has_note(self.id, merge_of(name)):
            received, origin = why.split("\t", 1)
            self.identifiers[name] = int(received), origin
            self.note(self.id, merge_of(name), "m")
        for note in notes:
            self.note(*note)
        self.recents += [recent for recent in recents if recent not in self.recents]
        return True

    def takes(self, bound, names):
        is_bound = not self.merge and bound in (0, self.generation + 1)
        return is_bound and not given_up(self.stored_notes()) & set(names)

    def stored_notes(self):
        return "".join("\t".join(map(str, note)) + "\n" for note in self.notes)

    def append(self, bound, event, node, record, to=None):
        """`to`: whose it is to be, not appended here."""
        mark = event.key, event.content, node, record, False
        known = [one for one in self.recents if one[0] == event.key]
        placed = sorted((one for one in known if one[1]), key=lambda one: likeness(one, mark))
        if placed:
            return self.answer(placed[-1], bound, event, mark[2:])
        if known and (to or known[0][5][1] not in [self.id, *self.rows]):
            return self.answer_deferred(known, bound, mark[2:4])
        if not self.takes(bound, event.names):
            return "m", ""
        self.role = self.role or "alone"
        if to:
            self.recents.append((event.key, None, node, record, False, ("to", to)))
            return "f", to
        before, merged = self.state, tuple(self.untold[:MOST_TOLD])
        del self.untold[:MOST_TOLD]
        attached = self.attach(event)
        self.sequence += 1
        self.counts[event.channel] += 1
        self.last = event.last
        self.entries.append(Entry(event.time, self.sequence, event.key, attached, merged, before, b"tail"))
        self.recents.append((event.key, event.content, node, record, False, self.id))
        return "a", self.sequence, attached, merged, before, self.mapping(attached or merged)

    def identify(self, bound, event, traits):
        if not self.takes(bound, event.names):
            return ("m",)
        self.role = self.role or "alone"
        attached = self.attach(event)
        for name, json in traits.items():
            self.say(Trait(name, event.time, self.id, json))
        return "i", attached, self.mapping(True)

    def say(self, said):
        """Not what it holds newer, nor what a member was told already."""
        own = [trait for trait in self.traits if (trait.name, trait.holder) == (said.name, self.id)]
        others = [replace(trait, holder=self.id) for trait in self.traits if trait.holder != self.id]
        if said not in others and all(trait.time <= said.time for trait in own):
            self.traits = [trait for trait in self.traits if trait not in own] + [said]

    def answer(self, known, bound, event, mark):
        """A member remembers nothing more, since its survivor would not know of it."""
        replayed = known[2:5] == mark
        if not replayed and self.merge and bound != NEVER:
            return "m", ""
        again = (*known[:2], *mark[:2], True, known[5])
        if not replayed and not self.merge and again not in self.recents:
            self.recents.append(again)
        if known[1] != event.content:
            return "u", ""
        if known[5] != self.id:
            return "o", known[5]
        entry = next(entry for entry in self.entries if entry.key == event.key)
        mapping = self.mapping(entry.attached or entry.merged)
        return "d", entry.sequence, entry.attached, entry.merged, entry.before, mapping

    def answer_deferred(self, known, bound, mark):
        """The same to all. Who brings it once more is remembered too, as long as he may bring it again."""
        _, *again, to = known[0]
        if known[0][2:4] != mark and self.merge and bound != NEVER:
            return "m", ""
        again = (known[0][0], None, *mark, True, to)
        if known[0][2:4] != mark and not self.merge and again not in self.recents:
            self.recents.append(again)
        return "f", to[1]

    def attach(self, event):
        """Where a name would be is nothing, when it is another's."""
        attached = sum(1 << place for place, name in enumerate(event.names) if name and self.tells(name))
        self.listed -= set(event.names)
        names = filter(None, event.names)
        self.identifiers = dict.fromkeys(names, (event.received, event.origin)) | self.identifiers
        return attached

    def tells(self, name):
        return name in self.listed or name not in self.identifiers

    def stored_identifiers(self):
        return {
            name: (when + UNTOLD * (name in self.listed), origin) for name, (when, origin) in self.identifiers.items()
        }

    def mapping(self, changed):
        told = {name: seen for name, seen in self.stored_identifiers().items() if name not in self.listed}
        known = self.sequence, told, tuple(self.members), self.traits.copy()
        return known if changed else (0, {}, (), [])

    def graph(self):
        """As m:ID has it."""
        said = "".join(trait.line for trait in self.traits)
        if self.role in (None, "alone"):
            return {"traits": said} if said else {}
        found = {"generation": str(self.generation)} | self.merge
        found |= {"members": "".join(self.members), "minute": str(MINUTE), "merges": str(self.merges)}
        found |= {"untold": "".join(self.untold), "notes": self.stored_notes(), "traits": said}
        found = {name: value for name, value in found.items() if value}
        if not self.merges:
            del found["minute"], found["merges"]
        if not self.merges and not self.generation:
            del found["generation"]  # it has but notes
        found |= {f"why {id}": why for id, why in self.whys.items()}
        return found | {f"last {id}": f"\nlast\t{last}" if last else "" for id, last in self.lasts.items()}


def likeness(recent, mark):
    """A replay finds what it brought; two may have used a key for different content before they were one."""
    return recent[:5] == mark, recent[:2] == mark[:2]


def clash(one, other):
    """Two notes of one split."""
    sides = {tuple(line.split("\t")[1:4]) for line in other.notes.splitlines()}
    return any(
        (*rest[:2], "ms"[rest[2] == "m"]) in sides for line in one.notes.splitlines() if (rest := line.split("\t")[1:4])
    )


def time_of(last):
    return int(last.split("\t")[0])


class World:
    """Works that go on side by side, each a generator that yields behind every call of a script. Each call is given to
    the script and to the model, which must agree."""

    def __init__(self, server):
        self.server = server
        server.clear()
        self.customers = {id: Customer(id) for id in IDS}
        self.events = []
        self.records = []  # (event, node, record)
        self.next, self.released = dict.fromkeys(NODES, 1), dict.fromkeys(NODES, 1)
        self.told = {}  # (node, record): where it is, or that it is refused
        self.brought = defaultdict(dict)  # by customer, what came to that one itself
        self.said = defaultdict(list)  # by customer, the traits that it held
        self.attached = Counter()  # by what is said
        self.numbers = itertools.count()  # of what is said
        self.taken_back = set()  # what was given up, in splits and alone
        self.takings = {}  # by who gets an identifier: who had claimed it, and the identifier
        self.claims = {}  # by identifier, where it is not its first customer's any more
        self.splits = 0
        self.works = []  # (generator, the record that it delivers)

    @property
    def ids(self):
        """Who gets an identifier is known to nobody before it is claimed."""
        return [id for id in self.customers if id in IDS or self.is_moved(id)]

    def owner(self, name):
        return self.claims.get(name) or customer_id(int(name[2:4]))

    def is_moved(self, to):
        claimant, name = self.takings[to]
        return self.owner(name) != claimant

    # --- calls

    def check(self, id):
        customer, seen = self.customers[id], self.server.seen(id)
        assert (seen.role if seen else None) == customer.role
        if seen is None:
            return
        assert (seen.sequence, seen.state) == (customer.sequence, customer.state)
        assert seen.identifiers == customer.stored_identifiers()
        assert seen.entries == sorted(customer.entries, key=lambda entry: (entry.time, entry.sequence))
        assert (seen.graph, seen.rows, seen.spans) == (customer.graph(), customer.rows, customer.spans)
        waiting = {one for one in customer.recents if one[3] >= self.released[one[2]]}
        assert waiting <= set(seen.recents) <= set(customer.recents)
        assert len(set(seen.recents)) == len(seen.recents)

    def look(self, id, member=""):
        found = self.server.look(id, member)
        assert found == self.customers[id].look(member)
        return found

    def list(self, id, version, event, names):
        listed = self.server.list(id, version, event, names)
        assert listed == self.customers[id].list(version, event, names)
        if listed:
            self.brought[id] |= dict.fromkeys(names, (event.received, event.origin))
        self.check(id)
        return listed

    def take_line_back(self, id, version, claimant, names):
        taken = self.server.take_back(id, version, claimant, names)
        assert taken == self.customers[id].take_back(version, claimant, names)
        if taken:
            self.taken_back |= names
        self.check(id)

    def append(self, id, bound, event, node, record):
        told = self.server.append(id, bound, event, node, record, self.released[node])
        before, last = set(self.customers[id].identifiers), self.customers[id].sequence
        expected = self.customers[id].append(bound, event, node, record)
        assert (told[0].replace("r", "d"), *told[1:]) == expected
        self.check(id)
        if told[0] == "a":
            assert told[1] > last, "sequences grow"
            assert not given_up(self.server.look(id).notes) & set(event.names), "nothing brings it back"
            self.bring(id, event, before)
        return told

    def bring(self, id, event, before):
        new = [name for name in event.names if name and name not in before]
        self.brought[id] |= dict.fromkeys(new, (event.received, event.origin))

    def defer(self, id, bound, event, node, record, to):
        told = self.server.defer(id, bound, event, node, record, self.released[node], to)
        expected = self.customers[id].append(bound, event, node, record, to)
        assert (told[0].replace("r", "d"), *told[1:]) == expected
        self.check(id)
        return told

    # --- works

    def follow(self, first):
        """To the root, as it is when it is read."""
        number = first
        while True:
            found = self.look(number, first)
            yield
            if found.standing in ("pending", "leaving"):
                yield from self.finish(number)
            elif found.standing == "member":
                assert found.to < number
                number = found.to
            elif number == first or found.has:
                return number, found
            else:
                number = first

    def resolved(self, event):
        """By whose the identifiers are now: the first leads, and what is another's does not count."""
        home = self.owner(event.names[0])
        is_own = [name[0] == "y" or self.owner(name) == home for name in event.names]
        names = tuple(name if own else "" for name, own in zip(event.names, is_own, strict=True))
        return replace(event, home=home, names=names)

    def place(self, event):
        """Whoever finds that the customer gave up what it still claims goes to the end of that first."""
        while True:
            now = self.resolved(event)
            root, found = yield from self.follow(now.home)
            lost = given_up(found.notes) & set(now.names)
            if not lost:
                return now, root, found
            for to, (_, name) in list(self.takings.items()):
                if name in lost and self.has_begun(to):
                    yield from self.take(to, "")
            yield

    def arbitrate(self, event, node, record, root, how):
        """Who knows of a demotion asks first the customer of the demoted value."""
        asked, found = yield from self.follow(event.asked)
        if asked == root:
            return "f", root
        bound = 0 if asked == event.asked and how % 3 else found.generation + 1
        told = self.defer(asked, bound, event, node, record, root)
        yield
        return (*told, asked) if told[0] in "rd" else told

    def deliver_demoted(self, event, node, record, how):
        """It has its place where the first said that came by the asked one, who may also have it himself."""
        whose = event.asked
        if how % 4:
            root, _ = yield from self.follow(event.home)
            told = yield from self.arbitrate(event, node, record, root, how)
            if told[0] == "m":
                return None
            if told[0] in "rdo":
                return told[-1]
            if told[0] == "u":
                return "u"
            whose = told[1]
        return (yield from self.append_led(whose, event, node, record, how))

    def append_led(self, whose, event, node, record, how):
        lists_both = whose != event.asked
        root, found = yield from self.follow(whose)
        bound = 0 if root == whose and how % 3 and lists_both else found.generation + 1
        told = self.append(root, bound, event, node, record)
        if told[0] == "f":
            yield
            return (yield from self.append_led(told[1], event, node, record, how))
        if told[0] == "m":
            yield
            return None
        return {"u": "u", "o": told[1]}.get(told[0], root)

    def deliver(self, event, node, record, how):
        if event.asked:
            where = None
            while not where:
                where = yield from self.deliver_demoted(event, node, record, how)
            told = self.append(where, NEVER, event, node, record) if where != "u" else "u"
            self.note_told(node, record, "u" if told[0] == "u" else (where, told[1]))
            return
        asked_for = event
        while True:
            event, root, found = yield from self.place(asked_for)
            missing = [name for name in event.names if name and name not in found.names]
            if missing and how % 2:
                listed = self.list(root, found.version, event, missing)
                yield
                if not listed:
                    continue
            bound = 0 if root == event.home and how % 3 else found.generation + 1
            told = self.append(root, bound, event, node, record)
            if told[0] == "m":
                yield
                continue
            if told[0] == "o":
                yield
                root = told[1]
                told = self.append(root, NEVER, event, node, record)
            self.note_told(node, record, "u" if told[0] == "u" else (root, told[1]))
            return

    def identify(self, said, traits, how):
        while True:
            event, root, found = yield from self.place(said)
            bound = 0 if root == event.home and how % 3 else found.generation + 1
            before = set(self.customers[root].identifiers)
            told = self.server.identify(root, bound, event, NODES[how % 2], 0, 0, traits)
            assert told == self.customers[root].identify(bound, event, traits)
            self.check(root)
            if told[0] == "m":
                yield
                continue
            self.bring(root, event, before)
            self.attached.update(n for place, n in enumerate(event.names) if told[1] >> place & 1 and n[0] == "x")
            said = [Trait(name, event.time, root, json) for name, json in traits.items()]
            self.said[root] += [trait for trait in said if trait in self.customers[root].traits]
            return

    def note_told(self, node, record, answer):
        assert self.told.setdefault((node, record), answer) == answer

    def merge(self, one, other, evidence):
        one, one_found = yield from self.follow(one)
        other, other_found = yield from self.follow(other)
        if one == other or clash(one_found, other_found):
            return
        (survivor, at), (loser, found) = sorted([(one, one_found), (other, other_found)], key=lambda pair: pair[0])
        told = self.server.redirect(loser, found.version, survivor, at.version, evidence)
        redirected = self.customers[loser].redirect(found.version, survivor, at.version, evidence)
        assert redirected == (told[0] == b"pending")
        self.check(loser)
        yield
        if redirected:
            yield from self.take_in(loser, told)

    def finish(self, loser):
        """Whoever meets one that is half-way."""
        told = self.server.pending(loser)
        assert told[0].decode() == self.customers[loser].merge.get("phase", told[0].decode())
        yield
        if told[0] == b"pending":
            yield from self.take_in(loser, told)
        elif told[0] == b"leaving":
            yield from self.split(loser, "")

    def split(self, member, number):
        """Takes that merge back, or ends what somebody else takes back."""
        one = self.customers[member]
        while True:
            told = self.server.leave(member, number)
            number = number or (told[2].decode() if told[0] == b"leaving" else "none")
            assert told[0].decode() == one.leave(number)
            self.check(member)
            yield
            if told[0] == b"gone":
                return
            if told[0] == b"leaving":
                break
            yield from self.finish(member)
        root, up, recents, notes = yield from self.give_up(deepcopy(one), told)  # as it was by then
        told = [line.split("\t") for line in notes.decode().splitlines()]
        freed = self.server.free(member, number, root, up, notes)
        assert freed == one.free(number, recents, told)
        self.check(member)
        yield

    def give_up(self, member, told):
        """All above it."""
        to, at, notes = told[1].decode(), told[3], b""
        number = told[2].decode()
        while True:
            up = self.server.give_up(to, member.id, at, told)
            assert up[0].decode() == self.customers[to].give_up(member, number)
            recents = list(self.customers[to].recents)
            self.taken_back |= member.had()
            self.splits += 1
            self.check(to)
            yield
            if up[0] == b"pending":
                yield from self.finish(to)
                continue
            notes += up[3]
            if up[0] == b"root":
                return to, up, recents, notes
            to, at = up[1].decode(), up[2]

    def has_begun(self, to):
        claimant, name = self.takings[to]
        return not self.is_moved(to) and self.customers[claimant].has_note(to, merge_of(name))

    def take(self, to, why):
        """Takes an identifier back, or ends what somebody else takes back, who knows why."""
        claimant, name = self.takings[to]
        root, up, recents, notes = yield from self.give_up_identifier(claimant, to, name, why)
        why = up[6].decode()
        told = [line.split("\t") for line in notes.decode().splitlines()]
        is_first = not self.customers[to].has_note(to, merge_of(name))
        given = self.server.give(to, name, root, up, notes)
        assert given == self.customers[to].give(name, recents, told, why)
        if is_first:
            self.brought[to][name] = self.customers[to].identifiers[name]
        self.check(to)
        yield
        if not self.is_moved(to):
            self.claims[name] = to

    def give_up_identifier(self, claimant, to, name, why):
        """At who has claimed it and all above; anew where a split has come between."""
        id, at, notes = claimant, "0", b""
        while True:
            up = self.server.give_up_identifier(id, to, at, name, why, claimant)
            one = self.customers[id]
            assert up[0].decode() == one.give_up_identifier(to, name, why, claimant)
            recents, taken_from = list(one.recents), one.taken_from(name)
            self.taken_back.add(name)
            self.check(id)
            yield
            if up[0] == b"pending":
                yield from self.finish(id)
                continue
            if up[0] == b"apart":
                self.aparts = getattr(self, "aparts", 0) + 1
                if self.aparts > 30:
                    raise AssertionError(
                        (
                            "APART",
                            claimant,
                            id,
                            {k: (c.role, c.merge, c.members) for k, c in self.customers.items()},
                            self.claims,
                        )
                    )
                id, at = claimant, "0"
                continue
            assert up[3].decode() == "".join("\t".join(note) + "\n" for note in taken_from)
            notes += up[3]
            why = up[6].decode()
            if up[0] == b"root":
                return id, up, recents, notes
            id, at = up[1].decode(), up[2]

    def take_in(self, loser, told):
        """It may have been taken in or refused by another meanwhile, who has confirmed that too."""
        survivor, number, at, evidence = (word.decode() for word in told[1:5])
        frozen = replace(self.customers[loser], merge={"to": survivor, "merge": number, "at": at, "evidence": evidence})
        result = self.server.absorb(loser, told)
        assert result == self.customers[survivor].absorb(frozen)
        self.check(survivor)
        yield
        confirmed = self.server.confirm(loser, number, result)
        assert confirmed == self.customers[loser].confirm(number, result)
        self.check(loser)
        yield

    # --- what happens

    def do(self, what, a, b, c):
        getattr(self, what)(a, b, c)

    def nothing(self, a, b, c):
        """What a plan becomes when it is made shorter."""

    def start(self, work, record=None):
        self.works.append((work, record))

    def event(self, a, b, c):
        event = self.made(len(self.events), a, b, c)
        if c % 3 == 0:
            event = replace(event, names=event.names[-1:] * (b % 3 == 2), asked=self.ids[(c // 3) % len(self.ids)])
        self.events.append(event)
        self.send(event, NODES[a % 2], b)

    def say(self, a, b, c):
        """Some is said twice, as by who died behind it."""
        number = 5000 + next(self.numbers)
        event = self.made(number, a, b, c)
        traits = {f"t{c % 2}": str(number), f"t{b % 3}": "null" if c % 4 == 0 else f"[{number}]"}
        for _ in range(1 + (c % 5 == 0)):
            self.start(self.identify(event, traits, b))

    def made(self, number, a, b, c):
        """Of its identifiers some are only its customer's, and some anybody's."""
        home = self.ids[a % len(self.ids)]
        names = [f"x\t{home[-2:]}-{c % 4}", f"x\t{home[-2:]}-{c % 5}", f"y\tof all {b % 3}"][: 1 + b % 3]
        return Event(
            b"k%d %05d" % (number % 3, number),  # few prints differ
            b"said %03d" % (c % 7),
            home,
            [5, 5, 6, 1_700_000_000_000 + c][b % 4],
            1000 + number,
            tuple(dict.fromkeys(names)),
            CHANNELS[c % len(CHANNELS)],
        )

    def send(self, event, node, how):
        record = (event, node, self.next[node])
        self.next[node] += 1
        self.records.append(record)
        self.start(self.deliver(*record, how), record)

    def unreleased(self):
        return [record for record in self.records if record[2] >= self.released[record[1]]]

    def again(self, a, b, c):
        """The same record."""
        if some := self.unreleased():
            record = some[a % len(some)]
            self.start(self.deliver(*record, b), record)

    def retry(self, a, b, c):
        """Another record of an event that is surely remembered, or not appended yet."""
        if some := self.unreleased():
            self.send(some[a % len(some)][0], NODES[b % 2], c)

    def reuse(self, a, b, c):
        some = [record for record in self.unreleased() if isinstance(self.told.get(record[1:]), tuple)]
        if some:
            self.send(replace(some[a % len(some)][0], content=b"other%03d" % (c % 3)), NODES[b % 2], c)

    def join(self, a, b, c):
        self.start(self.merge(self.ids[a % len(self.ids)], self.ids[b % len(self.ids)], f"evidence {c}"))

    def take_back(self, a, b, c):
        some = [(one.id, one.merge["merge"]) for one in self.customers.values() if one.merge]
        if some:
            self.start(self.split(*some[a % len(some)]))

    def take_identifier(self, a, b, c):
        """One that its customer has, and that nobody takes back already."""
        taken = {name for to, (_, name) in self.takings.items() if not self.is_moved(to)}
        names = {name for some in self.brought.values() for name in some if name[0] == "x"} - taken
        some = [name for name in sorted(names) if name in self.customers[self.root_of(self.owner(name))].identifiers]
        if some:
            name, to = some[a % len(some)], customer_id(len(self.customers))
            self.customers[to] = Customer(to)
            self.takings[to] = self.owner(name), name
            self.start(self.take(to, f'{9000 + c}\toperator\t"{to}"'))

    def end_other(self, a, b, c):
        some = [customer.id for customer in self.customers.values() if "phase" in customer.merge]
        if some:
            self.start(self.finish(some[a % len(some)]))

    def end_taking(self, a, b, c):
        some = [to for to in self.takings if self.has_begun(to)]
        if some:
            self.start(self.take(some[a % len(some)], ""))

    def go_on(self, a, b, c):
        if not self.works:
            return
        work = self.works[a % len(self.works)]
        for _ in range(1 + b % 4):
            if next(work[0], "end") == "end":
                self.works.remove(work)
                return

    def die(self, a, b, c):
        if self.works:
            self.works.pop(a % len(self.works))

    def list_and_die(self, a, b, c):
        """Whoever brings these identifiers next tells of them."""
        self.event(a, 2 * b + 1, c)
        work, _ = self.works.pop()
        for _ in range(3):
            next(work, None)

    def lose(self, a, b, c):
        """What is listed and not told, and was claimed for another, or for a member, by who looked at it or has not."""
        id, claimant = self.ids[a % len(self.ids)], self.ids[b % len(self.ids)]
        names = {name for name in sorted(self.customers[id].listed)[: 1 + c % 2] if name[0] == "y"}
        if names:
            generation, count = self.customers[id].version
            self.take_line_back(id, (generation - (c % 5 == 0), count), claimant, names)

    def release(self, a, b, c):
        """Up to what is not answered yet, by any record of it: one that came later would be a new event."""
        node, working = NODES[a % 2], [record for _, record in self.works]
        waits = {record[0].key for record in self.records if record[1:] not in self.told or record in working}
        first = min([r[2] for r in self.records if r[1] == node and r[0].key in waits], default=self.next[node])
        self.released[node] = max(self.released[node], min(first, self.released[node] + b % 12))

    # --- the end

    def run(self, work):
        for _ in work:
            pass

    def settle(self):
        """All go on; whoever is left half-way is found; and whoever was merged is told with an entry more."""
        while self.works:
            self.go_on(0, 0, 0)
        for id in self.customers:
            self.run(self.follow(id))
        for to in filter(self.has_begun, self.takings):
            self.run(self.take(to, ""))
        for record in self.unreleased():
            self.run(self.deliver(*record, 0))
        for customer in self.customers.values():
            while customer.untold and not customer.merge:
                self.tell(customer.id)

    def tell(self, id):
        """With an entry of its own."""
        event = self.made(len(self.events), 0, 0, 1)
        event = replace(event, home=id, names=(f"x\t{id[-2:]}-told",))
        self.events.append(event)
        self.send(event, NODES[0], 0)
        self.run(self.works.pop()[0])

    def root_of(self, id):
        while self.customers[id].merge:
            id = self.customers[id].merge["to"]
        return id

    def check_all(self):
        """In words that owe little to how the model does it."""
        seen = {id: found for id in self.customers if (found := self.server.seen(id))}
        trees = defaultdict(list)
        for id in seen:
            trees[self.root_of(id)].append(id)
        self.check_entries(seen)
        self.check_taken(seen)
        assert not any("phase" in one.graph for one in seen.values())
        for root, tree in trees.items():
            one = seen[root]
            assert sorted(one.rows) == sorted(set(tree) - {root})
            channels = Counter(event.channel for event in self.events for id in tree if self.is_at(event, seen[id]))
            assert {name[3:]: int(n) for name, n in one.state.items() if name[:3] == "in."} == channels
            self.check_identifiers(one, [self.brought[id] for id in tree])
            self.check_traits(root, [trait for id in tree for trait in self.said[id]])
        merged = [id for one in seen.values() for entry in one.entries for id in entry.merged]
        rows = [id for root in trees for id in seen[root].rows]
        assert set(rows) <= set(merged), "each is told"
        assert self.splits or sorted(rows) == sorted(merged), "and once"

    def is_at(self, event, one):
        return any(entry.key == event.key for entry in one.entries)

    def check_entries(self, seen):
        places = defaultdict(list)
        for id, one in seen.items():
            for entry in one.entries:
                places[entry.key].append((id, entry.sequence))
            assert len({entry.sequence for entry in one.entries}) == len(one.entries)
        assert all(len(some) == 1 for some in places.values())
        for event, *record in self.records:
            answer = self.told.get(tuple(record))
            if isinstance(answer, tuple):
                assert places[event.key] == [answer]
        assert sum(map(len, places.values())) == len(
            {e.key for e, *record in self.records if tuple(record) in self.told}
        )

    def check_taken(self, seen):
        """Who got it is another than who had it, and has it, unless it was taken back from that one too."""
        for to in filter(self.is_moved, self.takings):
            claimant, name = self.takings[to]
            assert self.root_of(to) != self.root_of(claimant)
            assert (to, name) in self.takings.values() or name in seen[self.root_of(to)].identifiers

    def check_identifiers(self, root, brought):
        names = set().union(*brought)
        assert names - self.taken_back <= set(root.identifiers) <= names
        for name, (when, origin) in root.identifiers.items():
            origin = "\t".join(origin.split("\t")[:2])  # without whose it is
            assert (when % UNTOLD, origin) in [some[name] for some in brought if name in some], "as it was"

    def check_traits(self, root, said):
        kept = self.customers[root].traits
        assert set(kept) <= set(said)
        newest = {(trait.name, trait.holder): trait.time for trait in kept}
        assert len(newest) == len(kept)
        assert all(newest[trait.name, trait.holder] >= trait.time for trait in said)

    def check_attached(self):
        """What is one customer's only is told once."""
        events = {event.key: event for event in self.events}
        entries = [entry for customer in self.customers.values() for entry in customer.entries]
        told = Counter(
            name
            for entry in entries
            for place, name in enumerate(events[entry.key].names)
            if entry.attached >> place & 1 and name[0] == "x"
        )
        told += self.attached
        listed = set().union(*(c.listed for c in self.customers.values() if not c.merge))
        brought = {name for some in self.brought.values() for name in some if name[0] == "x"}
        told = {name: times for name, times in told.items() if name not in self.taken_back}
        assert self.splits or told == dict.fromkeys(brought - listed - self.taken_back, 1)


OFTEN = {"event": 5, "say": 3, "join": 4, "go_on": 14, "list_and_die": 1}
OFTEN |= {"take_back": 2, "take_identifier": 2, "end_taking": 1, "lose": 2}
SELDOM = ["nothing", "again", "retry", "reuse", "end_other", "die", "release"]
WHAT = SELDOM * 2 + [what for what, times in OFTEN.items() for _ in range(times)]
NUMBERS = st.integers(0, 99)
PLANS = st.lists(st.tuples(st.sampled_from(WHAT), NUMBERS, NUMBERS, NUMBERS), min_size=60, max_size=200)


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        redis.start()
        yield Customers(redis_py.Redis(port=redis.port))
    finally:
        redis.kill()


@given(plans=PLANS)
@settings(
    phases=[__import__("hypothesis").Phase.generate], max_examples=60, deadline=None, derandomize=True, database=None
)
def test_the_scripts_and_their_model_agree(server, plans):
    world = World(server)
    for plan in plans:
        world.do(*plan)
    world.settle()
    world.check_all()
    world.check_attached()


# --- one at a time

SMALL, LARGE = IDS[0], IDS[5]


def an_event(number, home=LARGE, **other):
    event = Event(b"key %04d" % number, b"said 000", home, 5, 1000 + number, (f"x\t{number}",), "web")
    return replace(event, **other)


def redirect(server, loser, survivor):
    return server.redirect(loser, server.look(loser).version, survivor, server.look(survivor).version, "evidence")


def test_an_event_is_moved_whose_customer_was_redirected_since(server):
    """Also when that one is free again."""
    server.clear()
    found = server.look(LARGE)
    told = redirect(server, LARGE, SMALL)
    assert server.append(LARGE, 0, an_event(1), NODES[0], 1, 1) == ("m", "")
    assert server.list(SMALL, (0, 0), an_event(2), ["x\t2"])
    assert server.absorb(LARGE, told) == "moved"
    assert server.confirm(LARGE, told[2], "moved")
    assert server.append(LARGE, found.generation + 1, an_event(1), NODES[0], 1, 1) == ("m", "")
    assert server.append(LARGE, server.look(LARGE).generation + 1, an_event(1), NODES[0], 1, 1)[:2] == ("a", 1)
    assert server.append(SMALL, 0, an_event(2), NODES[0], 2, 1)[:4] == ("a", 1, 1, ())


def test_who_ends_an_earlier_merge_leaves_the_later_one(server):
    server.clear()
    early = redirect(server, LARGE, SMALL)
    server.list(SMALL, (0, 0), an_event(2), ["x\t2"])
    server.confirm(LARGE, early[2], server.absorb(LARGE, early))
    late = redirect(server, LARGE, SMALL)
    assert server.absorb(LARGE, early) == "moved"
    assert not server.confirm(LARGE, early[2], "moved")
    assert server.look(LARGE).standing == "pending"
    assert server.absorb(LARGE, late) == "in"
    assert server.confirm(LARGE, late[2], "in")


def test_only_what_is_neither_its_own_nor_its_members_is_taken_back(server):
    server.clear()
    for id, name in ((SMALL, "x\t1"), (SMALL, "x\t2"), (LARGE, "x\t2")):
        server.list(id, server.look(id).version, an_event(1), [name])
    assert not server.take_back(SMALL, server.look(SMALL).version, SMALL, ["x\t1"])
    assert server.merge(LARGE, SMALL) == "in"
    assert not server.take_back(SMALL, server.look(SMALL).version, LARGE, ["x\t2"])
    assert server.look(SMALL).names == {"x\t1", "x\t2"}
    assert not server.take_back(SMALL, (0, 1), IDS[3], ["x\t2"])
    assert server.take_back(SMALL, server.look(SMALL).version, IDS[3], ["x\t2"])
    assert server.look(SMALL).names == {"x\t1"}
    assert not server.take_back(LARGE, None, IDS[3], ["x\t2"]), "it is frozen"
    assert server.take_back(SMALL, None, IDS[3], ["x\t1"])
    assert server.look(SMALL).version == (2, 0)


def test_what_was_given_up_comes_back_by_no_event(server):
    """Neither here nor where the customer is merged into later; who asks for a deferral is told the same."""
    server.clear()
    event, other = an_event(1), an_event(2)
    assert server.append(LARGE, 0, event, NODES[0], 1, 1)[:2] == ("a", 1)
    up = server.give_up_identifier(LARGE, IDS[3], "0", "x\t1", 'why\toperator\t"1"')
    assert up[0] == b"root"
    assert server.merge(LARGE, SMALL) == "in"
    for id in (SMALL, LARGE):
        for names in (("x\t1",), ("x\t9", "x\t1")):
            assert server.append(id, 0, replace(other, names=names), NODES[0], 2, 1) == ("m", "")
            assert server.identify(id, 0, replace(other, names=names), NODES[0], 0, 0, {}) == ("m",)
            assert server.defer(id, 0, replace(other, names=names), NODES[0], 2, 1, IDS[3]) == ("m", "")
    assert server.append(SMALL, 0, event, NODES[0], 3, 1) == ("o", LARGE), "what it brought is known still"
    assert server.defer(SMALL, 0, replace(other, names=("x\t9", "")), NODES[0], 2, 1, IDS[3]) == ("f", IDS[3])
    assert server.append(SMALL, 0, an_event(4, names=("x\t11", "y\t1")), NODES[0], 4, 1)[:2] == ("a", 2)


def test_who_comes_late_with_an_identifier_gives_nothing(server):
    """Others ended it, and it was taken back from the new customer too, who then was merged."""
    server.clear()
    new, third, name, why = LARGE, IDS[4], "x\t1", '7\toperator\t"1"'
    server.list(IDS[3], (0, 0), an_event(1), [name])
    up = server.give_up_identifier(IDS[3], new, "0", name, why)
    assert server.give(new, name, IDS[3], up, up[3])
    assert server.look(new).names == {name}
    from_new = server.give_up_identifier(new, third, "0", name, why)
    assert from_new[3].decode() == f"{new}\tx:1\tm\n", "the third is kept apart from the first too"
    assert server.give(new, name, IDS[3], up, up[3])
    assert server.look(new).names == frozenset()
    assert server.merge(new, SMALL) == "in"
    assert not server.give(new, name, IDS[3], up, up[3])
    assert server.look(new).standing == "member"


def split_between(server):
    """Of two, the one gives an identifier up, and is split off before the other has heard of it. Somebody else ends it.
    Answers what the first was told."""
    server.clear()
    root, member, new, name, why = IDS[0], IDS[2], IDS[4], "x\t1", '7\toperator\t"1"'
    server.list(root, (0, 0), an_event(1), ["x\t0"])
    server.list(member, (0, 0), an_event(2), [name])
    assert server.merge(member, root) == "in"
    told = server.give_up_identifier(member, new, "0", name, why, member)
    assert (told[0], told[1].decode()) == (b"member", root)
    server.split(member)
    up = server.give_up_identifier(member, new, "0", name, "", member)
    assert up[0] == b"root"
    assert server.give(new, name, member, up, up[3])
    return root, member, new, name, told


def test_who_is_late_finds_that_it_was_split_off(server):
    """Or the first would give up what has come to it since, and refuse it for ever."""
    root, member, new, name, told = split_between(server)
    assert server.merge(new, root) == "in"
    assert server.give_up_identifier(root, new, told[2], name, told[6].decode(), member) == [b"apart"]
    assert server.append(root, 0, replace(an_event(3), names=(name,)), NODES[0], 1, 1)[0] == "a"


def test_what_a_member_gave_up_is_not_listed_where_it_was_split_off(server):
    root, _, new, name, _ = split_between(server)
    assert server.look(root).names == {"x\t0"}
    assert server.look(new).names == {name}


def test_what_only_may_be_known_is_not_appended(server):
    server.clear()
    assert server.append(SMALL, NEVER, an_event(1), NODES[0], 1, 1) == ("m", "")
    assert server.seen(SMALL) is None


def test_a_record_that_repeats_is_told_to_ask_the_survivor(server):
    """The member would remember it alone, and the survivor append it when it comes once more, late."""
    server.clear()
    server.append(LARGE, 0, an_event(1), NODES[0], 1, 1)
    told = redirect(server, LARGE, SMALL)
    assert server.append(LARGE, 1, an_event(1), NODES[1], 1, 1) == ("m", "")
    server.confirm(LARGE, told[2], server.absorb(LARGE, told))
    assert server.append(SMALL, 1, an_event(1), NODES[1], 1, 1) == ("o", LARGE)
    assert server.append(LARGE, NEVER, an_event(1), NODES[1], 1, 1)[:2] == ("d", 1)
    for record in range(2, 12):
        server.append(SMALL, 1, an_event(record), NODES[0], record, record)
    assert server.append(SMALL, 1, an_event(1), NODES[1], 1, 1) == ("o", LARGE)


@pytest.mark.parametrize("times", [(5, 6), (6, 5)])
def test_an_id_that_two_had_used_for_something_else_before_they_were_one(server, times):
    """Each finds its own."""
    server.clear()
    first = an_event(1, SMALL, content=b"content1", time=times[0])
    second = an_event(1, LARGE, content=b"content2", time=times[1])
    server.append(SMALL, 0, first, NODES[0], 1, 1)
    server.append(LARGE, 0, second, NODES[0], 2, 1)
    assert server.merge(LARGE, SMALL) == "in"
    assert server.append(SMALL, 1, first, NODES[0], 1, 1)[:2] == ("r", 1)
    assert server.append(SMALL, 1, second, NODES[0], 2, 1) == ("o", LARGE)
    assert server.append(SMALL, 1, replace(second, content=b"content3"), NODES[0], 3, 1) == ("u", "")


def test_the_newest_of_both_are_remembered(server):
    """By time, since in which order they came is not known of two."""
    server.clear()
    for number, (id, time) in enumerate([(SMALL, 20), (SMALL, 40), (LARGE, 10), (LARGE, 30)]):
        server.append(id, 0, an_event(number, id, time=time), NODES[0], 1 + number, 100)
    assert server.merge(LARGE, SMALL) == "in"
    assert [(recent[0], recent[5]) for recent in server.seen(SMALL).recents] == [
        (b"key 0003", LARGE),
        (b"key 0001", SMALL),
    ]


def test_of_many_four_are_told_with_an_entry(server):
    server.clear()
    losers = [customer_id(number) for number in range(10, 20)]
    for loser in losers:
        assert server.merge(loser, SMALL) == "in"
    told = [server.append(SMALL, 0, an_event(n), NODES[0], n, 1)[3] for n in range(1, 5)]
    assert told == [tuple(losers[:4]), tuple(losers[4:8]), tuple(losers[8:]), ()]
    assert server.append(SMALL, 0, an_event(1), NODES[0], 1, 1)[3] == tuple(losers[:4])
    assert server.look(SMALL).merges == len(losers)


@pytest.mark.parametrize("broken", [SMALL, LARGE], ids=["survivor", "loser"])
def test_a_key_that_holds_something_else_takes_part_in_no_merge(server, broken):
    server.clear()
    key = lane_of(broken) + b"m:" + broken.encode()
    server.client.set(key, "somebody's")
    told = server.redirect(LARGE, (0, 0), SMALL, (0, 0), "evidence")
    assert told[0] == (b"broken" if broken == LARGE else b"pending")
    assert broken == LARGE or server.absorb(LARGE, told) == "broken"
    assert server.client.get(key) == b"somebody's"


def fill(server, id, count):
    for number in range(1, 11):
        server.append(id, 0, an_event(number, id), NODES[0], number, number)
    line = lane_of(id) + b"t:" + id.encode()
    ((entry, time),) = server.client.zrange(line, -1, -1, withscores=True)
    more = {number.to_bytes(6, "big") + entry[6:]: time + number for number in range(11, count + 1)}
    if more:
        server.client.zadd(line, more)


def cost_of_a_merge(server, count, loser, survivor):
    """The calls that the scripts make."""
    fill(server, loser, count)
    fill(server, survivor, count)
    server.client.config_resetstat()
    assert server.merge(loser, survivor) == "in"
    stats = server.client.info("commandstats")
    return sum(some["calls"] for some in stats.values())


def test_a_merge_costs_the_same_however_long_the_timelines_are(server):
    server.clear()
    cost_of_a_merge(server, 1, customer_id(2), customer_id(1))  # now the scripts are loaded
    few, many = (
        [cost_of_a_merge(server, count, customer_id(first + 3 * turn), customer_id(first)) for turn in range(1, 4)]
        for count, first in ((10, 100), (10_000, 200))
    )
    assert few == many

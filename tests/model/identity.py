"""A model of who is whose: delivery across merges by redirect, splits that take them back, unique and shared types,
values that are demoted on the way, and identifiers that are taken back.

    identity.py [RUNS [MODE [FIRST_SEED]]]

Without MODE, the rules as they are, which must hold in every run; MODES has rules left out, each of which must break
some.

One to three nodes with journals, operators who split, some who demote values, and some who take identifiers back. Each
`yield` ends one call of a script in one slot: that of an identifier or that of a customer. A node is killed anywhere
and comes back a little earlier; a killed operator does not, but half of those who take identifiers back say the same
once more. Clients send again, also to another node.

- claim: an identifier is its first claimant's for ever, unless it is taken back. A shared one leads only where an event
  has no other; it never merges.
- anchor: the strongest identifier of an event. Where its claimant's redirects lead is the event's customer, now and at
  each retry; what else the event names is joined with that one or is a conflict, and is said on the event.
- listed: a customer lists its unique values, and its members' in their rows. A value is listed there before it is
  claimed, so that one slot decides, and only with one who is as he was looked at. Only the one identifier that a new
  customer is known by may be claimed first; whoever comes by it lists it before going on. Where another was quicker to
  claim it, the line is taken back by whoever comes by both, unless the claimant is listed there by then.
- merge: (1) the loser, the larger id, if its generation is the one that was read, points to the survivor, pending, with
  that one's generation as it was read; from here on it is frozen. (2) the survivor takes it in, with a row for it and
  each of its members, or refuses: another generation, another value of a unique type, a note. (3) the loser, if it is
  pending in that merge still, is confirmed, or free again. Within a generation values and notes only grow, so a refusal
  stays one, and needs no memory.
- generation: of a customer, higher whenever it is redirected, gives a member or a line up, or gets a note by a split
  below it or of an identifier.
- root: what redirects lead to, if it lists whom they began at; a split may have come between two reads.
- split: (1) the loser is marked leaving, with its side of a note. (2) at each customer from its survivor up to the
  root: what it lists of the loser and of its members goes, also what these have given up since, and the other side of
  the note comes; a pending one is finished first. (3) the loser is free, has taken over what the root remembers, and
  such notes of those above it as were made while it was below them.
- note: two customers that have, or whose members have, the two sides of a note do not merge. Only an operator may take
  it back: new evidence mostly comes from whoever gave the wrong evidence.
- taken: from its claimant, an identifier goes to a new customer, whose id is chosen with the command. (1) at the
  claimant and at each above it up to the root: what it lists of it goes, and its side of a note comes; who is half-way
  is finished first, and at who does not list the claimant any more it begins anew. (2) the new one lists it, has taken
  over what the root remembers, and has the other side, and those sides that the claimant got with it: whom it was taken
  from before is kept apart from whoever gets it later. (3) the claim is moved, if it is the claimant's still.
- given up: who has that side, or has a member who has, is not the root that the identifier leads to. Nothing that was
  resolved by it is appended or deferred there, and it is not listed there, also by who read it to be nobody's. Whoever
  finds it there does all that is to be done for who has the other side, and goes on with whose it is then.
- append: at a root that lists all that the event was resolved to, or else it is resolved anew. What it remembers goes
  to the survivor of a merge, and to the loser of a split. Entries stay where they were appended.
- sequence: of each customer its own, and never goes back. A survivor's is at least its count.
- hint: at a member, what its chain of redirects led to. It is believed where that is a root that lists the member.
- demoted: for good, at any time, of which a node knows when it has read the claim since. From then on such a value
  leads as a shared one does; what it has joined stays so, and its customers go on listing it.
- arbiter: of an event that of the strongest of its identifiers whose type is not shared. While that one is not demoted,
  it is the anchor. Once it is, the root of its claimant is asked before the event is appended at another: it has the
  event, or it remembers for ever at whose root that has its place, the first that was said; a deferral. So both who
  knows of the demotion and who does not come by one slot. What is appended at the arbiter says its claimant. An entry
  that the root has got for the event since, of whomever, counts more than the deferral.
- led: whoever comes by a deferral appends at the root of that customer, whatever it has resolved, if it lists it. Who
  lists that customer and has a deferral to it is that root.

Whoever meets a pending or a leaving customer finishes it first, so nothing needs to be taken up by the one who died. Of
an identifier, what is done before the root has its side counts for nothing yet.

The daemon lists also what was read to be nobody's before it was given up, and takes it back as soon as it finds whose
it is: one that is killed in between leaves the line to whoever comes by both.

Not here, but in the model of delivery: losses of Redis, what is forgotten and trimmed, calls that land late. Nowhere
yet: that an operator takes a note back.
"""

import random
import sys
from functools import partial
from typing import NamedTuple

MODES = {
    "good": "the rules as they are",
    "survivor": "either survives",
    "takeover": "a survivor does not take over what its loser remembers",
    "early": "unique values are compared before a merge only, not where it is decided",
    "list": "a unique value is claimed without being listed first",
    "sole": "whoever comes by the one identifier of a new customer does not list it",
    "lost": "what another has claimed stays listed",
    "kin": "what is claimed for a member is taken back too",
    "generation": "a survivor takes in whatever its generation",
    "walk": "what redirects led to is the root, though it does not list whom they began at",
    "evidence": "a loser points away though it is not as it was read",
    "unpend": "a refused loser is free whichever merge it is in by now",
    "shared": "shared identifiers merge",
    "anchor": "in a conflict the event goes to the oldest customer",
    "unsaid": "an event is appended wherever there is no redirect",
    "recents": "the loser of a split does not learn what the root remembers",
    "sequence": "a survivor's sequence goes back with its count",
    "parent": "a split is told to the survivor only, not to those above it",
    "inflight": "a split does not finish a merge that is on its way above it",
    "subtree": "a split takes the loser's members not along",
    "note": "a split leaves no note",
    "near": "only the survivor has its side of the note, not those above it",
    "carried": "notes of members do not count",
    "inherited": "notes of those above are not taken over",
    "since": "notes from before one was below them are taken over too",
    "hint": "a hint is believed as it is",
    "undeferred": "the customer of a demoted value is not asked",
    "aside": "an event at the arbiter itself does not say so",
    "weakest": "it is that of the weakest demoted value which is asked",
    "deaf": "who does not know of the demotion appends beside a deferral",
    "astray": "who finds a deferral appends where he was resolved to",
    "unlisted": "who finds a deferral appends there though that one leads elsewhere",
    "handed": "a deferral is not handed on by merges and splits",
    "stranded": "a deferral to a member is not known for one to whom that leads",
    "overrun": "a deferral that is handed on counts more than an entry",
    "stale": "who gave an identifier up takes what was resolved by it",
    "asked": "who gave a demoted one up says where its events have their place",
    "unfinished": "who finds that an identifier was given up goes by the old claim",
    "above": "only whose claim it is has a note of it, not those above",
    "unmoved": "who gives an identifier up is as he was looked at",
    "relisted": "an identifier is listed with one who is not as he was looked at",
    "regained": "what was read to be nobody's is listed also where it was given up since",
    "crossing": "what is half-way is not finished before an identifier is given up there",
    "noted": "who has a note of it keeps what it has come to list of it since",
    "parted": "an identifier is given up also by whom its claimant was split from meanwhile",
    "kept": "what a member gave up and its survivor did not stays listed there when they are split",
    "unlearned": "who gets an identifier does not learn what the root remembers",
    "passed": "whose it was before its last claimant is not kept apart",
    "hasty": "the claim is moved first",
    "regardless": "the claim is moved whosever it is by now",
}
# Strongest first.
TYPES = {"u": "unique", "x": "plain", "v": "unique", "y": "plain", "s": "shared"}


class Fault(Exception):
    """Seen at once, since what comes after may hide it."""


class Row(NamedTuple):
    """What a customer lists of a member. Frozen with it."""

    parent: int
    merge: int
    count: int
    values: frozenset
    sides: frozenset


class Deferral(NamedTuple):
    """What is remembered in place of an entry: at whose root the event has its place."""

    to: int


class View(NamedTuple):
    id: int
    generation: int
    values: set
    sides: set


class Customer:
    def __init__(self, number):
        self.id = number
        self.to = self.phase = self.hint = self.evidence = None  # phase: pending, leaving
        self.generation = self.merge = self.at = 0  # that of the redirect; that of the survivor when it was read
        self.sequence, self.entries = 0, {}  # event: conflict
        self.recents = {}  # event: (record, (customer, sequence) or Deferral)
        self.values, self.notes = set(), {}  # note: (side, generation)
        self.rows = {}

    def sides(self):
        return {(note, side) for note, (side, _) in self.notes.items()}

    def all_values(self):
        return self.values.union(*(row.values for row in self.rows.values()))

    def all_sides(self, mode):
        return self.sides().union(*(row.sides for row in self.rows.values() if mode != "carried"))

    def count(self):
        return len(self.entries) + sum(row.count for row in self.rows.values())

    def lists(self, number):
        return number == self.id or number in self.rows

    def learn(self, recents, mode):
        for event, mark in recents.items():
            if not isinstance(mark[1], Deferral) or mode == "overrun":
                self.recents[event] = mark
            elif mode != "handed":
                self.recents.setdefault(event, mark)

    def below(self, number):
        """The member and all that came with it."""
        found, more = {number}, True
        while more:
            more = {member for member, row in self.rows.items() if row.parent in found} - found
            found |= more
        return found


def clash(values, sides, other_values, other_sides):
    if any(kind == other and value != second for kind, value in values for other, second in other_values):
        return True
    return any((note, "survivor" if side == "loser" else "loser") in other_sides for note, side in sides)


class World:
    def __init__(self, seed, mode):
        self.rnd, self.mode = random.Random(seed), mode
        self.claims, self.customers, self.kafka = {}, {}, {}
        self.died = False
        self.demoted = set()
        self.taken_back, self.sides = [], {}  # evidence; note and side: whose it may be
        self.taken = []  # (identifier, whose it was)

    def customer(self, number):
        if number not in self.customers:
            self.customers[number] = Customer(number)
        return self.customers[number]

    def new(self):
        """Ids are by time, and clocks differ."""
        return self.customer(self.rnd.randint(1, 2**40)).id

    def note_side(self, c, note, side):
        """Who may have it: who is there, and who is leaving just then, since that may be finished now or before."""
        whose = self.sides.setdefault((note, side), set())
        for some in [c, *(other for other in self.customers.values() if other.phase == "leaving")]:
            whose.update({some.id, *some.rows})

    def view(self, c):
        return View(c.id, c.generation, c.all_values(), c.all_sides(self.mode))


# --- merge


class Pending(NamedTuple):
    """What a loser answers, frozen."""

    to: int
    at: int
    merge: int
    evidence: tuple
    rows: dict
    recents: dict
    view: View


def pending(world, c):
    row = Row(c.to, c.merge, len(c.entries), frozenset(c.values), frozenset(c.sides()))
    return Pending(c.to, c.at, c.merge, c.evidence, {c.id: row, **c.rows}, dict(c.recents), world.view(c))


def merge(world, loser, survivor, evidence):
    c = world.customer(loser.id)
    if c.to is not None or (c.generation != loser.generation and world.mode != "evidence"):
        yield
        return "moved"
    c.generation += 1
    c.to, c.at, c.merge, c.phase, c.evidence = survivor.id, survivor.generation, c.generation, "pending", evidence
    frozen = pending(world, c)
    yield
    return (yield from finish(world, loser.id, frozen))


def finish(world, loser, frozen):
    answer = absorb(world, loser, frozen)
    yield
    c = world.customer(loser)
    if c.phase == "pending" and (c.merge == frozen.merge or (world.mode == "unpend" and answer != "in")):
        c.phase = None
        if answer != "in":
            c.to = None
            if any(loser in s.rows and s.rows[loser].merge == c.merge for s in world.customers.values()):
                raise Fault("one is free whom a survivor has taken in")
    yield
    return answer


def absorb(world, loser, frozen):
    s, mode = world.customer(frozen.to), world.mode
    if loser in s.rows and s.rows[loser].merge == frozen.merge:
        return "in"
    if s.to is not None or (s.generation != frozen.at and mode != "generation"):
        return "moved"
    values = () if mode == "early" else frozen.view.values
    if clash(values, frozen.view.sides, s.all_values(), s.all_sides(mode)):
        return "conflict"
    (one, named), (other, by) = frozen.evidence
    joined = s.lists(one) and other in frozen.rows
    if not joined or given_to(s.all_sides("good"), named) or given_to(frozen.view.sides, by):
        raise Fault("two are merged that nothing joins any more")
    s.rows.update(frozen.rows)
    if mode != "takeover":
        s.learn(frozen.recents, mode)
    s.sequence = max(s.sequence, s.count())
    return "in"


# --- split


def split(world, loser, number):
    """Takes that merge of the loser back; nothing when it is taken back."""
    while True:
        c = world.customer(loser)
        if c.to is None or c.merge != number:
            return
        frozen = pending(world, c) if c.phase == "pending" else None
        if c.phase is None:
            world.taken_back.append(c.evidence)
            world.note_side(c, (loser, number), "loser")
            c.phase = "leaving"
            if world.mode != "note":
                c.notes[loser, number] = "loser", c.generation
        to, at = c.to, c.at
        yield
        if not frozen:
            return (yield from leave(world, loser, number, to, at))
        yield from finish(world, loser, frozen)


def end_half_way(world, c):
    """What it is in the middle of. The first call is that which found it there."""
    number, to, at = c.merge, c.to, c.at
    frozen = pending(world, c) if c.phase == "pending" else None
    yield
    if frozen:
        yield from finish(world, c.id, frozen)
    else:
        yield from leave(world, c.id, number, to, at)


def leave(world, loser, number, to, at):
    inherited, near = {}, True
    while to is not None:
        s = world.customer(to)
        if s.phase == "pending" and world.mode != "inflight":
            yield from end_half_way(world, s)
            continue
        give_up(world, s, loser, number, near)
        near = False
        for note, (side, generation) in s.notes.items():
            if generation > at or world.mode == "since":
                inherited.setdefault(note, side)
        recents, to, at = dict(s.recents), s.to, s.at
        yield
        if world.mode == "parent":
            break
    c = world.customer(loser)
    if c.phase == "leaving" and c.merge == number:
        c.to = c.phase = c.hint = None
        if world.mode != "recents":
            c.learn(recents, world.mode)
        for note, side in inherited.items() if world.mode != "inherited" else ():
            c.notes.setdefault(note, (side, c.generation))
    yield


def give_up(world, s, loser, number, near):
    listed = loser in s.rows and s.rows[loser].merge == number
    known = (loser, number) in s.notes or world.mode == "note" or (world.mode == "near" and not near)
    world.note_side(s, (loser, number), "survivor")
    if known and not listed:
        return
    s.generation += 1
    if listed:
        before, leaving = s.count(), {loser} if world.mode == "subtree" else s.below(loser)
        if world.mode == "kept":
            s.values |= set().union(*(s.rows[member].values for member in leaving)) - world.customer(loser).all_values()
        for member in leaving:
            del s.rows[member]
        s.sequence -= before - s.count() if world.mode == "sequence" else 0
    if not known:
        s.notes[loser, number] = "survivor", s.generation


# --- an identifier that is taken back


def given_to(sides, identifier):
    """Who has the other side of it; None when it was not given up."""
    return min((note[0] for note, side in sides if side == "survivor" and note[1] == identifier), default=None)


def gave_up(c, identifiers):
    return any(given_to(c.all_sides("good"), identifier) for identifier in identifiers)


def take(world, identifier, claimant, new):
    """From its claimant, unless it is another's by now; whose it is then."""
    owner = world.claims[identifier]
    yield
    if owner != claimant:
        return owner
    if world.mode == "hasty":
        yield from move(world, identifier, claimant, new)
    older, recents = yield from take_from(world, identifier, claimant, new)
    give(world, identifier, new, older, recents)
    yield
    return (yield from move(world, identifier, claimant, new))


def take_from(world, identifier, claimant, new):
    """All give it up; what notes they have that got it so before, and what the root remembers."""
    older, to = set(), claimant
    while to is not None:
        s = world.customer(to)
        if s.phase and world.mode != "crossing":
            yield from end_half_way(world, s)
            continue
        if not s.lists(claimant) and world.mode != "parted":
            to = claimant
            yield
            continue
        give_up_identifier(world, s, identifier, new, s.id == claimant)
        older |= {note for note, (side, _) in s.notes.items() if side == "loser" and note[1] == identifier}
        recents, to = dict(s.recents), s.to
        yield
    return older, recents


def give_up_identifier(world, s, identifier, new, near):
    world.note_side(s, (new, identifier), "survivor")
    listed = identifier in s.all_values() and world.mode != "noted"
    if (new, identifier) in s.notes and not listed:
        return
    s.values -= {identifier}
    s.rows = {member: row._replace(values=row.values - {identifier}) for member, row in s.rows.items()}
    s.generation += world.mode != "unmoved"
    if near or world.mode != "above":
        s.notes.setdefault((new, identifier), ("survivor", s.generation))


def give(world, identifier, new, older, recents):
    """Once more changes nothing; nor to who has got it and was merged since."""
    c, note = world.customer(new), (new, identifier)
    if c.to is not None:
        return
    if note not in c.notes and TYPES[identifier[0]] == "unique":
        c.values.add(identifier)
    for one in {note} if world.mode == "passed" else {note, *older}:
        world.note_side(c, one, "loser")
        c.notes.setdefault(one, ("loser", c.generation))
    if world.mode != "unlearned":
        c.learn(recents, world.mode)


def move(world, identifier, claimant, new):
    if world.claims[identifier] == claimant or world.mode == "regardless":
        world.claims[identifier] = new
        world.taken.append((identifier, claimant))
    owner = world.claims[identifier]
    yield
    return owner


# --- an event's way


def follow(world, first):
    """To the root, as it is when it is read."""
    number, hops, tried = first, 0, False
    while True:
        c = world.customer(number)
        if c.phase:
            yield from end_half_way(world, c)
            continue
        to, hint, view, listed = c.to, c.hint, world.view(c), c.lists(first) or world.mode == "walk"
        yield
        if to is None and not listed:
            number, hops = first, 0
        elif to is None:
            if hops > 1:
                world.customer(first).hint = number
                yield
            return view
        elif number == first and hint and not tried:
            tried, c = True, world.customer(hint)
            found = c.to is None and (first in c.rows or world.mode == "hint")
            view = world.view(c)
            yield
            if found:
                return view
        else:
            number, hops = to, hops + 1


def lead(world, identifier, claimants):
    """The root that it leads to. One who gave it up is none: that is finished first."""
    while True:
        root = yield from follow(world, claimants[identifier])
        new = given_to(root.sides, identifier)
        if not new or world.mode == "unfinished":
            return root
        claimants[identifier] = yield from take(world, identifier, claimants[identifier], new)


def reach(world, identifier, claimants):
    """The root, which lists that identifier when it is unique."""
    while True:
        root = yield from lead(world, identifier, claimants)
        if TYPES[identifier[0]] != "unique" or identifier in root.values or world.mode in ("sole", "list"):
            return root
        yield from enlist(world, root, claimants[identifier], [identifier])


def enlist(world, root, claimant, identifiers):
    """None when it is not as it was looked at; else those that it cannot have."""
    c = world.customer(root.id)
    as_it_was = c.generation == root.generation or world.mode == "relisted"
    if c.to is not None or not c.lists(claimant) or not as_it_was:
        yield
        return None
    refused = []
    for identifier in identifiers:
        if TYPES[identifier[0]] == "unique" and world.mode != "list":
            values = c.all_values()
            if clash({identifier}, (), values, ()):
                refused.append(identifier)
            elif identifier not in values and (world.mode == "regained" or not given_to(root.sides, identifier)):
                c.values.add(identifier)
    yield
    return refused


def take_back(world, view, reached):
    """What is listed there and claimed by one who leads elsewhere. `reached`: by identifier, the claimant's root."""
    lost = {identifier for identifier, (_, root) in reached.items() if root != view.id} & view.values
    if not lost or world.mode == "lost":
        return False
    c = world.customer(view.id)
    kin = any(c.lists(reached[identifier][0]) for identifier in lost) and world.mode != "kin"
    if c.to is None and c.generation == view.generation and not kin:
        c.values -= lost
        c.rows = {member: row._replace(values=row.values - lost) for member, row in c.rows.items()}
        c.generation += 1
    yield
    return True


def take_back_lost(world, number, lost):
    """At once, whatever has changed: who was outrun may go elsewhere now, and not come by both."""
    view = world.view(world.customer(number))
    yield from take_back(world, view, {identifier: (claimant, claimant) for identifier, claimant in lost.items()})


def claim_anchor(world, identifiers, leading, claimants):
    """By the strongest that is known, or for a new one; by nobody when that has changed meanwhile."""
    anchor = leading[0]
    known = next((identifier for identifier in leading if identifier in claimants), None)
    refused, target = [anchor], None
    if known:
        view = yield from reach(world, known, claimants)
        reached = {known: (claimants[known], view.id)}
        for identifier in (one for one in leading if one in claimants and one != known):
            other = yield from reach(world, identifier, claimants)
            reached[identifier] = claimants[identifier], other.id
        if (yield from take_back(world, view, reached)):
            return
        target = view.id
        refused = yield from enlist(world, view, claimants[known], [anchor])
        if refused is None:
            return
    if refused:
        target = world.new()
        if len(identifiers) > 1:
            yield from enlist(world, world.view(world.customer(target)), target, [anchor])
    claimant = world.claims.setdefault(anchor, target)
    yield
    if claimant != target:
        yield from take_back_lost(world, target, {anchor: claimant})


def join(world, leading, claimants):
    """The anchor's root, and what conflicts with it; None when something has changed."""
    anchor, conflict = leading[0], set()
    root = yield from reach(world, anchor, claimants)
    reached = {anchor: (claimants[anchor], root.id)}
    for identifier in leading[1:]:
        if identifier not in claimants:
            continue
        other = yield from reach(world, identifier, claimants)
        reached[identifier] = claimants[identifier], other.id
        if other.id == root.id:
            continue
        if (yield from take_back(world, root, reached)) or (yield from take_back(world, other, reached)):
            return None
        answer = "conflict"
        if not clash(root.values, root.sides, other.values, other.sides):
            pair = [(root, anchor), (other, identifier)]
            pair.sort(key=lambda one: one[0].id)
            if world.mode == "survivor":
                world.rnd.shuffle(pair)
            evidence = tuple((claimants[named], named) for _, named in pair)
            answer = yield from merge(world, pair[1][0], pair[0][0], evidence)
        if answer != "conflict":
            return None
        conflict.add(identifier)
        if world.mode == "anchor" and other.id < root.id:
            root = other
    return root, conflict


def look_up(world, identifiers):
    """Whose they are, and which of them are demoted."""
    claimants, demoted = {}, set()
    for identifier in identifiers:
        if identifier in world.claims:
            claimants[identifier] = world.claims[identifier]
        demoted |= {identifier} & world.demoted
        yield
    return claimants, demoted


def deliver(world, record, event, identifiers):
    unshared = [identifier for identifier in identifiers if TYPES[identifier[0]] != "shared" or world.mode == "shared"]
    while True:
        claimants, demoted = yield from look_up(world, identifiers)
        plain = [identifier for identifier in unshared if identifier not in demoted]
        leading = plain or identifiers
        if leading[0] not in claimants:
            yield from claim_anchor(world, identifiers, leading, claimants)
            continue
        joined = yield from join(world, leading if plain else leading[:1], claimants)
        if not joined:
            continue
        view, conflict = joined
        root = view.id
        free = [identifier for identifier in identifiers if identifier not in claimants]
        if free:
            refused = yield from enlist(world, view, claimants[leading[0]], free)
            if refused is None:
                continue
            conflict |= set(refused)
            for identifier in (one for one in free if one not in conflict):
                claimants[identifier] = world.claims.setdefault(identifier, root)
                yield
            lost = {one: claimants[one] for one in free if one in plain and claimants.get(one, root) != root}
            if lost:
                yield from take_back_lost(world, root, lost)
                continue
        said = {identifier: claimants[identifier] for identifier in plain or leading[:1] if identifier not in conflict}
        values = {identifier for identifier in identifiers if TYPES[identifier[0]] == "unique"} - conflict - demoted
        asked = arbiter_of(world, unshared, demoted)
        answer = Deferral(root)
        if asked:
            arbiter = (yield from lead(world, asked, claimants)).id
            if arbiter != root:
                answer = ask_arbiter(world, arbiter, {asked: claimants[asked]}, record, event, root)
                yield
            elif world.mode != "aside":
                said[asked] = claimants[asked]
        if answer == Deferral(root):
            answer = append(world, root, record, event, said, values, conflict)
            yield
        while isinstance(answer, Deferral):
            answer = yield from append_led(world, root, record, event, said, conflict, answer.to)
        if answer == "moved":
            continue
        if answer:
            world.kafka.setdefault(event, []).append(answer)
            yield
        return


def arbiter_of(world, unshared, demoted):
    """The value whose customer is to be asked first; None when there is none."""
    if world.mode == "weakest":
        unshared = [identifier for identifier in unshared if identifier in demoted][-1:]
    asked = unshared[0] if unshared else None
    return asked if asked in demoted and world.mode != "undeferred" else None


def ask_arbiter(world, arbiter, said, record, event, root):
    """Where the event has its place, as a deferral; or what append answers."""
    c = world.customer(arbiter)
    known = known_of(c, record, event)
    if known != "new":
        return known
    if c.to is not None or not all(map(c.lists, said.values())) or (world.mode != "asked" and gave_up(c, said)):
        return "moved"
    c.recents[event] = record, Deferral(root)
    return Deferral(root)


def append_led(world, root, record, event, said, conflict, to):
    at = to
    if world.mode == "astray":
        at = root
    elif world.mode != "unlisted":
        at = (yield from follow(world, to)).id
    answer = append(world, at, record, event, said if world.mode == "astray" else {None: to}, set(), conflict, led=True)
    yield
    return answer


def known_of(c, record, event):
    by, value = c.recents.get(event, (None, "new"))
    return value if by == record or value == "new" or isinstance(value, Deferral) else None


def append(world, root, record, event, said, values, conflict, led=False):
    """What is to be produced; nothing of a retry."""
    c = world.customer(root)
    known = known_of(c, record, event)
    if isinstance(known, Deferral):
        here = c.id == known.to if world.mode == "stranded" else c.lists(known.to)
        known = "new" if here or (world.mode == "deaf" and not led) or (led and world.mode == "astray") else known
    if known != "new":
        return known
    if c.to is not None or (world.mode not in ("unsaid", "anchor") and not all(map(c.lists, said.values()))):
        return "moved"
    if world.mode != "stale" and gave_up(c, said):
        return "moved"
    c.values |= values - c.all_values()
    c.sequence += 1
    c.entries[event] = conflict
    c.recents[event] = record, (root, c.sequence)
    return root, c.sequence


# --- a run


def some_identifiers(rnd, people, values, strange, most, weights):
    """Mostly of one person; a value that is another's now and then, as of a shared machine."""
    person, found = rnd.randrange(people), set()
    for kind in rnd.choices(list(TYPES), weights=weights, k=rnd.randint(1, most)):
        whose = rnd.randrange(people) if rnd.random() < strange else person
        value = 0 if kind == "s" else whose if TYPES[kind] == "unique" else whose * 10 + rnd.randrange(values)
        found.add((kind, value))
    return sorted(found, key=lambda identifier: (list(TYPES).index(identifier[0]), identifier[1]))


def arrivals(world):
    """In some runs each value has a customer of its own before, so that there is much to be joined at once."""
    rnd = world.rnd
    kind = rnd.randint(1, 3), rnd.randint(1, 4), rnd.choice([0, 0.15, 0.4]), rnd.choice([2, 3])
    kind += (rnd.choice([[2, 5, 2, 5, 1], [5, 5, 5, 5, 1]]),)
    events = {f"e{i}": some_identifiers(rnd, *kind) for i in range(rnd.randint(4, 16))}
    if rnd.random() < 0.5:
        for identifier in sorted(set().union(*events.values())):
            c = world.customer(world.new())
            world.claims[identifier] = c.id
            c.values |= {identifier} if TYPES[identifier[0]] == "unique" else set()
    return events


def operator(world, patience):
    """Takes one merge back, any that there is."""
    losers = []
    for _ in range(world.rnd.randrange(patience)):
        yield
        losers = [c for c in world.customers.values() if c.to is not None]
    if losers:
        c = world.rnd.choice(losers)
        yield from split(world, c.id, c.merge)


def demoter(world, patience):
    """Demotes one value, any that somebody has."""
    for _ in range(world.rnd.randrange(patience)):
        yield
    claimed = sorted(identifier for identifier in world.claims if TYPES[identifier[0]] != "shared")
    if claimed:
        world.demoted.add(world.rnd.choice(claimed))
    yield


def taker(world, patience, command):
    """Takes one identifier back, any that somebody has. Who says the same once more finds the command."""
    for _ in range(world.rnd.randrange(patience)):
        yield
    if not command and world.claims:
        some = sorted(world.claims)
        of_members = [one for one in some if world.customers[world.claims[one]].to is not None]
        identifier = world.rnd.choice(world.rnd.choice([some, of_members or some]))
        command += identifier, world.claims[identifier], world.new()
    yield
    if command:
        yield from take(world, *command)


def helper(world, patience, command):
    """Takes back the merge of whose it was, between that one's giving it up and that of those above."""
    for _ in range(patience):
        c = world.customers[command[1]] if command else None
        if c and gave_up(c, command[:1]):
            break
        yield
    if c and c.to is not None:
        yield from split(world, c.id, c.merge)


def takers(world):
    """In half of the runs whoever is killed has somebody who says the same once more. Some have a helper."""
    rnd = world.rnd
    again, patience, found = rnd.choice([1, 2]), rnd.choice([10, 60]), []
    for _ in range(rnd.randint(1, 3)):
        commands = [[] for _ in range(rnd.randint(1, 3))]
        found.append([partial(taker, world, patience, command) for command in commands for _ in range(again)])
        if rnd.random() < 0.3:
            found.append([partial(helper, world, 2 * patience, command) for command in commands])
    return found


def journals(rnd, events):
    nodes = [[] for _ in range(rnd.randint(1, 3))]
    for event in events:
        rnd.choice(nodes).append(event)
        if rnd.random() < 0.3:
            node = rnd.choice(nodes)
            node.insert(rnd.randint(0, len(node)), event)
        if rnd.random() < 0.2:
            rnd.choice(nodes).append(rnd.choice(list(events)))  # much later
    return nodes


def play(world, nodes, events, operators, deadly):
    """Whether it comes to an end."""
    rnd = world.rnd
    works = [
        [partial(deliver, world, (i, at), node[at], events[node[at]]) for at in range(len(node))]
        for i, node in enumerate(nodes)
    ] + operators
    at, jobs, until, sleepy = [0] * len(works), [None] * len(works), [0] * len(works), rnd.choice([0, 0.1, 0.3])
    for now in range(20_000):
        live = [i for i in range(len(works)) if at[i] < len(works[i])]
        if not live:
            return True
        i = rnd.choice([i for i in live if until[i] <= now] or live)
        if rnd.random() < sleepy:
            until[i] = now + rnd.choice([10, 40] if i < len(nodes) else [10, 40, 400])
            continue
        jobs[i] = jobs[i] or works[i][at[i]]()
        if rnd.random() < deadly:
            world.died = True
            jobs[i], at[i] = None, max(0, at[i] - rnd.randint(0, 2)) if i < len(nodes) else at[i] + 1
        elif next(jobs[i], "end") == "end":
            jobs[i], at[i] = None, at[i] + 1
    return False


def run(seed, mode="good"):
    """What is wrong in the end, None when nothing is."""
    world = World(seed, mode)
    rnd = world.rnd
    events = arrivals(world)
    nodes = journals(rnd, events)
    operators = [[partial(operator, world, rnd.choice([10, 60]))] * rnd.randint(1, 4) for _ in range(rnd.randint(0, 3))]
    if rnd.random() < 0.5:
        many = rnd.choice([1, 1, 4])
        operators += [[partial(demoter, world, rnd.choice([20, 80]))] * many for _ in range(rnd.randint(1, 3))]
    if rnd.random() < 0.6:
        operators += takers(world)
    last = {f"l{event}": identifiers for event, identifiers in events.items()}
    try:
        if not play(world, nodes, events, operators, rnd.choice([0, 0.01, 0.04])):
            return "it does not come to an end"
        known = {f"i{i}": [identifier] for i, identifier in enumerate(sorted(world.claims))}
        fault = settle(world, events | known, last)
    except Fault as seen:
        return str(seen)
    return fault or check(world, events | known | last)


def settle(world, events, last):
    """One more of each that is known, and each event once more: whoever was left half-way is found by these, but for
    those of whom all has been taken back, whom nobody meets until the same split is asked for once more. Then the last.
    """
    if not play(world, [list(events)], events, [], 0):
        return "it does not come to an end"
    if any(world.customers[claimant].phase for claimant in world.claims.values()):
        return "somebody is left half-way"
    for c in world.customers.values():
        list(end_half_way(world, c) if c.phase else ())
    return None if play(world, [list(last)], last, [], 0) else "it does not come to an end"


def root_of(world, number):
    while world.customers[number].to is not None:
        number = world.customers[number].to
    return number


def check(world, events):
    for c in world.customers.values():
        if c.to is not None and c.to >= c.id:
            return "a redirect leads to a younger one"
    roots = {number: root_of(world, number) for number in world.customers}
    return (
        check_kafka(world, events)
        or check_rows(world, roots)
        or check_who(world, events, {identifier: roots[number] for identifier, number in world.claims.items()})
        or check_lines(world, roots)
        or check_splits(world, roots)
        or check_taken(world, roots)
    )


def check_kafka(world, events):
    if sorted(event for c in world.customers.values() for event in c.entries) != sorted(events):
        return "an event is not exactly once in the timelines"
    values = {event: set(world.kafka.get(event, ())) for event in events}
    if any(len(found) != 1 for found in values.values()):
        return "an event is not in Kafka with one value"
    if len(set.union(*values.values())) != len(events):
        return "a customer's sequence is twice in Kafka"
    return None


def check_rows(world, roots):
    """A root lists whose redirects lead to it, as they are."""
    for c in world.customers.values():
        if c.to is None and set(c.rows) != {number for number, root in roots.items() if root == c.id} - {c.id}:
            return "a root does not list its members"
        if any(row.count != len(world.customers[member].entries) for member, row in c.rows.items()):
            return "a count is not that of the entries"
        if c.to is None and c.sequence < c.count():
            return "a sequence is below the count"
        values = c.all_values()
        if len({kind for kind, _ in values}) != len(values):
            return "a customer has two values of a unique type"
    return None


def check_who(world, events, roots):
    components = {identifier: {identifier} for identifier in roots}
    for event, identifiers in events.items():
        plain = [identifier for identifier in identifiers if TYPES[identifier[0]] != "shared" and identifier in roots]
        joined = set().union(*(components[identifier] for identifier in plain))
        components |= dict.fromkeys(joined, joined)
        [home] = [c for c in world.customers.values() if event in c.entries]
        plain = [identifier for identifier in plain if identifier not in world.demoted]
        anchor = (plain or identifiers)[0]
        first = world.customers[roots[anchor]]
        for identifier in plain:
            other = world.customers[roots[identifier]]
            if other is not first and not clash(
                first.all_values(), first.all_sides("good"), other.all_values(), other.all_sides("good")
            ):
                return "two are not one though nothing speaks against it"
            if event[0] == "l" and other is not first and identifier not in home.entries[event]:
                return "a conflict is not said"
            if TYPES[identifier[0]] == "unique" and identifier not in other.all_values():
                return "a claimed value is not listed"
        if event[0] == "l" and root_of(world, home.id) != first.id:
            return "an event is not at its anchor's"
    plain = [identifier for identifier in roots if TYPES[identifier[0]] != "shared"]
    if any(roots[one] == roots[other] and other not in components[one] for one in plain for other in plain):
        return "two are one whom no event joins"
    return None


def check_lines(world, roots):
    """Of those whom something leads to. Only a node that dies when it has listed one, and finds the customer split, or
    what led there demoted or taken back, when it is back, leaves it listed with both, until somebody comes by both.
    So does one that was outrun while the customer was a member, when that was split and what led there demoted."""
    for c in (world.customers[roots[number]] for number in world.claims.values()):
        for identifier in c.all_values():
            other = world.customers[roots[world.claims[identifier]]] if identifier in world.claims else None
            apart = other and clash((), c.all_sides("good"), (), other.all_sides("good"))
            may_stay = (apart or world.demoted or world.taken) if world.died else (apart and world.demoted)
            if other is not c and not may_stay:
                return "a customer lists what is another's"
    return None


def check_splits(world, roots):
    """The two that had been the reason of what was taken back are apart; nobody has a note of others."""
    if any(roots[one] == roots[other] for (one, _), (other, _) in world.taken_back):
        return "what was split is one again"
    if any(c.id not in world.sides[side] for c in world.customers.values() for side in c.sides()):
        return "somebody is kept apart without a reason"
    return None


def check_taken(world, roots):
    """Nobody has, or lists, what he gave up."""
    if any(roots[world.claims[identifier]] == roots[claimant] for identifier, claimant in world.taken):
        return "what was taken back leads there again"
    for c in (world.customers[root] for root in set(roots.values())):
        for (_, identifier), side in c.all_sides("good"):
            if side != "survivor" or identifier not in world.claims:
                continue
            if roots[world.claims[identifier]] == c.id:
                return "somebody has what he gave up"
            if identifier in c.all_values():
                return "somebody lists what he gave up"
    return None


def main(runs=2000, mode="good", first=0):
    faults = {}
    for seed in range(first, first + runs):
        fault = run(seed, mode)
        if fault:
            faults.setdefault(fault, []).append(seed)
        if seed % 5000 == 4999:
            print(f"  {seed + 1 - first} runs, {sum(map(len, faults.values()))} broken", flush=True)
    print(f"{mode}: {runs} runs, {sum(map(len, faults.values()))} broken")
    for fault, seeds in faults.items():
        print(f"  {len(seeds)} times: {fault}; seeds {seeds[:3]}")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:] if word.isdigit()]
    words = [word for word in sys.argv[1:] if not word.isdigit()]
    main(*numbers[:1] or [2000], *words[:1] or ["good"], *numbers[1:2])

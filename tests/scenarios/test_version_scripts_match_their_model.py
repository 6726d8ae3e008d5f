"""Versions of customers who become one and are parted again: the scripts do what a page of Python says. Whoever is one
shows the newest that any of them has, each event is told which is the newest that is known then, and what is parted
shows its own. On a plain Redis and on one that refuses to cross slots."""

from dataclasses import dataclass, field, replace

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import Redis
from touchpoint.customers import Customers, Event, customer_id, lane_of

NODE = b"node-one"
CUSTOMERS, THINGS, VERSIONS = 4, 2, 5
MOST_VERSIONED, FEWER_VERSIONED, MOST_OWNERS = 1000, 750, 16  # versions.lua has them


@dataclass
class Model:
    """Whom each is merged into, and what came to each: (thing, version), with its sequence."""

    into: dict = field(default_factory=dict)
    came: dict = field(default_factory=dict)

    def root(self, id):
        while id in self.into:
            id = self.into[id]
        return id

    def group(self, root):
        return [id for id in self.came if self.root(id) == root]

    def newest(self, root, thing):
        """Of each who has any: of one version the first."""
        found = {}
        for id in self.group(root):
            own = [(version, -sequence) for (of, version, sequence) in self.came[id] if of == thing]
            found |= {id: max(own)} if own else {}
        return {id: (version, -sequence) for id, (version, sequence) in found.items()}

    def told(self, root, thing, version):
        newest = self.newest(root, thing)
        if not newest:
            return {}
        whose, (other, sequence) = max(newest.items(), key=lambda one: (one[1][0], -one[1][1]))
        relation = "supersedes" if version > other else "superseded_by"
        return {relation: (other, sequence), "whose": whose}

    def shown(self, root):
        """(whose, thing, version, sequence)"""
        shown = set()
        for thing in range(THINGS):
            newest = self.newest(root, thing)
            most = max((version for version, _ in newest.values()), default=None)
            shown |= {(id, thing, *one) for id, one in newest.items() if one[0] == most}
        return shown


class Story:
    def __init__(self, client):
        self.customers, self.model = Customers(client, most_recents=1000), Model()
        self.customers.clear()
        self.ids = [customer_id(number) for number in range(CUSTOMERS)]
        self.model.came = {id: [] for id in self.ids}
        self.number = 0

    def append(self, id, thing, version, time=5):
        """Each has a key of its own, as one that comes again when nobody knows it any more."""
        self.number += 1
        key = b"key %04d" % self.number
        event = Event(key, b"content ", id, time, 1, (), "web", bare_key=thing_of(thing), version=version)
        root = self.model.root(id)
        letter, sequence, _, _, before, _ = self.customers.append(root, 0, event, NODE, self.number, 0)
        assert letter == "a"
        assert told_in(before, root) == self.model.told(root, thing, version)
        self.model.came[root].append((thing, version, sequence))

    def merge(self, one, other):
        survivor, loser = sorted({self.model.root(one), self.model.root(other)} | {""})[-2:]
        if survivor:
            assert self.customers.merge(loser, survivor) == "in"
            self.model.into[loser] = survivor

    def split(self, id):
        if id in self.model.into:
            self.customers.split(id)
            del self.model.into[id]

    def check(self):
        for root in {self.model.root(id) for id in self.ids}:
            assert self.read(root) == self.model.shown(root)

    def read(self, root):
        """As view/ does it: of each what is in sight, but what the root's v:ID names another for."""
        known = self.customers.seen(root)
        shown = set()
        for id in self.model.group(root):
            seen = self.customers.seen(id)
            for entry in seen.entries if seen else ():
                own = (entry.version, entry.sequence, "" if id == root else id)
                lines = known.versions[entry.bare_key]
                most = max(line.version for line in lines)
                named = any((line.version, line.sequence, line.owner) == own for line in lines)
                if not entry.hidden and named and entry.version == most:
                    shown.add((id, int(entry.bare_key[2:]), entry.version, entry.sequence))
        return shown


def thing_of(number):
    return b"th%06d" % number


def told_in(before, root):
    for relation in ("supersedes", "superseded_by"):
        if relation in before:
            version, sequence, *whose = before[relation].split(" ")
            return {relation: (int(version), int(sequence)), "whose": whose[0] if whose else root}
    return {}


@pytest.fixture(scope="module", params=["plain", "cluster"])
def client(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        redis.start()
        yield redis_py.Redis(port=redis.port)
    finally:
        redis.kill()


WHO = st.integers(0, CUSTOMERS - 1)
STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("append"), WHO, st.integers(0, THINGS - 1), st.integers(0, VERSIONS - 1)),
        st.tuples(st.just("append"), WHO, st.integers(0, THINGS - 1), st.integers(0, VERSIONS - 1)),
        st.tuples(st.just("merge"), WHO, WHO),
        st.tuples(st.just("split"), WHO),
    ),
    max_size=30,
)


@given(steps=STEPS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_the_scripts_and_their_model_agree(client, steps):
    story = Story(client)
    for id in story.ids:
        story.append(id, 0, 0)
    for what, *words in steps:
        if what == "append":
            story.append(story.ids[words[0]], *words[1:])
        else:
            getattr(story, what)(*(story.ids[who] for who in words))
        story.check()


def test_what_is_known_of_versions_is_bounded(client):
    """The oldest by time are forgotten: of these, what comes is nobody's newer version."""
    story = Story(client)
    one, other = story.ids[:2]
    for number in range(MOST_VERSIONED):
        story.append(one, number, 1, time=10_000 + number)
    assert client.hlen(lane_of(one) + b"v:" + one.encode()) == MOST_VERSIONED
    story.append(one, MOST_VERSIONED, 1, time=10_000 + MOST_VERSIONED)
    kept = {int(key[2:]) for key in story.customers.seen(one).versions}
    assert kept == set(range(MOST_VERSIONED - FEWER_VERSIONED + 1, MOST_VERSIONED + 1))

    for number in range(MOST_VERSIONED):
        story.append(other, number, 2, time=number)
    assert story.customers.merge(other, one) == "in"
    taken = story.customers.seen(one).versions
    assert {int(key[2:]) for key in taken} == kept, "of both together"
    assert {len(lines) for lines in taken.values()} == {1, 2}


def test_of_many_who_have_one_interaction_the_newest_are_known(client):
    story = Story(client)
    root, *others = (customer_id(number) for number in range(MOST_OWNERS + 5))
    story.model.came = {id: [] for id in (root, *others)}
    for version, id in enumerate((root, *others)):
        story.append(id, 0, version)
    for id in others:
        story.merge(root, id)
        story.check()
    (known,) = story.customers.seen(root).versions.values()
    assert [one.version for one in known] == [0, *range(MOST_OWNERS + 4, 5, -1)], "and its own"
    story.append(root, 0, 3)
    story.append(root, 0, 100)
    story.check()


@pytest.mark.parametrize("command", ["sadd", "set"])
def test_where_versions_are_something_else_what_has_none_goes_on(client, command):
    story = Story(client)
    root, member = story.ids[:2]
    key = lane_of(root) + b"v:" + root.encode()
    story.append(member, 0, 1)
    getattr(client, command)(key, "foreign")
    plain = Event(b"key 0000", b"content ", root, 5, 1, (), "web")
    versioned = replace(plain, key=b"key 0001", bare_key=thing_of(0), version=2)
    assert story.customers.append(root, 0, plain, NODE, 1, 0)[0] == "a"
    assert story.customers.append(root, 0, versioned, NODE, 2, 0) == ("x", "")
    assert client.zcard(key.replace(b"v:", b"t:")) == 1
    assert story.customers.merge(member, root) == "in"
    story.customers.split(member)
    assert client.type(key) == {"sadd": b"set", "set": b"string"}[command]

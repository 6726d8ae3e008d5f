"""append.lua does what a page of Python says: each event once, whatever is retried and replayed; sequences without a
gap; answers that stay the same; the caps; what is remembered; which version is the newest; and what is said of a
customer, beside it all. On a plain Redis and on one that refuses to cross slots."""

import struct
from dataclasses import dataclass, field, replace

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import Redis
from touchpoint.customers import customer_keys, packed
from touchpoint.layout import (
    Entry,
    Recent,
    Trait,
    Version,
    prints_of,
    read_customer,
    read_entry,
    read_line,
    read_mapping,
    read_recents,
    read_told,
    read_traits,
    read_versions,
)
from touchpoint.scripts import REPAIR, Scripts

SCRIPT = "daemon/timeline/append.lua"
LANE = b"tp:{L0}:"
NODES = [b"node-one", b"node-two"]
CUSTOMERS = 3


@dataclass(frozen=True)
class Event:
    customer: int
    key: bytes
    content: bytes
    time: int
    node: bytes
    record: int
    again: bool = False  # as it is remembered: what brought a known key once more
    traits: tuple = None  # (name, JSON) each, of one that only says who somebody is
    bare_key: bytes = b""  # of one that has a version
    version: int = None

    @property
    def channel(self):
        return f"in.{self.content[-1] % 3}"

    @property
    def tail(self):
        return b"tail of " + self.key + self.content

    @property
    def identifiers(self):
        """The second of some is the first of others."""
        return [f"email\t{self.content[-1] + more}@example.com" for more in range(1 + self.content[-1] % 2)]

    @property
    def lines(self):
        """Of some, the first is another customer's."""
        return [""] * (self.content[-1] % 3 == 0) + self.identifiers

    @property
    def origin(self):
        return f'web\t"{self.key.decode()}"'

    @property
    def last(self):
        return f"{self.time}\t{(self.bare_key or self.key).hex()}"

    def mark(self):
        mark = self.key + self.content + self.node + self.record.to_bytes(6, "big") + self.time.to_bytes(6, "big")
        return mark + self.bare_key + (self.version.to_bytes(8, "big") if self.bare_key else b"")

    def changes(self):
        return [(b"s", "mood", str(self.time)), (b"a", self.channel, "1"), (b"a", "sum", "0.5")]


@dataclass
class Customer:
    """What is stored of one, and the rules by which it changes."""

    state: dict = field(default_factory=dict)
    sequence: int = 0
    entries: list = field(default_factory=list)
    remembered: list = field(default_factory=list)  # events, in order of append
    identifiers: dict = field(default_factory=dict)  # when each was seen first, and with which event
    traits: list = field(default_factory=list)
    versions: dict = field(default_factory=dict)  # the newest, by key of source and id

    def mapping(self, attached):
        known = self.sequence, self.identifiers.copy(), (), self.traits.copy()
        return known if attached else (0, {}, (), [])

    def attach(self, event, received):
        attached = sum(1 << place for place, line in enumerate(event.lines) if line and line not in self.identifiers)
        for identifier in event.identifiers:
            self.identifiers.setdefault(identifier, (received, event.origin))
        return attached

    def identify(self, event, received):
        attached, times = self.attach(event, received), {trait.name: trait.time for trait in self.traits}
        for name, json in event.traits:
            if times.get(name, 0) <= event.time:
                said = Trait(name, event.time, HOLDER % event.customer, json)
                self.traits = [trait for trait in self.traits if trait.name != name] + [said]
        return "identified", attached, self.mapping(True)

    def append(self, event, received):
        if event.traits is not None:
            return self.identify(event, received)
        known = next((one for one in self.remembered if one.key == event.key), None)
        if known:
            if (known.node, known.record, known.again) != (event.node, event.record, False):
                self.remember_again(replace(known, node=event.node, record=event.record, again=True))
            if known.content != event.content:
                return ("reused",)
            same = (known.node, known.record, known.again) == (event.node, event.record, False)
            word = "replayed" if same else "duplicate"
            entry = max((e for e in self.entries if e.key == event.key), key=lambda e: e.sequence)
            return (word, entry, self.mapping(entry.attached))
        other = self.versions.get(event.bare_key)
        before = self.state | told_of(event, other)
        self.sequence += 1
        self.bring(event, other)
        attached, is_late = self.attach(event, received), self.is_late(event, other)
        place = event.time, self.sequence, event.key, attached, (), before, event.tail, event.bare_key, event.version
        self.entries.append(Entry(*place, is_late))
        self.remembered.append(event)
        return ("appended", self.sequence, attached, (), before, self.mapping(attached))

    def bring(self, event, other):
        """Of one that has another version nothing is counted."""
        state = dict(self.state)
        if not other:
            state["last"] = event.last
            for kind, name, value in event.changes():
                state[name] = value if kind == b"s" else f"{float(state.get(name, 0)) + float(value):.17g}"
        elif event.version > other.version and state["last"].split("\t")[1] == event.bare_key.hex():
            state["last"] = event.last
        self.state = state

    def is_late(self, event, other):
        """Else it is the newest, and the one before is shown no more."""
        if other and event.version <= other.version:
            return True
        if event.bare_key:
            self.versions[event.bare_key] = Version(event.version, self.sequence, event.time)
        self.entries = [replace(e, hidden=e.hidden or (e.sequence == (other and other.sequence))) for e in self.entries]
        return False

    def remember_again(self, event):
        if event not in self.remembered:
            self.remembered.append(event)

    def forget(self, node, released, most_recents):
        """Beyond the newest, what its node has released goes, up to the first that the caller's has not; with so few
        remembered as here, each time that there are more. What brought a key again is none of the newest."""
        if len(self.remembered) <= most_recents:
            return
        newest = [event for event in self.remembered if not event.again][-most_recents:]
        kept = []
        for place, event in enumerate(self.remembered):
            waits = event.record >= released[event.node]
            if waits and event.node == node:
                kept += self.remembered[place:]
                break
            if waits or any(event is one for one in newest):
                kept.append(event)
        self.remembered = kept
        keys = {event.key for event in kept}
        self.entries = [entry for entry in self.entries if not entry.hidden or entry.key in keys]

    def trim(self, most_events, oldest):
        """Beyond the newest by time, and the too old, those go that are not remembered."""
        keys = {event.key for event in self.remembered}
        in_order = sorted((e for e in self.entries if not e.hidden), key=lambda e: (e.time, e.sequence))
        beyond = len(in_order) - most_events
        self.entries = [entry for entry in self.entries if entry.hidden] + [
            entry
            for place, entry in enumerate(in_order)
            if entry.key in keys or (place >= beyond and entry.time >= oldest)
        ]


def told_of(event, other):
    if not other:
        return {}
    return {"supersedes" if event.version > other.version else "superseded_by": f"{other.version} {other.sequence}"}


class Server:
    """The script's side: calls it, and reads what it stored."""

    def __init__(self, client):
        self.client = client
        self.scripts = Scripts(client)

    def clear(self):
        self.client.flushall()
        self.scripts.open_home(LANE)

    def append(self, node, released, caps, events, received, generation=1):
        customers = sorted({event.customer for event in events})
        keys = customer_keys(LANE, [b"%d" % customer for customer in customers])
        arguments = [REPAIR, node, released, *caps, received, generation]
        for event in events:
            customer = (1 + customers.index(event.customer)).to_bytes(2, "big")
            arguments += [customer + bytes(4) + received.to_bytes(6, "big") + event.mark(), event.time]
            lines = "".join(line + "\n" for line in [event.origin, *event.lines])
            if event.traits is None:
                changes = b"".join(packed(*change) for change in event.changes())
                arguments += [event.tail, lines, "\nlast\t" + event.last, changes]
            else:
                arguments += ["", lines, "", "".join(f"{name}\t{json}\n" for name, json in event.traits)]
        answers = self.scripts.call(SCRIPT, keys, arguments)
        return answers if isinstance(answers, int) else [self._answer(answer) for answer in answers]

    def _answer(self, answer):
        word = WORDS[answer[:1]]
        if len(answer) == 1:
            return (word,)
        (length,) = struct.unpack(">I", answer[1:5])
        told, mapping = answer[5 : 5 + length], read_mapping(answer[5 + length :])
        if word == "identified":
            return word, int.from_bytes(told, "big"), mapping
        return (word, *read_told(told), mapping) if word == "appended" else (word, read_entry(told), mapping)

    def customer(self, number):
        """Its state, last sequence, entries, what is remembered, identifiers, traits and versions."""
        entries = read_line(self.client.zrange(LANE + b"t:%d" % number, 0, -1, withscores=True))
        blob = self.client.get(LANE + b"c:%d" % number)
        if blob is None:
            return {}, 0, entries, [], {}, [], {}
        stored = read_customer(blob)
        recents = read_recents(self.client.get(LANE + b"r:%d" % number) or b"")
        assert stored.prints == prints_of(recents)
        assert stored.count == len(entries)
        assert all(stored.first <= entry.time for entry in entries if not entry.hidden)
        graph = self.client.hgetall(LANE + b"m:%d" % number)
        assert (stored.role, {*graph} - {b"traits"}) == ("alone", set())
        traits = read_traits(graph.get(b"traits", b""))
        versions = read_versions(self.client.hgetall(LANE + b"v:%d" % number))
        return stored.state, stored.sequence, entries, recents, stored.identifiers, traits, versions


HOLDER = "tp:{L0}:c:%d"  # of an id as short as those here
WORDS = {b"i": "identified", b"a": "appended", b"r": "replayed", b"d": "duplicate", b"u": "reused", b"x": "broken"}


def timeless(answer):
    return tuple(replace(part, time=-1, hidden=False) if isinstance(part, Entry) else part for part in answer)


def key_of(number):
    return b"key %04d" % number


def place_of(entry):
    return entry.time, entry.sequence


class Story:
    """Batches as two nodes would send them, given to the script and to the model; they must agree after each."""

    def __init__(self, server):
        self.server = server
        self.customers = [Customer() for _ in range(CUSTOMERS)]
        self.sent = []
        self.told = {}
        self.records = dict.fromkeys(NODES, 1)
        self.released = dict.fromkeys(NODES, 1)

    def next_record(self, node):
        self.records[node] += 1
        return self.records[node] - 1

    def event(self, node, kind, pick, customer, time):
        earlier = self.sent[pick % len(self.sent)] if self.sent else None
        if kind == "new" or (earlier is None and kind not in ("identify", "version")):
            key = key_of(len(self.sent))
            return Event(customer, key, b"said %03d" % (pick % 7), time, node, self.next_record(node))
        if kind == "identify":
            traits = {f"t{pick % number}": f"{pick % 7 or 'null'}" for number in (2, 3)[: pick % 3]}
            own = b"id %05d" % pick, b"said %03d" % (pick % 7), time, node, self.next_record(node)
            return Event(customer, *own, traits=tuple(traits.items()))
        if kind == "version":
            thing, version = pick % 3, pick // 3 % 5
            own = b"v%03d%04d" % (thing, version), b"said %03d" % (pick % 2), time, node, self.next_record(node)
            return Event(customer, *own, bare_key=b"thing%03d" % thing, version=version)
        if kind == "replay" and earlier.node == node and earlier.record >= self.released[node]:
            return earlier
        if kind == "reuse":
            return replace(earlier, content=b"other%03d" % (pick % 7), node=node, record=self.next_record(node))
        return replace(earlier, node=node, record=self.next_record(node))

    def batch(self, node, release, caps, plans, received):
        events = []
        for plan in plans:
            events.append(self.event(node, *plan))
            if events[-1].traits is None:
                self.sent.append(events[-1])
        first = min(event.record for event in events)
        self.released[node] = max(self.released[node], min(first, self.released[node] + release))
        most_events, most_recents, oldest = caps
        released = self.released[node]
        answers = self.server.append(node, released, (most_events, most_recents, oldest), events, received)
        before = [len(customer.remembered) for customer in self.customers]
        expected = [self.customers[event.customer].append(event, received) for event in events]
        for customer, remembered in zip(self.customers, before, strict=True):
            if len(customer.remembered) > remembered:
                customer.forget(node, self.released, most_recents)
            customer.trim(most_events, oldest)
        assert answers == [timeless(answer) for answer in expected]
        self.compare()
        self.check_replays(events, answers)
        self.check_bounds(caps)

    def compare(self):
        for number, customer in enumerate(self.customers):
            state, sequence, entries, recents, identifiers, traits, versions = self.server.customer(number)
            assert state == customer.state
            assert sequence == customer.sequence
            assert sorted(entries, key=place_of) == sorted(customer.entries, key=place_of)
            assert [entry for entry in entries if not entry.hidden] == self.shown(customer)
            assert recents == [Recent(e.key, e.content, e.node, e.record, e.time, e.again) for e in customer.remembered]
            assert identifiers == customer.identifiers
            assert traits == customer.traits
            assert versions == {key: [newest] for key, newest in customer.versions.items()}

    def shown(self, customer):
        return sorted((entry for entry in customer.entries if not entry.hidden), key=place_of)

    def check_replays(self, events, answers):
        """What is given once more is what it was, as long as its node has not released it."""
        for event, (word, *_) in zip(events, answers, strict=True):
            record = (event.node, event.record)
            if record in self.told:
                before = self.told[record]
                assert word == {"appended": "replayed"}.get(before, before)
            else:
                self.told[record] = word

    def check_bounds(self, caps):
        """What the promises say, in words that owe nothing to how the model does it."""
        most_events, most_recents, _ = caps
        for customer in self.customers:
            remembered = {event.key for event in customer.remembered}
            stored = {entry.key for entry in customer.entries}
            assert remembered <= stored, "a replay finds its answer"
            assert len({entry.sequence for entry in customer.entries}) == len(customer.entries)
            hidden = {entry.key for entry in customer.entries if entry.hidden}
            assert hidden <= remembered or len(remembered) <= most_recents, "until some are forgotten"
            assert len(stored) <= most_events + len(remembered)
            self.check_versions(customer)

    def check_versions(self, customer):
        versioned = [entry for entry in customer.entries if entry.bare_key]
        for entry in versioned:
            others = [one.version for one in versioned if one.bare_key == entry.bare_key]
            assert entry.hidden or entry.version == max(others), "the newest is shown, and no other"
            assert entry.version <= customer.versions[entry.bare_key].version


PLANS = st.lists(
    st.tuples(
        st.sampled_from(["new", "new", "new", "identify", "replay", "retry", "reuse", "version", "version"]),
        st.integers(0, 200),
        st.integers(0, CUSTOMERS - 1),
        st.sampled_from([0, 5, 5, 5, 6, 7, 1_700_000_000_000, 9_999_999_999_999]),
    ),
    min_size=1,
    max_size=25,
)
BATCHES = st.lists(st.tuples(st.sampled_from(NODES), st.integers(0, 30), PLANS), min_size=1, max_size=12)
CAPS = st.tuples(st.integers(1, 8), st.integers(1, 5), st.sampled_from([0, 0, 6, 1_600_000_000_000]))


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        redis.start()
        yield Server(redis_py.Redis(port=redis.port))
    finally:
        redis.kill()


@given(batches=BATCHES, caps=CAPS)
@settings(max_examples=60, deadline=None, derandomize=True, database=None)
def test_the_script_and_its_model_agree(server, batches, caps):
    server.clear()
    story = Story(server)
    for number, (node, release, plans) in enumerate(batches):
        story.batch(node, release, caps, plans, received=1000 + number)


def new(customer, time):
    return ("new", 0, customer, time)


def test_imported_history_does_not_push_recent_events_out(server):
    """Each older than the one before, as an export that begins with the newest: of the import no more stays than is
    remembered."""
    server.clear()
    story = Story(server)
    for _ in range(5):
        story.batch(NODES[0], 99, (10, 4, 0), [new(0, 5000), new(0, 5001)], received=1)
    for time in range(4000, 3960, -1):
        story.batch(NODES[0], 99, (10, 4, 0), [new(0, time)], received=2)
    times = [entry.time for entry in server.customer(0)[2]]
    assert times == [3961, 3962, 3963, 3964] + [5000] * 5 + [5001] * 5


def test_the_silence_of_a_node_does_not_take_the_memory_of_another(server):
    server.clear()
    story = Story(server)
    story.batch(NODES[1], 0, (100, 4, 0), [new(0, time) for time in range(10)], received=1)
    for time in range(100, 120):
        story.batch(NODES[0], 99, (100, 4, 0), [new(0, time)], received=2)
    nodes = [mark.node for mark in server.customer(0)[3]]
    assert nodes == [NODES[1]] * 10 + [NODES[0]] * 4


def test_what_brought_a_key_again_finds_it_when_it_is_given_once_more(server):
    """The node died, and begins again with it: the first is released and forgotten meanwhile, since others came."""
    server.clear()
    story = Story(server)
    story.batch(NODES[0], 0, (100, 4, 0), [new(0, 5), ("retry", 0, 0, 5), ("reuse", 0, 0, 5)], received=1)
    story.batch(NODES[0], 0, (100, 4, 0), [new(0, 5)] * 20, received=2)
    story.released[NODES[0]] = 2
    story.batch(NODES[0], 0, (100, 4, 0), [new(0, 5)], received=3)
    assert [mark.again for mark in server.customer(0)[3]][:2] == [True, True], "of the first there is no more"
    story.batch(NODES[0], 0, (100, 4, 0), [("replay", 1, 0, 5), ("replay", 2, 0, 5)], received=4)
    assert server.client.zcard(LANE + b"t:0") == 22


def test_who_repeats_himself_pushes_nobody_out(server):
    server.clear()
    story = Story(server)
    story.batch(NODES[0], 0, (100, 4, 0), [new(0, 5)] * 4, received=1)
    for _ in range(20):
        story.batch(NODES[0], 99, (100, 4, 0), [("retry", 3, 0, 5)], received=2)
    marks = server.customer(0)[3]
    assert [mark.again for mark in marks] == [False] * 4 + [True]


def test_thousands_of_one_time_do_not_hide_an_answer(server):
    server.clear()
    story = Story(server)
    for _ in range(20):
        story.batch(NODES[0], 0, (10000, 8, 0), [new(0, 5)] * 100, received=1)
    story.batch(NODES[1], 0, (10000, 8, 0), [("retry", pick, 0, 5) for pick in (0, 17, 1999)], received=2)


def said(customer, traits, time=5):
    return Event(customer, key_of(0), b"said 000", time, NODES[0], 1, traits=tuple(traits.items()))


def test_what_is_said_beyond_all_bounds_is_not_kept(server):
    """A value of a name that is there may still become shorter."""
    server.clear()
    long = "9" * 1000
    for number in range(120):
        server.append(NODES[0], 1, (10, 10, 0), [said(0, {f"t{number}": long})], 1)
    kept = server.customer(0)[5]
    size = sum(len(trait.line) for trait in kept)
    assert 100_000 - 1100 < size <= 100_000
    assert [trait.name for trait in kept] == [f"t{number}" for number in range(len(kept))]
    server.append(NODES[0], 1, (10, 10, 0), [said(0, {"t1": "1", "t119": long}, time=6)], 1)
    assert [trait.name for trait in server.customer(0)[5][-2:]] == ["t1", "t119"]


def test_where_its_graph_is_something_else_nothing_is_said(server):
    """Interactions go on, since they want nothing there."""
    server.clear()
    server.client.set(LANE + b"m:0", "foreign")
    event = Event(0, key_of(0), b"said 000", 5, NODES[0], 1)
    assert server.append(NODES[0], 1, (10, 10, 0), [said(0, {"name": "1"}), event], 1)[0] == ("broken",)
    assert server.client.zcard(LANE + b"t:0") == 1
    again = replace(event, key=key_of(1), content=b"said 004", record=2)
    assert server.append(NODES[0], 1, (10, 10, 0), [again], 1)[0][-1][3] == [], "a mapping that needs it has none"


@pytest.mark.parametrize(
    "what",
    [
        ("c:0", b"foreign"),
        ("c:0", b"\4\0\0"),
        ("c:0", b"\3" + bytes(34) + bytes(2)),
        ("c:0", b"\4" + bytes(36)),
        ("c:0", b"\4" + bytes(36) + bytes(2)),
        ("c:0", b"\4" + bytes(16) + b"\xff" * 4 + bytes(50)),
        ("r:0", bytes(38)),
        ("t:0", b"a string"),
    ],
    ids=[
        "other",
        "short",
        "older",
        "nothing remembered",
        "recents gone",
        "longer than it is",
        "recents alone",
        "no sorted set",
    ],
)
def test_one_customers_damage_is_told_and_leaves_the_others(server, what):
    server.clear()
    name, value = what
    server.client.set(LANE + name.encode(), value)
    events = [Event(customer, key_of(customer), b"said 000", 5, NODES[0], 1 + customer) for customer in range(2)]
    broken, other = server.append(NODES[0], 1, (10, 10, 0), events, 1)
    assert broken == ("broken",)
    assert other[:2] == ("appended", 1)
    assert server.client.get(LANE + name.encode()) == value
    assert server.client.zcard(LANE + b"t:1") == 1


def test_a_call_of_an_earlier_generation_does_nothing(server):
    """It was given up, and lands late. Of another node, it would be none of these."""
    server.clear()
    events = [Event(0, key_of(number), b"said 000", 5, NODES[0], 1 + number) for number in range(3)]
    assert server.append(NODES[0], 1, (10, 10, 0), events[:1], 1, generation=7)[0][:2] == ("appended", 1)
    assert server.append(NODES[0], 1, (10, 10, 0), events[1:2], 1, generation=6) == 7
    assert server.client.zcard(LANE + b"t:0") == 1
    assert server.append(NODES[1], 1, (10, 10, 0), events[1:2], 1, generation=6)[0][:2] == ("appended", 2)
    assert server.append(NODES[0], 1, (10, 10, 0), events[2:], 1, generation=7)[0][:2] == ("appended", 3)


@pytest.mark.parametrize("home", [None, b"open 0123abcd 0 1", "open {server} 7 1", "closed {server} 0 1"])
def test_nothing_is_written_away_from_home(server, home):
    """Absent, of another server, of another repair, closed."""
    server.client.flushall()
    server.scripts.open_home(LANE)
    own = server.client.get(LANE + b"home").split()[1].decode()
    server.client.flushall()
    if home:
        server.client.set(LANE + b"home", home.format(server=own) if isinstance(home, str) else home)
    before = sorted(server.client.keys("*"))
    with pytest.raises(redis_py.exceptions.ResponseError, match="TPHOME"):
        server.append(NODES[0], 1, (10, 10, 0), [Event(0, key_of(0), b"said 000", 5, NODES[0], 1)], 1)
    assert sorted(server.client.keys("*")) == before

"""restore.lua makes of what Kafka has what append.lua had made: in batches of any size, with records that Kafka has
twice, byte by byte; and in any order, as several nodes produce, the same but for the order of lines."""

import struct
from dataclasses import replace

import pytest
import redis as redis_py
from hypothesis import given, settings
from hypothesis import strategies as st

from touchpoint import Redis
from touchpoint.customers import LANES, Customers, customer_id, customer_keys, packed
from touchpoint.layout import ID, read_customer, read_line, read_recents
from touchpoint.scripts import Scripts

APPEND, RESTORE = "daemon/timeline/append.lua", "daemon/timeline/restore.lua"
CLAIM, CLEAR = "daemon/identity/restore.lua", "daemon/restore/clear.lua"
LANE = b"tp:{L0}:"
NODE = b"node-one"
REPAIR = "0"
THERE, FILLED = -1, -2
WIDE = (1000, 1000, 0)


def name_of(customer):
    """All of one lane."""
    return customer_id(LANES * customer).encode()


class Event:
    def __init__(self, number, customer, time, channel, identifiers, version=None):
        self.key = b"key %04d" % number
        self.time = time
        self.bare_key, self.version = (b"call %03d" % version[0], version[1]) if version else (b"", None)
        self.customer = customer
        self.name = name_of(customer)
        mark = self.key + b"content " + NODE + number.to_bytes(6, "big") + time.to_bytes(6, "big")
        self.mark = bytes(4) + (1000 + number).to_bytes(6, "big") + mark
        self.mark += self.bare_key + self.version.to_bytes(8, "big") if version else b""
        self.words = [
            time,
            b"tail of " + self.key,
            "".join([f"web\t{number}\n", *(f"x\t{name}\n" for name in identifiers)]),
            b"\nlast\t%d" % number,
            packed(b"a", f"in.{channel}", "1"),
        ]
        self.sequence, self.attached, self.merged, self.before = 0, 0, b"", b""
        self.gave_up = False

    def place(self):
        """As its context tells the state before: the last, what there is of other versions, and the rest in the order
        of names."""
        lines = [b"\n" + line for line in self.before.split(b"\n")[1:]]
        versions = b"".join(line for line in lines if line.startswith(b"\nsupersede"))
        last, *rest = [line for line in lines if line != versions] or [b""]
        merged = struct.pack(">I?I", self.attached, self.gave_up, len(self.merged)) + self.merged
        told = struct.pack(">I", len(last)) + last + struct.pack(">I", len(versions)) + versions
        return self.sequence.to_bytes(6, "big") + merged + told + b"".join(sorted(rest))


class Server:
    def __init__(self, client):
        self.client = client
        self.scripts = Scripts(client)

    def home(self, state):
        server = self.client.info("replication")["master_replid"]
        self.client.set(LANE + b"home", f"{state} {server} {REPAIR} 1")

    def call(self, script, head, events, with_place):
        names = sorted({event.name for event in events})
        keys = customer_keys(LANE, names)
        arguments = list(head)
        for event in events:
            arguments += [struct.pack(">H", 1 + names.index(event.name)) + event.mark, *event.words]
            arguments += [event.place()] if with_place else []
        return self.scripts.call(script, keys, arguments)

    def append(self, events, caps):
        for event in events:
            (answer,) = self.call(APPEND, [REPAIR, NODE, 10_000, *caps, 0, 1], [event], False)
            assert answer[:1] == b"a"
            length, sequence, event.attached, merged = struct.unpack(">xI6sIH", answer[:17])
            event.sequence, before_at = int.from_bytes(sequence, "big"), 17 + ID * merged
            event.merged, event.before = answer[17:before_at], answer[before_at : 5 + length]

    def restore(self, events, caps):
        return self.call(RESTORE, [REPAIR, *caps, b""], events, True)

    def keys(self):
        names = [name for name in self.client.keys("*") if name[len(LANE) :][:2] in (b"c:", b"r:", b"t:", b"v:")]
        return {name: self.read(name) for name in names}

    def read(self, name):
        if b"t:" in name:
            return self.client.zrange(name, 0, -1, withscores=True)
        return self.client.hgetall(name) if b"v:" in name else self.client.get(name)

    def history(self, plans, caps=WIDE):
        """What append.lua makes of it; then the lane is empty, and closed."""
        self.client.flushall()
        self.home("open")
        events = [Event(number, *plan) for number, plan in enumerate(plans)]
        self.append(events, caps)
        keys = self.keys()
        self.client.flushall()
        self.home("closed")
        return events, keys


@pytest.fixture(scope="module", params=["plain", "cluster"])
def server(request, tmp_path_factory):
    redis = Redis(tmp_path_factory.mktemp("redis"), cluster=request.param == "cluster", appendonly="no")
    try:
        redis.start()
        yield Server(redis_py.Redis(port=redis.port))
    finally:
        redis.kill()


PLANS = st.lists(
    st.tuples(
        st.integers(0, 2),
        st.sampled_from([0, 5, 5, 6, 7, 1_700_000_000_000]),
        st.sampled_from(["web", "call", "sms"]),
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=3, unique=True),
        st.one_of(st.none(), st.tuples(st.integers(0, 1), st.integers(0, 3))),
    ),
    min_size=1,
    max_size=40,
)
LIMITED = settings(max_examples=60, deadline=None, derandomize=True, database=None)


@given(plans=PLANS, sizes=st.lists(st.integers(1, 15), min_size=1), backs=st.lists(st.integers(0, 10), min_size=1))
@LIMITED
def test_in_batches_with_some_given_again(server, plans, sizes, backs):
    events, before = server.history(plans)
    at, turn, given_once = 0, 0, set()
    while at < len(events):
        begin, at = max(0, at - backs[turn % len(backs)]), at + sizes[turn % len(sizes)]
        batch = events[begin:at]
        assert server.restore(batch, WIDE) == [THERE if event.key in given_once else 0 for event in batch]
        given_once |= {event.key for event in batch}
        turn += 1
    assert server.keys() == before


@given(plans=PLANS, order=st.randoms(use_true_random=False), size=st.integers(1, 15))
@LIMITED
def test_in_any_order(server, plans, order, size):
    events, before = server.history(plans)
    shuffled = order.sample(events, len(events))
    answers = []
    for at in range(0, len(shuffled), size):
        answers += server.restore(shuffled[at : at + size], WIDE)
    after = server.keys()
    assert readable(after) == readable(before)
    assert sum(answer for answer in answers if answer > 0) == answers.count(FILLED), "nothing is lacking in the end"


def readable(keys):
    """Without the order of lines, and without what hangs on it: when an identifier was seen first."""
    found = {}
    for name, value in keys.items():
        if b"c:" in name:
            customer = read_customer(value)
            found[name] = customer.sequence, customer.count, customer.state, set(customer.identifiers)
        else:
            found[name] = {entry.sequence: entry for entry in read_line(value)} if b"t:" in name else value
    return found


@given(plans=PLANS, missing=st.sets(st.integers(0, 39)))
@LIMITED
def test_what_is_lacking_is_told(server, plans, missing):
    """And the state is what it was, since the next that there is tells it."""
    events, before = server.history(plans)
    left = [event for number, event in enumerate(events) if number not in missing]
    answers = [server.restore([event], WIDE)[0] for event in left]
    last = {event.customer: event.sequence for event in left}
    present = {(event.customer, event.sequence) for event in left}
    lacking = sum((customer, n) not in present for customer, most in last.items() for n in range(1, most))
    assert sum(answers) == lacking
    was, now = readable(before), readable(server.keys())
    for name in now:
        if b"t:" in name:
            there = {n: replace(entry, hidden=now[name][n].hidden) for n, entry in was[name].items() if n in now[name]}
            assert now[name] == there, "but what supersedes one may be lacking"
    for customer, sequence in last.items():
        if sequence == was[LANE + b"c:" + name_of(customer)][0]:
            assert state(now, customer) == state(was, customer)


def state(keys, customer):
    """With the last sequence."""
    sequence, _, lines, _ = keys[LANE + b"c:" + name_of(customer)]
    return sequence, lines


@given(plans=PLANS, size=st.integers(1, 15), caps=st.tuples(st.integers(1, 8), st.integers(1, 5), st.just(0)))
@LIMITED
def test_the_caps_hold(server, plans, size, caps):
    most_events, most_recents, _ = caps
    events, _ = server.history(plans)
    for at in range(0, len(events), size):
        server.restore(events[at : at + size] + events[max(0, at - 5) : at], caps)
    for customer in {event.customer for event in events}:
        own = [event for event in events if event.customer == customer]
        line = server.client.zrange(LANE + b"t:" + name_of(customer), 0, -1, withscores=True)
        keys = {entry.key for entry in read_line(line)}
        remembered = [recent.key for recent in read_recents(server.client.get(LANE + b"r:" + name_of(customer)))]
        newest = sorted(newest_of(own), key=lambda event: (event.time, event.sequence))[-most_events:]
        assert remembered[-most_recents:] == [event.key for event in own][-most_recents:]
        assert keys >= set(remembered) | {event.key for event in newest}
        assert len(keys) <= most_events + len(remembered)
        assert len(remembered) <= most_recents + max(1, most_recents // 4) + size + 5


def newest_of(events):
    """Of each that has versions."""
    newest = {}
    for event in events:
        name = event.bare_key or event.key
        newest[name] = max(event, newest.get(name, event), key=lambda one: (one.version or 0, -one.sequence))
    return newest.values()


def test_one_that_fills_a_gap_is_remembered_only_while_there_is_room(server):
    caps = (100, 8, 0)
    events, _ = server.history([(0, 5, "web", ["a"])] * 9)
    assert server.restore(events[1:], caps) == [1] + [0] * 7
    assert server.restore(events[:1], caps) == [FILLED]
    recents = read_recents(server.client.get(LANE + b"r:" + name_of(0)))
    assert [recent.key for recent in recents] == [event.key for event in events[1:]]


def line_of(server, customer):
    return read_line(server.client.zrange(LANE + b"t:" + name_of(customer), 0, -1, withscores=True))


def test_a_version_whose_entry_was_lost_is_still_the_newest(server):
    events, _ = server.history([(0, 5, "web", ["a"], (0, version)) for version in (1, 2)])
    server.restore(events, WIDE)
    server.client.delete(LANE + b"t:" + name_of(0))
    assert server.restore(events, WIDE) == [FILLED] * 2
    assert [(entry.version, entry.hidden) for entry in line_of(server, 0)] == [(1, True), (2, False)]


def test_an_older_version_that_is_not_remembered_is_not_kept(server):
    """It fills a gap, where nobody reads it."""
    caps = (100, 2, 0)
    events, _ = server.history(
        [(0, 5, "web", ["a"], (0, 1)), *[(0, 6 + n, "web", ["a"], (0, 2 + n)) for n in range(4)]]
    )
    server.restore(events[1:], caps)
    assert server.restore(events[:1], caps) == [FILLED]
    assert events[0].key not in [entry.key for entry in line_of(server, 0)]
    assert [entry.version for entry in line_of(server, 0) if not entry.hidden] == [5]


@pytest.mark.parametrize("told", [True, False])
def test_who_was_merged_is_merged_again(server, told):
    """Behind all entries: with counts where no entry tells of it, since the first that does tells them too."""
    customers, survivor, loser = Customers(server.client, 100), customer_id(0), customer_id(LANES)
    server.client.flushall()
    server.home("open")
    events = [Event(number, number % 2, 5 + number, "web", "abcd"[number]) for number in range(4)]
    server.append(events, WIDE)
    assert customers.merge(loser, survivor) == "in"
    if told:
        events += [Event(number, 0, 5 + number, "sms", "a") for number in (4, 5)]
        server.append(events[4:], WIDE)
        assert [event.merged for event in events[4:]] == [loser.encode(), b""]
    before = [customers.seen(id) for id in (survivor, loser)]
    server.client.flushall()
    server.home("closed")
    assert server.restore(events, WIDE) == [0] * len(events)
    assert customers.merge_again(loser, survivor, "1" if told else "0") == "in"
    assert [comparable(customers.seen(id)) for id in (survivor, loser)] == [comparable(seen) for seen in before]


def test_nobody_is_merged_again_into_a_member(server):
    """Whatever is there takes somebody in then, but for such a one."""
    customers, ids = Customers(server.client), [customer_id(LANES * number) for number in range(3)]
    server.history([])
    assert customers.merge_again(ids[1], ids[0], "0") == "in"
    assert customers.merge_again(ids[2], ids[1], "0") == "moved"
    assert customers.seen(ids[2]).role == "root"


@pytest.mark.parametrize("lost", ["both", "survivor", "member", "neither"])
@pytest.mark.parametrize("later", [0, 2])
def test_who_was_split_is_apart_again(server, lost, later):
    """Entries tell of the merge, and the ledger of the split; once more changes nothing."""
    customers, survivor, member = Customers(server.client, 100), customer_id(0), customer_id(LANES)
    server.client.flushall()
    server.home("open")
    events = [Event(number, number % 2, 5 + number, "web", "abcd"[number]) for number in range(4)]
    server.append(events, WIDE)
    number = customers.merge(member, survivor) and customers.seen(member).graph["merge"]
    events += [Event(number, 0, 5 + number, "sms", "a") for number in (4, 5)]
    server.append(events[4:], WIDE)
    customers.split(member)
    sequence, state = customers.seen(survivor).sequence, "\nin.web\t2"
    events += [Event(6, 1, 11, "sms", "b"), *(Event(7 + n, 0, 20 + n, "sms", "a") for n in range(later))]
    server.append(events[6:], WIDE)
    before = [customers.seen(id) for id in (survivor, member)]
    gone = {"both": (survivor, member), "survivor": (survivor,), "member": (member,), "neither": ()}[lost]
    for id in gone:
        server.client.delete(*server.client.keys(f"*:?:{id}"))
    for event in events:
        event.gave_up = event.customer == 0
    server.home("closed")
    for _ in range(2):
        server.restore(events, WIDE)
        customers.apart(member, number, survivor, sequence, state)
        assert [apart(customers.seen(id)) for id in (survivor, member)] == [apart(seen) for seen in before]


def apart(seen):
    """But for generations, which are of a life, and what is remembered of others."""
    found = comparable(seen)
    notes = [line.rsplit("\t", 1)[0] for line in seen.graph["notes"].splitlines()]
    return replace(found, graph={"notes": notes}, recents={recent for recent in seen.recents if recent[5] == seen.id})


def comparable(seen):
    """The rest belongs to a moment: which recents of two came first, what it was when it was looked at, and what had
    arrived last before."""
    names = [name for name in seen.graph if name not in ("at", "minute", "merges") and not name.startswith("last ")]
    graph = {name: seen.graph[name] for name in names}
    return replace(seen, recents=set(seen.recents), graph=graph)


@pytest.mark.parametrize("home", [None, "open {server} 0 1", "closed 0123abcd 0 1", "closed {server} 7 1"])
def test_nothing_is_written_away_from_home(server, home):
    """Absent, open, of another server, of another repair."""
    events, _ = server.history([(0, 5, "web", ["a"])])
    number = server.client.info("replication")["master_replid"]
    server.client.set(LANE + b"home", home.format(server=number)) if home else server.client.delete(LANE + b"home")
    server.client.set(LANE + b"c:7", b"something")
    before = {name: server.client.get(name) for name in server.client.keys("*")}
    for refused in (
        lambda: server.restore(events, WIDE),
        lambda: server.scripts.call(CLEAR, [LANE + b"home", LANE + b"c:7"], [REPAIR]),
        lambda: server.scripts.call(CLAIM, [LANE + b"home", LANE + b"x:ann"], [REPAIR, b"a customer"]),
    ):
        with pytest.raises(redis_py.exceptions.ResponseError, match="TPHOME"):
            refused()
    assert {name: server.client.get(name) for name in server.client.keys("*")} == before


def test_what_an_identifier_has_stays(server):
    server.history([(0, 5, "web", ["a"])])
    server.client.set(LANE + b"x:ann", b"an owner")
    server.client.rpush(LANE + b"x:eve", b"a list")
    keys = [LANE + b"home", *(LANE + b"x:" + name for name in (b"ann", b"bob", b"eve"))]
    assert server.scripts.call(CLAIM, keys, [REPAIR, b"another", b"another", b"another"]) == 1
    assert server.client.mget(keys[1:3]) == [b"an owner", b"another"]
    assert server.client.lrange(keys[3], 0, -1) == [b"a list"]

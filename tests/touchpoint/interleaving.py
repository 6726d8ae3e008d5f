"""Few people who come by few identifiers to one daemon or to two, in steps that a test chooses, and what must be seen
in the end whatever the steps were. A Tangle is one such story, of identifiers and events that no other has, so that
many follow each other on the same servers."""

import time
from collections import defaultdict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from types import SimpleNamespace

from model.resolution import AS_CONFIGURED, STRENGTH, Customer, Resolver, root
from touchpoint import oracle
from touchpoint.oracle import pair_of
from touchpoint.parting import Partings, below, chain
from touchpoint.splits import answered, split, take_back

BASE = 1_760_000_000


class Reference(Resolver):
    """As the daemon does it: what has an owner is joined before what has none is attached, each as it was sent; and who
    was split is not joined."""

    def __init__(self, partings=()):
        super().__init__(AS_CONFIGURED)
        self.partings = partings or Partings()
        self.ids = defaultdict(set)  # of a customer that was there before

    def resolve(self, names, at=0):
        ranked = sorted(names, key=lambda name: -STRENGTH[name[0]])
        anchor, customer = ranked[0], self._anchored(ranked)
        rest = [name for name in names if name != anchor]
        for owned in (True, False):
            for name in [name for name in rest if bool(self._claimant(name)) == owned]:
                self._join(customer, anchor, name, at)
        return customer

    def _merge(self, customer, other, anchor, name, at):
        if self.partings.speak_against(self.ids[customer], self.ids[other]):
            return "split"
        why = super()._merge(customer, other, anchor, name, at)
        if not why:
            self.ids[customer] |= self.ids[other]
        return why

    def owner(self, name):
        return self._claimant(name)

    def begin(self, owners, members):
        """In the middle of it: whose each identifier is, and which members each customer has. Answers who is who."""
        customers = {id: Customer() for id in set(owners.values())}
        for name, owner in owners.items():
            self._claim(name, customers[owner])
        for id, customer in customers.items():
            self.ids[customer] = {id, *members[id]}
        return customers


class Tangle:
    def __init__(self, number, nodes):
        self.number, self.nodes = number, nodes
        self.events = []  # (names, event), as they came
        self.partings = Partings()
        self.chapter = 0, {}, {}, {}  # how many came before it, and whose what was then: names, members, events
        for node in nodes:
            self.up(node)

    # --- what is sent

    def name(self, kind, one):
        number = self.number
        values = {
            "customer_id": f"K-{number}-{one}",
            "email": f"e{one}@x{number}.example",
            "phone": f"+447400{number % 100_000 * 10 + one:06d}",
            "anonymous_id": f"a-{number}-{one}",
        }
        return kind, values[kind]

    def event(self, names, minute, says=False):
        """`says`: it only says who somebody is."""
        id = f"t{self.number}-{len(self.events)}"
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(BASE + 60 * minute))
        listed = [{"type": kind, "value": value} for kind, value in names]
        event = {"id": id, "channel": "web", "type": "x", "time": at, "customer": {"identifiers": listed}}
        if says:
            event |= {"type": "identify", "traits": {"said": id}}
        self.events.append((names, event))
        return event

    def up(self, node):
        if not node.process.running:
            node.start()

    def post(self, node, events):
        self.up(node)
        reply = node.post(events)
        assert reply.status == 202, reply.body
        assert {told["status"] for told in reply.json["events"]} <= {"accepted", "duplicate"}, reply.body

    # --- the steps

    def step(self, what, *arguments):
        getattr(self, what)(*arguments)

    def come(self, which, visits):
        """Who they are and when they were there, in one request."""
        self.post(self.nodes[which % len(self.nodes)], self.made(visits))

    def made(self, visits):
        return [self.event([self.name(*one) for one in who], minute, says) for who, minute, says in visits]

    def cross(self, visits, others):
        """At two nodes at once."""
        self.at_once(self.made(visits), self.made(others))

    def both(self, visits):
        """The same at two nodes at once, as by a sender that was not answered in time."""
        events = self.made(visits)
        self.at_once(events, events[::-1])

    def at_once(self, *batches):
        """A daemon ends with the thread that has started it."""
        for node in self.nodes:
            self.up(node)
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(self.post, [self.nodes[0], self.nodes[-1]], batches))

    def again(self, which, back):
        if self.events:
            self.post(self.nodes[which % len(self.nodes)], [self.events[-1 - back % len(self.events)][1]])

    def kill(self, which):
        """It comes back when somebody has something for it, at the latest in the end."""
        self.nodes[which % len(self.nodes)].kill9()

    def wait(self):
        for node in self.nodes:
            if node.process.running:
                oracle.settle(node)

    def split(self, which, pick, killed):
        """An operator takes one of the merges back, at rest; `killed`: when that was accepted."""
        self.rest()
        into = self.into()
        if not into:
            return
        member, node = sorted(into)[pick % len(into)], self.nodes[which % len(self.nodes)]
        root = chain(into, member)[-1]
        before = self.known(root)
        reply = answered(lambda: split(node, root, member, wait=0 if killed else 20))
        assert reply.status == (202 if killed else 200), reply.body
        if killed:
            node.kill9()
        self.rest()
        self.check_split(before, self.known(root), self.known(member), below(into, member))
        self.partings.add(into, member)
        self.begin_chapter()

    def check_split(self, before, root, member, gone):
        """Both have what was told under their ids, and no identifier of each other."""
        assert root.members | member.members | {member.id} == before.members
        assert member.members | {member.id} == gone
        assert root.told | member.told == before.told
        assert {under for _, under in member.told} <= gone
        assert not {under for _, under in root.told} & gone
        assert root.names | member.names == before.names
        assert not root.names & member.names, (root, member)

    def take(self, which, pick, killed):
        """An operator takes one identifier back, at rest; `killed`: when that was accepted."""
        self.rest()
        owners, into = self.owners(), self.into()
        if not owners:
            return
        name, node = sorted(owners)[pick % len(owners)], self.nodes[which % len(self.nodes)]
        before = self.known(owners[name])
        reply = answered(lambda: take_back(node, before.id, dict([name]), wait=0 if killed else 20))
        assert reply.status == (202 if killed else 200), reply.body
        if killed:
            node.kill9()
        self.rest()
        after, new = self.known(before.id), self.known(self.owners()[name])
        assert (after.names, new.names) == (before.names - {name}, {name})
        assert (after.told, new.told, new.members) == (before.told, set(), set())
        self.partings.add_taken(into, name, before.holders[name], new.id)
        self.begin_chapter()

    def begin_chapter(self):
        owners = self.owners()
        known = {id: self.known(id) for id in set(owners.values())}
        members = {id: one.members for id, one in known.items()}
        events = {id: {event for event, _ in one.told} for id, one in known.items()}
        self.chapter = len(self.events), owners, members, events

    def rest(self):
        for node in self.nodes:
            self.up(node)
        self.wait()

    # --- what is there

    @property
    def names(self):
        return list(dict.fromkeys(name for names, _ in self.events for name in names))

    def owners(self):
        """One that a limit speaks against stays nobody's."""
        found = {name: self.nodes[0].find(**dict([name])) for name in self.names}
        return {name: id for name, id in found.items() if id}

    def known(self, id):
        """What the front says of a customer. `told`: its events, and under whose id each was told."""
        customer = self.nodes[0].get(f"/v1/customers/{id}").json
        holders = {pair_of(one): one.get("customer", id) for one in customer["identifiers"]}
        return SimpleNamespace(
            id=id,
            names=set(holders),
            holders=holders,
            members=set(customer.get("members", [])),
            told={(entry["id"], entry["customer"]["id"]) for entry in self.nodes[0].timeline(id)},
        )

    def everybody(self):
        """Also who has no identifier any more."""
        return set(self.owners().values()) | {self.root(id) for id in self.partings.ids}

    def members(self):
        """By customer: the members of each, with whom they were merged into."""
        found = {id: self.nodes[0].get(f"/v1/customers/{id}/identity").json for id in self.everybody()}
        return {id: {one["id"]: one["into"] for one in one.get("members", [])} for id, one in found.items()}

    def into(self):
        return {member: into for members in self.members().values() for member, into in members.items()}

    def partition(self):
        """The events of each customer, by the customers' identifiers: in what order ids are given is left out."""
        found = {}
        for id in set(self.owners().values()):
            found[frozenset(entry["id"] for entry in self.nodes[0].timeline(id))] = None
        return set(found)

    def expected(self):
        """The same by the model, of the events in their order, since somebody was split last."""
        first, owners, members, events = self.chapter
        reference, found = Reference(self.partings), defaultdict(set)
        ends = [(customer, events[id]) for id, customer in reference.begin(owners, members).items()]
        for names, event in self.events[first:]:
            ends.append((reference.resolve(names), set() if is_said(event) else {event["id"]}))
        for customer, some in ends:
            found[root(customer)] |= some
        return set(map(frozenset, found.values()))

    def sight(self, news):
        """For the oracle. `news`: of a topic, what came since, which may be of a story that was given up."""
        mark = f"t{self.number}-"
        ids = self.everybody()
        node = self.nodes[0]
        customers = {id: node.get(f"/v1/customers/{id}").json for id in ids}
        keys = ids.union(*(one.get("members", []) for one in customers.values()))
        return oracle.Sight(
            customers=customers,
            timelines={id: oracle.in_sequence(node.timeline(id)) for id in ids},
            records=[record for record in news("interactions") if record.value["id"].startswith(mark)],
            refused=[],
            mappings=[record for record in news("customers") if record.key in keys],
        )

    def load(self):
        came = [event for _, event in self.events if not is_said(event)]
        sent = {event["id"]: {k: v for k, v in event.items() if k != "time"} for event in came}
        return SimpleNamespace(sent=sent, accepted=sent)

    # --- the last events

    def ask_again(self):
        """At rest, each identifier alone and each set of them once more: what one daemon makes of that is what the
        model makes of what is there."""
        self.rest()
        sets = list(dict.fromkeys([*((name,) for name in self.names), *(tuple(names) for names, _ in self.events)]))
        before = self.owners()
        reference = Reference(self.partings)
        reference.begin(before, self.members())
        expected = [reference.resolve(names) for names in sets]
        made = [self.event(list(names), 10_000) for names in sets]
        reply = self.nodes[0].post(made, wait=30)
        assert reply.status == 200, reply.body
        told = [element["event"]["customer"] for element in reply.json["events"]]
        after = self.owners()
        for names, one, customer in zip(sets, told, expected, strict=True):
            self.check_told(names, one, after)
            assert {name for name in names if after[name] == self.root(one["id"])} == {
                name for name in names if reference.owner(name) is root(customer)
            }, (names, one)

    def root(self, id):
        return self.nodes[0].get(f"/v1/customers/{id}").json["id"]

    def check_told(self, names, told, owners):
        """It is where its strongest identifier leads; what leads elsewhere is in conflict."""
        whose = self.root(told["id"])
        assert owners[min(names, key=lambda name: -STRENGTH[name[0]])] == whose, (names, told)
        conflict = {pair_of(one) for one in told.get("conflict", [])}
        for name in names:
            assert owners[name] == whose or name in conflict, (names, told, owners)


def is_said(event):
    return event["type"] == "identify"


# --- what must hold of it


def faults_of(sight, tangle):
    """What holds of one daemon that is not killed, and of two that are. Two may tell of one customer out of order, and
    what one tells of a customer may stand behind what the other tells later."""
    load, told = tangle.load(), told_by_events(sight, tangle)
    yield from oracle.faults_of_acceptance(sight, load, set())
    yield from oracle.faults_of_doubles(sight, True)
    yield from oracle.faults_of_strangers(sight, load, set())
    yield from oracle.faults_of_sequences(sight)
    yield from oracle.faults_of_content(sight, load)
    yield from oracle.faults_of_customers(told)
    yield from oracle.faults_of_changes(told)
    yield from faults_of_reasons(told, tangle)
    if not tangle.partings:
        yield from oracle.faults_of_conflicts(sight)
    if len(tangle.nodes) == 1:
        yield from oracle.faults_of_order(sight)
        yield from oracle.faults_of_mappings(sight, True)
        yield from oracle.faults_of_merges(sight)
    else:
        yield from faults_of_mappings(sight)
    yield from faults_of_sequences_in_kafka(sight)
    yield from faults_of_names(sight, tangle)
    yield from faults_of_rules(sight)
    yield from faults_of_views(sight, tangle)


def told_by_events(sight, tangle):
    """Without those of whom interactions do not tell all: an operator split them, or somebody said who they are."""
    said = {name for names, event in tangle.events if is_said(event) for name in names}
    kept = {
        id
        for id, customer in sight.customers.items()
        if not tangle.partings.ids & {id, *customer.get("members", [])}
        and not said & set(map(pair_of, customer["identifiers"]))
    }
    customers, timelines = ({id: all[id] for id in kept} for all in (sight.customers, sight.timelines))
    return replace(sight, customers=customers, timelines=timelines)


def wrong(id, text):
    return oracle.Fault(oracle.WRONG, id, f"{id}: {text}")


def faults_of_mappings(sight):
    """Of two daemons: what is known of a customer was told, and of each member that it leads on, to a smaller id."""
    told = defaultdict(list)
    for record in sight.mappings:
        if record.value["change"]["kind"] == "split":
            told[record.key].clear()  # it leads nowhere any more, or to others
        told[record.key].append(record.value)
    for id, customer in sight.customers.items():
        members, known = set(customer.get("members", [])), customer["identifiers"]
        if not any(set(one.get("members", [])) == members and one["identifiers"] == known for one in told[id]):
            yield wrong(id, f"{customer} was never told: {told[id]}")
        for member in members:
            to = {one["redirect"] for one in told[member] if "redirect" in one}
            if not to or not to <= members | {id} or max(to) >= member:
                yield wrong(member, f"leads to {to}, and is a member of {id}")


def faults_of_names(sight, tangle):
    """Each customer lists what leads to it, and counts what it has."""
    owners = tangle.owners()
    for id, customer in sight.customers.items():
        names, led = set(map(pair_of, customer["identifiers"])), {name for name, owner in owners.items() if owner == id}
        if names != led:
            yield wrong(id, f"lists {names}, and {led} lead to it")
        if customer["interactions"] != len(sight.timelines[id]):
            yield wrong(id, f"has {len(sight.timelines[id])} entries, and says {customer['interactions']}")


def faults_of_sequences_in_kafka(sight):
    seen = {}
    for record in sight.records:
        at = record.key, record.value["context"]["sequence"]
        if seen.setdefault(at, record.value) != record.value:
            yield wrong(at[0], f"{at[1]} is {seen[at]} and {record.value}")


def faults_of_reasons(sight, tangle):
    """All identifiers of a customer are joined by a chain of events: nobody is one without a reason. Of two daemons an
    event may have left an identifier with a customer, and then, since the other was quicker, gone to another."""
    for id, customer in sight.customers.items():
        sets = [{pair_of(one) for one in oracle.led(entry)} for entry in sight.timelines[id]]
        if len(tangle.nodes) > 1:
            known = {pair_of(one) for one in customer["identifiers"]}
            sets += [known & set(names) for names, _ in tangle.events if known & set(names)]
        joined, rest = sets[0], sets[1:]
        while near := [one for one in rest if one & joined]:
            joined, rest = joined.union(*near), [one for one in rest if not one & joined]
        if joined != {pair_of(one) for one in customer["identifiers"]} or any(rest):
            yield wrong(id, f"nothing joins {joined} with {rest}")


def faults_of_rules(sight):
    owners = defaultdict(set)
    for id, customer in sight.customers.items():
        values = defaultdict(set)
        for kind, value in map(pair_of, customer["identifiers"]):
            values[kind].add(value)
            owners[kind, value].add(id)
        for kind, some in values.items():
            if len(some) > (1 if kind in AS_CONFIGURED.unique else AS_CONFIGURED.limits.get(kind, 100)):
                yield wrong(id, f"has {some}")
    for name, some in owners.items():
        if len(some) > 1:
            yield wrong(name[1], f"is an identifier of {some}")


def faults_of_views(sight, tangle):
    """What each daemon says of a customer, asked for by the id of the customer and of each of its members."""
    for id, customer in sight.customers.items():
        members = set(customer.get("members", []))
        if not {entry["customer"]["id"] for entry in sight.timelines[id]} <= members | {id}:
            yield wrong(id, f"has entries of others than {members}")
        for node in tangle.nodes:
            yield from faults_of_view(node, customer, members)


def faults_of_view(node, customer, members):
    id = customer["id"]
    line = node.timeline(id, order="asc")
    if line != sorted(line, key=lambda one: (one["time"], one["customer"]["id"], one["context"]["sequence"])):
        yield wrong(id, f"its timeline is not in order: {line}")
    identity = node.get(f"/v1/customers/{id}/identity").json
    into = {one["id"]: one["into"] for one in identity["members"]}
    if into.keys() != members or not set(into.values()) <= members | {id} or any(map(str.__le__, into, into.values())):
        yield wrong(id, f"has the members {members}, and says {into} why")
    for member in members:
        if node.get(f"/v1/customers/{member}").json != customer | {"requested": member}:
            yield wrong(member, f"is answered otherwise than {id}")

"""Who is whose, one event after the other: what the rules of identity join, on one node to which nothing happens.

    python3 -m model.resolution [PEOPLE [SEED...]]

prints what settings of the rules find in a population with known truth, by the Python of the other tests. How the rules
hold when nodes are killed and events cross is the matter of identity.py. What an event names decides:

| an event names | then |
| --- | --- |
| blocked values only | it is nobody's |
| values of a shared type or demoted ones, and no others | it is nobody's (`lone`: or their first claimant's) |
| others too | the strongest of those is its anchor; the shared ones are only said |
| an anchor that is not known | it is attached to the customer of the strongest that is known, or makes a new one |
| an anchor that is known | the event goes to its customer |
| a further value that is not known | it is attached to that customer |
| a further value of another customer | the two are merged |

The last three of these only where nothing in the next table speaks against it. Otherwise a new anchor makes a new
customer, and a further value is a conflict, said on the event.

| what speaks against it | why |
| --- | --- |
| `unique`: two values of such a type | two people |
| `weaker`: both sides have something stronger than the value they have in common | a phone or a cookie tells who an \
unknown visitor is; it does not make two known people one |
| `single`: a merge would bring together two values of such a type | a shared or recycled value; who is signed in may \
have a second one that is nobody's yet |
| `limits`: more values of a type | a value that everybody sends |
| `merges_per_minute` | an integration gone bad |

A value is demoted, for good, when

| it | by |
| --- | --- |
| was claimed by one customer and came with another, both known by a unique type | `proof` |
| came, not as the anchor, with more customers within `window` days | `leads` |
| came, as the anchor, with conflicts of more other customers, or values of none, within `refusal_window` days | \
`refusals` |
| tied, or would have tied, more than so many customers, the last within `shared_within` days | `shared_after` |

touchpointd has the last of these alone: two whom an event makes one, or whom a conflict keeps apart, count both for the
value that led to the other, and for the anchor."""

import sys
import time
from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime
from fnmatch import fnmatchcase

from touchpoint.judge import Judge
from touchpoint.population import BAD_VALUES, CONSTANTS, TYPES, Population, identifiers

DAY, FOR_EVER = 86400, 100_000
STRENGTH = {kind: -at for at, kind in enumerate(TYPES)}
# As in touchpointd.conf, and test, which stands last.
_BLOCKED = """
    null undefined none nil nan n/a unknown anonymous guest true false 0 -1 00000000-0000-0000-0000-000000000000
    null@* undefined@* none@* unknown@* anonymous@* guest@* noreply@* no-reply@*
    test test@*
"""
BLOCKED = ("[[]object object]", *_BLOCKED.split())


@dataclass(frozen=True)
class Rules:
    """Those that are recommended; None, False and nothing are without that rule."""

    blocked: tuple = BLOCKED
    shared: frozenset = frozenset()
    unique: frozenset = frozenset({"customer_id"})
    single: frozenset = frozenset({"email", "phone"})
    limits: dict = field(default_factory=lambda: {"email": 2, "phone": 2, "anonymous_id": 100})
    weaker: bool = True
    lone: str = "nobody"
    proof: bool = True
    leads: int | None = 2
    window: float = FOR_EVER
    refusals: int | None = 2
    refusal_window: float = 90
    shared_after: int | None = None
    shared_within: float = 90
    shared_by_merges: bool = False
    merges_per_minute: int | None = 10


RULES = Rules()
AS_CONFIGURED = Rules(
    blocked=BLOCKED[:-2],
    single=RULES.single | {"whatsapp"},
    limits=RULES.limits | {"whatsapp": 2},
    lone="claimant",
    proof=False,
    leads=None,
    refusals=None,
    shared_after=10,
    merges_per_minute=None,
)
"""touchpointd's by default, but for identity.merges_per_minute; test_population.py compares the two."""
NONE = Rules(
    unique=frozenset(), single=frozenset(), limits={}, weaker=False, proof=False, leads=None, refusals=None,
    merges_per_minute=None,
)  # fmt: skip


class Customer:
    def __init__(self):
        self.values = {}  # type: values
        self.to = None
        self.minute, self.merges = None, 0


class Value:
    """What is known of an identifier."""

    def __init__(self):
        self.customer = None
        self.shared = False
        self.led, self.refused = {}, {}  # customer; customer, or identifier of none: when last
        self.tied = {}  # customer as it was then: when last


class Resolver:
    def __init__(self, rules=RULES):
        self.rules = rules
        self.values = {}
        self.counts = Counter()
        self._blocked = {}

    def resolve(self, names, at):
        """The customer of an event at that second, None when it is nobody's. Whose that one is later, root() says."""
        names = [name for name in names if not self._is_blocked(name[1])]
        plain = [name for name in names if not self._is_shared(name)]
        if not plain:
            self.counts["nobody's"] += 1
            return self._claimant_of_shared(names) if self.rules.lone == "claimant" and names else None
        anchor, customer = plain[0], self._anchored(plain)
        conflicts = {name: why for name in plain[1:] if (why := self._join(customer, anchor, name, at))}
        self.counts["conflicts"] += bool(conflicts)
        self._watch(customer, anchor, plain[1:], conflicts, at)
        return customer

    def _is_blocked(self, value):
        if value not in self._blocked:
            self._blocked[value] = any(fnmatchcase(value, pattern) for pattern in self.rules.blocked)
        return self._blocked[value]

    def _is_shared(self, name):
        return name[0] in self.rules.shared or (name in self.values and self.values[name].shared)

    def _claimant_of_shared(self, names):
        return self._claimant(names[0]) or self._claim(names[0], Customer())

    # --- whose a value is

    def _claim(self, name, customer):
        self.values.setdefault(name, Value()).customer = customer
        customer.values.setdefault(name[0], set()).add(name[1])
        return customer

    def _claimant(self, name):
        value = self.values.get(name)
        return root(value.customer) if value and value.customer else None

    def _anchored(self, plain):
        anchor = plain[0]
        if self._claimant(anchor):
            return self._claimant(anchor)
        known = next((name for name in plain if self._claimant(name)), None)
        if known and not self._against(self._claimant(known).values, {anchor[0]: {anchor[1]}}, known[0]):
            return self._claim(anchor, self._claimant(known))
        return self._claim(anchor, Customer())

    def _join(self, customer, anchor, name, at):
        """Makes the value the customer's; else says what speaks against it."""
        other = self._claimant(name)
        if other is customer:
            return None
        if other:
            return self._merge(customer, other, anchor, name, at)
        why = self._against(customer.values, {name[0]: {name[1]}}, anchor[0])
        if not why:
            self._claim(name, customer)
        return why

    def _merge(self, customer, other, anchor, name, at):
        why = self._against(customer.values, other.values, name[0], merging=True) or self._too_many(customer, at)
        for one in (name, anchor) if why or self.rules.shared_by_merges else ():
            self._tie(one, (customer, other), at)
        if why:
            return why
        other.to = customer
        for kind, values in other.values.items():
            customer.values.setdefault(kind, set()).update(values)
        self.counts["merges"] += 1
        return None

    def _against(self, one, other, by, *, merging=False):
        """What speaks against it that the values of both are one customer's, as one of that type says."""
        rules = self.rules
        both = {kind: len(one[kind] | other[kind]) for kind in one.keys() & other.keys()}
        several = [kind for kind, many in both.items() if many > 1]
        if any(kind in rules.unique for kind in several):
            return "unique"
        if rules.weaker and all(any(STRENGTH[kind] > STRENGTH[by] for kind in side) for side in (one, other)):
            return "weaker"
        if merging and any(kind in rules.single for kind in several):
            return "single"
        if any(both[kind] > rules.limits.get(kind, both[kind]) for kind in several):
            return "limits"
        return None

    def _too_many(self, customer, at):
        if customer.minute != at // 60:
            customer.minute, customer.merges = at // 60, 0
        customer.merges += 1
        most = self.rules.merges_per_minute
        return "merges_per_minute" if most is not None and customer.merges > most else None

    # --- values that turn out to be shared

    def _watch(self, customer, anchor, others, conflicts, at):
        for name in others:
            value = self.values.setdefault(name, Value())
            value.led[customer] = at
            if value.customer:
                value.led.setdefault(root(value.customer), at)
            if self.rules.proof and conflicts.get(name) == "unique":
                self._demote(name)
            if self.rules.leads is not None:
                since = at - self.rules.window * DAY
                led = {root(one) for one, last in value.led.items() if last >= since}
                self._demote(name, len(led) > self.rules.leads)
        if conflicts and self.rules.refusals is not None:
            refused = self.values[anchor].refused
            refused.update({self._claimant(name) or name: at for name in conflicts})
            since = at - self.rules.refusal_window * DAY
            told = {root(one) if isinstance(one, Customer) else one for one, last in refused.items() if last >= since}
            self._demote(anchor, len(told) > self.rules.refusals)

    def _tie(self, name, customers, at):
        if self.rules.shared_after is None or name not in self.values:
            return
        tied = self.values[name].tied
        tied.update(dict.fromkeys(customers, at))
        since = at - self.rules.shared_within * DAY
        for customer in [one for one, last in tied.items() if last < since]:
            del tied[customer]
        self._demote(name, len(tied) > self.rules.shared_after)

    def _demote(self, name, enough=True):
        if enough and not self.values[name].shared:
            self.values[name].shared = True
            self.counts["demoted " + name[0]] += 1


def root(customer):
    while customer.to:
        customer = customer.to
    return customer


def arrivals(happenings):
    """(identifiers, second) of each."""
    return [(identifiers(one.event), datetime.fromisoformat(one.event["time"]).timestamp()) for one in happenings]


def resolve(arriving, rules=RULES):
    """The customer of each in the end, and what was counted on the way."""
    resolver = Resolver(rules)
    found = [resolver.resolve(names, at) for names, at in arriving]
    return [customer and root(customer) for customer in found], resolver.counts


def merge_on_any_match(arriving):
    """Who has a value in common is one; blocked values are none."""
    return resolve(arriving, NONE)


def best_there_is(happenings):
    """The same among the events of each person: nobody finds more without guessing or mistaking somebody."""
    named = [([(kind, (one.person, value)) for kind, value in identifiers(one.event)], 0) for one in happenings]
    return resolve(named, replace(NONE, blocked=()))


# --- what was tried

# What broken integrations send, as who runs them would block it.
THEIRS = tuple({value for *_, value in BAD_VALUES + CONSTANTS})
TRIED = {
    "recommended": RULES,
    "as configured": AS_CONFIGURED,
    "+ test blocked": replace(AS_CONFIGURED, blocked=BLOCKED),
    "+ all such values": replace(AS_CONFIGURED, blocked=BLOCKED + THEIRS),
    "test not blocked": replace(RULES, blocked=RULES.blocked[:-2]),
    "- weaker": replace(RULES, weaker=False),
    "- single": replace(RULES, single=frozenset()),
    "unique email": replace(RULES, unique=RULES.unique | {"email"}),
    "phone shared": replace(RULES, shared=frozenset({"phone"})),
    "cookie shared": replace(RULES, shared=frozenset({"anonymous_id"})),
    "lone to claimant": replace(RULES, lone="claimant"),
    "- demotion": replace(RULES, proof=False, leads=None, refusals=None),
    "leads 1": replace(RULES, leads=1),
    "- refusals": replace(RULES, refusals=None),
    "refusals 3": replace(RULES, refusals=3),
    "- shared_after": replace(AS_CONFIGURED, shared_after=None),
    "shared_after 20": replace(AS_CONFIGURED, shared_after=20),
    "shared_after 5": replace(AS_CONFIGURED, shared_after=5),
    "within 30 days": replace(AS_CONFIGURED, shared_within=30),
    "within a day": replace(AS_CONFIGURED, shared_within=1),
    "by merges too": replace(AS_CONFIGURED, shared_by_merges=True),
    "limits of 3": replace(RULES, limits=RULES.limits | {"email": 3, "phone": 3}),
}


def row(name, verdict, counts):
    scores = "  ".join("{:.5f} {:.4f} {:.4f} {:.4f}".format(*score) for score in verdict[:3])
    demoted = " ".join(f"{kind}:{counts['demoted ' + kind]}" for kind in TYPES if counts["demoted " + kind])
    return f"{name:18}  {scores}  {demoted}"


def causes(verdict):
    wrongly = ", ".join(f"{cause} {pairs}" for cause, pairs in verdict.wrongly.most_common(8))
    missed = ", ".join(f"{kinds} {int(pairs)}" for kinds, pairs in verdict.missed.most_common(6))
    return f"  pairs joined wrongly: {wrongly or 'none'}\n  pairs missed, by what the event names: {missed}"


def show(people, seed):
    began = time.monotonic()
    happenings = Population(people, seed).happenings
    judge, arriving = Judge(happenings), arrivals(happenings)
    print(f"seed {seed}: {people} people, {len(happenings)} events, {len(judge.telling)} of them telling")
    print("precision, recall by pairs; by B-cubed; of all events, telling events, identifiers; how many were demoted")
    found = {"any match": merge_on_any_match(arriving), "best there is": best_there_is(happenings)}
    for name in [*found, *TRIED]:
        clusters, counts = found.get(name) or resolve(arriving, TRIED[name])
        verdict = judge.verdict(clusters)
        print(row(name, verdict, counts), flush=True)
        if name in ("any match", "recommended", "as configured"):
            print(causes(verdict))
    print(f"{time.monotonic() - began:.0f} s\n")


if __name__ == "__main__":
    numbers = [int(word) for word in sys.argv[1:]]
    for one in numbers[1:] or [1]:
        show(numbers[0] if numbers else 10_000, one)

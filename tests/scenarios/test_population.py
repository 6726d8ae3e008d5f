"""People who are made up, with known truth, come through the front door: whom touchpointd joins by its default rules,
counted against the truth; beside it, on the same events, what a merge on any match finds, and the best there is."""

import random
from typing import NamedTuple

import pytest

from model import resolution
from touchpoint.judge import Judge, score
from touchpoint.population import NO_BROKEN_INTEGRATION, Population, identifiers, seldom
from touchpoint.wait import until

BATCH = 2000
# Two years come within a minute here. So rules that ask how often something happens within a while are out of reach,
LIFTED = {"identity.merges_per_minute": 1_000_000, "identity.shared_after": 0}
LIFTED_RULES = resolution.replace(resolution.AS_CONFIGURED, shared_after=None)
# or ask it of all the time that there is.
ENDLESS = LIFTED | {"identity.shared_after": 10}
ENDLESS_RULES = resolution.replace(resolution.AS_CONFIGURED, shared_within=resolution.FOR_EVER)


class Joined(NamedTuple):
    """By somebody: the customer of each event in the end, and how often on the way."""

    clusters: list
    merges: int
    conflicts: int


# --- what touchpointd does with them


def deliver(daemon, events):
    """All of them, in their order, until Kafka has them."""
    with daemon.client() as client:
        for at in range(0, len(events), BATCH):
            reply = client.post(events[at : at + BATCH])
            assert (reply.status, reply.json["rejected"]) == (202, 0), reply.body[:1000]
    until(lambda: daemon.metrics()["touchpoint_journal_pending_records"] == 0, 180, "Kafka has all", pause=0.2)


def follow(records):
    """The customer who each is in the end, as redirects say; the last record of a customer counts."""
    to = {record.key: record.value.get("redirect") for record in records}

    def root(customer):
        while to[customer]:
            customer = to[customer]
        return customer

    return {customer: root(customer) for customer in to}


def join(daemon, kafka, topics, happenings):
    events = [one.event for one in happenings]
    deliver(daemon, events)
    told = kafka.records(topics.interactions, until=len(events), timeout=120)
    root = follow(kafka.records(topics.customers, timeout=120))
    found = {record.value["id"]: root[record.key] for record in told}
    counted = daemon.metrics()
    return Joined(
        [found[event["id"]] for event in events],
        int(counted["touchpoint_identity_merged_total"]),
        int(counted["touchpoint_identity_conflicts_total"]),
    )


def agreement(joined, happenings, rules):
    """Of the pairs that touchpointd joins, how many the model joins, or the other way round, whichever is less. A few
    may differ: after a merge touchpointd asks again whose the earlier events of its batch are, and knows more then; and
    what a turn of its batch has shown of a value counts from the next turn on."""
    clusters, _ = resolution.resolve(resolution.arrivals(happenings), rules)
    return min(score(joined.clusters, [id(cluster) for cluster in clusters])[:2])


def check_look_ups(daemon, joined, happenings, many=200):
    """Some: an event's strongest identifier leads to the event's customer."""
    for at in random.Random(1).sample(range(len(happenings)), many):
        kind, value = identifiers(happenings[at].event)[0]
        assert daemon.find(**{kind: value}) == joined.clusters[at], happenings[at]


# --- what is shown


def others(happenings):
    arriving = resolution.arrivals(happenings)
    for name, (clusters, counts) in {
        "merge on any match": resolution.merge_on_any_match(arriving),
        "the best there is": resolution.best_there_is(happenings),
    }.items():
        yield name, Joined(clusters, counts["merges"], counts["conflicts"])


COLUMNS = "{:20} {:>16} {:>16} {:>16} {:>10} {:>7} {:>10}"


def show(happenings, verdicts, sides):
    print(f"\n{len({one.person for one in happenings}):,} people, {len(happenings):,} events; precision and recall of")
    print(COLUMNS.format("", "identifiers", "telling events", "all events", "customers", "merges", "conflicts"))
    for name, side in sides.items():
        scores = (verdicts[name].identifiers, verdicts[name].telling, verdicts[name].events)
        shown = [f"{one.precision:.5f} {one.recall:.4f}" for one in scores]
        counted = [f"{many:,}" for many in (len(set(side.clusters)), side.merges, side.conflicts)]
        print(COLUMNS.format(name, *shown, *counted))
    print("touchpointd's:", resolution.causes(verdicts["touchpointd"]), sep="\n")


# --- the scenarios


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_few_are_joined_wrongly(touchpointd, kafka, topics):
    """Asked of what is one person's alone: of pairs of identifiers that nobody else ever used, and of pairs of events
    that name such a one. Whose an event is that names shared values alone, as a call from a company's number, nobody
    knows; those count among all events, which are shown."""
    happenings = Population(10_000, 1, **seldom(0.4), **NO_BROKEN_INTEGRATION).happenings
    daemon, judge = touchpointd(LIFTED), Judge(happenings)
    sides = {"touchpointd": join(daemon, kafka, topics, happenings), **dict(others(happenings))}
    verdicts = {name: judge.verdict(side.clusters) for name, side in sides.items()}
    show(happenings, verdicts, sides)
    found, any_match = verdicts["touchpointd"], verdicts["merge on any match"]
    for ours, theirs in ((found.identifiers, any_match.identifiers), (found.telling, any_match.telling)):
        assert ours.precision >= 0.999
        assert theirs.precision < 0.5
        assert ours.recall > 0.85 * theirs.recall
    assert found.telling.recall > 0.6
    assert agreement(sides["touchpointd"], happenings, LIFTED_RULES) > 0.999
    check_look_ups(daemon, sides["touchpointd"], happenings)


def test_they_are_joined_as_by_the_model(touchpointd, kafka, topics):
    """Also with integrations that send what they should not, and with what comes of that: values are demoted. So what
    the model says of other people, and of more, holds for touchpointd."""
    happenings = Population(300, 1, **seldom(0.4), constant_days=20, bad_value=0.05).happenings
    daemon = touchpointd(ENDLESS)
    assert agreement(join(daemon, kafka, topics, happenings), happenings, ENDLESS_RULES) > 0.98
    assert daemon.metrics()["touchpoint_identity_demoted_total"] > 0

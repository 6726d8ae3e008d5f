"""The oracle sees what it is there for: each promise, broken in a small made-up story, is found."""

from copy import deepcopy
from types import SimpleNamespace

import pytest

from touchpoint import oracle

ANN, BOB = "customer-ann", "customer-bob"


def sent(id, name):
    return {"id": id, "channel": "web", "type": "x", "customer": {"email": f"{name}@example.com"}}


def entry(id, name, customer, sequence):
    identifiers = [{"type": "email", "value": f"{name}@example.com"}]
    change = {"change": {"kind": "created", "identifiers": identifiers}} if sequence == 1 else {}
    return {
        **sent(id, name),
        "source": "default",
        "time": f"at {sequence}",
        "customer": {"id": customer, "identifiers": identifiers} | change,
        "context": {"sequence": sequence},
        "schema": 1,
    }


def known_of(name):
    return [{"type": "email", "value": f"{name}@example.com", "event": f"{name[0]}1"}]


def customer(name, interactions):
    return {"interactions": interactions, "identifiers": known_of(name)}


def mapping(name, entry):
    id = entry["customer"]["id"]
    value = {"id": id, "identifiers": known_of(name), "change": oracle.mapping_of(entry)}
    return SimpleNamespace(key=id, value=value)


def record(value, partition=0):
    headers = {"ce_id": value["id"]}
    return SimpleNamespace(key=value["customer"]["id"], value=value, headers=headers, partition=partition)


class Story:
    """Ann sent a1, a2 and a3, Bob b1; a2 was delivered to Kafka twice, as a replay does."""

    def __init__(self):
        ann = [entry(f"a{number}", "ann", ANN, number) for number in (1, 2, 3)]
        bob = [entry("b1", "bob", BOB, 1)]
        order = [ann[0], ann[1], bob[0], ann[1], ann[2]]
        self.sight = oracle.Sight(
            customers={ANN: customer("ann", 3), BOB: customer("bob", 1)},
            timelines={ANN: ann, BOB: bob},
            records=[record(deepcopy(value), int(value["id"] == "b1")) for value in order],
            refused=[],
            mappings=[mapping("ann", ann[0]), mapping("bob", bob[0])],
        )
        events = {"a1": "ann", "a2": "ann", "a3": "ann", "b1": "bob"}
        self.load = SimpleNamespace(
            sent={id: sent(id, name) for id, name in events.items()}, accepted=dict.fromkeys(events, 0.0)
        )

    @property
    def timelines(self):
        return self.sight.timelines

    @property
    def records(self):
        return self.sight.records

    def verdict(self, **expected):
        return oracle.Verdict(oracle.faults_of(self.sight, self.load, **expected))


def test_a_story_that_went_well_has_no_fault():
    assert Story().verdict() == []


def test_a_record_that_stands_twice_is_no_fault_but_where_it_must_not():
    assert [(fault.kind, fault.about) for fault in Story().verdict(once=True)] == [(oracle.DOUBLED, "a2")]


def lose_from_timeline(story):
    story.timelines[ANN].pop()


def lose_from_kafka(story):
    story.records.pop()


def double_on_timeline(story):
    story.timelines[ANN].append(story.timelines[ANN][2])


def put_on_two_timelines(story):
    story.timelines[BOB].append(entry("a3", "ann", BOB, 2))


def leave_a_gap(story):
    for value in (story.timelines[ANN][2], story.records[4].value):
        value["context"]["sequence"] = 4


def give_a_sequence_twice(story):
    for value in (story.timelines[ANN][2], story.records[4].value):
        value["context"]["sequence"] = 2


def swap_in_kafka(story):
    story.records[0], story.records[1] = story.records[1], story.records[0]


def part_a_customer(story):
    story.records[4].partition = 3


def differ(story):
    story.records[4].value["context"]["gap_s"] = 1


def differ_in_the_replay(story):
    story.records[3].value["context"]["sequence"] = 5


def change_what_was_sent(story):
    for value in (story.timelines[ANN][2], story.records[4].value):
        value["type"] = "y"


def add_a_stranger(story):
    story.timelines[ANN].append(entry("unknown", "ann", ANN, 4))


def produce_a_stranger(story):
    story.records.append(record(entry("unknown", "ann", ANN, 4)))


def give_another_key(story):
    story.records[4].key = BOB


def forget_an_identifier(story):
    story.sight.customers[ANN]["identifiers"] = []


def attach_an_identifier(story):
    story.sight.customers[ANN]["identifiers"] += story.sight.customers[BOB]["identifiers"]


def miscount(story):
    story.sight.customers[ANN]["interactions"] = 4


def put_on_anothers_timeline(story):
    story.timelines[BOB].append(story.timelines[ANN].pop())


def deny_a_change(story):
    for value in (story.timelines[ANN][0], story.records[0].value):
        del value["customer"]["change"]


def say_what_did_not_change(story):
    for value in (story.timelines[ANN][2], story.records[4].value):
        value["customer"]["change"] = {"kind": "attached", "identifiers": value["customer"]["identifiers"]}


def tell_no_change(story):
    del story.sight.mappings[0]


def tell_of_another(story):
    story.sight.mappings[0].key = BOB


def tell_an_older_mapping_last(story):
    story.sight.mappings[0].value["identifiers"] = []


def refuse_one(story):
    story.sight.refused.append("a3")


BREAKS = [
    (lose_from_timeline, oracle.LOST, "a3 was accepted, and is on no timeline"),
    (lose_from_kafka, oracle.LOST, "a3 was accepted, and is not in Kafka"),
    (double_on_timeline, oracle.DOUBLED, "a3 is 2 times on timelines"),
    (put_on_two_timelines, oracle.DOUBLED, "a3 is 2 times on timelines"),
    (leave_a_gap, oracle.DISORDER, "the sequences are [1, 2, 4]"),
    (give_a_sequence_twice, oracle.DISORDER, "the sequences are [1, 2, 2]"),
    (swap_in_kafka, oracle.DISORDER, "2 stands behind 0 in Kafka"),
    (part_a_customer, oracle.DISORDER, "records in two partitions"),
    (differ, oracle.WRONG, "a3: Kafka has"),
    (differ_in_the_replay, oracle.WRONG, "a2: Kafka has"),
    (change_what_was_sent, oracle.WRONG, "was sent,"),
    (add_a_stranger, oracle.WRONG, "unknown is on a timeline, and was never sent"),
    (produce_a_stranger, oracle.WRONG, "unknown is in Kafka, and was never sent"),
    (give_another_key, oracle.WRONG, "a3: the record is that of customer-bob"),
    (forget_an_identifier, oracle.WRONG, "customer-ann has the identifiers []"),
    (attach_an_identifier, oracle.WRONG, "customer-ann has the identifiers"),
    (miscount, oracle.WRONG, "customer-ann has 4 interactions and 3 entries"),
    (put_on_anothers_timeline, oracle.WRONG, "customer-bob has entries of"),
    (deny_a_change, oracle.WRONG, "a1 says that None changed"),
    (say_what_did_not_change, oracle.WRONG, "and None did"),
    (tell_no_change, oracle.LOST, "is not on the customers' topic"),
    (tell_of_another, oracle.WRONG, "customer-bob has a record of customer-ann"),
    (tell_an_older_mapping_last, oracle.WRONG, "the customers' topic []"),
    (refuse_one, oracle.WRONG, "a3 is on the rejected topic"),
]


@pytest.mark.parametrize(("harm", "kind", "expected"), BREAKS, ids=[harm.__name__ for harm, *_ in BREAKS])
def test_what_is_wrong_is_found(harm, kind, expected):
    story = Story()
    harm(story)
    found = story.verdict()
    assert any(fault.kind == kind and expected in fault.text for fault in found), str(found)
    assert found.count(kind) > 0


def test_a_change_that_is_told_twice_is_no_fault_but_where_it_must_not():
    story = Story()
    story.sight.mappings.append(story.sight.mappings[1])
    assert story.verdict() == []
    del story.records[1]
    assert [(fault.kind, fault.about) for fault in story.verdict(once=True)] == [(oracle.WRONG, BOB)]


def test_an_event_counts_once_however_much_is_wrong_with_it():
    story = Story()
    lose_from_timeline(story)
    lose_from_kafka(story)
    assert story.verdict().count(oracle.LOST) == 1


def test_what_belongs_on_the_rejected_topic_is_not_delivered():
    story = Story()
    assert "a3 is delivered, and should be rejected" in str(story.verdict(rejected={"a3"}))
    assert "a3 is not on the rejected topic" in str(story.verdict(rejected={"a3"}))
    lose_from_timeline(story)
    lose_from_kafka(story)
    story.sight.customers[ANN]["interactions"] = 2
    refuse_one(story)
    assert story.verdict(rejected={"a3"}) == []


# --- Ann is Bob


class Merged(Story):
    """a4 names what Ann and Bob were known by, so Bob is Ann from then on; he had two entries by then."""

    def __init__(self):
        super().__init__()
        del self.records[3]
        self.load.sent["b2"], self.load.accepted["b2"] = sent("b2", "bob"), 0.0
        both = sent("a4", "ann")
        both["customer"]["x"] = "bob"
        self.load.sent["a4"], self.load.accepted["a4"] = both, 0.0
        first, second = self.timelines.pop(BOB)[0], entry("b2", "bob", BOB, 2)
        last = entry("a4", "ann", ANN, 6)
        named = {"type": "x", "value": "bob"}
        last["customer"]["identifiers"].append(named)
        last["customer"]["change"] = {"kind": "merged", "identifiers": [named], "customers": [BOB]}
        self.timelines[ANN] += [first, second, last]
        self.records.extend([record(deepcopy(second), 1), record(deepcopy(last))])
        del self.sight.customers[BOB]
        known = known_of("ann") + known_of("bob") + [named]
        self.sight.customers[ANN] = {"interactions": 6, "identifiers": known, "members": [BOB]}
        change = {"kind": "merged", "into": ANN} | oracle.cause_of(last)
        mine = {"id": ANN, "identifiers": known, "members": [BOB], "change": oracle.mapping_of(last)}
        theirs = {"id": BOB, "redirect": ANN, "identifiers": [], "change": change}
        self.sight.mappings += [SimpleNamespace(key=one["id"], value=one) for one in deepcopy([mine, theirs])]


def test_two_who_became_one_are_no_fault():
    assert Merged().verdict(once=True) == []


def lead_nowhere(story):
    del story.sight.mappings[-1]


def lead_to_another(story):
    story.sight.mappings[-1].value["redirect"] = "customer-carol"


def lead_away_with_identifiers(story):
    story.sight.mappings[-1].value["identifiers"] = known_of("bob")


def lead_the_survivor_away(story):
    change = {"kind": "merged", "into": BOB}
    value = {"id": ANN, "redirect": BOB, "identifiers": [], "change": change}
    story.sight.mappings.append(SimpleNamespace(key=ANN, value=value))


def list_no_members(story):
    del story.sight.mappings[-2].value["members"]


def list_a_stranger(story):
    story.sight.mappings[-2].value["members"].append("customer-carol")


def forget_members(story):
    del story.sight.customers[ANN]["members"]


def attach_it_again(story):
    theirs = known_of("bob")[0]
    again = {"type": theirs["type"], "value": theirs["value"]}
    story.timelines[ANN][-1]["customer"]["change"]["identifiers"].append(again)


def jump_before_the_merge(story):
    for value in (story.timelines[ANN][2], story.records[3].value):
        value["context"]["sequence"] = 4


def deny_the_merge(story):
    for value in (story.timelines[ANN][-1], story.records[-1].value):
        value["customer"]["change"] = {"kind": "attached", "identifiers": value["customer"]["identifiers"][1:]}


def say_a_conflict_with_nobody(story):
    for value in (story.timelines[ANN][-1], story.records[-1].value):
        value["customer"]["identifiers"].append({"type": "y", "value": "1"})
        value["customer"]["conflict"] = [{"type": "y", "value": "1", "reason": "other"}]


MERGE_BREAKS = [
    (lead_nowhere, oracle.LOST, "customer-bob: [{'kind': 'merged'"),
    (lead_to_another, oracle.WRONG, "customer-ann has entries of"),
    (lead_away_with_identifiers, oracle.WRONG, "customer-bob leads elsewhere, and says"),
    (lead_the_survivor_away, oracle.WRONG, "customer-ann leads to customer-bob"),
    (list_no_members, oracle.WRONG, "customer-ann does not list {'customer-bob'}"),
    (list_a_stranger, oracle.WRONG, "customer-ann has the members ['customer-bob'], and lists"),
    (forget_members, oracle.WRONG, "customer-ann has the members None"),
    (attach_it_again, oracle.WRONG, "are attached more than once"),
    (jump_before_the_merge, oracle.DISORDER, "the sequences are [1, 2, 4, 6]"),
    (deny_the_merge, oracle.DISORDER, "the sequences are [1, 2, 3, 6]"),
    (say_a_conflict_with_nobody, oracle.WRONG, "y 1 is said to be another's"),
]


@pytest.mark.parametrize(("harm", "kind", "expected"), MERGE_BREAKS, ids=[harm.__name__ for harm, *_ in MERGE_BREAKS])
def test_what_is_wrong_with_a_merge_is_found(harm, kind, expected):
    story = Merged()
    harm(story)
    found = story.verdict()
    assert any(fault.kind == kind and expected in fault.text for fault in found), str(found)

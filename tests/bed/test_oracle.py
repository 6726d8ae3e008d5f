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
    return {
        **sent(id, name),
        "customer": {"id": customer, "identifiers": identifiers},
        "context": {"sequence": sequence},
        "schema": 1,
    }


def record(value, partition=0):
    headers = {"ce_id": value["id"]}
    return SimpleNamespace(key=value["customer"]["id"], value=value, headers=headers, partition=partition)


class Story:
    """Ann sent a1, a2 and a3, Bob b1; a2 was delivered to Kafka twice, as a replay does."""

    def __init__(self):
        ann = [entry(f"a{number}", "ann", ANN, number) for number in (1, 2, 3)]
        bob = [entry("b1", "bob", BOB, 1)]
        self.timelines = {ANN: ann, BOB: bob}
        order = [ann[0], ann[1], bob[0], ann[1], ann[2]]
        self.records = [record(deepcopy(value), int(value["id"] == "b1")) for value in order]
        events = {"a1": "ann", "a2": "ann", "a3": "ann", "b1": "bob"}
        self.load = SimpleNamespace(
            sent={id: sent(id, name) for id, name in events.items()}, accepted=dict.fromkeys(events, 0.0)
        )

    def faults(self, rejected=()):
        return [
            *oracle.faults_of_acceptance(self.load, self.timelines, self.records, set(rejected)),
            *oracle.faults_of_sequences(self.timelines),
            *oracle.faults_of_order(self.records),
            *oracle.faults_of_content(self.load, self.timelines, self.records),
        ]


def test_a_story_that_went_well_has_no_fault():
    assert Story().faults() == []


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


def give_another_key(story):
    story.records[4].key = BOB


BREAKS = [
    (lose_from_timeline, "a3 was accepted, and is on no timeline"),
    (lose_from_kafka, "a3 was accepted, and is not in Kafka"),
    (double_on_timeline, "a3 is 2 times on timelines"),
    (put_on_two_timelines, "a3 is 2 times on timelines"),
    (leave_a_gap, "the sequences are [1, 2, 4]"),
    (give_a_sequence_twice, "the sequences are [1, 2, 2]"),
    (swap_in_kafka, "2 stands behind 0 in Kafka"),
    (part_a_customer, "records in two partitions"),
    (differ, "a3: Kafka has"),
    (differ_in_the_replay, "a2: Kafka has"),
    (change_what_was_sent, "was sent,"),
    (add_a_stranger, "unknown is on a timeline, and was never sent"),
    (give_another_key, "a3: the record is that of customer-bob"),
]


@pytest.mark.parametrize(("harm", "expected"), BREAKS, ids=lambda value: getattr(value, "__name__", ""))
def test_what_is_wrong_is_found(harm, expected):
    story = Story()
    harm(story)
    assert any(expected in fault for fault in story.faults()), story.faults()


def test_what_belongs_on_the_rejected_topic_is_not_delivered():
    assert "a3 is delivered, and should be rejected" in Story().faults(rejected=["a3"])

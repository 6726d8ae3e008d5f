#!/usr/bin/env python3
"""Reads both topics of touchpointd and prints each interaction with what is known of its customer by then, a line of JSON
each: {"interaction": {...}, "customer": {...}}.

    consumer.py BROKERS [--interactions TOPIC] [--customers TOPIC] [--count N]

Example: consumer.py 127.0.0.1:9092 --count 10

Nothing orders two topics. So an interaction waits until what it says in customer.change is known from the other topic;
both are of one transaction, so it does not wait for long. A mapping with `redirect` says that this customer turned out
to be another: from then on interactions under its id come with that one's mapping, which has it in `members`. Where that
was taken back, both have a mapping with a change of kind `split`: each comes with its own again, and what says that they
were merged waits no longer for a mapping that says the same. What is said of a customer (`traits`) is in every mapping; an
event of type identify brings one without an interaction.

It needs confluent-kafka.
"""

import argparse
import json

from confluent_kafka import OFFSET_BEGINNING, Consumer


class Join:
    """Each interaction, in the order of its customer, with the customer's mapping: that of
    whom the customer was merged into, once that is known."""

    def __init__(self):
        self.mappings, self.waiting = {}, {}
        self.split = set()

    def take_mapping(self, mapping):
        self.mappings[mapping["id"]] = mapping
        pairs = split_pairs(mapping)
        self.split.update(pairs)
        changed = {mapping["id"], *(customer for customer, _ in pairs)}
        roots = {self._root(one) for one in changed}
        concerned = [one for one in self.waiting if self._root(one) in roots]
        return [joined for one in concerned for joined in self._take_ready(one)]

    def take_interaction(self, interaction):
        customer = interaction["customer"]["id"]
        self.waiting.setdefault(customer, []).append(interaction)
        return self._take_ready(customer)

    def _root(self, customer):
        """Where redirects lead."""
        while redirect := self.mappings.get(customer, {}).get("redirect"):
            customer = redirect
        return customer

    def _take_ready(self, customer):
        ready, mapping = [], self.mappings.get(self._root(customer))
        waiting = self.waiting[customer]
        while mapping and waiting and is_known(waiting[0], mapping, self.split):
            ready.append({"interaction": waiting.pop(0), "customer": mapping})
        if not waiting:
            del self.waiting[customer]
        return ready


def split_pairs(mapping):
    """Customers, and who is no member of theirs any more."""
    change = mapping.get("change", {})
    if change.get("kind") != "split":
        return []
    if "from" in change:
        return [(change["from"], mapping["id"])]
    return [(mapping["id"], member) for member in change["customers"]]


def is_known(interaction, mapping, split=frozenset()):
    """By what it attached and whom it merged, since compaction keeps a customer's last
    mapping alone."""
    customer = interaction["customer"]
    change = customer.get("change", {"identifiers": []})
    known = [
        (identifier["type"], identifier["value"])
        for identifier in mapping["identifiers"]
    ]
    attached = [
        (identifier["type"], identifier["value"])
        for identifier in change["identifiers"]
    ]
    ids = [mapping["id"], *mapping.get("members", [])]
    merged = [
        customer["id"],
        *(
            one
            for one in change.get("customers", [])
            if not {(customer["id"], one), (mapping["id"], one)} & split
        ),
    ]
    return set(attached) <= set(known) and set(merged) <= set(ids)


def messages(consumer):
    while True:
        message = consumer.poll(1.0)
        if message and not message.error():
            yield message


def from_the_beginning(consumer, partitions):
    for partition in partitions:
        partition.offset = OFFSET_BEGINNING
    consumer.assign(partitions)


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("brokers")
    parser.add_argument(
        "--interactions", default="touchpoint.interactions", metavar="TOPIC"
    )
    parser.add_argument("--customers", default="touchpoint.customers", metavar="TOPIC")
    parser.add_argument(
        "--count", type=int, metavar="N", help="ends after so many; else it goes on"
    )
    options = parser.parse_args()

    consumer = Consumer(
        {
            "bootstrap.servers": options.brokers,
            "group.id": "touchpoint-example",
            "enable.auto.commit": False,
            "isolation.level": "read_committed",
        }
    )
    consumer.subscribe(
        [options.interactions, options.customers], on_assign=from_the_beginning
    )
    join, printed = Join(), 0
    for message in messages(consumer):
        value = json.loads(message.value())
        take = (
            join.take_mapping
            if message.topic() == options.customers
            else join.take_interaction
        )
        for joined in take(value):
            print(json.dumps(joined, ensure_ascii=False), flush=True)
            printed += 1
            if printed == options.count:
                consumer.close()
                return


if __name__ == "__main__":
    main()

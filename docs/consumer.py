#!/usr/bin/env python3
"""Reads both topics of touchpointd and prints each interaction with what is known of its customer by then, a line of JSON
each: {"interaction": {...}, "customer": {...}}.

    consumer.py BROKERS [--interactions TOPIC] [--customers TOPIC] [--count N]

Example: consumer.py 127.0.0.1:9092 --count 10

Nothing orders two topics. So an interaction that changed something (customer.change) waits until the customer's mapping
is as new as it is: until its `sequence` is no less than the interaction's. Both are of one transaction, so it does not
wait for long, and it comes to an end also where compaction left the last mapping alone. A mapping with `redirect` says
that this customer turned out to be another: from then on interactions under its id come with that one's mapping, which
has it in `members`. Where that was taken back, both have a mapping of their own again. What is said of a customer
(`traits`) is in every mapping; an event of type identify brings one without an interaction.

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

    def take_mapping(self, mapping):
        self.mappings[mapping["id"]] = mapping
        root = self._root(mapping["id"])
        concerned = [one for one in self.waiting if self._root(one) == root]
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
        while mapping and waiting and is_known(waiting[0], mapping):
            ready.append({"interaction": waiting.pop(0), "customer": mapping})
        if not waiting:
            del self.waiting[customer]
        return ready


def is_known(interaction, mapping):
    """Whether the mapping has what the interaction changed."""
    customer = interaction["customer"]
    if customer["id"] != mapping["id"]:
        return customer["id"] in mapping.get("members", [])
    is_as_new = mapping["sequence"] >= interaction["context"]["sequence"]
    return "change" not in customer or is_as_new


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

#!/usr/bin/env python3
"""Reads both topics of touchpointd and prints each interaction with what is known of its customer by then, a line of JSON
each: {"interaction": {...}, "customer": {...}}.

    consumer.py BROKERS [--interactions TOPIC] [--customers TOPIC] [--count N]

Example: consumer.py 127.0.0.1:9092 --count 10

Nothing orders two topics. So an interaction waits until what it says in customer.change is known from the other topic;
both are of one transaction, so it does not wait for long. It needs confluent-kafka.
"""

import argparse
import json

from confluent_kafka import OFFSET_BEGINNING, Consumer


class Join:
    """Each interaction, in the order of its customer, with the customer's mapping."""

    def __init__(self):
        self.mappings, self.waiting = {}, {}

    def take_mapping(self, mapping):
        self.mappings[mapping["id"]] = mapping
        return self._take_ready(mapping["id"])

    def take_interaction(self, interaction):
        customer = interaction["customer"]["id"]
        self.waiting.setdefault(customer, []).append(interaction)
        return self._take_ready(customer)

    def _take_ready(self, customer):
        ready, mapping = [], self.mappings.get(customer)
        waiting = self.waiting.get(customer, [])
        while mapping and waiting and is_known(waiting[0], mapping):
            ready.append({"interaction": waiting.pop(0), "customer": mapping})
        return ready


def is_known(interaction, mapping):
    """By what it attached, since compaction keeps a customer's last mapping alone."""
    known = [
        (identifier["type"], identifier["value"])
        for identifier in mapping["identifiers"]
    ]
    attached = interaction["customer"].get("change", {"identifiers": []})["identifiers"]
    return all(
        (identifier["type"], identifier["value"]) in known for identifier in attached
    )


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

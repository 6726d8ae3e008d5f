"""Sends events of customers that are named as asked for, each with an id of its own."""

import itertools

from . import events
from .load import send_batches

BATCH, CONNECTIONS = 100, 8


class Sender:
    def __init__(self, side):
        self._side = side
        self.sent = 0

    def events(self, count, customers, customer):
        """Texts: the first is of the first customer, and so on by turns."""
        self.sent += count
        return events.events(count, customers, self.sent - count, customer)

    def send(self, count, customers, customer, size=BATCH, connections=CONNECTIONS):
        """Returns when they are in the timelines and in Kafka."""
        texts = self.events(count, customers, customer)
        send_batches(self._side.address, events.posts(texts, size), connections)
        self._side.drain()

    def send_calmly(self, count, customers, customer, size):
        """The same, and each request goes when nothing waits any more, so that the daemon takes no more at a time."""
        for request in events.posts(self.events(count, customers, customer), size):
            send_batches(self._side.address, [request], 1)
            self._side.drain()


def by_turns(count, *doings):
    """Each of them, again and again: what the machine does meanwhile befalls all alike."""
    for number, doing in itertools.product(range(count), doings):
        doing(number)

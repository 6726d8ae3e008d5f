"""Senders that behave: several at a time, single events and batches, for several customers. What was not answered, or
was answered by 503, is sent again with the same ids, until it is answered or the time is up; now and then something is
sent again that was answered already. What was sent and what was answered is kept for the oracle."""

import collections
import http.client
import random
import threading
import time
import uuid

CHANNELS = ("web", "email", "call_centre", "chat", "social")
TYPES = ("page.viewed", "mail.opened", "call.ended", "chat.message", "mention")


class Load:
    def __init__(
        self, daemon, *, senders=4, customers=6, pad=0, pause=0.003, batch=20, patience=60.0, seed=None, strangers=0.0
    ):
        """`pad`: bytes of text in each event; `pause`: seconds between two requests of a sender; `batch`: the most
        events of one; `patience`: seconds that a sender tries to get one request answered;
        `strangers`: how often, after a request of a sender, somebody comes as two who turn out to be one."""
        self.daemon = daemon
        self.seed = random.randrange(2**32) if seed is None else seed
        self.mark = uuid.uuid4().hex[:8]
        self.sent = {}
        self.accepted = {}
        self.surprises = []
        self.turned_away = collections.Counter()
        """How often it was answered by 503, by the error's code."""
        self._pad, self._pause, self._batch, self._patience = pad, pause, batch, patience
        self._customers = [self._customer(number) for number in range(customers)]
        self._how_strange, self._strangers = strangers, []
        self._stopping = threading.Event()
        self._given_up = threading.Event()
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._send, args=(number,)) for number in range(senders)]

    def __repr__(self):
        return f"<load seed={self.seed}: {len(self.sent)} sent, {len(self.accepted)} accepted>"

    def _customer(self, number):
        return {"email": f"c{number}@{self.mark}.example", "customer_id": f"{self.mark}-{number}"}

    @property
    def customers(self):
        """The email addresses, one a customer."""
        return [customer["email"] for customer in self._customers + self._strangers]

    # --- its life

    def __enter__(self):
        print(f"load: seed={self.seed}")
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, error, *_):
        """Nobody waits for an answer where the test has failed."""
        if error:
            self._given_up.set()
        self.stop()

    def stop(self):
        """Begins nothing more, and waits until all that was begun is answered or given up."""
        self._stopping.set()
        for thread in self._threads:
            thread.join()

    def accepted_since(self, moment):
        """How many were answered by 202 since a time.monotonic()."""
        return sum(answered >= moment for answered in list(self.accepted.values()))

    def pass_one(self, timeout=60.0):
        """Sends one more, of the first customer, and waits until it is on the timeline and in Kafka."""
        event = self._event(random.Random(self.seed), self._customers[0])
        sender = _Sender(self.daemon, timeout)
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            reply = sender.post(event, wait=10)
            if reply is not None and reply.status in (200, 202):
                self.accepted.setdefault(event["id"], time.monotonic())
            if reply is not None and reply.status == 200:
                sender.close()
                return
            time.sleep(0.02)
        raise AssertionError(f"{event['id']} is not delivered within {timeout} s; last reply {reply}")

    # --- a sender

    def _send(self, number):
        dice = random.Random(f"{self.seed}-{number}")
        sender = _Sender(self.daemon)
        before = []
        while not self._stopping.is_set():
            if not (before and dice.random() < 0.05):
                many = dice.choice((1, 1, dice.randint(2, self._batch)))
                before = [self._event(dice, dice.choice(self._customers)) for _ in range(many)]
            self._deliver(sender, before)
            if dice.random() < self._how_strange:
                self._stranger(dice, sender)
            time.sleep(self._pause)
        sender.close()

    def _stranger(self, dice, sender):
        """Comes as two, who turn out to be one."""
        who = f"{self.mark}-{dice.randrange(2**32):08x}"
        visitor, reader = {"anonymous_id": who}, {"email": f"{who}@strangers.example"}
        self._strangers.append(reader)
        for customer in dice.choice(([visitor, reader], [reader, visitor])) + [visitor | reader, visitor]:
            self._deliver(sender, [self._event(dice, customer)])

    def _event(self, dice, customer):
        customer = dict(customer)
        if dice.random() < 0.5:
            customer.pop("customer_id", None)
        with self._lock:
            number = len(self.sent)
            event = {
                "id": f"{self.mark}-{number}",
                "channel": dice.choice(CHANNELS),
                "type": dice.choice(TYPES),
                "customer": customer,
                "text": "ž" + "x" * self._pad,
                "attributes": {"n": number, "price": 19.99, "tags": ["a", None, {"b": 1e-7}]},
            }
            self.sent[event["id"]] = event
        return event

    def _deliver(self, sender, events):
        deadline = time.monotonic() + self._patience
        while time.monotonic() < deadline and not self._given_up.is_set():
            reply = sender.post(events[0] if len(events) == 1 else events)
            if reply is not None and reply.status != 503:
                self._note(events, reply)
                return
            if reply is not None:
                self.turned_away[reply.json["error"]["code"]] += 1
            time.sleep(0.02)

    def _note(self, events, reply):
        body = reply.json
        told = [(told.get("id"), told.get("status")) for told in body.get("events", ())]
        if reply.status != 202 or told != [(event["id"], "accepted") for event in events]:
            self.surprises.append((reply.status, body))
            return
        for event in events:
            self.accepted.setdefault(event["id"], time.monotonic())


class _Sender:
    """A connection that is made anew when it is lost; None where a request got no answer."""

    def __init__(self, daemon, timeout=10):
        self._daemon = daemon
        self._timeout = timeout
        self._client = None

    def post(self, content, **query):
        try:
            self._client = self._client or self._daemon.client(self._timeout)
            return self._client.post(content, **query)
        except (OSError, http.client.HTTPException):
            self.close()
            return None

    def close(self):
        if self._client:
            self._client.close()
        self._client = None

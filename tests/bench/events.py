"""What is sent: interactions of about 400 bytes, as four channels would send them. They are made of templates, which
all generators share: an id, a time and a customer are set in, and the length stays as it is."""

import itertools
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path

ID, TIME, CUSTOMER = "@ID_________", "@TIME___________________", "@CUST___"
"""Stand in a template for twelve digits, a time with milliseconds, and eight digits."""

PAGES = ("/", "/pricing", "/products/espresso-machine-e61", "/products/grinder-k6", "/support/returns", "/checkout")
SUBJECTS = ("Your order has left our house", "Three ideas for the weekend", "Your invoice for November", "We miss you")
OUTCOMES = ("resolved", "called back", "handed on", "voice mail")
COMPLAINT = """the grinder that came on Tuesday is louder than the old one and leaves grounds in the tray even after
cleaning can you tell whether a part is missing or send somebody who looks at it before the warranty ends in December"""
WORDS = COMPLAINT.split()


def _text(dice, length):
    return " ".join(dice.choices(WORDS, k=length))


def _web(dice):
    return {
        "type": "page.viewed",
        "conversation": f"visit-{dice.randrange(10**8):08}",
        "attributes": {
            "page": dice.choice(PAGES),
            "referrer": f"https://search.example/?q={dice.choice(WORDS)}+{dice.choice(WORDS)}",
            "price": round(dice.uniform(5, 900), 2),
            "currency": "EUR",
            "device": dice.choice(("mobile", "desktop")),
            "campaign": f"autumn-{dice.randrange(40)}",
        },
    }


def _email(dice):
    return {
        "type": dice.choice(("mail.opened", "mail.clicked")),
        "subject": dice.choice(SUBJECTS),
        "attributes": {
            "campaign": f"news-{dice.randrange(400)}",
            "link": f"https://shop.example{dice.choice(PAGES)}?m={dice.randrange(10**10)}",
            "agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
        },
    }


def _call(dice):
    return {
        "type": "call.ended",
        "direction": "inbound",
        "agent": f"agent-{dice.randrange(80):02}",
        "queue": dice.choice(("orders", "returns", "billing")),
        "wait_s": dice.randrange(300),
        "duration_s": dice.randrange(1800),
        "outcome": dice.choice(OUTCOMES),
        "text": _text(dice, 22),
    }


def _social(dice):
    return {"type": "mention", "text": _text(dice, 34), "attributes": {"likes": dice.randrange(99), "language": "en"}}


USUAL = {"customer_id": f"c-{CUSTOMER}", "email": f"customer.{CUSTOMER}@mail.example"}
CHANNELS = {"web": _web, "email": _email, "call_centre": _call, "social": _social}


def templates(count=64, customer=USUAL):
    """JSON texts; the same ones whenever they are asked for, but for how they name their customer."""
    dice = random.Random(count)
    kinds = itertools.islice(itertools.cycle(CHANNELS.items()), count)
    return [_template(channel, customer, members(dice)) for channel, members in kinds]


def _template(channel, customer, members):
    return json.dumps(
        {"id": ID, "channel": channel, "time": TIME, "customer": customer, **members}, separators=(",", ":")
    )


def write_templates(path):
    """One a line, for the generators that are not Python."""
    Path(path).write_text("".join(f"{template}\n" for template in templates()))


def events(count, customers, first=0, customer=USUAL):
    """So many events, numbered from `first`, for so many customers by turns; a millisecond apart, the last one now."""
    made = templates(customer=customer)
    begin = datetime.now(UTC) - timedelta(milliseconds=count)
    for number in range(count):
        moment = (begin + timedelta(milliseconds=number)).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        text = made[number % len(made)].replace(ID, f"{first + number:012}").replace(TIME, moment)
        yield text.replace(CUSTOMER, f"{number % customers:08}")


def requests(count, customers, size, first=0):
    """The same as POSTs for a socket."""
    return posts(events(count, customers, first), size)


def posts(texts, size):
    """Each an array of `size` of them, as bytes."""
    left = iter(texts)
    while batch := list(itertools.islice(left, size)):
        body = f"[{','.join(batch)}]".encode()
        yield (
            b"POST /v1/events HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
            b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
        )

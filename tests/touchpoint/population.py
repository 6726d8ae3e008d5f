"""People that are made up, with all that makes it hard to tell one from another, and the events that they leave behind.
Each event stands beside the person who caused it: the truth, by which whoever joins the events is judged.

What is particular about an event is named as its causes: "shared phone", "typing error" and so on, so that an error can
be traced to what led to it. Everything follows from the seed. Only random() is asked, and whole numbers come from that,
so that each Python makes the same people."""

import math
import random
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

START = datetime(2024, 1, 1, tzinfo=UTC)
DAY, YEAR = 86400, 365 * 86400

# Rates of what a person does are a year, times how active that person is. They are estimates, on the harsh side.
RATES = {
    "days": (730, "how long it goes on"),
    "account": (0.6, "has a customer_id"),
    "second_email": (0.25, "gets a second address some day; the first is still used now and then"),
    "third_email": (0.06, "and a third"),
    "no_email": (0.08, "has told no address"),
    "phone": (0.8, "has told a number"),
    "phone_changed": (0.06, "gets another number"),
    "phone_recycled": (0.5, "a number that was given up is another's 90 days later or after that"),
    "email_recycled": (0.002, "an address is given up, and is another's a year later"),
    "device": (0.45, "has a second device; and of those so many a third, a fourth"),
    "cookie_cleared": (1.0, "the cookie of a device is another from now on, each device"),
    "couple": (0.4, "lives with another of these people"),
    "shares_phone": (0.25, "a couple has one number that both call from"),
    "shares_device": (0.3, "a couple has a device that both use"),
    "shares_email": (0.03, "a couple has one address: the only one of the one, an old one of the other"),
    "company": (0.05, "works where calls show the company's number"),
    "company_people": (250, "in one company, at most"),
    "calls_from_work": (0.5, "of the calls of those"),
    "kiosk": (0.05, "uses a kiosk in a shop"),
    "kiosk_people": (300, "at one kiosk, at most"),
    "visit": (4.0, "looks at the web site; nothing but a cookie"),
    "login": (2.5, "signs in: customer_id and cookie"),
    "login_by_email": (0.5, "of the logins name the address too"),
    "newsletter": (0.5, "is signed up, by typing the address, with a cookie"),
    "click": (2.5, "follows a link of the newsletter: email and cookie"),
    "mail": (1.0, "writes an email"),
    "call": (1.0, "calls"),
    "call_known": (0.4, "of the calls of those with an account name the customer_id, from the CRM"),
    "order": (0.8, "orders: email and phone, with a cookie"),
    "order_signed_in": (0.7, "of the orders of those with an account name the customer_id; nothing is typed then"),
    "handle": (0.2, "is on social media"),
    "mention": (1.5, "says something there"),
    "mention_tied": (0.05, "of those name the email too"),
    "kiosk_use": (1.5, "of those who use one"),
    "kiosk_named": (0.4, "of these name the customer_id, or else the email"),
    "typing_error": (0.015, "of the addresses and numbers that are typed"),
    "error_is_anothers": (0.03, "of these errors are the value of somebody else"),
    "written_otherwise": (0.05, "of the addresses and numbers are written with capitals, or with spaces"),
    "bad_value": (0.005, "of the events have a value that names nobody, as an integration sends it"),
    "constant_days": (3, "so long each of CONSTANTS is sent for everybody"),
}

OCCASIONS = ("visit", "login", "click", "mail", "call", "order", "mention", "kiosk_use")
NO_BROKEN_INTEGRATION = {"bad_value": 0, "constant_days": 0}

CAUSES = (
    "shared phone",
    "shared device",
    "shared email",
    "company number",
    "kiosk",
    "recycled phone",
    "recycled email",
    "typing error",
    "another's value",
    "bad value",
    "constant value",
)
BAD_VALUES = (
    ("customer_id", "null"),
    ("customer_id", "0"),
    ("customer_id", "test"),
    ("anonymous_id", "undefined"),
    ("anonymous_id", "unknown"),
    ("email", "unknown@unknown.example"),
    ("email", "test@test.example"),
    ("phone", "+4915112345678"),
)
# Of a channel, for a few days: the default of a CRM, a cookie made by the server once, the exchange's own number.
CONSTANTS = (
    ("call_centre", "customer_id", "100000"),
    ("web", "anonymous_id", "00c0ffee-000001"),
    ("call_centre", "phone", "+493020000000"),
    ("email", "email", "newsletter@shop.example"),
)

# Strongest first, as identity.types has them.
TYPES = ("customer_id", "email", "phone", "anonymous_id", "x", "facebook", "instagram")
_NAMES = (
    "ann",
    "bob",
    "carla",
    "david",
    "emma",
    "felix",
    "gina",
    "hugo",
    "ida",
    "jonas",
    "klara",
    "leon",
    "mia",
    "nils",
)
_SURNAMES = ("adler", "berger", "conrad", "dietz", "ebert", "fischer", "graf", "huber", "jung", "kramer", "lorenz")
_PROVIDERS = ("mail.example", "post.example", "web.example")


def seldom(factor):
    """Rates of people who do so much less, of everything."""
    return {name: factor * RATES[name][0] for name in OCCASIONS}


class Happening(NamedTuple):
    event: dict
    """As it would be posted."""
    person: int
    """Whose it is in truth."""
    causes: tuple
    """What is particular about it, of CAUSES."""


class Held(NamedTuple):
    """A value that is somebody's for some time, in seconds since the start."""

    value: str
    since: float = 0
    until: float = math.inf
    cause: str | None = None


class Device:
    def __init__(self, cookies, cause=None):
        self.cookies = [Held(value, since, cause=cause) for since, value in cookies]

    def cookie(self, at):
        return [held for held in self.cookies if held.since <= at][-1]


class Person:
    def __init__(self, number):
        self.number = number
        self.activity = 1
        self.customer_id = self.handle = self.trunk = self.kiosk = None
        self.emails, self.phones, self.devices = [], [], []


def identifiers(event):
    """Its (type, canonical value), the strongest first."""
    customer = event["customer"]
    return [(kind, _canonical(kind, customer[kind])) for kind in TYPES if kind in customer]


def _canonical(kind, value):
    if kind == "phone":
        return value.replace(" ", "")
    return value.lower() if kind == "email" else value


def owners(happenings):
    """{identifier: the people who used it}"""
    found = {}
    for happening in happenings:
        for identifier in identifiers(happening.event):
            found.setdefault(identifier, set()).add(happening.person)
    return found


class Population:
    """`rates`: such of RATES as are to be otherwise. `happenings` is in the order of time."""

    def __init__(self, people=10_000, seed=1, **rates):
        assert rates.keys() <= RATES.keys(), rates
        self.seed = seed
        self.rates = {name: value for name, (value, _) in RATES.items()} | rates
        self._random = random.Random(seed).random
        self._span = self.rates["days"] * DAY
        self._numbers = 0
        self.people = [self._person(number) for number in range(people)]
        self._pair_up()
        self._crowd("company", lambda: Held(self._new_phone("30"), cause="company number"), "trunk")
        self._crowd("kiosk", lambda: Device([(0, self._new_cookie())], "kiosk"), "kiosk")
        for person in self.people:
            self._give_up(person)
        self.happenings = self._all_happenings()

    def __repr__(self):
        return f"<population seed={self.seed}: {len(self.people)} people, {len(self.happenings)} events>"

    # --- dice

    def _below(self, number):
        return int(self._random() * number)

    def _pick(self, values):
        return values[self._below(len(values))]

    def _chance(self, name):
        return self._random() < self.rates[name]

    def _moments(self, yearly):
        """Any times, so many a year on average."""
        many = int(self._random() * 2 * yearly * self._span / YEAR + self._random())
        return [self._random() * self._span for _ in range(many)]

    # --- who there is

    def _person(self, number):
        person = Person(number)
        person.activity = self._pick((0.4, 0.7, 1, 1, 1.2, 2))
        if self._chance("account"):
            person.customer_id = f"C{100001 + number}"
        if not self._chance("no_email"):
            person.emails = [Held(self._new_email(person))]
            for name in ("second_email", "third_email"):
                if self._chance(name):
                    person.emails.append(Held(self._new_email(person), self._random() * self._span))
        if self._chance("phone"):
            person.phones = [Held(self._new_phone("151"))]
        person.devices = [self._new_device()]
        while self._chance("device"):
            person.devices.append(self._new_device())
        if self._chance("handle"):
            person.handle = self._pick(TYPES[4:]), f"{self._pick(_NAMES)}{number}"
        return person

    def _new_email(self, person):
        """Numbers in it are the person's, so that a wrong letter is nobody else's by accident."""
        self._numbers += 1
        name = f"{self._pick(_NAMES)}.{self._pick(_SURNAMES)}.{person.number}.{self._numbers}"
        return f"{name}@{self._pick(_PROVIDERS)}"

    def _new_phone(self, area):
        """All end in 0; an error of typing makes it 1, and so nobody else's by accident."""
        self._numbers += 1
        return f"+49{area}{10_000_000 + 20 * self._numbers}"

    def _new_cookie(self):
        return f"{self._below(2**32):08x}-{self._below(2**24):06x}"

    def _new_device(self, cause=None):
        since = [0, *sorted(self._moments(self.rates["cookie_cleared"]))]
        return Device([(moment, self._new_cookie()) for moment in since], cause)

    # --- what they share

    def _pair_up(self):
        for one, other in zip(self.people[::2], self.people[1::2], strict=False):
            if not self._chance("couple"):
                continue
            if self._chance("shares_phone"):
                phone = Held(self._new_phone("30"), cause="shared phone")
                one.phones.insert(0, phone)
                other.phones.insert(0, phone)
            if self._chance("shares_device"):
                device = self._new_device("shared device")
                one.devices.append(device)
                other.devices.append(device)
            if self._chance("shares_email"):
                email = Held(self._new_email(one), cause="shared email")
                one.emails.insert(0, email)
                other.emails = [email]

    def _crowd(self, name, new, attribute):
        """Many who have one thing in common."""
        members = [person for person in self.people if self._chance(name)]
        most, thing = self.rates[name + "_people"], None
        for at in range(len(members)):
            person = members[at]
            if at % most == 0:
                thing = new()
            setattr(person, attribute, thing)

    def _give_up(self, person):
        """Numbers and addresses that are another's afterwards."""
        for at, held in enumerate(person.phones):
            moment = next(iter(self._moments(self.rates["phone_changed"])), None)
            if held.cause or held.since or moment is None:
                continue
            person.phones[at] = held._replace(until=moment)
            person.phones.append(Held(self._new_phone("151"), moment))
            if self._chance("phone_recycled"):
                again = moment + (90 + self._below(180)) * DAY
                self._pick(self.people).phones.append(Held(held.value, again, cause="recycled phone"))
        for at, held in enumerate(person.emails):
            if not held.cause and not held.since and self._chance("email_recycled"):
                moment = self._random() * self._span / 3
                person.emails[at] = held._replace(until=moment)
                again = Held(held.value, moment + YEAR, cause="recycled email")
                self._pick(self.people).emails.append(again)

    # --- what they do

    def _all_happenings(self):
        found = [(at, person.number, kind) for person in self.people for at, kind in self._occasions(person)]
        found.sort()
        made = [self._happening(at, self.people[number], kind) for at, number, kind in found]
        made = [self._spoilt(at, one) for at, one in enumerate(made) if one]
        return self._with_constants(made)

    def _occasions(self, person):
        able = {
            "visit": True,
            "login": person.customer_id,
            "click": person.emails,
            "mail": person.emails,
            "call": person.phones or person.trunk,
            "order": person.emails,
            "mention": person.handle,
            "kiosk_use": person.kiosk,
        }
        subscribed = self._chance("newsletter")
        if person.emails and subscribed:
            yield self._random() * self._span, "sign_up"
        for kind, can in able.items():
            if can and (kind != "click" or subscribed):
                yield from ((at, kind) for at in self._moments(self.rates[kind] * person.activity))

    def _happening(self, at, person, kind):
        """None when the person has nothing to do it with at that time."""
        channel, type, values = getattr(self, "_" + kind)(person, at)
        values = {kind: held for kind, held in values.items() if held}
        if not values:
            return None
        customer = {kind: self._written(kind, held.value) for kind, held in values.items()}
        causes = {held.cause for held in values.values() if held.cause}
        time = (START + timedelta(milliseconds=int(at * 1000))).isoformat(timespec="milliseconds")
        event = {"channel": channel, "type": type, "time": time.replace("+00:00", "Z"), "customer": customer}
        return Happening(event, person.number, tuple(sorted(causes)))

    def _visit(self, person, at):
        return "web", "page.viewed", {"anonymous_id": self._cookie(person, at)}

    def _login(self, person, at):
        values = {"customer_id": Held(person.customer_id), "anonymous_id": self._cookie(person, at)}
        if self._chance("login_by_email"):
            values["email"] = self._one_of(person.emails, at)
        return "web", "user.signed_in", values

    def _sign_up(self, person, at):
        email = self._typed("email", self._one_of(person.emails, at))
        return "web", "newsletter.signed_up", {"email": email, "anonymous_id": self._cookie(person, at)}

    def _click(self, person, at):
        values = {"email": self._one_of(person.emails, at), "anonymous_id": self._cookie(person, at)}
        return "email", "mail.clicked", values if values["email"] else {}

    def _mail(self, person, at):
        return "email", "mail.received", {"email": self._one_of(person.emails, at)}

    def _call(self, person, at):
        phone = self._one_of(person.phones, at)
        if person.trunk and (self._chance("calls_from_work") or not phone):
            phone = person.trunk
        known = person.customer_id and self._chance("call_known")
        return "call_centre", "call.ended", {"phone": phone, "customer_id": Held(person.customer_id) if known else None}

    def _order(self, person, at):
        values = {"email": self._one_of(person.emails, at), "phone": self._one_of(person.phones, at)}
        if person.customer_id and self._chance("order_signed_in"):
            values["customer_id"] = Held(person.customer_id)
        else:
            values = {kind: self._typed(kind, held) for kind, held in values.items()}
        return "web", "order.placed", values | {"anonymous_id": self._cookie(person, at)}

    def _mention(self, person, at):
        kind, value = person.handle
        tied = self._one_of(person.emails, at) if self._chance("mention_tied") else None
        return "social", "mention", {kind: Held(value), "email": tied}

    def _kiosk_use(self, person, at):
        values = {"anonymous_id": person.kiosk.cookie(at)}
        if self._chance("kiosk_named"):
            if person.customer_id:
                values["customer_id"] = Held(person.customer_id)
            else:
                values["email"] = self._one_of(person.emails, at)
        return "in_person", "kiosk.used", values

    def _cookie(self, person, at):
        return self._pick(person.devices).cookie(at)

    def _one_of(self, values, at):
        """The newest that is theirs then; an older one now and then."""
        now = [held for held in values if held.since <= at < held.until]
        if not now:
            return None
        return now[-1] if self._random() < 0.8 else self._pick(now)

    def _typed(self, kind, held):
        if not held or not self._chance("typing_error"):
            return held
        if self._chance("error_is_anothers"):
            other = self._pick(self.people)
            values = other.emails if kind == "email" else other.phones
            return Held(values[0].value, cause="another's value") if values else held
        at = 1 + self._below(2)
        value = held.value[:at] + held.value[at + 1 :] if kind == "email" else held.value[:-1] + "1"
        return Held(value, cause="typing error")

    def _written(self, kind, value):
        if kind not in ("email", "phone") or not self._chance("written_otherwise"):
            return value
        return value.title() if kind == "email" else f"{value[:3]} {value[3:6]} {value[6:]}"

    # --- integrations that send what they should not

    def _spoilt(self, number, happening):
        event = happening.event | {"id": f"p{self.seed}-{number}"}
        happening = happening._replace(event=event)
        if not self._chance("bad_value"):
            return happening
        kind, value = self._pick(BAD_VALUES)
        if list(event["customer"]) == [kind]:
            return happening
        return _put(happening, kind, value, "bad value")

    def _with_constants(self, happenings):
        for channel, kind, value in CONSTANTS:
            begin = (0.2 + 0.6 * self._random()) * self._span
            first, last = (
                (START + timedelta(seconds=begin + days * DAY)).isoformat() for days in (0, self.rates["constant_days"])
            )
            happenings = [
                _put(one, kind, value, "constant value")
                if one.event["channel"] == channel and first <= one.event["time"] < last
                else one
                for one in happenings
            ]
        return happenings


def _put(happening, kind, value, cause):
    customer = happening.event["customer"] | {kind: value}
    causes = tuple(sorted({*happening.causes, cause}))
    return happening._replace(event=happening.event | {"customer": customer}, causes=causes)

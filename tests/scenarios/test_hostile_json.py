"""JSON that some readers choke on, and sizes at and over each limit: each is taken, or refused alone and by name."""

import pytest

from touchpoint.front import as_bytes, error_of, event, recorded

DEEPEST = 32


def with_member(member):
    """An event with one more member, written as it stands here."""
    return as_bytes(event(id="e"))[:-1] + b', "attributes": {"a": ' + member + b"}}"


def nested(depth):
    """Lists within lists, so that the event is so deep."""
    return with_member(b"[" * (depth - 2) + b"]" * (depth - 2))


def members(count):
    return as_bytes(event(attributes={f"a{number}": number for number in range(count)}))


def addresses(count):
    return as_bytes(event(customer={"email": [f"a{number}@example.com" for number in range(count)]}))


def text(size):
    return as_bytes(event(text="a" * size))


TAKEN = {
    "minus zero": with_member(b"-0"),
    "minus zero, a real": with_member(b"-0.0e-0"),
    "the largest integer": with_member(b"9223372036854775807"),
    "the largest real": with_member(b"1.7976931348623157e308"),
    "less than the smallest real": with_member(b"1e-999"),
    "a surrogate pair": with_member(b'"\\ud83d\\ude00"'),
    "as deep as may be": nested(DEEPEST),
    "as many attributes as may be": members(256),
    "as many identifiers as may be": addresses(32),
}

REFUSED = {
    "one level deeper": ("too_deep", nested(DEEPEST + 1)),
    "very deep": ("too_deep", with_member(b"[" * 100_000 + b"]" * 100_000)),
    "one attribute more": ("too_many", members(257)),
    "one identifier more": ("too_many", addresses(33)),
    "an integer of 21 digits": ("out_of_range", with_member(b"123456789012345678901")),
    "a real beyond reals": ("out_of_range", with_member(b"1e999")),
    "one beyond them below": ("out_of_range", with_member(b"-1e999")),
    "no number": ("invalid_json", with_member(b"NaN")),
    "a number with a plus": ("invalid_json", with_member(b"+1")),
    "a number with a leading zero": ("invalid_json", with_member(b"01")),
    "a lone high surrogate": ("invalid_json", with_member(b'"\\ud800"')),
    "a lone low surrogate": ("invalid_json", with_member(b'"\\udc00"')),
    "an escaped NUL": ("invalid_value", with_member(b'"\\u0000"')),
    "a NUL": ("invalid_json", with_member(b'"\0"')),
    "a NUL between members": ("invalid_json", with_member(b"1,\0")),
    "a control character": ("invalid_json", with_member(b'"\x01"')),
    "a byte that is never UTF-8": ("invalid_utf8", with_member(b'"\xff"')),
    "an overlong slash": ("invalid_utf8", with_member(b'"\xc0\xaf"')),
    "a surrogate in UTF-8": ("invalid_utf8", with_member(b'"\xed\xa0\x80"')),
    "beyond Unicode": ("invalid_utf8", with_member(b'"\xf4\x90\x80\x80"')),
    "a character cut short": ("invalid_utf8", with_member(b'"\xe2\x82"')),
    "a duplicate member": ("duplicate_member", with_member(b'1}, "type": "again", "issue": {"id": "i"')),
    "a duplicate within": ("duplicate_member", with_member(b'{"b": 1, "b": 2}')),
    "a duplicate by its escape": ("duplicate_member", with_member(b'{"b": 1, "\\u0062": 2}')),
}


def in_a_batch(daemon, element):
    """What becomes of it between two that are as they should be."""
    reply = daemon.post(b"[" + as_bytes(event()) + b"," + element + b"," + as_bytes(event()) + b"]")
    assert reply.status == 202
    first, told, last = reply.json["events"]
    assert first["status"] == last["status"] == "accepted"
    return told


def test_what_is_odd_and_sound_is_taken(front):
    daemon = front()
    for name, element in TAKEN.items():
        assert in_a_batch(daemon, element)["status"] == "accepted", name


def test_what_is_not_is_refused_alone(front):
    daemon = front()
    for name, (code, element) in REFUSED.items():
        told = in_a_batch(daemon, element)
        assert told["status"] == "rejected", name
        assert told["error"]["code"] == code, name
        alone = daemon.post(element)
        assert alone.status in (400, 422), name


WHOLES = {
    "lists without end": (400, b"[" * 1_000_000),
    "objects without end": (400, b'{"a":' * 1_000_000),
    "a list of too many": (413, b"[{}" + b",{}" * 200_000 + b"]"),
    "lines of too many": (400, b"[\n" * 200_000),
}


@pytest.mark.parametrize("whole", WHOLES)
def test_a_whole_of_nothing_but_brackets_is_refused(front, whole):
    daemon = front()
    status, content = WHOLES[whole]
    reply = daemon.post(content)
    assert reply.status == status
    error_of(reply)
    assert recorded(daemon) == 0
    assert daemon.post(event()).status == 202

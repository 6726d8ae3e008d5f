"""What scenarios about interactions say again and again: send these and wait, so long ago, and: is this record what the
interface promises of one?"""

import re
from datetime import UTC, datetime, timedelta

UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z")

HEADERS = {"ce_specversion", "ce_id", "ce_source", "ce_type", "ce_time", "content-type"} | {
    "tp_node",
    "tp_record",
    "tp_content",
}
CONTEXT = {"sequence", "previous", "gap_s", "channel_switch", "counts"}


def ago(**units):
    """The time so long ago, as it is forwarded: ago(hours=2, milliseconds=5)."""
    moment = datetime.now(UTC).replace(microsecond=0) - timedelta(**units)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def seconds_between(earlier, later):
    return (datetime.fromisoformat(later) - datetime.fromisoformat(earlier)).total_seconds()


def send(daemon, *events, **query):
    """Posts them as one array, waits until all are delivered, and answers the enriched ones, in order."""
    response = daemon.post(list(events), wait=20, **query)
    assert response.status == 200, response.body
    assert response.json["rejected"] == 0
    return [element["event"] for element in response.json["events"]]


def ids(events):
    return [event["id"] for event in events]


def check_record(record):
    """A record of touchpoint.interactions, by itself: key, headers and the form of its value."""
    event, headers = record.value, record.headers
    assert record.key == event["customer"]["id"]
    assert set(headers) == HEADERS
    assert headers["ce_specversion"] == "1.0"
    assert headers["content-type"] == "application/json"
    assert (headers["ce_id"], headers["ce_source"]) == (event_id(event), event["source"])
    assert (headers["ce_type"], headers["ce_time"]) == (event["type"], event["time"])
    assert UUID.fullmatch(headers["tp_node"])
    assert int(headers["tp_record"]) > 0
    check_forwarded(event)


def event_id(event):
    """What consumers tell it by: each version is an event of its own."""
    return f"{event['id']};version={event['version']}" if "version" in event else event["id"]


def check_forwarded(event):
    """What the interface says of every interaction that is forwarded."""
    assert event["schema"] == 1
    assert event["channel"]
    assert UUID.fullmatch(event["customer"]["id"])
    assert set(event["customer"]) - {"change"} == {"id", "identifiers"}
    assert event["customer"]["identifiers"]
    assert all(set(identifier) == {"type", "value"} for identifier in event["customer"]["identifiers"])
    assert TIME.fullmatch(event["time"])
    assert TIME.fullmatch(event["received_at"])
    check_context(event, event["context"])


def check_context(event, context):
    assert set(context) == CONTEXT
    assert context["sequence"] >= 1
    assert sum(context["counts"].values()) == context["sequence"]
    assert context["counts"][event["channel"]] >= 1
    previous = context["previous"]
    if context["sequence"] == 1:
        assert (previous, context["gap_s"], context["channel_switch"]) == (None, None, False)
    else:
        assert set(previous) == {"id", "channel", "type", "time"}
        assert context["gap_s"] == seconds_between(previous["time"], event["time"])
        assert context["channel_switch"] == (previous["channel"] != event["channel"])


def check_sequence(events):
    """Interactions of one customer, by sequence: none missing, and each names the one before."""
    in_order = sorted(events, key=lambda event: event["context"]["sequence"])
    assert [event["context"]["sequence"] for event in in_order] == list(range(1, len(events) + 1))
    for earlier, later in zip([None, *in_order], in_order, strict=False):
        previous = later["context"]["previous"]
        assert previous == (earlier and {name: earlier[name] for name in ("id", "channel", "type", "time")})

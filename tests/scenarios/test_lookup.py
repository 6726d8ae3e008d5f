"""A customer is found by any identifier, however it is written; and what is known of one is told."""

from touchpoint.front import event
from touchpoint.story import UUID, ago, send

IDENTIFIERS = {
    "email": "Ann.Smith@Example.COM",
    "phone": "07400 123456",
    "customer_id": "K-4711",
    "anonymous_id": "7f1c",
    "x": "@Ann_Writes",
    "whatsapp": "447400123456",
}

SPELLINGS = [
    {"email": "ann.smith@example.com"},
    {"email": "  ANN.SMITH@EXAMPLE.COM "},
    {"phone": "+447400123456"},
    {"phone": "07400123456"},
    {"phone": "+44 (0) 7400-123456"},
    {"phone": "0044 7400 123 456"},
    {"customer_id": " K-4711"},
    {"anonymous_id": "7f1c"},
    {"x": "ann_writes"},
    {"x": "@ANN_WRITES"},
    {"whatsapp": "+44 7400 123456"},
]

STRANGERS = [
    {"email": "ann@example.com"},
    {"phone": "+447400123457"},
    {"customer_id": "k-4711"},
    {"anonymous_id": "7F1C"},
    {"instagram": "ann_writes"},
    {"customer_id": "+447400123456"},
]


def test_any_identifier_finds_the_customer_however_written(touchpointd):
    daemon = touchpointd({"normalize.region": "GB"})
    customer = send(daemon, event(customer=IDENTIFIERS))[0]["customer"]["id"]
    for spelling in SPELLINGS:
        reply = daemon.get("/v1/customers", **spelling)
        assert (reply.status, reply.json) == (200, {"customers": [{"id": customer}]}), spelling
    for stranger in STRANGERS:
        reply = daemon.get("/v1/customers", **stranger)
        assert (reply.status, reply.json) == (200, {"customers": []}), stranger


def attached(event, type, value):
    origin = {"first_seen": event["received_at"], "source": event["source"], "event": event["id"]}
    return {"type": type, "value": value} | origin


def test_what_is_known_of_a_customer(touchpointd):
    daemon = touchpointd()
    times = [ago(days=2), ago(days=1), ago(hours=1)]
    first, second, _ = send(
        daemon,
        event(id="w-1", time=times[0], customer={"anonymous_id": "7f1c"}),
        event(id="w-2", time=times[1], customer={"anonymous_id": "7f1c", "email": "Ann@example.com"}),
        event(id="c-1", time=times[2], channel="call_centre", type="call.ended"),
    )
    customer = first["customer"]["id"]
    reply = daemon.get(f"/v1/customers/{customer}")
    assert reply.status == 200
    assert reply.json == {
        "id": customer,
        "identifiers": [
            attached(first, "anonymous_id", "7f1c"),
            attached(second, "email", "ann@example.com"),
        ],
        "interactions": 3,
        "counts": {"call_centre": 1, "web": 2},
        "first_seen": times[0],
        "last_seen": times[2],
        "last": {"id": "c-1", "channel": "call_centre", "type": "call.ended", "time": times[2]},
    }


NOBODY = ["0190a000-0000-7000-8000-000000000000", "nobody", "0190A000-0000-7000-8000-000000000000", "a%20b", "%C3%A9"]


def test_nobody_is_404(touchpointd):
    """Also when the timeline is asked for, whatever the query."""
    daemon = touchpointd()
    send(daemon, event())
    for customer in NOBODY:
        for path in ("", "/timeline", "/timeline?order=asc&limit=1", "/timeline?channel=web"):
            reply = daemon.get(f"/v1/customers/{customer}{path}")
            assert reply.status == 404, (customer, path)
            assert reply.json["error"]["code"] == "not_found"
            assert reply.json["error"]["message"]


BAD_QUERIES = [
    {},
    {"email": "ann@example.com", "phone": "+447400123456"},
    {"colour": "blue"},
    {"email": "nobody"},
    {"email": ""},
    {"phone": "07400 123456"},
    {"email": "a\x00nn@example.com"},
    {"email": b"\xff@example.com"},
]


def test_a_look_up_that_is_none_says_what_was_expected(touchpointd):
    """The phone number is national, and no region is configured."""
    daemon = touchpointd()
    for query in BAD_QUERIES:
        reply = daemon.get("/v1/customers", **query)
        assert reply.status == 400, query
        assert reply.json["error"]["message"], query


def test_head_is_get_without_a_body(touchpointd):
    daemon = touchpointd()
    customer = send(daemon, event())[0]["customer"]["id"]
    assert UUID.fullmatch(customer)
    with daemon.client() as client:
        for path in (f"/v1/customers/{customer}", f"/v1/customers/{customer}/timeline"):
            get, head = client.get(path), client.request("HEAD", path)
            assert (head.status, head.body) == (200, b"")
            assert head.headers["Content-Length"] == get.headers["Content-Length"]

"""Segment's HTTP API by itself: who may send, what is taken and what is answered. Its libraries drop what is answered
400, and send again what is answered 5xx."""

import gzip
import itertools
import json

import pytest

from touchpoint.front import request
from touchpoint.segment import KEY, OK, SETTINGS, basic, source, track
from touchpoint.story import ago, seconds_between
from touchpoint.wait import until

LONG = ["track", "identify", "page", "screen", "group", "alias"]
SHORT = [path[0] for path in LONG]
TYPES = {"track": "track.signed_in", "page": "page.viewed", "screen": "screen.viewed"}
JOURNAL = "touchpoint_journal_records_total"
ROOM = {"journal.segment_size": "16MiB", "journal.queue_size": "16MiB"}

_numbers = itertools.count(1)


@pytest.fixture
def taking(front, tmp_path):
    """What ends at the journal."""
    return front(SETTINGS, config=source(tmp_path))


@pytest.fixture
def whole(touchpointd, tmp_path):
    return touchpointd(SETTINGS, config=source(tmp_path))


def post(daemon, content, path="/v1/track", headers=None):
    return daemon.post(content, path, basic() | (headers or {}))


def events_of(daemon, number, **identifier):
    def there():
        customer = daemon.find(**identifier)
        events = daemon.timeline(customer, order="asc") if customer else None
        return (events,) if events is not None and len(events) >= number else None

    (events,) = until(there, 20, f"{number} of {identifier} are in the timeline")
    return events


# ---- who may send ----


@pytest.mark.parametrize(
    ("headers", "member"),
    [(basic(), {}), ({"Authorization": f"Bearer {KEY}"}, {}), ({}, {"writeKey": KEY})],
    ids=["basic", "bearer", "body"],
)
def test_a_write_key_is_shown_in_three_ways(taking, headers, member):
    reply = taking.post(track() | member, "/v1/track", headers)
    assert (reply.status, reply.body) == (200, OK)
    assert reply.headers["Content-Type"] == "application/json"
    assert taking.metrics()[JOURNAL] == 1


@pytest.mark.parametrize(
    ("headers", "member"),
    [
        ({}, {}),
        (basic("another"), {}),
        (basic("another"), {"writeKey": KEY}),
        ({"Authorization": "Basic"}, {}),
        ({}, {"writeKey": "another"}),
        ({}, {"writeKey": [KEY]}),
    ],
)
def test_without_a_write_key_nothing_is_kept(taking, headers, member):
    reply = taking.post(track() | member, "/v1/track", headers)
    assert (reply.status, reply.json["error"]["code"]) == (401, "unauthorized")
    metrics = taking.metrics()
    assert metrics[JOURNAL] == 0
    assert metrics["touchpoint_segment_unknown_keys_total"] == 1
    assert "another" not in taking.process.log_text()


def test_two_headers_are_nobodys(taking):
    shown = f"Authorization: {basic()['Authorization']}"
    body = json.dumps(track()).encode()
    with taking.connect() as connection:
        connection.send(request("POST /v1/track", shown, shown, f"Content-Length: {len(body)}", body=body))
        assert connection.reply().status == 400
    assert taking.metrics()[JOURNAL] == 0


def test_the_key_of_an_application_is_no_write_key(front, tmp_path):
    (tmp_path / "key").write_text("k" * 32)
    config = source(tmp_path) + f'key "crm" {{ file = "{tmp_path}/key"  scopes = {{"write"}} }}'
    daemon = front(SETTINGS, config=config)
    assert daemon.post(track(), "/v1/track", {"Authorization": f"Bearer {'k' * 32}"}).status == 401
    assert post(daemon, track()).status == 200


def test_each_source_has_keys_of_its_own(touchpointd, tmp_path):
    (tmp_path / "old").write_text("the old key of the app")
    (tmp_path / "new").write_text("the new key of the app")
    secrets = f'secret = {{"file:{tmp_path}/old", "file:{tmp_path}/new"}}'
    app = f'source "app" {{ kind = "segment"  {secrets} }}'
    daemon = touchpointd(SETTINGS, config=source(tmp_path) + app)
    for key in (KEY, "the old key of the app", "the new key of the app"):
        assert daemon.post(track(key), "/v1/track", basic(key)).status == 200
    sources = {event["subject"]: event["source"] for event in events_of(daemon, 3, customer_id="4711")}
    assert sources == {KEY: "shop", "the old key of the app": "app", "the new key of the app": "app"}


# ---- what is taken ----


def test_what_a_path_says(whole):
    """The path says what it is, whatever the message says; libraries for pages know the short ones."""
    for path in LONG + SHORT:
        content = {"type": "track", "userId": f"by-{path}", "event": "Signed In", "previousId": f"before-{path}"}
        assert post(whole, content, f"/v1/{path}").body == OK
    for path, short in zip(LONG, SHORT, strict=True):
        for one in (path, short):
            expected = [TYPES[path]] if path in TYPES else []
            assert [event["type"] for event in events_of(whole, len(expected), customer_id=f"by-{one}")] == expected
    for path in ("alias", "a"):
        until(lambda path=path: whole.find(anonymous_id=f"before-{path}"), 20, "an alias is known")


@pytest.mark.parametrize("path", ["/v1/batch", "/v1/b"])
def test_a_batch_with_its_context(whole, path):
    batch = [track("One Done", context={"app": {"version": "2"}}), {"type": "page", "userId": "4711"}]
    content = {"batch": batch, "context": {"ip": "192.0.2.7", "app": {"name": "shop", "version": "1"}}}
    assert post(whole, content, path).body == OK
    contexts = {event["type"]: event["attributes"]["context"] for event in events_of(whole, 2, customer_id="4711")}
    assert contexts == {
        "track.one_done": {"ip": "192.0.2.7", "app": {"name": "shop", "version": "2"}},
        "page.viewed": {"ip": "192.0.2.7", "app": {"name": "shop", "version": "1"}},
    }


@pytest.mark.parametrize("type", ["application/json", "text/plain", "application/x-www-form-urlencoded", ""])
def test_a_body_is_json_whatever_it_says(taking, type):
    """RudderStack's library for Node says that it is a form; pages say that it is text, so as not to ask before."""
    body = gzip.compress(json.dumps({"batch": [track()]}).encode())
    assert post(taking, body, "/v1/batch", {"Content-Type": type, "Content-Encoding": "gzip"}).body == OK
    assert taking.metrics()['touchpoint_source_events_total{source="shop",status="accepted"}'] == 1


def test_what_is_sent_again_happened_once(whole):
    message = track(messageId="m-1", sentAt=ago(seconds=10))
    for sent_at in (ago(seconds=10), ago(seconds=1)):
        assert post(whole, message | {"sentAt": sent_at}).body == OK
    post(whole, track("Trial Ended", messageId="m-2"))
    assert [event["id"] for event in events_of(whole, 2, customer_id="4711")] == ["m-1", "m-2"]


def test_one_that_means_nothing_takes_no_other_with_it(whole, kafka, topics):
    nothing = [17, {"type": "identify", "traits": {"name": "Nobody"}}]
    odd = {"type": "track", "userId": 4711, "context": "none", "timestamp": 1e300, "event": "Odd", "messageId": "m-3"}
    batch = [track(messageId="m-1"), *nothing, track(messageId="m-2"), odd]
    assert post(whole, {"batch": batch}, "/v1/batch").body == OK
    assert [event["id"] for event in events_of(whole, 3, customer_id="4711")] == ["m-1", "m-2", "m-3"]
    refused = [record.value for record in kafka.records(topics.rejected, until=lambda them: len(them) == 2)]
    assert {record["source"] for record in refused} == {"shop"}


def test_a_text_that_was_cut_within_a_character_is_not_lost(whole):
    """As JavaScript cuts: "ha 😀".slice(0, 4)."""
    batch = [track(messageId="m-1", properties={"text": "ha \ud83d"}), track(messageId="m-2")]
    assert post(whole, json.dumps({"batch": batch}), "/v1/batch").body == OK
    first, _ = events_of(whole, 2, customer_id="4711")
    assert first["attributes"]["properties"] == {"text": "ha \ufffd"}


def test_a_batch_of_nothing(taking):
    assert post(taking, {"batch": []}, "/v1/batch").body == OK
    assert taking.metrics()[JOURNAL] == 0


# ---- limits ----


def padded(bytes):
    """A message of so many."""
    message = {**track(), "properties": {"text": ""}}
    message["properties"]["text"] = "x" * (bytes - len(json.dumps(message)))
    return message


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v1/track", lambda: padded(32 * 1024)),
        ("/v1/batch", lambda: {"batch": [padded(32 * 1024)] * 10}),
        ("/v1/batch", lambda: {"batch": [track()] * 2500}),
    ],
    ids=["event", "batch", "number"],
)
def test_as_much_as_segment_takes(front, tmp_path, path, content):
    daemon = front(SETTINGS | ROOM, config=source(tmp_path))
    assert post(daemon, content(), path).body == OK
    assert daemon.metrics()['touchpoint_source_requests_total{source="shop",result="unreadable"}'] == 0


@pytest.mark.parametrize(
    ("path", "content"),
    [
        ("/v1/track", lambda: padded(32 * 1024 + 1)),
        ("/v1/batch", lambda: {"batch": [track(), padded(33 * 1024)]}),
        ("/v1/batch", lambda: {"batch": [padded(31 * 1024)] * 17}),
        ("/v1/batch", lambda: {"batch": [track()] * 2501}),
        ("/v1/track", lambda: '{"event": '),
        ("/v1/track", lambda: "event=x"),
        ("/v1/track", lambda: "[]"),
        ("/v1/track", lambda: ""),
    ],
    ids=["event", "event-of-a-batch", "batch", "number", "broken", "form", "list", "nothing"],
)
def test_more_or_else_is_refused_as_a_whole(taking, path, content):
    reply = post(taking, content(), path)
    assert (reply.status, set(reply.json)) == (400, {"error"})
    assert taking.metrics()[JOURNAL] == 0


def test_no_room_is_told_so_that_it_is_sent_again(front, tmp_path):
    room = {"journal.segment_size": "1MiB", "journal.max_size": "2MiB", "normalize.max_event": "64KiB"}
    daemon = front(SETTINGS | room, config=source(tmp_path))

    def refused():
        reply = post(daemon, {"batch": [padded(32 * 1024)] * 10}, "/v1/batch")
        return reply if reply.status != 200 else None

    reply = until(refused, 20, "the journal is full", pause=0)
    assert (reply.status, reply.json["error"]["code"]) == (503, "no_room")
    assert int(reply.headers["Retry-After"]) > 0


# ---- clocks ----


def the_time_of(daemon, message):
    user = f"user-{next(_numbers)}"
    assert post(daemon, message | {"userId": user, "event": "Signed In"}).body == OK
    (event,) = events_of(daemon, 1, customer_id=user)
    return event


@pytest.mark.parametrize(
    "told",
    [
        {"context": {"library": {"name": "analytics.js", "version": "npm:next-1.84.3"}}},
        {"context": {"library": {"name": "analytics-kotlin"}}},
        {"context": {"library": {"name": "@segment/analytics-react-native"}}},
        {"context": {"library": {"name": "RudderLabs JavaScript SDK"}}},
        {"channel": "mobile"},
    ],
)
def test_the_clock_of_a_device_is_put_right(whole, told):
    """Here it is 30 days slow, and what it tells happened 100 seconds before it was sent."""
    event = the_time_of(whole, told | {"timestamp": ago(days=30, seconds=100), "sentAt": ago(days=30)})
    assert 90 < seconds_between(event["time"], event["received_at"]) < 110
    event = the_time_of(whole, told | {"originalTimestamp": ago(days=30, seconds=100), "sentAt": ago(days=30)})
    assert 90 < seconds_between(event["time"], event["received_at"]) < 110


@pytest.mark.parametrize(
    "told",
    [
        {"context": {"library": {"name": "analytics-python", "version": "2.4.0"}}},
        {"context": {"library": {"name": "@segment/analytics-node"}}},
        {"context": {"library": {"name": "a program of our own"}, "userAgent": "Mozilla/5.0"}},
        {"channel": "server", "context": {"library": {"name": "analytics.js"}}},
        {},
    ],
)
def test_the_clock_of_a_server_is_believed(whole, told):
    """So that history can be imported, however it is sent."""
    long_ago = ago(days=30, milliseconds=5)
    assert the_time_of(whole, told | {"timestamp": long_ago, "sentAt": ago(days=30)})["time"] == long_ago


def test_a_device_that_does_not_say_when_it_sends_is_believed(whole):
    long_ago = ago(days=30)
    message = {"channel": "mobile", "timestamp": long_ago}
    assert the_time_of(whole, message)["time"] == long_ago


# ---- pages ----

SHOP = {"Origin": "https://shop.example"}
ASKS = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,x-retry-count"}


def leave(reply):
    return {name: value for name, value in reply.headers.items() if name.startswith("Access-Control-")}


def ask(daemon, path, headers):
    with daemon.client() as client:
        return client.request("OPTIONS", path, headers=headers)


@pytest.fixture
def shop(front, tmp_path):
    origins = 'origins = "https://shop.example, https://www.shop.example"'
    return front(SETTINGS, config=source(tmp_path, settings=origins))


@pytest.mark.parametrize("path", ["/v1/t", "/v1/batch", "/v1/m", f"/v1/projects/{KEY}/settings"])
def test_a_page_asks_before_it_sends(shop, path):
    reply = ask(shop, path, SHOP | ASKS)
    assert (reply.status, reply.body, reply.headers["Vary"]) == (204, b"", "Origin")
    assert leave(reply) == {
        "Access-Control-Allow-Origin": "https://shop.example",
        "Access-Control-Allow-Credentials": "true",
        "Access-Control-Allow-Methods": "GET, POST",
        "Access-Control-Allow-Headers": "authorization,x-retry-count",
        "Access-Control-Max-Age": "7200",
    }


@pytest.mark.parametrize("origin", ["https://shop.example.evil.example", "http://shop.example", "null", ""])
def test_another_page_gets_no_leave(shop, origin):
    assert leave(ask(shop, "/v1/t", {"Origin": origin} | ASKS)) == {}
    reply = post(shop, track(), headers={"Origin": origin})
    assert leave(reply) == {}
    assert reply.status == (403 if origin else 200)
    assert shop.metrics()[JOURNAL] == (0 if origin else 1)


def test_a_page_may_read_what_is_answered(shop):
    """Refusals too: a library that may not read one takes it for a network that is down, and sends for ever."""
    mine = {"Access-Control-Allow-Origin": "https://shop.example", "Access-Control-Allow-Credentials": "true"}
    replies = [
        post(shop, track(), headers=SHOP),
        post(shop, "no JSON", headers=SHOP),
        shop.post(track(), "/v1/t", SHOP),
        shop.post({"series": []}, "/v1/m", SHOP),
        shop.get(f"/v1/projects/{KEY}/settings", SHOP),
        shop.get("/v1/projects/another/settings", SHOP),
    ]
    assert [reply.status for reply in replies] == [200, 400, 401, 200, 200, 404]
    assert all(leave(reply) == mine for reply in replies)


def test_any_page_is_welcome_where_that_is_said(front, tmp_path):
    daemon = front(SETTINGS, config=source(tmp_path, settings='origins = "*"'))
    reply = post(daemon, track(), headers={"Origin": "https://anything.example"})
    assert (reply.status, leave(reply)["Access-Control-Allow-Origin"]) == (200, "https://anything.example")


def test_a_page_is_told_where_to_send(front, tmp_path):
    daemon = front(SETTINGS, config=source(tmp_path))
    settings = daemon.get(f"/v1/projects/{KEY}/settings").json["integrations"]["Segment.io"]
    assert (settings["apiKey"], settings["apiHost"], settings["protocol"]) == (KEY, f"{daemon.address}/v1", "http")
    behind = front(SETTINGS | {"http.external_url": "https://touch.example/in"}, config=source(tmp_path))
    settings = behind.get(f"/v1/projects/{KEY}/settings").json["integrations"]["Segment.io"]
    assert (settings["apiHost"], settings["protocol"]) == ("touch.example/in/v1", "https")


def test_without_a_source_of_it_there_is_none(front):
    daemon = front(SETTINGS)
    assert post(daemon, track()).status == 401
    assert daemon.get(f"/v1/projects/{KEY}/settings").status == 404
    assert leave(ask(daemon, "/v1/t", SHOP | ASKS)) == {}

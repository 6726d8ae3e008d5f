"""What POST /v1/events answers: one verdict for each event, in order, with its index and id; and one error for what
cannot be taken apart into events."""

import json

import pytest

from touchpoint.front import error_of, event, recorded


def verdicts(reply):
    return [told["status"] for told in reply.json["events"]]


def test_each_event_has_its_verdict(front):
    reply = front().post([event(id="a"), {"channel": "web"}, event(), "b", event(id="e", colour="blue")])
    assert reply.status == 202
    body = reply.json
    assert (body["accepted"], body["rejected"]) == (2, 3)
    assert [told["index"] for told in body["events"]] == [0, 1, 2, 3, 4]
    assert verdicts(reply) == ["accepted", "rejected", "accepted", "rejected", "rejected"]
    assert body["events"][0]["id"] == "a", "an id sent is the id answered"
    assert len(body["events"][2]["id"]) == 36, "one that was not sent is made"
    assert body["events"][4]["id"] == "e"
    assert body["events"][4]["error"]["code"] == "unknown_member"
    assert body["events"][4]["error"]["path"] == "colour"
    assert "colour" in body["events"][4]["error"]["path"]
    for told in body["events"]:
        assert ("error" in told) == (told["status"] == "rejected")


def test_all_refused_is_422_with_the_same_body(front):
    reply = front().post([{"channel": "web"}, 1])
    assert reply.status == 422
    assert (reply.json["accepted"], reply.json["rejected"]) == (0, 2)
    assert verdicts(reply) == ["rejected", "rejected"]


def test_an_object_alone_is_a_batch_of_one(front):
    daemon = front()
    assert verdicts(daemon.post(event())) == ["accepted"]
    assert daemon.post(event(colour="blue")).status == 422


def test_lines_are_a_batch(front):
    lines = "".join(json.dumps(event(id=f"e{number}")) + "\n" for number in range(3)) + "not JSON\n\n"
    reply = front().post(lines, headers={"Content-Type": "application/x-ndjson"})
    assert verdicts(reply) == ["accepted", "accepted", "accepted", "rejected"]


BROKEN = {
    "nothing": ("", "invalid"),
    "blanks": (" \r\n ", "invalid"),
    "an empty array": ("[]", "invalid"),
    "an empty array with blanks": (" [ ] ", "invalid"),
    "an array without end": (json.dumps([event()])[:-1], "invalid_json"),
    "an object without end": (json.dumps(event())[:-1], "invalid_json"),
    "a missing comma": (json.dumps(event()).join(["[", "]"]).replace("]", json.dumps(event()) + "]"), "invalid_json"),
    "bytes behind the array": (json.dumps([event()]) + "x", "invalid_json"),
    "a number": ("42", "invalid_json"),
    "a string": ('"event"', "invalid_json"),
    "a form": ("channel=web&type=page.viewed", "invalid_json"),
}


@pytest.mark.parametrize("what", BROKEN)
def test_what_cannot_be_taken_apart_is_400_as_a_whole(what, front):
    daemon = front()
    body, code = BROKEN[what]
    reply = daemon.post(body)
    assert reply.status == 400
    assert error_of(reply)["code"] == code
    assert recorded(daemon) == 0


def test_depth_10000_is_a_refusal_of_that_event_alone(front):
    deep = json.dumps(event(id="deep", attributes={"a": 0})).replace("0", "[" * 10_000 + "]" * 10_000)
    whole = f"[{json.dumps(event(id='before'))}, {deep}, {json.dumps(event(id='after'))}]"
    daemon = front()
    reply = daemon.post(whole)
    assert reply.status == 202
    assert verdicts(reply) == ["accepted", "rejected", "accepted"]
    assert reply.json["events"][1]["error"]["code"] == "too_deep"
    alone = daemon.post(deep)
    assert (alone.status, alone.json["events"][0]["error"]["code"]) == (422, "too_deep")
    endless = daemon.post("[" * 100_000)
    assert endless.status == 400
    assert daemon.post(event()).status == 202


@pytest.mark.parametrize("content_type", ["text/html", "application/xml", "multipart/form-data; boundary=x", "json"])
def test_another_content_type_is_415(content_type, front):
    daemon = front()
    reply = daemon.post(event(), headers={"Content-Type": content_type})
    assert reply.status == 415
    assert error_of(reply)["code"] == "unsupported_type"
    assert recorded(daemon) == 0


def test_so_is_another_charset(front):
    daemon = front()
    utf8 = {"Content-Type": "application/json; charset=UTF-8"}
    assert daemon.post(event(), headers=utf8).status == 202
    assert daemon.post(event(), headers={"Content-Type": "application/json; charset=latin1"}).status == 415


NOWHERE = ["/", "/v1", "/v1/event", "/v1/events/", "/v1/customers/a/b", "/v1/customers//timeline", "//healthz"]


def test_what_is_nowhere_is_404(front):
    with front().client() as client:
        for path in NOWHERE:
            reply = client.get(path)
            assert (reply.status, error_of(reply)["code"]) == (404, "not_found"), path


def test_what_is_not_done_there_is_405(front):
    with front().client() as client:
        for method, path, allowed in (
            ("GET", "/v1/events", "POST"),
            ("PUT", "/v1/events", "POST"),
            ("DELETE", "/v1/customers/someone", "GET, HEAD"),
            ("POST", "/metrics", "GET, HEAD"),
        ):
            reply = client.request(method, path)
            assert (reply.status, error_of(reply)["code"]) == (405, "method_not_allowed"), path
            assert reply.headers["Allow"] == allowed

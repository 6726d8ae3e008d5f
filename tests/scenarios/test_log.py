"""The log is for operators and may go anywhere: lines of key=value, with journald's priorities where journald reads it,
and never anything that a customer or a sender sent."""

import gzip
import json
import re

from touchpoint import until
from touchpoint.front import event, post, request
from touchpoint.process import free_port, port_open

LINE = re.compile(r'(?:time=\S+ |<[3-7]>)level=[a-z]+ event=\w+(?: \w+=(?:"(?:[^"\\]|\\.)*"|\S+))*')

# What must not be found again: each is sent in the way that its name says.
SECRETS = {
    "an email": "zoe.quint@example.com",
    "a malformed email": "zoe quint at nowhere",
    "a phone": "+442079460958",
    "a customer id": "cust-7719-zq",
    "a text": "my card was stolen in Lisbon",
    "an attribute": "zq-attribute",
    "an unknown member": "zq_unknown_member",
    "broken JSON": "zq-broken-json",
    "a key": "zq-bearer-key-of-someone",
    "a path": "zq-path",
    "a header": "zq-header",
    "an id": "zq-event-id",
}


def log_of(daemon):
    return daemon.process.log_text()


def send_everything(daemon):
    """Each secret on every way that there is: accepted, refused, looked up, and not understood at all."""
    s = SECRETS
    customer = {"email": s["an email"], "phone": s["a phone"], "customer_id": s["a customer id"]}
    good = event(id=s["an id"], text=s["a text"], attributes={"a": s["an attribute"]}) | {"customer": customer}
    reused = good | {"text": s["a text"] + "!"}
    faulty = [
        good | {s["an unknown member"]: 1},
        good | {"customer": {"email": s["a malformed email"]}},
        good | {"customer": {s["an unknown member"]: s["an email"]}},
        good | {"time": s["a text"]},
        s["a text"],
    ]
    assert daemon.post(good, wait=20).status == 200
    assert daemon.post(good, wait=20).json["events"][0]["duplicate"]
    assert daemon.post(reused, wait=20).json["events"][0]["error"]["code"] == "id_reused"
    assert daemon.post(faulty).json["rejected"] == len(faulty)
    assert daemon.post('{"broken": "' + s["broken JSON"]).status == 400
    assert (
        daemon.post(gzip.compress(json.dumps(good).encode())[:-9], headers={"Content-Encoding": "gzip"}).status == 400
    )
    assert daemon.post(good, headers={"Content-Type": f"text/{s['a header']}"}).status == 415
    assert daemon.get("/v1/customers", email=s["an email"]).json["customers"]
    assert daemon.get("/v1/customers", email=s["a malformed email"]).status == 400
    assert daemon.get("/v1/customers", **{s["an unknown member"]: s["an email"]}).status == 400
    assert daemon.get(f"/v1/{s['a path']}").status == 404
    assert daemon.get("/healthz", headers={"Authorization": f"Bearer {s['a key']}"}).status == 200
    for broken in (post(good, f"{s['a header']} : {s['an email']}"), request("GET /" + s["a path"] + "\x01")):
        with daemon.connect() as connection:
            connection.send(broken)
            assert connection.reply().status == 400


def test_nothing_that_was_sent_is_in_it(touchpointd, redis):
    """Also where delivery is what fails: a key in Redis has a wrong type, Redis goes away, the daemon is stopped."""
    daemon = touchpointd({"log.level": "debug", "delivery.tries": 2, "node.stop_timeout": "2s"})
    send_everything(daemon)
    spoil(redis)
    spoiled = event(SECRETS["an email"], text=SECRETS["a text"])
    assert daemon.post(spoiled, wait=20).json["rejected"] == 1, "it could not be delivered, and that is logged"
    until(lambda: daemon.log("undeliverable"), 10, "the log says so")
    redis.stop()
    daemon.post(spoiled)
    daemon.stop()
    text = log_of(daemon)
    found = [what for what, secret in SECRETS.items() if secret in text]
    assert found == []
    parts = ["zoe.quint", "2079460958", "7719", "Lisbon", "zq"]
    assert [part for part in parts if part in text] == []


def spoil(redis):
    """Makes every timeline something else than it was."""
    client = redis.client
    for key in client.scan_iter("tp:*", count=1000):
        if client.type(key) == "zset":
            client.delete(key)
            client.set(key, "no timeline")


def test_every_line_is_key_and_value(touchpointd):
    daemon = touchpointd({"log.level": "debug"})
    assert daemon.post(event(), wait=20).status == 200
    daemon.stop()
    lines = log_of(daemon).splitlines()
    assert len(lines) > 3
    for line in lines:
        assert line.startswith("time=")
        assert LINE.fullmatch(line), line


def test_journald_is_given_priorities(front):
    """It names the stream that it reads; a line's time is its own matter there."""
    daemon = front(start=False)
    daemon.process.log.touch()
    stream = daemon.process.log.stat()
    daemon.process.environment["JOURNAL_STREAM"] = f"{stream.st_dev}:{stream.st_ino}"
    daemon.start()
    assert daemon.stop() == 0
    lines = log_of(daemon).splitlines()
    priorities = {"error": 3, "warning": 4, "notice": 5, "info": 6, "debug": 7}
    for line in lines:
        assert LINE.fullmatch(line), line
        level = re.search(r"level=(\w+)", line)[1]
        assert line.startswith(f"<{priorities[level]}>level={level} "), line
    assert {"<4>", "<5>"} <= {line[:3] for line in lines}


def test_a_stream_that_journald_does_not_read_gets_none(front):
    daemon = front(start=False)
    daemon.process.environment["JOURNAL_STREAM"] = "1:1"
    daemon.start()
    assert all(line.startswith("time=") for line in log_of(daemon).splitlines())


def test_it_says_no_more_than_it_is_asked_to(front):
    port = free_port()
    daemon = front({"log.level": "error", "http.listen": f"127.0.0.1:{port}"}, start=False).launch()
    until(lambda: port_open(port), 20, "it listens")
    assert daemon.stop() == 0
    assert log_of(daemon) == ""

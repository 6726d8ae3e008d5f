"""Numbers are forwarded as they were sent, digit by digit: 19.99 stays 19.99."""

import json

from touchpoint.story import ago, ids, send

NUMBERS = [
    "19.99",
    "1.10",
    "1E5",
    "1e5",
    "-0",
    "-0.0",
    "0.1",
    "1.0",
    "100",
    "9007199254740993",
    "3.141592653589793238",
    "1e-7",
]


def test_each_number_keeps_its_digits(touchpointd, kafka, topics):
    daemon = touchpointd()
    values = ",".join(NUMBERS)
    text = (
        f'{{"id": "n-1", "time": "{ago(hours=1)}", "channel": "web", "type": "cart.left", "wait_s": 1.50,'
        f' "customer": {{"email": "ann@example.com"}}, "version": 7, "attributes": {{"all": [{values}]}}}}'
    )
    reply = daemon.post(text, wait=20)
    assert reply.status == 200
    forwarded = kafka.records(topics.interactions)[0].raw.decode()
    timeline = daemon.get(f"/v1/customers/{daemon.find(email='ann@example.com')}/timeline").body.decode()
    for said in (forwarded, reply.body.decode(), timeline):
        assert f'"attributes":{{"all":[{values}]}}' in said
        assert '"wait_s":1.50,' in said
        assert '"version":7,' in said


def test_numbers_in_a_cloudevent_too(touchpointd, kafka, topics):
    """Its envelope is parsed apart from the data in it."""
    daemon = touchpointd()
    values = ",".join(NUMBERS)
    text = (
        '{"specversion": "1.0", "id": "n-1", "source": "/shop", "type": "cart.left",'
        ' "data": {"channel": "web", "customer": {"email": "ann@example.com"},'
        f' "attributes": {{"all": [{values}]}}}}}}'
    )
    assert daemon.post(text, headers={"Content-Type": "application/cloudevents+json"}, wait=20).status == 200
    assert f'"attributes":{{"all":[{values}]}}' in kafka.records(topics.interactions)[0].raw.decode()


def test_the_record_is_compact_json(touchpointd, kafka, topics):
    daemon = touchpointd()
    event = {"id": "c-1", "channel": "web", "type": "page.viewed", "customer": {"email": "ann@example.com"}}
    text = json.dumps(event | {"text": "two  blanks, \u20ac and /", "attributes": {"a": [1, {"b": None}]}}, indent=4)
    assert ids(send(daemon, json.loads(text))) == ["c-1"]
    assert daemon.post(text.replace("c-1", "c-2"), wait=20).status == 200
    first, second = (record.raw.decode() for record in kafka.records(topics.interactions))
    for raw in (first, second):
        assert raw == json.dumps(json.loads(raw), separators=(",", ":"), ensure_ascii=False)

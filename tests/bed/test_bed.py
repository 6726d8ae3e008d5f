"""The bed stands: what the scenarios take for granted of Redis and Kafka, and of the way failures are counted."""

import json

import pytest
import redis as redis_py

from touchpoint import until
from touchpoint.process import Process
from touchpoint.report import main as report

CROSSING = "#!lua\nredis.call('SET', KEYS[1], '1') redis.call('SET', KEYS[2], '1')"


def test_redis_keeps_what_it_acknowledged_when_killed(redis):
    redis.client.set("ann", "1")
    redis.kill()
    redis.start()
    assert redis.client.get("ann") == "1"


def test_a_paused_redis_answers_when_resumed(redis):
    redis.pause()
    impatient = redis_py.Redis(port=redis.port, socket_timeout=0.2, retry=None)
    with pytest.raises(redis_py.exceptions.TimeoutError):
        impatient.ping()
    redis.resume()
    assert redis.client.ping()


def test_the_cluster_refuses_a_script_that_crosses_slots(redis_cluster):
    client = redis_cluster.client
    assert client.eval(CROSSING, 2, "{7}a", "{7}b") is None
    with pytest.raises(redis_py.exceptions.RedisError, match=r"(?i)slot"):
        client.eval(CROSSING, 2, "{7}a", "{8}b")


def produce(kafka, topic, *numbers):
    producer = kafka.producer()
    for number in numbers:
        producer.produce(topic, key="ann", value=json.dumps({"n": number}), headers={"ce_id": str(number)})
    assert producer.flush(60) == 0


def test_kafka_gives_back_what_was_produced(kafka, topics):
    kafka.create_topic(topics.interactions)
    produce(kafka, topics.interactions, 1, 2, 3)
    records = kafka.records(topics.interactions)
    assert [(record.key, record.value, record.headers["ce_id"]) for record in records] == [
        ("ann", {"n": 1}, "1"),
        ("ann", {"n": 2}, "2"),
        ("ann", {"n": 3}, "3"),
    ]


def test_kafka_comes_back_on_its_port_with_its_records(kafka, topics):
    kafka.create_topic(topics.interactions)
    produce(kafka, topics.interactions, 1)
    kafka.kill()
    kafka.start()
    with kafka.reader(topics.interactions) as reader:
        assert len(reader.until(1)) == 1
        kafka.pause()
        kafka.resume()
        produce(kafka, topics.interactions, 2)
        assert [record.value["n"] for record in reader.until(2)] == [1, 2]


def test_waiting_for_a_process_that_died_says_what_it_wrote(tmp_path):
    process = Process("faulty", ["sh", "-c", "echo no such setting; exit 2"], tmp_path)
    process.launch()
    with pytest.raises(AssertionError, match="ended with 2 before: it is up\nno such setting"):
        process.wait_until(lambda: False, 20, "it is up")


def test_until_fails_with_what_it_waited_for():
    with pytest.raises(AssertionError, match=r"not within 0\.05 s: the moon is full"):
        until(lambda: False, 0.05, "the moon is full")


REPORT = """<testsuite>
<testcase name="unit/journal/test_recovery"><system-out>
[       OK ] a_torn_tail_is_cut
[  FAILED  ] a_flipped_byte_is_found
[  FAILED  ] 1 test(s), listed below:
[  FAILED  ] a_flipped_byte_is_found
</system-out><failure/></testcase>
<testcase name="unit/journal/test_crash"><failure/></testcase>
<testcase classname="scenarios.test_http" name="test_a_drip_is_cut"/>
<testcase classname="deploy.test_package" name="test_purge"><skipped message="no mirror"/></testcase>
<testcase classname="deploy.test_package" name="test_remove"><skipped message="no mirror"/></testcase>
</testsuite>"""


def test_the_report_counts_each_test_once(tmp_path, capsys):
    (tmp_path / "mixed.xml").write_text(REPORT)
    assert report([tmp_path / "mixed.xml", tmp_path / "absent.xml"]) == 1
    printed = capsys.readouterr().out
    assert printed.endswith("\n2 passed, 3 failed\n")
    assert "FAILED unit/journal/test_recovery: a_flipped_byte_is_found\n" in printed
    assert "NOT RUN here, 2 of them: no mirror\n" in printed

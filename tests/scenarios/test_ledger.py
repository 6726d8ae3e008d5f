"""What nodes tell each other of repairs, on a real Kafka: in a topic that is made as it must be, read behind the
markers of transactions; and an end put to what a silent node produces."""

import subprocess

import confluent_kafka as ck
import pytest

from touchpoint.daemon import program

ANN, BOB = "0190a000-0000-4000-8000-0000000000aa", "0190a000-0000-4000-8000-0000000000bb"


@pytest.fixture
def ledger(kafka, topics):
    """ledger("call", ANN, 1): the lines that it says."""
    tool = program().parent / "unit" / "ledger"

    def speak(*words):
        command = [tool, kafka.brokers, topics.checkpoints, *(str(word) for word in words)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=60)
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()

    return speak


def test_a_repair_from_its_call_to_its_end(ledger):
    assert ledger("call", ANN, 1) == ["ours", f"repair 1 {ANN} called"]
    assert ledger("call", BOB, 1) == [f"repair 1 {ANN} called"]
    assert ledger("answer", BOB, 1)[1:] == [f"node {BOB} 1"]
    assert ledger("done", ANN, 1) == [f"repair 1 {ANN} done", f"node {BOB} 1"]
    assert ledger("call", BOB, 2)[:2] == ["ours", f"repair 2 {BOB} called"]


def test_its_topic_is_made_where_it_is_absent(ledger, kafka, topics):
    ledger("answer", ANN, 0)
    resource = ck.admin.ConfigResource(ck.admin.ConfigResource.Type.TOPIC, topics.checkpoints)
    admin = kafka.admin
    config = admin.describe_configs([resource])[resource].result(30)
    assert config["cleanup.policy"].value == "compact"
    assert len(admin.list_topics(topics.checkpoints).topics[topics.checkpoints].partitions) == 6


def transaction(kafka, topic, node):
    producer = kafka.producer(**{"transactional.id": node})
    producer.init_transactions(30)
    producer.begin_transaction()
    producer.produce(topic, b"{}", f"node {node}".encode(), partition=0)
    assert producer.flush(30) == 0
    return producer


def test_what_was_aborted_was_not_said(ledger, kafka, topics):
    ledger("call", BOB, 1)
    transaction(kafka, topics.checkpoints, ANN).abort_transaction(30)
    assert ledger("done", BOB, 1) == [f"repair 1 {BOB} done"]


def test_a_fence_ends_what_a_silent_node_is_producing(ledger, kafka, topics):
    ledger("call", BOB, 1)
    silent = transaction(kafka, topics.checkpoints, ANN)
    ledger("fence", ANN, 1)
    with pytest.raises(ck.KafkaException) as refused:
        silent.commit_transaction(30)
    assert refused.value.args[0].code() == ck.KafkaError._FENCED
    assert ledger("done", BOB, 1) == [f"repair 1 {BOB} done"]

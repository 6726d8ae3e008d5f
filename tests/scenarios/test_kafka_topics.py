"""Topics that are absent are made as configured; those that are there are taken as they are; librdkafka's properties
are passed on; and a customer's key lands where any Java client would look for it."""

import pytest
from confluent_kafka.admin import ConfigResource

from touchpoint.front import event
from touchpoint.story import send


def murmur2(data):
    """Kafka's hash, after org.apache.kafka.common.utils.Utils: 32 bits, seed 0x9747b28c."""
    m, mask = 0x5BD1E995, 0xFFFFFFFF
    h = 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15


# Java's own answers, for org.apache.kafka.common.utils.Utils.murmur2, as signed numbers.
JAVA = {"21": -973932308, "foobar": -790332482, "a-little-bit-long-string": -985981536, "abc": 479470107}


def test_murmur2_is_javas():
    assert {text: murmur2(text.encode()) for text in JAVA} == {text: hash % 2**32 for text, hash in JAVA.items()}


def test_a_key_lands_on_the_partition_that_java_gives(touchpointd, kafka, topics):
    daemon = touchpointd({"kafka.partitions": 5})
    send(daemon, *(event(f"customer-{n}@example.com") for n in range(60)))
    records = kafka.records(topics.interactions)
    assert len(records) == 60
    assert {record.partition for record in records} == set(range(5))
    for record in records:
        assert record.partition == (murmur2(record.key.encode()) & 0x7FFFFFFF) % 5


def described(kafka, topic):
    """Number of partitions, and the settings."""
    admin = kafka.admin
    partitions = len(admin.list_topics(topic, timeout=10).topics[topic].partitions)
    resource = ConfigResource(ConfigResource.Type.TOPIC, topic)
    settings = admin.describe_configs([resource])[resource].result(10)
    return partitions, {name: entry.value for name, entry in settings.items()}


def test_absent_topics_are_made_as_configured(touchpointd, kafka, topics):
    daemon = touchpointd({"kafka.partitions": 3, "kafka.retention": "7d", "kafka.replication": 1})
    send(daemon, event())
    for topic in (topics.interactions, topics.rejected):
        partitions, settings = described(kafka, topic)
        assert (partitions, settings["cleanup.policy"], settings["retention.ms"]) == (3, "delete", "604800000")
    for topic in (topics.customers, topics.checkpoints):
        partitions, settings = described(kafka, topic)
        assert (partitions, settings["cleanup.policy"]) == (3, "compact")


def test_a_topic_that_is_there_is_taken_as_it_is(touchpointd, kafka, topics):
    kafka.create_topic(topics.interactions, partitions=2, retention_ms=1234567)
    daemon = touchpointd({"kafka.partitions": 3})
    send(daemon, event())
    partitions, settings = described(kafka, topics.interactions)
    assert (partitions, settings["retention.ms"]) == (2, "1234567")
    assert len(kafka.records(topics.interactions)) == 1


def test_properties_are_passed_to_librdkafka(touchpointd, kafka, topics):
    """Seen from outside: with this one, a record that is larger is refused by it, and goes to the rejected topic."""
    daemon = touchpointd({"kafka.property.message.max.bytes": "2000"})
    small, large = event(id="small"), event(id="large", text="x" * 3000)
    reply = daemon.post([small, large], wait=20)
    assert [element["status"] for element in reply.json["events"]] == ["accepted", "rejected"]
    assert reply.json["events"][1]["error"]["code"] == "too_large"
    rejection = kafka.records(topics.rejected, until=1)[0].value
    assert (rejection["id"], rejection["reason"]["code"]) == ("large", "too_large")


@pytest.mark.parametrize("name", ["no.such.property", "acks", "partitioner"])
def test_a_property_that_cannot_be_passed_is_a_fault(touchpointd, name):
    """librdkafka does not know it, or a promise stands on it."""
    daemon = touchpointd({f"kafka.property.{name}": "1"}, start=False)
    daemon.launch()
    assert daemon.exit_status() == 2
    assert name in daemon.process.log_text()

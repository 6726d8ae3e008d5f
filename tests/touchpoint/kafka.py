"""A real Apache Kafka: one KRaft node from the Maven packages in .cache/kafka, and readers of its topics."""

import json
import uuid
from dataclasses import dataclass
from pathlib import Path

import confluent_kafka as ck
from confluent_kafka.admin import AdminClient, AlterConfigOpType, ConfigEntry, ConfigResource, NewTopic, OffsetSpec

from .process import Process, free_port
from .wait import until

ROOT = Path(__file__).resolve().parents[2]
JARS = ROOT / ".cache" / "kafka"
QUIET = {"log_level": 0}

# The client compiler alone and the serial collector: up sooner, and two cores are enough.
JAVA = ["java", "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-cp", f"{JARS}/*"]

SERVER = """
process.roles=broker,controller
node.id=1
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
listener.security.protocol.map=PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT
controller.listener.names=CONTROLLER
controller.quorum.voters=1@127.0.0.1:{controller}
log.dirs={folder}/data
auto.create.topics.enable=false
num.partitions=4
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
group.initial.rebalance.delay.ms=0
# A transaction whose time is up is ended soon, so that a test need not wait 10 s.
transaction.abort.timed.out.transaction.cleanup.interval.ms=200
# A killed broker may come back at once.
broker.heartbeat.interval.ms=500
broker.session.timeout.ms=2000
# Killed, it looks through what tests have left before it answers; what they drop is soon gone.
num.recovery.threads.per.data.dir=4
log.segment.delete.delay.ms=1000
"""

LOGGING = """
log4j.rootLogger=WARN, out
log4j.appender.out=org.apache.log4j.ConsoleAppender
log4j.appender.out.layout=org.apache.log4j.PatternLayout
log4j.appender.out.layout.ConversionPattern=%d{ISO8601} %p %c: %m%n
"""


@dataclass(frozen=True)
class Record:
    """One record as a consumer sees it; `value` is the JSON read, None for a tombstone."""

    topic: str
    partition: int
    offset: int
    key: str | None
    value: object
    headers: dict
    raw: bytes | None

    @classmethod
    def of(cls, message):
        key, raw = message.key(), message.value()
        return cls(
            topic=message.topic(),
            partition=message.partition(),
            offset=message.offset(),
            key=None if key is None else key.decode(),
            value=None if raw is None else json.loads(raw),
            headers={name: value.decode() for name, value in message.headers() or []},
            raw=raw,
        )


class Kafka:
    def __init__(self, folder):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.config = self.folder / "server.properties"
        self.config.write_text(SERVER.format(port=self.port, controller=free_port(), folder=self.folder))
        logging = self.folder / "log4j.properties"
        logging.write_text(LOGGING)
        java = [*JAVA, f"-Dlog4j.configuration=file:{logging}"]
        self.process = Process("kafka", [*java, "kafka.Kafka", self.config], self.folder)
        cluster = uuid.uuid4().hex[:22]
        self._janitor = None
        self._format = [*java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", self.config]

    @property
    def brokers(self):
        return f"127.0.0.1:{self.port}"

    @property
    def admin(self):
        """Keep it in a variable: an answer does not outlive the client that asked."""
        return AdminClient({"bootstrap.servers": self.brokers, **QUIET})

    def start(self):
        if not (self.folder / "data" / "meta.properties").exists():
            formatting = Process("kafka-format", self._format, self.folder)
            formatting.launch()
            assert formatting.child.wait(60) == 0, formatting.log_tail()
        self.process.launch()
        admin = self.admin
        # After a kill it looks through its partitions, which takes long on a busy machine.
        self.process.wait_until(lambda: self._ready(admin), 180, "Kafka answers")
        return self

    @staticmethod
    def _ready(admin):
        """A broker still fenced is in no metadata yet, and would take no topic."""
        try:
            return len(admin.list_topics(timeout=1).brokers) == 1
        except ck.KafkaException:
            return False

    def stop(self):
        return self.process.end(timeout=60)

    def kill(self):
        return self.process.kill()

    def pause(self):
        self.process.pause()

    def resume(self):
        self.process.resume()

    def create_topic(self, name, partitions=4, **config):
        """`config` is the topic's, with _ for .: create_topic("t", max_message_bytes=1000)."""
        settings = {key.replace("_", "."): str(value) for key, value in config.items()}
        topic = NewTopic(name, partitions, 1, config=settings)
        admin = self.admin
        admin.create_topics([topic])[name].result(30)

    def configure_topic(self, name, **config):
        """Changes the topic's: configure_topic("t", max_message_bytes=1000)."""
        change = ConfigResource(ConfigResource.Type.TOPIC, name)
        for key, value in config.items():
            entry = ConfigEntry(key.replace("_", "."), str(value), incremental_operation=AlterConfigOpType.SET)
            change.add_incremental_config(entry)
        admin = self.admin
        admin.incremental_alter_configs([change])[change].result(30)

    def delete_topic(self, name):
        """It is gone when this returns, but the broker may still take a record or two into what it is dropping."""
        admin = self.admin
        admin.delete_topics([name])[name].result(30)
        until(lambda: name not in admin.list_topics(timeout=10).topics, 30, f"{name} is gone")

    def drop_topics(self, prefix):
        """Those whose names begin so, without waiting until they are gone. Nobody may use them any more."""
        admin = self._janitor = self._janitor or self.admin
        names = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
        for answer in admin.delete_topics(names).values() if names else ():
            answer.result(30)

    def has_open_transaction(self, topic):
        """Whether what is committed, or aborted, ends before what there is."""
        return self.ends(topic) != self.ends(topic, ck.IsolationLevel.READ_UNCOMMITTED)

    def ends(self, topic, isolation=ck.IsolationLevel.READ_COMMITTED):
        """Of each partition, the offset of what comes next."""
        admin = self.admin
        numbers = admin.list_topics(topic, timeout=10).topics[topic].partitions
        asked = {ck.TopicPartition(topic, number): OffsetSpec.latest() for number in numbers}
        answers = admin.list_offsets(asked, isolation_level=isolation)
        return {partition.partition: answer.result(10).offset for partition, answer in answers.items()}

    def producer(self, **settings):
        return ck.Producer({"bootstrap.servers": self.brokers, **QUIET, **settings})

    def reader(self, topic, isolation="read_committed", **settings):
        """`settings` are librdkafka's, with _ for the dot."""
        return Reader(self.brokers, topic, isolation, settings)

    def records(self, topic, until=None, timeout=30.0, isolation="read_committed"):
        """All records of `topic`, read from its beginning: until there are so many (a number), until a function of the
        records so far answers true, or, without `until`, to the end that it has now."""
        with self.reader(topic, isolation) as reader:
            return reader.until((lambda _: reader.at_end) if until is None else until, timeout)


class Reader:
    """Reads a topic from its beginning, without a group; `records` has all that was read, in order for each partition.
    The topic need not exist yet."""

    def __init__(self, brokers, topic, isolation, settings):
        self.topic = topic
        self.records = []
        self._partitions = []
        self._unread = set()
        self._ends = {}  # partition: offset
        self._consumer = ck.Consumer(
            {
                "bootstrap.servers": brokers,
                "group.id": f"reader-{uuid.uuid4()}",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "isolation.level": isolation,
                **QUIET,
                **{name.replace("_", "."): value for name, value in settings.items()},
            }
        )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._consumer.close()

    def until(self, condition, timeout=30.0):
        """Reads on until `condition`, a number of records or a function of them, holds; answers all so far."""
        if isinstance(condition, int):
            wanted = condition
            condition = lambda records: len(records) >= wanted  # noqa: E731
            what = f"{wanted} records of {self.topic}"
        else:
            what = f"the records of {self.topic} are as wanted"
        until(lambda: condition(self.records) or self._read(), timeout, what, pause=0)
        return self.records

    def rest(self, ends, timeout=30.0):
        """What came since, up to these ends of the partitions at the least."""
        before = len(self.records)
        return self.until(lambda _: all(self._ends.get(at, -1) >= end for at, end in ends.items()), timeout)[before:]

    @property
    def at_end(self):
        """Whether each partition was read to its end."""
        return bool(self._partitions) and not self._unread

    def _read(self):
        if not self._partitions and not self._assign():
            return
        for message in self._consumer.consume(1000, timeout=0.1):
            if message.error() is None:
                self._unread.add(message.partition())
                self.records.append(Record.of(message))
            elif message.error().code() == ck.KafkaError._PARTITION_EOF:
                self._unread.discard(message.partition())
                self._ends[message.partition()] = message.offset()
            elif not message.error().retriable():
                raise ck.KafkaException(message.error())

    def _assign(self):
        """False while the topic does not exist or Kafka is away."""
        try:
            topic = self._consumer.list_topics(self.topic, timeout=2).topics[self.topic]
        except ck.KafkaException:
            return False
        self._partitions = [ck.TopicPartition(self.topic, number, ck.OFFSET_BEGINNING) for number in topic.partitions]
        self._unread = set(topic.partitions)
        self._consumer.assign(self._partitions)
        return bool(self._partitions)

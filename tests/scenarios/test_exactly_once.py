"""With kafka.transactions a consumer of committed records sees each accepted event once: through kills, through
transactions whose outcome was not learned, and through those that the broker ended by itself."""

import random
import time

import pytest

from touchpoint import oracle, until
from touchpoint.front import event, events
from touchpoint.load import Load
from touchpoint.process import free_port

ON = {"kafka.transactions": "on"}
COMMITTED = 'touchpoint_kafka_transactions_total{result="committed"}'
REBUILT = "touchpoint_kafka_producers_rebuilt_total"


def commits(daemon):
    return daemon.metrics()[COMMITTED]


def ids_in(kafka, topic):
    return [record.value["id"] for record in kafka.records(topic)]


def until_it_commits(daemon, times=2):
    before = commits(daemon)
    until(lambda: commits(daemon) >= before + times, 20, "it commits")


def until_events_wait(load, events=200):
    before = len(load.accepted)
    until(lambda: len(load.accepted) > before + events, 20, "events are taken meanwhile")


@pytest.mark.tsan
def test_any_number_of_kills(touchpointd, kafka, topics):
    daemon = touchpointd(ON | {"http.listen": f"127.0.0.1:{free_port()}"})
    with Load(daemon, pause=0.02) as load:
        moments = random.Random(load.seed)
        for _ in range(8):
            until_it_commits(daemon)
            time.sleep(moments.uniform(0, 0.2))  # the moment is the point
            daemon.kill9()
            daemon.start()
    oracle.check(daemon, kafka, topics, load)


def test_a_kafka_that_hangs_in_a_commit(touchpointd, kafka, topics):
    """Whether the broker has committed is learned when it is back, or by the next life."""
    busy = {"kafka.transaction_interval": "0s"}  # a commit is under way nearly always
    daemon = touchpointd(ON | busy | {"http.listen": f"127.0.0.1:{free_port()}"})
    with Load(daemon, pause=0.02) as load:
        for killed in False, False, True:
            until_it_commits(daemon, times=5)
            kafka.pause()
            until_events_wait(load)
            if killed:
                daemon.kill9()
                daemon.start()
            kafka.resume()
    oracle.check(daemon, kafka, topics, load)


def test_stopped_for_longer_than_a_transaction_may_take(touchpointd, kafka, topics):
    """The broker has ended its transaction meanwhile, and takes no more of this producer. That is nobody's fault: a
    new one goes on."""
    slow = {"kafka.transaction_interval": "1s", "kafka.property.transaction.timeout.ms": 2000}
    daemon = touchpointd(ON | slow)
    assert daemon.post(events(3), wait=20).status == 200
    assert daemon.post(event(id="open")).status == 202
    until(lambda: kafka.has_open_transaction(topics.interactions), 10, "it is in a transaction")
    daemon.process.pause()
    until(lambda: not kafka.has_open_transaction(topics.interactions), 20, "the broker has ended it")
    daemon.process.resume()
    assert daemon.post(events(3), wait=20).status == 200
    ids = ids_in(kafka, topics.interactions)
    assert len(ids) == len(set(ids)) == 7
    assert daemon.metrics()[REBUILT] == 1
    assert daemon.log("fenced") == []


def test_kafka_away_at_the_start(touchpointd, kafka, topics):
    """What was there before may be in Kafka, and its customer may have forgotten it: it waits until that is known,
    and what comes later waits behind it. Nothing is sent again."""
    daemon = touchpointd(ON)
    sent = [*events(50), event(id="later")]
    assert daemon.post(sent[:50], wait=20).status == 200
    daemon.kill9()  # the journal's own word that these are over may not be written yet
    kafka.pause()
    daemon.start()
    assert daemon.post(sent[50]).status == 202
    kafka.resume()
    oracle.settle(daemon)
    assert ids_in(kafka, topics.interactions) == [one["id"] for one in sent]
    assert len(daemon.timeline(daemon.find(email="ann@example.com"))) == 51


def test_a_life_that_came_to_nothing_forgets_nothing(touchpointd, redis, kafka, topics):
    """It took up a few of the records, could place none, and has said who is at work: with what others had said."""
    daemon = touchpointd(ON | {"delivery.window": 10})
    assert daemon.post(events(50), wait=20).status == 200
    daemon.kill9()
    redis.pause()
    daemon.start()
    until(lambda: commits(daemon) > 0, 20, "it has said so")
    daemon.kill9()
    redis.resume()
    daemon.start()
    oracle.settle(daemon)
    assert len(ids_in(kafka, topics.interactions)) == 50


@pytest.fixture
def another_node(kafka, topics):
    """One that is in the middle of a transaction, in all partitions of the checkpoints."""
    node = kafka.producer(**{"transactional.id": "another"})
    node.init_transactions(30)
    node.begin_transaction()
    for partition in node.list_topics(topics.checkpoints, timeout=10).topics[topics.checkpoints].partitions:
        node.produce(topics.checkpoints, b"{}", b"node another", partition)
    assert node.flush(30) == 0
    return node


def test_a_position_behind_the_transaction_of_another_is_waited_for(touchpointd, kafka, topics, request):
    """Until that has ended, no reader of committed records can see it, and it is what it was, one may think."""
    daemon = touchpointd(ON)
    assert daemon.post(events(10), wait=20).status == 200
    another = request.getfixturevalue("another_node")
    assert daemon.post(events(10), wait=20).status == 200
    daemon.kill9()
    daemon.start()
    assert daemon.post(events(10), wait=1).status == 202
    another.abort_transaction(30)
    oracle.settle(daemon)
    ids = ids_in(kafka, topics.interactions)
    assert len(ids) == len(set(ids)) == 30


def test_what_waits_for_its_topic_is_not_said_to_be_there(touchpointd, kafka, topics):
    """Others are committed meanwhile, and the position with them."""
    for topic in topics.rejected, topics.checkpoints, topics.customers:
        kafka.create_topic(topic)
    daemon = touchpointd(ON | {"kafka.partitions": 0})
    assert daemon.post(event(id="waits")).status == 202
    until(lambda: daemon.find(email="ann@example.com"), 10, "it is on the timeline")
    assert daemon.post({"channel": "web"}).status == 422
    kafka.records(topics.rejected, until=1)
    daemon.kill9()
    kafka.create_topic(topics.interactions)
    daemon.start()
    oracle.settle(daemon)
    assert ids_in(kafka, topics.interactions) == ["waits"]
    assert len(kafka.records(topics.rejected)) == 1


def test_what_is_not_committed_is_not_told_as_delivered(touchpointd):
    daemon = touchpointd(ON | {"kafka.transaction_interval": "5s"})
    daemon.post(event(), wait=20)
    assert daemon.post(event(), wait=1).status == 202
    assert daemon.get("/readyz").json["pending"] == 1


def test_a_position_is_the_last_word_of_each_transaction(touchpointd, kafka, topics):
    daemon = touchpointd(ON)
    node = daemon.log("ready")[0]["node"]
    assert daemon.post(events(10), wait=20).status == 200
    positions = [record for record in kafka.records(topics.checkpoints) if record.key == f"node {node}"]
    assert positions[-1].value["node"] == node
    assert (positions[-1].value["frontier"], positions[-1].value["done"]) == (11, [])
    assert len(positions) == commits(daemon)


def test_without_transactions_the_position_stands_still(touchpointd, kafka, topics):
    daemon = touchpointd({"kafka.transactions": "off"})
    assert daemon.post(events(10), wait=20).status == 200
    before = kafka.records(topics.checkpoints)
    assert daemon.post(events(10), wait=20).status == 200
    assert kafka.records(topics.checkpoints) == before

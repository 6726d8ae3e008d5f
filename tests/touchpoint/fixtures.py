"""What a test asks for by name. Servers start when the first test wants them; Kafka, which takes seconds, once for each
worker, Redis for each test. What a test's processes logged is shown when it fails."""

import itertools
import uuid
from dataclasses import dataclass

import pytest

from .daemon import Daemon
from .kafka import Kafka
from .redis import Redis

_PROCESSES = pytest.StashKey()
_KAFKA = pytest.StashKey()


@pytest.fixture
def shown(request):
    """The processes whose logs are shown when this test fails."""
    return request.node.stash.setdefault(_PROCESSES, [])


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    report = yield
    if report.failed:
        for process in item.stash.get(_PROCESSES, []):
            if process.log.exists():  # a test that failed in its teardown has none left
                report.sections.append((f"log of {process.name} ({process.log})", process.log_tail()))
    return report


@pytest.fixture(scope="session")
def kafka_server(request, tmp_path_factory):
    server = request.config.stash[_KAFKA] = Kafka(tmp_path_factory.mktemp("kafka"))
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def kafka(kafka_server, shown):
    """This worker's Kafka; a test may stop, freeze and kill it, the next one finds it up again."""
    if not kafka_server.process.running:
        kafka_server.start()
    shown.append(kafka_server.process)
    yield kafka_server
    kafka_server.resume()


def _redis(folder, shown, **options):
    server = Redis(folder, **options)
    shown.append(server.process)
    try:
        yield server.start()
    finally:
        server.kill()


@pytest.fixture
def redis(tmp_path, shown):
    """A plain redis-server."""
    yield from _redis(tmp_path / "redis", shown)


@pytest.fixture
def redis_cluster(tmp_path, shown):
    """A redis-server in cluster mode with all slots, so that it refuses a script that crosses them."""
    yield from _redis(tmp_path / "redis-cluster", shown, cluster=True)


@dataclass(frozen=True)
class Topics:
    interactions: str
    customers: str
    rejected: str
    checkpoints: str


@pytest.fixture
def topics(request):
    """Topics of this test's own, for all the daemons that it starts. They go with it: a Kafka that is killed looks
    through all that it has before it answers again."""
    mark = uuid.uuid4().hex[:12]
    yield Topics(*(f"test-{mark}.{name}" for name in Topics.__dataclass_fields__))
    server = request.config.stash.get(_KAFKA, None)
    if server and server.process.running:
        server.drop_topics(f"test-{mark}.")


@pytest.fixture
def touchpointd(request, tmp_path, topics, shown):
    """Makes daemons, started and ready: touchpointd({"http.max_body": 1000}, redis=..., kafka=...). Servers not given
    are this test's `redis` and `kafka`. At the end each daemon that still runs must stop cleanly."""
    daemons = []
    numbers = itertools.count(1)

    def make(settings=None, *, redis=None, kafka=None, config=None, start=True):
        redis = redis or request.getfixturevalue("redis")
        kafka = kafka or request.getfixturevalue("kafka")
        folder = tmp_path / f"node-{next(numbers)}"
        own = {
            "http.listen": "127.0.0.1:0",
            "node.name": folder.name,
            "journal.dir": folder / "journal",
            "redis.url": redis.url,
            "kafka.brokers": kafka.brokers,
            "kafka.topic_interactions": topics.interactions,
            "kafka.topic_customers": topics.customers,
            "kafka.topic_rejected": topics.rejected,
            "kafka.topic_checkpoints": topics.checkpoints,
        }
        daemon = Daemon(folder, own | (settings or {}), config)
        daemons.append(daemon)
        shown.append(daemon.process)
        return daemon.start() if start else daemon

    yield make
    try:
        for daemon in daemons:
            daemon.check()
            if daemon.process.running:
                assert daemon.stop() == 0, f"did not stop cleanly\n{daemon.process.log_tail()}"
            daemon.check()
    finally:
        for daemon in daemons:
            daemon.process.kill()

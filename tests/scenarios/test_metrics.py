"""/metrics is Prometheus' text, has each family that the daemon's table names, and its counters move with what
happens."""

import re
import time

from touchpoint import until
from touchpoint.daemon import ROOT
from touchpoint.front import event

TABLE = re.findall(
    r'X\(TP_M_\w+,\s+"((\w+)[^,]*?)",\s+"(counter|gauge)"', (ROOT / "daemon/metrics/metrics.h").read_text()
)

HISTOGRAMS = re.findall(r'X\(TP_H_\w+,\s+"(\w+)"', (ROOT / "daemon/metrics/metrics.h").read_text())


def test_each_family_is_there(front):
    reply = front().get("/metrics")
    assert reply.status == 200
    assert reply.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    text = reply.body.decode()
    assert text.endswith("\n")
    assert len(TABLE) > 30
    for _, family, kind in TABLE:
        assert text.count(f"# TYPE {family} {kind}\n") == 1, family
        assert len(re.findall(rf"^# HELP {family} \S", text, re.M)) == 1, family
        assert re.search(rf"^{family}(\{{[^}}]+\}})? -?\d+$", text, re.M), family


def buckets_of(metrics, family):
    """Upper bound to count, in the order in which they stand."""
    pattern = re.compile(rf'{family}_bucket{{le="(.+)"}}')
    return {float(m[1]): metrics[name] for name in metrics if (m := pattern.fullmatch(name))}


def test_each_latency_is_there(front):
    daemon = front()
    assert len(HISTOGRAMS) == 4
    text = daemon.get("/metrics").body.decode()
    for family in HISTOGRAMS:
        assert text.count(f"# TYPE {family} histogram\n") == 1, family
        bounds = list(buckets_of(daemon.metrics(), family))
        assert bounds == sorted(bounds)
        assert bounds[-1] == float("inf")


def test_each_interaction_is_timed_once_on_each_part_of_its_way(touchpointd):
    daemon = touchpointd()
    began = time.monotonic()
    for number in range(5):
        assert daemon.post([event(id=f"{number}-{n}") for n in range(4)], wait=20).status == 200
    assert daemon.post(event(id="0-0"), wait=20).status == 200  # another time: no event
    took = time.monotonic() - began
    metrics = daemon.metrics()
    for part, count in {"accept": 6, "timeline": 20, "delivery": 20}.items():
        family = f"touchpoint_{part}_seconds"
        counts = list(buckets_of(metrics, family).values())
        assert counts == sorted(counts)
        assert counts[-1] == metrics[f"{family}_count"] == count
        assert 0 <= metrics[f"{family}_sum"] <= count * (took + 0.001)
    assert metrics["touchpoint_accept_seconds_sum"] > 0
    assert metrics["touchpoint_delivery_seconds_sum"] >= metrics["touchpoint_timeline_seconds_sum"] > 0


def test_every_line_is_prometheus(front):
    for line in front().get("/metrics").body.decode().splitlines():
        assert re.fullmatch(r'# (HELP|TYPE) \w+ .+|\w+(\{\w+="[^"\\]*"(,\w+="[^"\\]*")*\})? -?[0-9.eE+-]+', line), line


def moved(daemon, before):
    """The series that differ from `before`, without the prefix that all have."""
    now = daemon.metrics()
    return {name.removeprefix("touchpoint_"): now[name] - before[name] for name in now if now[name] != before[name]}


def expect(daemon, before, **changes):
    """Waits until each of these series has changed by so much; `a__b` is a{...="b"}."""

    def changed():
        got = moved(daemon, before)
        wanted = {key.partition("__")[::2]: value for key, value in changes.items()}
        return all(
            sum(delta for name, delta in got.items() if re.fullmatch(series(*key), name)) == value
            for key, value in wanted.items()
        )

    until(changed, 20, lambda: moved(daemon, before))


def series(family, label):
    return rf'{family}\{{\w+="{label}"\}}' if label else family


def test_they_move(touchpointd):
    daemon = touchpointd()
    until(lambda: daemon.get("/readyz").json["kafka"] == "up", 20, "Kafka is up")
    good = event(id="one")
    before = daemon.metrics()
    assert daemon.post(good, wait=20).status == 200
    expect(
        daemon,
        before,
        events_total__accepted=1,
        journal_records_total=1,
        journal_syncs_total=1,
        identity_resolved_total=1,
        identity_created_total=1,
        timeline_total__appended=1,
        kafka_acknowledged_total__interactions=1,
    )
    before = daemon.metrics()
    assert daemon.post(good, wait=20).json["events"][0]["duplicate"]
    expect(daemon, before, timeline_total__duplicate=1, events_total__accepted=1, identity_created_total=0)

    before = daemon.metrics()
    assert daemon.post(good | {"subject": "another"}, wait=20).json["rejected"] == 1
    expect(daemon, before, timeline_total__id_reused=1, kafka_acknowledged_total__rejected=1)

    before = daemon.metrics()
    assert daemon.post([{}, event()]).status == 202
    expect(daemon, before, events_total__rejected=1, events_total__accepted=1, kafka_acknowledged_total__rejected=1)

    before = daemon.metrics()
    assert daemon.get("/v1/nowhere").status == 404
    expect(daemon, before, http_responses_total__4xx=1)


def test_gauges_rise_and_fall(touchpointd, redis):
    daemon = touchpointd({"journal.segment_size": "1MiB", "journal.queue_size": "1MiB"})
    until(lambda: daemon.metrics()["touchpoint_redis_up"] == 1, 20, "Redis is up")
    redis.stop()
    assert daemon.post([event() for _ in range(20)]).status == 202
    until(lambda: daemon.metrics()["touchpoint_delivery_records"] == 20, 20, "they are on their way")
    behind = daemon.metrics()
    assert behind["touchpoint_redis_up"] == 0
    assert behind["touchpoint_journal_pending_records"] == 20
    assert behind["touchpoint_journal_bytes"] >= 1 << 20
    until(lambda: daemon.metrics()["touchpoint_journal_oldest_seconds"] >= 1, 20, "the oldest record ages")
    redis.start()
    gone = ("journal_pending_records", "delivery_records", "journal_oldest_seconds", "kafka_queue_records")
    until(lambda: not any(daemon.metrics()[f"touchpoint_{name}"] for name in gone), 20, "all is delivered")
    assert daemon.metrics()["touchpoint_redis_up"] == 1

"""What the machine may do to the daemon, beside killing it."""

import resource
import time

from touchpoint import until

TIMEOUTS = {
    "redis.timeout": "1s",
    "http.header_timeout": "1s",
    "http.body_timeout": "1s",
    "http.idle_timeout": "1s",
    "http.write_timeout": "1s",
    "kafka.property.socket.timeout.ms": 1000,
    "kafka.property.transaction.timeout.ms": 1000,
}


def test_frozen_for_longer_than_each_timeout(node, trial):
    """What it had sent may be aborted meanwhile."""
    daemon = node(TIMEOUTS)

    def strike():
        daemon.process.pause()
        time.sleep(2.5)  # longer than each of them
        daemon.process.resume()

    trial(daemon, "the daemon: SIGSTOP", strike, times=(1, 10))


def test_no_file_descriptor_is_left(node, redis, trial):
    """For new senders, for a new segment, for the connections to Redis that it has lost."""
    daemon = node({"journal.segment_size": "1MiB", "journal.max_size": "8MiB", "journal.queue_size": "1MiB"})

    def strike():
        with daemon.client() as known:
            assert known.get("/readyz").json["redis"] == "up"
            pid = daemon.process.pid
            most = resource.prlimit(pid, resource.RLIMIT_NOFILE)
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (0, most[1]))
            redis.client.client_kill_filter(_type="normal", skipme=True)
            until(lambda: known.get("/readyz").json["redis"] == "away", 10, "it notices")
            time.sleep(2)  # some load meets it
            assert known.get("/readyz").json["redis"] == "away", "it had no descriptor for a connection"
            resource.prlimit(pid, resource.RLIMIT_NOFILE, most)

    trial(daemon, "the daemon: no file descriptor is left", strike, times=(1, 10), pad=2000)

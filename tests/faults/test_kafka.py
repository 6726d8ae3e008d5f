"""What Kafka may do to the daemon, under load."""

import time


def test_killed(node, kafka, trial):
    daemon = node()

    def strike():
        kafka.kill()
        kafka.start()

    trial(daemon, "Kafka: kill -9", strike, times=(1, 5), pause=0.02)
    assert daemon.log("kafka_down")


def test_frozen_for_longer_than_its_timeouts(node, kafka, trial):
    daemon = node({"kafka.property.socket.timeout.ms": 1000})

    def strike():
        kafka.pause()
        time.sleep(3)  # longer than that
        kafka.resume()

    trial(daemon, "Kafka: SIGSTOP", strike, times=(1, 5))

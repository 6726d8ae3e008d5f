"""As a service, touchpointd lives and dies in systemd's hands: what it accepted survives that."""

import os
import stat
from contextlib import contextmanager

import pytest

from touchpoint import until
from touchpoint.front import event, events
from touchpoint.load import Load
from touchpoint.oracle import check, settle

from .service import CONFIGURATION

pytestmark = pytest.mark.deploy


@contextmanager
def away(kafka):
    """Nothing is delivered meanwhile, so that what was accepted is in the journal alone."""
    kafka.pause()
    yield
    kafka.resume()


def ids(records):
    return [record.value["id"] for record in records]


def test_an_event_goes_through(service, kafka, topics):
    service.start()
    assert service.post(event(id="first")).status == 202
    assert ids(kafka.records(topics.interactions, until=1)) == ["first"]
    assert [entry["id"] for entry in service.timeline(service.find(email="ann@example.com"))] == ["first"]


def test_a_sender_is_understood(service, kafka, topics):
    """A mapping has a process of its own, which the service's sandbox must let live."""
    service.configure({'source "broker".kind': "cloudevents"})
    service.start()
    sent = {
        "specversion": "1.0",
        "id": "1",
        "source": "/shop",
        "type": "order.paid",
        "data": {"email": "ann@example.com"},
    }
    reply = service.post(sent, "/v1/sources/broker", {"Content-Type": "application/cloudevents+json"})
    assert (reply.status, reply.json) == (200, {"accepted": 1, "rejected": 0})
    assert ids(kafka.records(topics.interactions, until=1)) == ["/shop 1"]


def test_it_is_active_no_sooner_than_it_takes_events(service):
    """Its configuration comes through a pipe here, and so as late as the test likes."""
    file = service.machine.path(CONFIGURATION)
    text = file.read_text()
    file.unlink()
    os.mkfifo(file)
    service.systemctl("start", "--no-block", "touchpointd")
    with file.open("w") as pipe:  # once it reads
        assert service.state == "activating"
        pipe.write(text)
    until(lambda: service.state == "active", 20, "it is active")
    assert service.post(event()).status == 202
    file.unlink()


def test_killed_it_comes_back_with_what_it_accepted(service, kafka, topics):
    service.drop_in("RestartSec=100ms")
    service.start()
    with Load(service) as load:
        for kills in (1, 2, 3):
            until(lambda kills=kills: len(load.accepted) > 100 * kills, 30, "events are accepted")
            service.kill("KILL")
            service.until_restarted(times=kills)
    check(service, kafka, topics, load)


def test_stuck_it_is_ended_by_the_watchdog(service, kafka, topics):
    service.drop_in("WatchdogSec=1s")
    service.start()
    with away(kafka):
        assert service.post(events(10)).json["accepted"] == 10
        service.kill("STOP")
        service.until_restarted()
    assert any("Watchdog timeout" in entry["MESSAGE"] for entry in service.journal())
    settle(service)
    assert len(set(ids(kafka.records(topics.interactions)))) == 10


def test_stopped_it_delivers_what_it_accepted(service, kafka, topics):
    service.configure({"node.stop_timeout": "30s"})
    service.start()
    assert service.post(events(1)).json["accepted"] == 1
    settle(service)  # Kafka and Redis are there: for who is away a stop waits two seconds
    assert service.post(events(500)).json["accepted"] == 500
    service.stop()
    assert (service.state, service.show("Result"), service.show("ExecMainStatus")) == ("inactive", "success", "0")
    assert len(ids(kafka.records(topics.interactions))) == 501


def test_stopped_it_keeps_what_it_cannot_deliver(service, kafka, topics):
    service.start()
    with away(kafka):
        assert service.post(events(500)).json["accepted"] == 500
        service.stop()
        assert (service.state, service.show("Result"), service.show("ExecMainStatus")) == ("inactive", "success", "0")
    service.start()
    settle(service)
    assert len(set(ids(kafka.records(topics.interactions)))) == 500


def test_it_survives_a_reboot_of_the_machine(service, kafka, topics):
    service.systemctl("enable", "touchpointd")
    service.start()
    with away(kafka):
        assert service.post(events(100)).json["accepted"] == 100
        service.machine.reboot()
    until(lambda: service.state == "active", 30, "it is started with the machine")
    settle(service)
    assert len(set(ids(kafka.records(topics.interactions)))) == 100
    assert len(service.timeline(service.find(email="ann@example.com"))) == 100


def test_a_fault_of_its_configuration_is_left_to_people(service):
    """Started again and again it would only fill the log."""
    service.configure({"http.max_body": "lots"})
    service.systemctl("start", "--no-block", "touchpointd")
    until(lambda: service.state == "failed", 20, "it failed, and systemd leaves it at that")
    assert (service.show("ExecMainStatus"), service.show("NRestarts")) == ("2", "0")


def test_its_files_are_its_own(service):
    service.start()
    assert service.post(event()).status == 202
    state = service.machine.path("/var/lib/touchpointd")
    user, group = (int(service.machine.run("id", option, "touchpointd")) for option in ("-u", "-g"))
    files = [state, *state.rglob("*")]
    assert {file.name for file in files} >= {"touchpointd", "journal", "node", "checkpoint"}
    modes = {stat.filemode(file.stat().st_mode) for file in files}
    assert modes == {"drwx------", "-rw-------"}
    assert {(file.stat().st_uid, file.stat().st_gid) for file in files} == {(user, group)}

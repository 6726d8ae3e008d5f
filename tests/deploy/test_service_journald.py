"""What the service says is in journald, with the priority that it has, and without what customers said."""

import json

import pytest

from touchpoint import until
from touchpoint.daemon import fields
from touchpoint.front import event

pytestmark = pytest.mark.deploy

PRIORITIES = {"error": "3", "warning": "4", "notice": "5", "info": "6"}


def events_of(service):
    return {fields(line["MESSAGE"])["event"] for line in service.said()}


def test_each_line_has_its_priority(service):
    service.configure({"kafka.brokers": "127.0.0.1:1"})
    service.start()
    lines = (
        until(lambda: [line for line in service.said() if line["PRIORITY"] == "4"], 20, "a warning") and service.said()
    )
    assert {fields(line["MESSAGE"])["event"] for line in lines} >= {"ready", "kafka_trouble"}
    for line in lines:
        assert line["MESSAGE"].startswith("level=")
        assert line["PRIORITY"] == PRIORITIES[fields(line["MESSAGE"])["level"]]
        assert line["_SYSTEMD_UNIT"] == "touchpointd.service"


def test_nothing_of_a_customer_is_in_it(service):
    customer = {"email": "zoe.quint@example.com", "phone": "+442079460958"}
    service.start()
    told = event(id="zq-id", text="my card was stolen in Lisbon", attributes={"a": "zq-attribute"}) | {
        "customer": customer
    }
    assert service.post(told, wait=20).status == 200
    assert service.post(told | {"zq-member": 1}).status == 422
    service.stop()
    assert {"ready", "stopped"} <= events_of(service)
    text = json.dumps(service.journal())
    assert [part for part in ("zoe.quint", "2079460958", "Lisbon", "zq-") if part in text] == []


@pytest.mark.parametrize(
    ("settings", "status", "said"),
    [
        ({"http.max_body": "lots"}, "2", "http.max_body"),
        ({"journal.dir": "/etc/touchpointd/touchpointd.conf"}, "1", "journal.dir"),
    ],
    ids=["configuration", "journal"],
)
def test_why_it_does_not_start_is_an_error(settings, status, said, service):
    service.configure(settings)
    service.drop_in("Restart=no")
    service.systemctl("start", "--no-block", "touchpointd")
    until(lambda: service.state == "failed", 20, "it failed")
    assert service.show("ExecMainStatus") == status
    lines = [line for line in service.said() if said in fields(line["MESSAGE"])["what"]]
    assert {(line["PRIORITY"], fields(line["MESSAGE"])["event"]) for line in lines} == {("3", "fault")}


def test_a_last_word_without_a_priority_is_an_error(service):
    """Such as a C library's, or that an argument is not known."""
    service.drop_in("ExecStart=", "ExecStart=/usr/bin/touchpointd --nonsense")
    service.systemctl("start", "--no-block", "touchpointd")
    until(lambda: service.state == "failed", 20, "it failed")
    assert {line["PRIORITY"] for line in service.said()} == {"3"}
    assert any("--nonsense" in line["MESSAGE"] for line in service.said())

"""touchpointd as the package brings it: its interface is a daemon's, its life is in systemd's hands, and what it says
is in journald."""

import json

import pytest

from touchpoint.daemon import Interface
from touchpoint.process import free_port
from touchpoint.wait import until

CONFIGURATION = "/etc/touchpointd/touchpointd.conf"


def configuration(settings):
    """{"redis.url": ...} as the text of a configuration file."""
    sections = {}
    for name, value in settings.items():
        section, _, key = name.partition(".")
        sections.setdefault(section, []).append(f'    {key} = "{value}"\n')
    return "".join(f"{section} {{\n{''.join(lines)}}}\n" for section, lines in sections.items())


class Service(Interface):
    def __init__(self, machine, kafka, topics):
        self.machine = machine
        self.address = f"127.0.0.1:{free_port()}"
        self.settings = {
            "http.listen": self.address,
            "node.stop_timeout": "2s",
            "journal.segment_size": "1MiB",
            "journal.max_size": "64MiB",
            "journal.queue_size": "1MiB",
            "redis.url": f"redis://127.0.0.1:{machine.redis_port}",
            "kafka.brokers": kafka.brokers,
            "kafka.topic_interactions": topics.interactions,
            "kafka.topic_customers": topics.customers,
            "kafka.topic_rejected": topics.rejected,
            "kafka.topic_checkpoints": topics.checkpoints,
        }
        self.configure()
        self._cursor = machine.run("journalctl", "--lines=0", "--show-cursor").partition("-- cursor: ")[2]

    # --- what an administrator does

    def configure(self, settings=()):
        self.machine.path(CONFIGURATION).write_text(configuration(self.settings | dict(settings)))

    def drop_in(self, *lines):
        """Adds to the unit, as `systemctl edit` does."""
        folder = self.machine.path("/etc/systemd/system/touchpointd.service.d")
        folder.mkdir(exist_ok=True)
        (folder / "override.conf").write_text("\n".join(["[Service]", *lines, ""]))
        self.systemctl("daemon-reload")

    def systemctl(self, verb, *arguments):
        return self.machine.run("systemctl", verb, *arguments)

    def start(self):
        self.systemctl("start", "touchpointd")

    def stop(self):
        self.systemctl("stop", "touchpointd")

    def kill(self, signal):
        """Sends it to the daemon's process."""
        self.systemctl("kill", "--kill-whom=main", f"--signal={signal}", "touchpointd")

    def clean(self):
        """As the package left it when it was installed."""
        self.stop()
        self.systemctl("disable", "touchpointd")
        self.systemctl("revert", "touchpointd")
        self.systemctl("reset-failed")
        self.systemctl("clean", "--what=state", "touchpointd")

    # --- what it is to systemd and journald

    def show(self, name):
        return self.systemctl("show", f"--property={name}", "--value", "touchpointd")

    @property
    def state(self):
        return self.show("ActiveState")

    @property
    def process(self):
        """Its folder of /proc, seen from within the machine."""
        return self.machine.path(f"/proc/{self.show('MainPID')}")

    def until_restarted(self, times=1):
        """It was started so often by systemd itself, and takes requests."""
        restarted = lambda: int(self.show("NRestarts")) >= times and self.state == "active"  # noqa: E731
        until(restarted, 30, "systemd started it anew", pause=0.1)

    def journal(self):
        """What journald has from the daemon itself and, of this unit, from systemd, since the test began."""
        arguments = ["--unit=touchpointd", "--output=json", f"--after-cursor={self._cursor}"]
        return [json.loads(line) for line in self.machine.run("journalctl", *arguments).splitlines()]

    def said(self):
        """Of these, what the daemon said."""
        return [entry for entry in self.journal() if entry["SYSLOG_IDENTIFIER"] == "touchpointd"]


@pytest.fixture
def service(machine, kafka, topics, shown):
    """Installed and configured for this test's topics; not started."""
    shown.append(machine)
    service = Service(machine, kafka, topics)
    yield service
    service.clean()
    machine.redis.flushall()

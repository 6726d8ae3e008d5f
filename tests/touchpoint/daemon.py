"""touchpointd itself, as a process: configured by --set, found by the READY line of its log, talked to over HTTP."""

import json
import os
import re
import signal
from pathlib import Path

from .http import Client, RawConnection
from .process import Process
from .wait import until

ROOT = Path(__file__).resolve().parents[2]

_FIELD = re.compile(r'([\w.]+)=("(?:[^"\\]|\\.)*"|\S*)')
_SERIES = re.compile(r"(\S+?(?:\{.*\})?) (\S+)")


def program():
    """The daemon of the build that is under test."""
    return (ROOT / os.environ.get("TP_BUILD_DIR", "build") / "touchpointd").resolve()


def fields(line):
    """A line of the log, event=ready http=..., as a dict."""
    return {name: json.loads(value) if value.startswith('"') else value for name, value in _FIELD.findall(line)}


class Interface:
    """What a daemon is to those who talk to it at its `address`, whoever started it."""

    address = None

    def client(self, timeout=30.0):
        """A client that keeps its connection."""
        return Client(self.address, timeout)

    def connect(self, timeout=30.0):
        """A bare connection."""
        return RawConnection(self.address, timeout)

    def post(self, content, path="/v1/events", headers=None, **query):
        with self.client() as client:
            return client.post(content, path, headers, **query)

    def get(self, path, headers=None, **query):
        with self.client() as client:
            return client.get(path, headers, **query)

    def find(self, **identifier):
        """The id of the one customer with this identifier, None when nobody has it: find(email="ann@example.com").

        READY says that interactions are taken: Redis may still be connected to, which is waited for."""

        def answered():
            reply = self.get("/v1/customers", **identifier)
            return reply if reply.status != 503 else None

        reply = until(answered, 5, "look-ups are answered")
        assert reply.status == 200, reply.body
        customers = reply.json["customers"]
        assert len(customers) <= 1, customers
        return customers[0]["id"] if customers else None

    def timeline(self, customer, **query):
        """All interactions of a customer, newest first unless order="asc", however many pages that takes."""
        query = {"limit": 500, **query}
        events = []
        while True:
            reply = self.get(f"/v1/customers/{customer}/timeline", **query)
            assert reply.status == 200, reply.body
            page = reply.json
            events += page["events"]
            if page["next"] is None:
                return events
            query["cursor"] = page["next"]

    def metrics(self):
        """Each series as it is written, with its labels: {"touchpoint_kafka_up": 1.0, ...}."""
        lines = self.get("/metrics").body.decode().splitlines()
        series = (_SERIES.fullmatch(line) for line in lines if line and not line.startswith("#"))
        return {match[1]: float(match[2]) for match in series}


class Daemon(Interface):
    def __init__(self, folder, settings, config=None, arguments=()):
        """`settings` go to --set; `config` is the text of a configuration file."""
        self.folder = Path(folder)
        command = [program(), *arguments]
        if config is not None:
            self.config = self.folder / "touchpointd.conf"
            self.folder.mkdir(parents=True, exist_ok=True)
            self.config.write_text(config)
            command += ["-c", self.config]
        for name, value in settings.items():
            command += ["--set", f"{name}={value}"]
        self.settings = settings
        self.process = Process("touchpointd", command, self.folder, self._environment())
        self._life_begins = 0
        self._unexplained = False

    def _environment(self):
        """Sanitizers write what they find to files, which check() looks for."""
        environment = {name: value for name, value in os.environ.items() if name != "JOURNAL_STREAM"}
        for sanitizer in ("ASAN", "UBSAN", "TSAN"):
            name = f"{sanitizer}_OPTIONS"
            given = environment.get(name)
            environment[name] = ":".join(filter(None, [given, f"log_path={self.folder}/sanitizer"]))
        return environment

    def launch(self):
        """Starts it, and does not wait for READY."""
        self._life_begins = len(self.process.log_text())
        self.process.launch()
        self._unexplained = True
        return self

    def start(self, timeout=30.0):
        """Starts it, for the first time or again on its journal, and waits until it says READY."""
        self.launch()
        self.process.wait_until(lambda: self.log("ready"), timeout, "touchpointd is ready")
        self.address = self.log("ready")[0]["http"].removeprefix("http://")
        return self

    def stop(self, timeout=30.0):
        """Asks it to end, and answers its exit status."""
        self._unexplained = False
        return self.process.end(signal.SIGTERM, timeout)

    def kill9(self):
        self._unexplained = False
        self.process.kill()

    def exit_status(self, timeout=30.0):
        """Waits for it to end of itself."""
        self._unexplained = False
        return self.process.child.wait(timeout)

    def check(self):
        """Fails when it ended unasked, or when a sanitizer found something."""
        reports = sorted(self.folder.glob("sanitizer.*"))
        assert not reports, "\n".join(report.read_text(errors="replace") for report in reports)
        if self._unexplained and not self.process.running:
            raise AssertionError(f"ended with {self.process.child.returncode}, unasked\n{self.process.log_tail()}")

    @property
    def said(self):
        """All that this life of it has written so far."""
        return self.process.log_text()[self._life_begins :]

    def log(self, event=None):
        """The lines that this life of it has logged so far, as dicts: all, or those of one event."""
        lines = map(fields, self.said.splitlines())
        return [line for line in lines if event is None or line.get("event") == event]

"""On what, and with which versions."""

import json
import os
import platform
import re
import subprocess
from pathlib import Path

from touchpoint.daemon import ROOT, program
from touchpoint.kafka import JARS

from .sides import NODE_MODULES, NODE_SOURCES, node_program


def _said(*command):
    """What a program says of itself, wherever it says so; some end with a status for that."""
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, cwd=ROOT)
    return (done.stdout + done.stderr).strip()


def _field(path, name):
    return re.search(rf"^{name}\s*[:=]\s*\"?([^\"\n]+)", Path(path).read_text(), re.M)[1]


def machine():
    return {
        "processor": _field("/proc/cpuinfo", "model name"),
        "cores": len(os.sched_getaffinity(0)),
        "memory": _field("/proc/meminfo", "MemTotal"),
        "system": _field("/etc/os-release", "PRETTY_NAME"),
        "kernel": platform.release(),
        "load_before": os.getloadavg()[0],
    }


def versions(with_node):
    found = {
        "touchpointd": _said(program(), "--version").split()[-1],
        "commit": _said("git", "describe", "--always", "--dirty"),
        "redis": re.search(r"v=(\S+)", _said("redis-server", "--version"))[1],
        "kafka": next(JARS.glob("kafka_*.jar")).stem.rpartition("-")[2],
        "java": _said("java", "-version").splitlines()[1],
        "librdkafka": _said("pkg-config", "--modversion", "rdkafka"),
        "libevent": _said("pkg-config", "--modversion", "libevent"),
        "wrk": _said("wrk", "-v").splitlines()[0].removeprefix("wrk ").split(" [")[0],
    }
    return found | (_node_versions() if with_node else {})


def _node_versions():
    packages = json.loads((NODE_SOURCES / "package.json").read_text())["dependencies"]
    installed = (json.loads((NODE_MODULES / name / "package.json").read_text()) for name in packages)
    return {
        "node": _said(node_program(), "--version"),
        **{package["name"]: package["version"] for package in installed},
    }

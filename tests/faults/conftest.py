import os

import pytest

from touchpoint.process import free_port

from .points import compiled_in, name_of
from .table import Results
from .trial import Trial

EITHER = ["off", "on"]


def pytest_addoption(parser):
    parser.addoption("--full", action="store_true", help="trials in their full form")


def pytest_configure(config):
    if not hasattr(config, "workerinput"):
        config.pluginmanager.register(Results())


def in_full(config):
    return config.getoption("full", False)


def pytest_generate_tests(metafunc):
    """In full with kafka.transactions off and on; in short with the harder promise alone."""
    full = in_full(metafunc.config)
    for mark in metafunc.definition.iter_markers("together"):
        name, groups = mark.args
        metafunc.parametrize(name, [[one] for group in groups for one in group] if full else groups, ids=name_of)
    if "transactions" in metafunc.fixturenames and not _chosen(metafunc):
        metafunc.parametrize("transactions", EITHER if full else ["on"])


def _chosen(metafunc):
    return any("transactions" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))


@pytest.fixture
def trial(request, kafka, topics, record_property):
    return Trial(kafka, topics, in_full(request.config), record_property)


@pytest.fixture
def node(touchpointd, transactions):
    """Makes daemons that have the same address in all their lives, so that senders find them again."""

    def make(settings=None, **options):
        own = {
            "http.listen": f"127.0.0.1:{free_port()}",
            "kafka.transactions": transactions,
            "timeline.max_events": 1_000_000,
        }
        return touchpointd(own | (settings or {}), **options)

    return make


@pytest.fixture(autouse=True)
def build(request, monkeypatch):
    """Fault points are in the builds with sanitizers alone; one stands beside that which all other trials run on."""
    if request.node.get_closest_marker("points"):
        monkeypatch.setenv("TP_BUILD_DIR", os.environ.get("TP_POINTS_DIR", os.environ.get("TP_BUILD_DIR", "build")))
        if not compiled_in():
            pytest.skip("this build has no fault points")

"""The dashboard and the alert rules of docker/ are about what /metrics has: a real Prometheus, configured as shipped,
asks a real daemon, and each panel and rule is about series that are there. What rules say, and when: alerts.yaml."""

import json
import shutil
import subprocess
import urllib.parse
import urllib.request

import promql_parser as promql
import pytest
import yaml

from touchpoint import until
from touchpoint.daemon import ROOT
from touchpoint.front import event
from touchpoint.process import Process, free_port

DOCKER = ROOT / "docker"
TOOLS = ROOT / ".cache" / "prometheus" / "usr" / "bin"
DASHBOARDS = sorted((DOCKER / "grafana" / "dashboards").glob("*.json"))
GROUPS = yaml.safe_load((DOCKER / "prometheus" / "alerts.yml").read_text())["groups"]
RULES = [rule for group in GROUPS for rule in group["rules"]]
SITUATIONS = ROOT / "tests" / "scenarios" / "alerts.yaml"

VARIABLES = {"$__rate_interval": "1m", "$__range": "1m", "$instance": ".*"}
"""What Grafana puts in their places."""


class Prometheus:
    """With the configuration as shipped, but for the daemon's address, and asking often."""

    def __init__(self, folder, target):
        config = yaml.safe_load((DOCKER / "prometheus" / "prometheus.yml").read_text())
        config["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
        config["scrape_configs"][0]["static_configs"] = [{"targets": [target]}]
        folder.mkdir()
        shutil.copy(DOCKER / "prometheus" / "alerts.yml", folder)
        (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
        self.address = f"127.0.0.1:{free_port()}"
        options = [f"--config.file={folder}/prometheus.yml", f"--storage.tsdb.path={folder}/data"]
        command = [TOOLS / "prometheus", *options, f"--web.listen-address={self.address}"]
        self.process = Process("prometheus", command, folder)

    def get(self, path, **query):
        with urllib.request.urlopen(f"http://{self.address}/api/v1/{path}?{urllib.parse.urlencode(query)}") as reply:
            return json.load(reply)["data"]

    def series(self, expression):
        return self.get("query", query=expression)["result"]

    def has_looked_twice(self):
        try:
            looks = self.series('count_over_time(up{job="touchpointd"}[1m])')
        except OSError:
            return False
        return bool(looks) and int(looks[0]["value"][1]) >= 2


@pytest.fixture
def prometheus(touchpointd, tmp_path, shown):
    """That has looked at a daemon through which something went."""
    daemon = touchpointd()
    assert daemon.post(event(), wait=20).status == 200
    server = Prometheus(tmp_path / "prometheus", daemon.address)
    shown.append(server.process)
    server.process.launch()
    try:
        server.process.wait_until(server.has_looked_twice, 30, "Prometheus has looked twice")
        yield server
    finally:
        server.process.kill()


def panels():
    """The title and the expressions of each panel that shows something."""
    for path in DASHBOARDS:
        for panel in json.loads(path.read_text())["panels"]:
            if panel["type"] != "row":
                yield panel["title"], [target["expr"] for target in panel["targets"]]


def with_values(expression):
    for name, value in VARIABLES.items():
        expression = expression.replace(name, value)
    return expression


def selectors(expression):
    """The series that an expression is about, as selectors of its own."""
    found = []
    promql.walk(promql.parse(expression), lambda node: found.append(node) or True)
    return [node for node in found if isinstance(node, promql.VectorSelector)]


def test_every_panel_shows_something(prometheus):
    shown = dict(panels())
    assert len(shown) > 15
    for title, expressions in shown.items():
        assert expressions, title
        for expression in expressions:
            assert prometheus.series(with_values(expression)), f"{title}: {expression}"


def test_every_rule_is_about_series_that_are_there(prometheus):
    assert len(RULES) > 10
    for rule in RULES:
        names = selectors(rule["expr"])
        assert names, rule["alert"]
        for selector in names:
            assert prometheus.series(str(selector)), f"{rule['alert']}: {selector}"


def test_the_rules_are_taken_as_shipped(prometheus):
    def evaluated():
        return [rule for group in prometheus.get("rules")["groups"] for rule in group["rules"]]

    until(lambda: all(rule["health"] == "ok" for rule in evaluated()), 20, evaluated)
    assert [rule["name"] for rule in evaluated()] == [rule["alert"] for rule in RULES]
    assert prometheus.get("alerts")["alerts"] == []  # a daemon that is well


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_every_rule_says_what_is_wrong_and_what_to_do(rule):
    assert set(rule["annotations"]) == {"summary", "description", "action"}
    assert rule["labels"]["severity"] in ("page", "ticket")


def test_every_rule_speaks_when_it_should(tmp_path):
    situations = SITUATIONS.read_text()
    for rule in RULES:
        assert rule["alert"] in situations
    shutil.copy(DOCKER / "prometheus" / "alerts.yml", tmp_path)
    (tmp_path / "alerts.yaml").write_text(situations)
    command = [TOOLS / "promtool", "test", "rules", "alerts.yaml"]
    result = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
    assert result.returncode == 0, result.stdout + result.stderr


def test_grafana_finds_what_it_is_given():
    """By the names of the file system that compose.yaml gives it."""
    provisioning = DOCKER / "grafana" / "provisioning"
    (provider,) = yaml.safe_load((provisioning / "dashboards" / "touchpointd.yaml").read_text())["providers"]
    (source,) = yaml.safe_load((provisioning / "datasources" / "prometheus.yaml").read_text())["datasources"]
    grafana = yaml.safe_load((DOCKER / "compose.yaml").read_text())["services"]["grafana"]
    mounted = dict(volume.split(":")[:2][::-1] for volume in grafana["volumes"])
    assert DOCKER / mounted[provider["options"]["path"]] == DASHBOARDS[0].parent
    assert DOCKER / mounted["/etc/grafana/provisioning"] == provisioning
    assert grafana["environment"]["GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH"] == (
        f"{provider['options']['path']}/{DASHBOARDS[0].name}"
    )
    assert source["type"] == "prometheus"
    assert source["isDefault"]

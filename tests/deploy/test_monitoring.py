"""Alerts and dashboard are what Prometheus takes, and ask for metrics that the gateway has."""

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.markdown import anchors
from tests.support.paths import ROOT

PROMETHEUS = ROOT / "deploy" / "prometheus"
DASHBOARD = json.loads((ROOT / "deploy" / "grafana" / "profile-gateway.json").read_text("utf-8"))
METRICS = ROOT / "docs" / "operations" / "metrics.md"
DISCOVERY = "kubernetes_sd_configs:\n      - role: pod\n"
"""Debian builds Prometheus without it."""

needs_promtool = pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not installed")


def alerts() -> list[dict[str, Any]]:
    """The alerting rules."""
    (group,) = yaml.safe_load((PROMETHEUS / "alerts.yaml").read_text("utf-8"))["groups"]
    return group["rules"]


def panels() -> list[dict[str, Any]]:
    """The panels of the dashboard that show something."""
    return [panel for panel in DASHBOARD["panels"] if panel["type"] != "row"]


def queries() -> list[str]:
    """The queries of the dashboard, with values for Grafana's variables."""
    shown = [target["expr"] for panel in panels() for target in panel["targets"]]
    return [query.replace("$__rate_interval", "5m").replace("$source", ".*") for query in shown]


def promtool(*words: str | Path) -> str:
    """Run promtool; what it says."""
    done = subprocess.run(["promtool", *map(str, words)], capture_output=True, text=True, timeout=100)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@needs_promtool
def test_each_alert_is_given_when_it_should_be() -> None:
    """The rules' own tests: nothing is said while all is well, and each alert once something is wrong."""
    promtool("test", "rules", PROMETHEUS / "alerts.test.yaml")


def test_no_alert_is_without_a_test() -> None:
    """Each is among those that the second test expects."""
    _, wrong = yaml.safe_load((PROMETHEUS / "alerts.test.yaml").read_text("utf-8"))["tests"]
    expected = [sample["labels"] for sample in wrong["promql_expr_test"][0]["exp_samples"]]
    named = {re.search(r'alertname="(\w+)"', labels)[1] for labels in expected}
    assert named == {alert["alert"] for alert in alerts()}


@needs_promtool
@pytest.mark.parametrize("name", ["prometheus.yaml", "kubernetes.yaml"])
def test_prometheus_takes_its_configuration(name: str, tmp_path: Path) -> None:
    """And the rules that it names; but for the discovery of pods, which not every build knows."""
    shutil.copy(PROMETHEUS / "alerts.yaml", tmp_path)
    text = (PROMETHEUS / name).read_text("utf-8")
    assert (DISCOVERY in text) == (name == "kubernetes.yaml")
    (tmp_path / name).write_text(text.replace(DISCOVERY, "static_configs:\n      - targets: [pod]\n"), "utf-8")
    assert "alerts.yaml" in promtool("check", "config", tmp_path / name)


@needs_promtool
def test_prometheus_takes_the_queries_of_the_dashboard(tmp_path: Path) -> None:
    """Each parses, with values for Grafana's variables."""
    rules = [{"record": f"panel:query:{number}", "expr": query} for number, query in enumerate(queries())]
    (tmp_path / "rules.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}), "utf-8")
    assert f"{len(rules)} rules found" in promtool("check", "rules", tmp_path / "rules.yaml")


def test_each_alert_says_what_to_do_and_where_it_is_written() -> None:
    """Its page and the heading exist; a page of it is for the night or for the day."""
    for alert in alerts():
        assert alert["annotations"].keys() == {"summary", "action", "page"}, alert["alert"]
        assert alert["labels"]["severity"] in {"page", "ticket"}
        page, _, anchor = alert["annotations"]["page"].partition("#")
        assert (ROOT / page).is_file(), alert["alert"]
        assert not anchor or anchor in anchors(ROOT / page), alert["alert"]


def test_panels_do_not_lie_on_each_other() -> None:
    """No place of the dashboard's grid is taken twice, and all lie within its 24 columns."""
    places = [
        (column, line)
        for place in (panel["gridPos"] for panel in DASHBOARD["panels"])
        for column in range(place["x"], place["x"] + place["w"])
        for line in range(place["y"], place["y"] + place["h"])
    ]
    assert len(places) == len(set(places))
    assert max(column for column, _ in places) == 23
    numbers = [panel["id"] for panel in DASHBOARD["panels"]]
    assert len(numbers) == len(set(numbers))


def test_alerts_and_dashboard_ask_for_metrics_that_there_are() -> None:
    """Each is in the page on metrics, that of a histogram by its name without what Prometheus adds."""
    texts = [*queries(), *(alert["expr"] for alert in alerts())]
    asked = {name for text in texts for name in re.findall(r"\bgateway_\w+", text)}
    documented = set(re.findall(r"^\| `(gateway_\w+)`", METRICS.read_text("utf-8"), re.MULTILINE))
    assert {name for name in asked if not documented & {name, re.sub(r"_(?:bucket|sum|count)$", "", name)}} == set()

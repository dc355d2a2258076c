"""The page on metrics names what is exported, and what is exported has its row."""

import asyncio
import re

import pytest
from prometheus_client.parser import text_string_to_metric_families

from connectors.errors import SourceUnavailableError
from gateway.lookups.circuit_breaker import SourceHealth
from gateway.tags.pack import default_pack_path
from gateway.telemetry.catalog import METRICS
from gateway.telemetry.fleet import WORKER
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.acting_shop import ACTION, acting_words
from tests.support.audit_trails import SECRET
from tests.support.gateway_server import gateway_on
from tests.support.paths import ROOT
from tests.support.tag_shop import sources_by_id, tag_of
from tests.support.webhook_requests import hook, of, sources_with, tell

PAGE = (ROOT / "docs" / "operations" / "metrics.md").read_text("utf-8")
ROW = re.compile(r"^\| `(gateway_\w+)` \| (\w+) \| ([^|]+) \| [^|]+ \|$", re.MULTILINE)


def documented() -> dict[str, tuple[str, set[str]]]:
    """Type and labels of each metric of workers, as the page has them."""
    section = PAGE.split("## Metrics of workers\n")[1].split("\n## ")[0]
    return {name: (type_, set(re.findall(r"`(\w+)`", labels))) for name, type_, labels in ROW.findall(section)}


def test_every_metric_has_its_row_and_every_row_its_metric():
    """With its type and its labels; that of the worker, which every gauge has, is said once."""
    assert documented() == {name: (metric.type, set(metric.labels)) for name, metric in METRICS.items()}


def test_names_are_as_prometheus_has_them():
    """Counters end with what is counted and `_total`, durations are in seconds, nothing else ends so."""
    for name, metric in METRICS.items():
        assert name.startswith("gateway_")
        assert name.endswith("_total") == (metric.type == "counter")
        assert "duration" not in name or name.endswith("_seconds")
        assert metric.help.endswith(".")


@pytest.mark.mongodb
async def test_every_metric_is_exported_with_its_labels(mongodb_uri, mongodb_database, tmp_path):
    """By a gateway to which all of it happens: a source that is down, a webhook, tags, an operation without a plan."""
    metrics, sources = Metrics(), {source.name: source for source in sources_by_id()}
    words = {
        "sources": sources_with({"orders": hook()}, {"order": 60}, "crm"),
        "mongodb": {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000},
        "audit": {"key": SECRET, "spool": str(tmp_path)},
        "erasure": {"key": SECRET},
    }
    action = ACTION.replace("{tag: tier, from: LOW, to: HIGH}", "{tag: lifecycle_stage}")
    file = tmp_path / "tags.yaml"
    file.write_text(f"{default_pack_path().read_text('utf-8')}\nactions:\n{action}", "utf-8")
    hook_words = acting_words("http://127.0.0.1:9/hook", file, words["mongodb"])
    words |= {name: hook_words[name] for name in ("actions", "purposes", "callers", "access")} | {"tags": {"file": file}}
    async with gateway_on(list(sources.values()), with_metrics=metrics, **words) as gateway:
        await tag_of(gateway)
        async with asyncio.timeout(20):
            while "gateway_audit_spool_bytes{" not in metrics.render().decode():
                await asyncio.sleep(0.02)
        await gateway.data("{ __schema { queryType { name } } }")
        await tell(gateway, "orders", of("c1"))
        sources["orders"].failure = SourceUnavailableError()
        await gateway.ask('query Down { customer(by: {id: "c1"}) { orders(first: 3) { nodes { id } } } }')
        exported = families(metrics)
    expected = {name: {*metric.labels} | ({WORKER} if metric.type == "gauge" else set()) for name, metric in METRICS.items()}
    assert exported.keys() == expected.keys()
    silent = {name for name, labels in exported.items() if labels is None}
    assert silent == {
        "gateway_sockets_closed_total",
        "gateway_source_connections",
        "gateway_source_max_connections",
        "gateway_source_dropped_records_total",
        "gateway_source_unreadable_values_total",
        "gateway_source_refused_lookups_total",
        "gateway_erasures_oldest_running_timestamp_seconds",
        "gateway_deliveries_total",
    }
    assert {name: labels for name, labels in exported.items() if labels is not None} == {
        name: labels for name, labels in expected.items() if name not in silent
    }


def families(metrics: Metrics) -> dict[str, set[str] | None]:
    """The labels of each metric that is exported, None where it has no sample yet."""
    found = {}
    for family in text_string_to_metric_families(metrics.render().decode()):
        name = family.name + "_total" * (family.type == "counter")
        labels = [frozenset(sample.labels.keys() - {"le"}) for sample in family.samples]
        assert len(set(labels)) <= 1
        found[name] = set(labels[0]) if labels else None
    return found


def test_states_of_a_breaker_are_on_the_page():
    """Those that the label has."""
    (row,) = [line for line in PAGE.splitlines() if line.startswith("| `gateway_source_breaker_state`")]
    assert all(f"`{state.value.lower()}`" in row for state in SourceHealth)


async def test_connections_are_counted_of_pools():
    """Of a source over HTTP: one that was used is kept, of as many as there may be."""
    from aiohttp import web

    from connectors.http import HttpConnector
    from tests.support.http_source import serving, support_settings

    async def answer(_: web.Request) -> web.Response:
        return web.json_response({"id": "c1", "fullName": "Ana"})

    metrics = Metrics()
    async with serving(answer) as url:
        connector = HttpConnector("crm", support_settings(url))
        async with gateway_on([connector], with_metrics=metrics) as gateway, asyncio.timeout(60):
            await gateway.data('{ customer(by: {id: "c1"}) { name } }')
            text = metrics.render().decode()
    assert 'gateway_source_connections{source="crm",state="idle",worker="0"} 1.0' in text
    assert 'gateway_source_connections{source="crm",state="used",worker="0"} 0.0' in text
    assert 'gateway_source_max_connections{source="crm",worker="0"} 100.0' in text


@pytest.mark.mongodb
async def test_tags_are_counted(mongodb_uri, mongodb_database):
    """One is computed by its rule, stored, and given fresh afterwards."""
    words = {"mongodb": {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000}}
    metrics = Metrics()
    for _ in range(2):  # the first one stores it before it ends
        async with gateway_on(sources_by_id(), with_metrics=metrics, **words) as gateway:
            await tag_of(gateway)
    text = metrics.render().decode()
    assert 'gateway_tags_given_total{freshness="computed",tag="activity"} 1.0' in text
    assert 'gateway_tags_given_total{freshness="fresh",tag="activity"} 1.0' in text
    assert 'gateway_tags_given_total{freshness="stale",tag="activity"} 0.0' in text
    assert 'gateway_tag_outcomes_total{reason="rule",tag="activity"} 1.0' in text
    assert 'gateway_tags_not_stored_total{tag="activity"} 0.0' in text


async def test_mongodb_is_measured(mongodb_uri, mongodb_database):
    """Up, reads and writes of tags, and none of it without MongoDB."""
    words = {"mongodb": {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000}}
    metrics = Metrics()
    async with gateway_on(sources_by_id(), with_metrics=metrics, **words) as gateway:
        await tag_of(gateway)
        text = metrics.render().decode()
    ended = metrics.render().decode()
    assert 'gateway_mongodb_up{worker="0"} 1.0' in text
    assert 'gateway_mongodb_operations_total{operation="read",outcome="ok"} 1.0' in text
    assert (
        'gateway_mongodb_operations_total{operation="write",outcome="ok"} 3.0' in ended
    )  # beside the answer: the tag, its rule, its use
    assert 'gateway_mongodb_operation_duration_seconds_count{operation="read"} 1.0' in text
    alone = Metrics()
    async with gateway_on(list(shop.sources().values()), with_metrics=alone):
        assert "gateway_mongodb_up{" not in alone.render().decode()

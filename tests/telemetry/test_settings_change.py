"""What is observed when services are exchanged, and what is refused before they serve."""

from importlib.metadata import PackageNotFoundError

import pytest

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.execution.schema_types import core_schema
from gateway.http.request_head import Head
from gateway.operations import Limits, Operations
from gateway.settings import TelemetrySettings, TraceSettings, parse_settings
from gateway.telemetry import application
from gateway.telemetry.application import Telemetry
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.request_metrics import MAX_OPERATIONS
from gateway.telemetry.source_metrics import SourceCollector
from resolvers.schema import schema_with
from tests.support import shop
from tests.support.gateway_server import settings_for
from tests.support.otlp_receiver import otlp_receiver
from tests.support.prometheus_text import values_of

TRACES = {"endpoint": "http://127.0.0.1:9/v1/traces"}


def services_with(**words):
    connectors = [shop.crm(), shop.orders()]
    return create_services(settings_for(connectors, **words), connectors=connectors)


async def test_totals_stay_when_services_are_exchanged():
    """Counts of old and new services add up; when the old ones retire, only what they had at the moment goes."""
    metrics, old, new = Metrics(), services_with(), services_with()
    telemetry = Telemetry(old, metrics)

    def shown():
        text = metrics.render()
        return values_of(text, "gateway_source_calls_total"), values_of(text, "gateway_source_max_calls")

    async with telemetry.running():
        for services, calls in ((old, 3), (new, 4)):
            for _ in range(calls):
                services.sources.all[0].statistics.add_call("OK", 1, 0.001)
        await telemetry.switch(new)
        both = shown()
        telemetry.retire(old)
        left = shown()
    assert both == ({("OK", "crm"): 7}, {("crm", "0"): 8, ("orders", "0"): 8})
    assert left == ({("OK", "crm"): 7}, {("crm", "0"): 4, ("orders", "0"): 4})


def test_a_source_that_two_share_is_read_once():
    """It is followed until both have left it."""
    metrics, services = Metrics(), services_with()
    source = services.sources.all[0]
    source.statistics.add_call("OK", 1, 0.001)
    for _ in range(2):
        metrics.follow([SourceCollector(source)])
    metrics.unfollow([SourceCollector(source)])
    assert values_of(metrics.render(), "gateway_source_calls_total") == {("OK", "crm"): 1}
    assert values_of(metrics.render(), "gateway_source_max_calls") == {("crm", "0"): 4}
    metrics.unfollow([SourceCollector(source)])
    assert values_of(metrics.render(), "gateway_source_calls_total") == {("OK", "crm"): 1}
    assert values_of(metrics.render(), "gateway_source_max_calls") == {}


async def test_traces_follow_the_settings():
    """They are kept while their table is the same, begin anew where it is another one, and end without it."""
    with otlp_receiver() as receiver:
        traces = {"endpoint": receiver.endpoint}
        telemetry = Telemetry(services_with(telemetry={"traces": traces}), Metrics())
        async with telemetry.running():
            first = telemetry.observer.tracer
            await telemetry.switch(services_with(telemetry={"traces": traces}))
            assert telemetry.observer.tracer is first
            assert first is not None
            await telemetry.switch(services_with(telemetry={"traces": traces | {"sample": 1}}))
            assert telemetry.observer.tracer not in (None, first)
            await telemetry.switch(services_with())
            assert telemetry.observer.tracer is None


def test_traces_without_the_extra_are_a_problem_at_the_start(monkeypatch):
    """It names the setting and the extra, and stands among all other problems."""

    def missing(name):
        raise PackageNotFoundError(name)

    monkeypatch.setattr(application, "version", missing)
    with pytest.raises(ConfigurationError) as caught:
        services_with(telemetry={"traces": TRACES})
    assert caught.value.problems == (
        'telemetry.traces: OpenTelemetry is not installed; add the extra "otel", or remove the table',
    )


@pytest.mark.parametrize(
    "words",
    [
        {"operations": ["no name"]},
        {"slow_request_ms": 0},
        {"traces": {}},
        {"traces": {"endpoint": "collector:4318"}},
        {"traces": {"endpoint": "http://user:secret@collector/v1/traces"}},
        {"traces": TRACES | {"sample": 1.5}},
        {"traces": TRACES | {"sampel": 0.5}},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(words):
    """With the setting's name, and without its value."""
    with pytest.raises(ConfigurationError) as caught:
        parse_settings({"telemetry": words, "sources": {"crm": {"kind": "memory"}}})
    (problem,) = caught.value.problems
    assert "telemetry." in problem
    assert "secret" not in problem


def test_headers_of_the_collector_are_not_shown():
    """They hold credentials."""
    assert "t0ken" not in repr(TraceSettings.model_validate(TRACES | {"headers": {"x-token": "t0ken"}}))


async def test_traces_stay_when_others_cannot_be_made(monkeypatch):
    """OpenTelemetry reads variables of the system, too, which may be wrong."""

    def fail(*words):
        raise ValueError

    with otlp_receiver() as receiver:
        traces = {"endpoint": receiver.endpoint}
        telemetry = Telemetry(services_with(telemetry={"traces": traces}), Metrics())
        async with telemetry.running():
            first = telemetry.observer.tracer
            changed = services_with(telemetry={"traces": traces | {"sample": 1}})
            with monkeypatch.context() as patched:
                patched.setattr("gateway.telemetry.traces.Traces", fail)
                with pytest.raises(ValueError):
                    await telemetry.switch(changed)
            await telemetry.switch(services_with(telemetry={"traces": traces}))
            assert telemetry.observer.tracer is first


def test_fifty_operations_are_named_over_all_settings():
    """Settings that list operations for a while do not let the next ones have names."""
    metrics, operations = Metrics(), Operations(core_schema(schema_with(())), limits=Limits())
    telemetry = Telemetry(services_with(), metrics)
    for turn in range(3):
        telemetry.observer.configure(TelemetrySettings())
        for number in range(MAX_OPERATIONS):
            operation = operations.prepare(f"query Name{turn}x{number} {{ __typename }}", None)
            telemetry.observer.end(Head("POST", [], b""), operation, "OK")
        telemetry.observer.configure(TelemetrySettings(operations=["Listed"]))
    names = {labels[2] for labels in values_of(metrics.render(), "gateway_requests_total")}
    assert names == {f"Name0x{number}" for number in range(MAX_OPERATIONS)} | {"other"}

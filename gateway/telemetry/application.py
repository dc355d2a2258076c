"""The telemetry of one application: what it counts, logs and traces while it serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from connectors.errors import ConfigurationError
from gateway.admission import Admission
from gateway.execution.executor import Executor
from gateway.services import Services
from gateway.settings import TraceSettings
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.process_metrics import LoopLag
from gateway.telemetry.request_log import RequestLog
from gateway.telemetry.request_metrics import OperationNames
from gateway.telemetry.request_observer import RequestObserver
from gateway.telemetry.samples import SampleCollector
from gateway.telemetry.service_metrics import (
    AdmissionCollector,
    CacheCollector,
    ExecutorCollector,
    StoreCollector,
    WebhookCollector,
)
from gateway.telemetry.source_metrics import SourceCollector
from gateway.webhooks import Webhooks

if TYPE_CHECKING:
    from gateway.telemetry.traces import Traces


class Telemetry:
    """Observes the requests of an application, and reads what its services count."""

    def __init__(
        self, services: Services, executor: Executor, admission: Admission, webhooks: Webhooks, metrics: Metrics
    ) -> None:
        settings, clock = services.settings.telemetry, services.clock
        self.metrics = metrics
        lines = RequestLog(clock, settings.slow_request_ms, logs_all=settings.request_log)
        self.observer = RequestObserver(metrics.requests, OperationNames(settings.operations), lines, clock)
        self._services = services
        self._lag = LoopLag(metrics.process.lags)
        self._collectors: Sequence[SampleCollector] = [
            AdmissionCollector(admission),
            ExecutorCollector(executor),
            CacheCollector(services.sources.cache),
            WebhookCollector(webhooks),
            *map(SourceCollector, services.sources.all),
            *([] if services.store is None else [StoreCollector(services.store)]),
        ]

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count, and send spans, until the block ends."""
        settings = self._services.settings.telemetry.traces
        traces = None if settings is None else self._traces(settings)
        self.metrics.follow(self._collectors)
        self._lag.start()
        self._trace_by(traces)
        try:
            yield
        finally:
            self._lag.stop()
            self.metrics.unfollow(self._collectors)
            self._trace_by(None)
            if traces is not None:
                await traces.aclose()

    def _traces(self, settings: TraceSettings) -> Traces:
        from gateway.telemetry.traces import Traces

        return Traces(settings, self._services.clock)

    def _trace_by(self, traces: Traces | None) -> None:
        self.observer.tracer = traces
        self._services.sources.trace_calls(traces)


def check_traces(settings: TraceSettings | None) -> None:
    """Raise `ConfigurationError` where spans are wanted and cannot be made."""
    if settings is None:
        return
    try:
        version("opentelemetry-exporter-otlp-proto-http")
    except PackageNotFoundError:
        problem = 'telemetry.traces: OpenTelemetry is not installed; add the extra "otel", or remove the table'
        raise ConfigurationError([problem]) from None

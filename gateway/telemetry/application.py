"""The telemetry of one application: what it counts, logs and traces while it serves."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

from connectors.errors import ConfigurationError
from gateway.services import Services
from gateway.settings import TraceSettings
from gateway.telemetry.audit_metrics import AuditCollector, ErasureCollector
from gateway.telemetry.metrics import Metrics
from gateway.telemetry.process_metrics import LoopLag
from gateway.telemetry.request_observer import RequestObserver
from gateway.telemetry.samples import SampleCollector
from gateway.telemetry.service_metrics import (
    CacheCollector,
    ChangeCollector,
    DeliveryCollector,
    IdentityCollector,
    ScheduleCollector,
    StoreCollector,
    TagCollector,
)
from gateway.telemetry.source_metrics import SourceCollector

if TYPE_CHECKING:
    from gateway.telemetry.traces import Traces


class Telemetry:
    """Observe the requests of an application, read what its services count, trace its calls.

    `read` says what is counted beside the services. `switch` goes over to the services of other settings, `retire` leaves the
    old ones when they are closed.
    """

    def __init__(self, services: Services, metrics: Metrics) -> None:
        self.metrics = metrics
        self.observer = RequestObserver(metrics.requests, services.clock)
        self.observer.configure(services.settings.telemetry)
        self._services = services
        self._beside: tuple[SampleCollector, ...] = ()
        self._is_running = False
        self._lag = LoopLag(metrics.process.lags)
        if services.settings.telemetry.traces is not None:
            import gateway.telemetry.traces  # noqa: F401  before memory is tuned for all that stays
        self._traces: Traces | None = None
        self._traced_by: TraceSettings | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Count, and send spans, until the block ends."""
        self._lag.start()
        self._is_running = True
        self.metrics.follow(self._beside)
        await self.switch(self._services)
        try:
            yield
        finally:
            self._lag.stop()
            self._is_running = False
            self.metrics.unfollow(self._beside)
            self.retire(self._services)
            await self._trace(self._services, None)

    def read(self, *collectors: SampleCollector) -> None:
        """Read these from now on, in place of those of before, whose totals are kept."""
        before, self._beside = self._beside, collectors
        if self._is_running:
            self.metrics.follow(collectors)
            self.metrics.unfollow(before)

    async def switch(self, services: Services) -> None:
        """Observe these services from now on, by their settings. Those from before are followed until they retire."""
        self._services = services
        self.metrics.follow(_collectors(services))
        self.observer.configure(services.settings.telemetry)
        await self._trace(services, services.settings.telemetry.traces)

    def retire(self, services: Services) -> None:
        """Keep the totals of services that end."""
        self.metrics.unfollow(_collectors(services))

    def trace_by(self, traces: Traces | None) -> None:
        """Trace requests and the calls for them, or no more."""
        self.observer.tracer = traces
        self._services.sources.trace_calls(traces)

    async def _trace(self, services: Services, settings: TraceSettings | None) -> None:
        old = None
        if settings != self._traced_by:
            new = None
            if settings is not None:
                from gateway.telemetry.traces import Traces  # it takes a tenth of a second to import

                new = Traces(settings, services.clock)
            old, self._traces, self._traced_by = self._traces, new, settings
        self.trace_by(self._traces)
        if old is not None:
            await old.aclose()


def _collectors(services: Services) -> Iterator[SampleCollector]:
    yield CacheCollector(services.sources.cache)
    yield TagCollector(services.tags.counts)
    if services.tags.scheduler is not None:
        yield ScheduleCollector(services.tags.scheduler.counts)
    if services.changes is not None:
        yield ChangeCollector(services.changes.counts)
    if services.actions is not None:
        yield DeliveryCollector(services.actions.counts)
    yield IdentityCollector(services.router)
    yield from map(SourceCollector, services.sources.all)
    if services.store is not None:
        yield StoreCollector(services.store)
    if services.audit is not None:
        yield AuditCollector(services.audit)
    if services.eraser is not None:
        yield ErasureCollector(services.eraser.worker)


def check_traces(settings: TraceSettings | None) -> None:
    """Raise `ConfigurationError` where spans are wanted and cannot be made."""
    if settings is None:
        return
    try:
        version("opentelemetry-exporter-otlp-proto-http")
    except PackageNotFoundError:
        problem = 'telemetry.traces: OpenTelemetry is not installed; add the extra "otel", or remove the table'
        raise ConfigurationError([problem]) from None

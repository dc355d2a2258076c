"""Observe each request when it ends: count it, log it, end its span."""

from __future__ import annotations

from typing import Protocol

from gateway.clock import Clock
from gateway.http.request_head import Head
from gateway.lookups.call_tracer import RequestSpan
from gateway.lookups.loaders import Loaders
from gateway.operations import Operation
from gateway.settings import TelemetrySettings
from gateway.telemetry.request_log import RequestLog
from gateway.telemetry.request_metrics import OperationCounts, OperationNames, RequestMetrics


class RequestTracer(Protocol):
    """Make spans of requests."""

    def start_request(self, head: Head, operation: Operation | None, label: str) -> RequestSpan | None:
        """Start the span of a request. None for one that is not sampled."""

    def end_request(self, span: RequestSpan, code: str) -> None:
        """End it."""


class RequestObserver:
    """Observes the requests of one application. Those that are sampled are traced by the `tracer`."""

    def __init__(self, metrics: RequestMetrics, clock: Clock) -> None:
        self.tracer: RequestTracer | None = None
        self._metrics = metrics
        self._clock = clock
        self._monotonic = clock.monotonic
        self._first = OperationNames(())
        self.configure(TelemetrySettings())

    def configure(self, settings: TelemetrySettings) -> None:
        """Name operations and write lines by these settings."""
        # Those that settings list are few already. Of the others the first are named, over all settings of a worker.
        self._names = OperationNames(settings.operations) if settings.operations else self._first
        self._lines = RequestLog(self._clock, settings.slow_request_ms, logs_all=settings.request_log)
        self._min_line_s = self._lines.min_s

    def begin(self, head: Head, operation: Operation, loaders: Loaders) -> None:
        """Note that an operation runs, and sample it."""
        head.loaders = loaders
        if self.tracer is not None:
            head.span = loaders.span = self.tracer.start_request(head, operation, self._counts(operation).label)

    def end(self, head: Head, operation: Operation | None, code: str) -> None:
        """Note that a request ended."""
        counts = self._counts(operation)
        seconds = self._monotonic() - head.arrived
        counts.add(code, seconds)
        if seconds >= self._min_line_s:
            self._lines.write(head, counts.label, code, seconds)
        if self.tracer is not None:
            if head.loaders is None:  # it was refused before it ran
                head.span = self.tracer.start_request(head, operation, counts.label)
            if head.span is not None:
                self.tracer.end_request(head.span, code)
        head.loaders = head.span = None  # the connection keeps the head until its next request

    def _counts(self, operation: Operation | None) -> OperationCounts:
        if operation is None:
            return self._metrics.counts(self._names.label(None))
        counts: OperationCounts | None = operation.known.get(self._names)
        if counts is None:
            counts = operation.known[self._names] = self._metrics.counts(self._names.label(operation))
        return counts

"""Trace sampled requests by OpenTelemetry: a span for each, and one for each call to a source that they share.

Attributes hold names, codes and numbers, never a key, a value or a document.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Sequence
from importlib.metadata import version

import msgspec
from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Link, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from connectors.records import RECORD_NAMES
from connectors.toolkit.trace_context import traceparent
from gateway.clock import Clock
from gateway.http import Head
from gateway.lookups.call_statistics import OK
from gateway.lookups.call_tracer import Waiter
from gateway.lookups.fetches import Fetch, RecordFetch
from gateway.operations import Operation
from gateway.settings import TraceSettings
from gateway.telemetry.export_log import ExportLog
from gateway.telemetry.request_metrics import OTHER

EXPORT_TIMEOUT_S = 2.0
"""How long a batch of spans may take on its way, and how long the end of a worker waits for the last ones."""

_FAULTS = ("SOURCE_", "GATEWAY_", "INTERNAL", "OVERLOADED")
"""How the codes begin that are no mistake of the caller's."""

_propagator = TraceContextTextMapPropagator()


class SharedCallSpan(msgspec.Struct, eq=False):
    """The span of a call, and the requests that it is linked to."""

    span: Span
    linked: list[Span]


class Traces:
    """Make the spans of a worker, and send them in batches. `draw` gives a number in [0, 1) for each request."""

    def __init__(
        self,
        settings: TraceSettings,
        clock: Clock,
        *,
        exporter: SpanExporter | None = None,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._draw = draw
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        self._exporter = exporter or OTLPSpanExporter(settings.endpoint, headers=headers, timeout=EXPORT_TIMEOUT_S)
        self._log = ExportLog(clock)
        resource = Resource.create({"service.name": "profile-gateway", "service.version": version("customer-profile-gateway")})
        self._provider = TracerProvider(sampler=ALWAYS_ON, resource=resource, shutdown_on_exit=False)
        self._provider.add_span_processor(BatchSpanProcessor(self._exporter))
        self._tracer = self._provider.get_tracer("gateway")

    def start_request(self, head: Head, operation: Operation | None, label: str) -> Span | None:
        """Start the span of a request. None for one that is not sampled."""
        given = head.headers.get(b"traceparent")
        parent = None if given is None else _span_context(given)
        if self._settings.trust_parent and parent is not None:
            if not parent.trace_flags.sampled:
                return None
            return self._start_request(head, operation, label, trace.set_span_in_context(trace.NonRecordingSpan(parent)), ())
        if self._draw() >= self._settings.sample:
            return None
        return self._start_request(head, operation, label, Context(), () if parent is None else (Link(parent),))

    def end_request(self, span: Span, code: str) -> None:
        """End the span of a request with the code of its first error."""
        _set_outcome(span, code)
        span.end(self._now_ns())

    def start_call(self, source: str, fetch: Fetch, keys: int, waiters: Sequence[Waiter]) -> SharedCallSpan | None:
        """Start the span of a call. None while no sampled request waits for it."""
        requests = _sampled(waiters)
        if not requests:
            return None
        call = self._start_call(source, fetch, keys, requests, self._now_ns())
        context = call.span.get_span_context()
        traceparent.set(f"00-{context.trace_id:032x}-{context.span_id:016x}-01")
        return call

    def end_call(
        self,
        call: SharedCallSpan | None,
        source: str,
        fetch: Fetch,
        keys: int,
        waiters: Sequence[Waiter],
        code: str,
        seconds: float,
    ) -> None:
        """End the span of a call, with links to the sampled requests that joined it meanwhile."""
        requests = _sampled(waiters)
        if call is None and requests:
            call = self._start_call(source, fetch, keys, requests, self._now_ns(before_s=seconds))
        if call is None:
            return
        traceparent.set(None)
        for request in requests:
            if request not in call.linked:
                call.span.add_link(request.get_span_context())
        _set_outcome(call.span, code)
        call.span.end(self._now_ns())

    async def aclose(self) -> None:
        """Send the last spans, and wait no longer for that than a batch may take."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self._provider.force_flush), EXPORT_TIMEOUT_S)
        except TimeoutError:
            self._exporter.shutdown()  # what is still on its way is given up
        await asyncio.to_thread(self._provider.shutdown)
        self._log.close()

    def _start_request(
        self, head: Head, operation: Operation | None, label: str, parent: Context, links: Sequence[Link]
    ) -> Span:
        attributes = {"http.request.method": head.method}
        name = "GraphQL"
        if operation is not None:
            name = attributes["graphql.operation.type"] = operation.definition.operation.value
            if operation.definition.name is not None and label != OTHER:
                attributes["graphql.operation.name"] = label
                name = f"{name} {label}"
        began_ns = self._now_ns(before_s=self._clock.monotonic() - head.arrived)
        return self._tracer.start_span(
            name, parent, kind=SpanKind.SERVER, attributes=attributes, links=links, start_time=began_ns
        )

    def _start_call(self, source: str, fetch: Fetch, keys: int, requests: Sequence[Span], began_ns: int) -> SharedCallSpan:
        record = RECORD_NAMES[fetch.record]
        attributes: dict[str, str | int] = {
            "gateway.source": source,
            "gateway.record": record,
            "gateway.key_kind": fetch.by.value,
            "gateway.asks": "records" if isinstance(fetch, RecordFetch) else "measures",
            "gateway.keys": keys,
        }
        span = self._tracer.start_span(
            f"{source} {record}",
            trace.set_span_in_context(requests[0]),
            kind=SpanKind.CLIENT,
            attributes=attributes,
            links=[Link(request.get_span_context()) for request in requests],
            start_time=began_ns,
        )
        return SharedCallSpan(span, list(requests))

    def _now_ns(self, before_s: float = 0.0) -> int:
        return int((self._clock.now().timestamp() - before_s) * 1e9)


def _set_outcome(span: Span, code: str) -> None:
    span.set_attribute("gateway.outcome", code)
    if code != OK:
        span.set_attribute("error.type", code)
    if code.startswith(_FAULTS):
        span.set_status(Status(StatusCode.ERROR))


def _sampled(waiters: Sequence[Waiter]) -> list[Span]:
    """List the spans of those who wait, each once."""
    spans = [waiter.span for waiter in waiters if waiter.span is not None]
    return list({id(span): span for span in spans}.values()) if len(spans) > 1 else spans


def _span_context(header: bytes) -> SpanContext | None:
    """Read a `traceparent`. Nothing else of a stranger's trace is kept."""
    carrier = {"traceparent": header.decode("latin-1")}
    context = trace.get_current_span(_propagator.extract(carrier, Context())).get_span_context()
    return context if context.is_valid else None

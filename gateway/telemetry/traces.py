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
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.util.instrumentation import InstrumentationScope
from opentelemetry.trace import Link, SpanContext, SpanKind, Status, StatusCode, TraceFlags
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from connectors.records import RECORD_NAMES
from connectors.toolkit.trace_context import traceparent
from gateway.clock import Clock
from gateway.http.request_head import Head
from gateway.lookups.call_statistics import OK
from gateway.lookups.call_tracer import Waiter
from gateway.lookups.fetches import Fetch
from gateway.operations import Operation
from gateway.settings import TraceSettings
from gateway.telemetry.export_log import ExportLog
from gateway.telemetry.request_metrics import OTHER

EXPORT_TIMEOUT_S = 2.0
"""How long a batch of spans may take on its way, and how long the end of a worker waits for the last ones."""

_FAULTS = ("SOURCE_", "GATEWAY_", "INTERNAL", "OVERLOADED")
"""How the codes begin that are no mistake of the caller's."""

_SAMPLED = TraceFlags(TraceFlags.SAMPLED)
_UNSET, _ERROR = Status(), Status(StatusCode.ERROR)

_propagator = TraceContextTextMapPropagator()


class OpenSpan(msgspec.Struct, eq=False):
    """A span that has not ended. What it is linked to may grow meanwhile."""

    name: str
    kind: SpanKind
    context: SpanContext
    parent: SpanContext | None
    attributes: dict[str, str | int]
    linked: Sequence[SpanContext]
    start_ns: int


class Traces:
    """Make the spans of a worker, and send them in batches. `draw` gives a number in [0, 1) for each request.

    Spans are handed to the library when they have ended: its own way of making them takes three times as long.
    """

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
        self._ids = RandomIdGenerator()
        headers = {name: value.get_secret_value() for name, value in settings.headers.items()}
        self._exporter = exporter or OTLPSpanExporter(settings.endpoint, headers=headers, timeout=EXPORT_TIMEOUT_S)
        self._log = ExportLog(clock)
        own_version = version("customer-profile-gateway")
        self._resource = Resource.create({"service.name": "profile-gateway", "service.version": own_version})
        self._scope = InstrumentationScope("gateway", own_version)
        self._processor = BatchSpanProcessor(self._exporter)

    def start_request(self, head: Head, operation: Operation | None, label: str) -> OpenSpan | None:
        """Start the span of a request. None for one that is not sampled."""
        given = head.headers.get(b"traceparent")
        other = None if given is None else _span_context(given)
        if self._settings.trust_parent and other is not None:
            return self._open_request(head, operation, label, other, ()) if other.trace_flags.sampled else None
        if self._draw() >= self._settings.sample:
            return None
        return self._open_request(head, operation, label, None, () if other is None else (other,))

    def end_request(self, span: OpenSpan, code: str) -> None:
        """End the span of a request with the code of its first error."""
        self._end(span, code)

    def start_call(self, source: str, fetch: Fetch, keys: int, waiters: Sequence[Waiter]) -> OpenSpan | None:
        """Start the span of a call. None while no sampled request waits for it."""
        requests = _sampled(waiters)
        if not requests:
            return None
        span = self._open_call(source, fetch, keys, requests, self._now_ns())
        traceparent.set(f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-01")
        return span

    def end_call(
        self,
        span: OpenSpan | None,
        source: str,
        fetch: Fetch,
        keys: int,
        waiters: Sequence[Waiter],
        code: str,
        seconds: float,
    ) -> None:
        """End the span of a call, with links to the sampled requests that joined it meanwhile."""
        requests = _sampled(waiters)
        if span is None and requests:
            span = self._open_call(source, fetch, keys, requests, self._now_ns(before_s=seconds))
        if span is not None:
            traceparent.set(None)
            span.linked = requests
            self._end(span, code)

    async def aclose(self) -> None:
        """Send the last spans, and wait no longer for that than a batch may take."""
        try:
            await asyncio.wait_for(asyncio.to_thread(self._processor.force_flush), EXPORT_TIMEOUT_S)
        except TimeoutError:
            self._exporter.shutdown()  # what is still on its way is given up
        await asyncio.to_thread(self._processor.shutdown)
        self._log.close()

    def _open_request(
        self, head: Head, operation: Operation | None, label: str, parent: SpanContext | None, linked: Sequence[SpanContext]
    ) -> OpenSpan:
        name, attributes = "GraphQL", dict[str, str | int]()
        if operation is not None:
            name = attributes["graphql.operation.type"] = operation.definition.operation.value
            if operation.definition.name is not None and label != OTHER:
                attributes["graphql.operation.name"] = label
                name = f"{name} {label}"
        began_ns = self._now_ns(before_s=self._clock.monotonic() - head.arrived)
        return OpenSpan(name, SpanKind.SERVER, self._new_context(parent), parent, attributes, linked, began_ns)

    def _open_call(self, source: str, fetch: Fetch, keys: int, requests: Sequence[SpanContext], began_ns: int) -> OpenSpan:
        record, parent = RECORD_NAMES[fetch.record], requests[0]
        attributes: dict[str, str | int] = {
            "gateway.source": source,
            "gateway.record": record,
            "gateway.key_kind": fetch.by.value if fetch.by is not None else "none",
            "gateway.keys": keys,
        }
        context = self._new_context(parent)
        return OpenSpan(f"{source} {record}", SpanKind.CLIENT, context, parent, attributes, requests, began_ns)

    def _new_context(self, parent: SpanContext | None) -> SpanContext:
        trace_id = self._ids.generate_trace_id() if parent is None else parent.trace_id
        return SpanContext(trace_id, self._ids.generate_span_id(), is_remote=False, trace_flags=_SAMPLED)

    def _end(self, span: OpenSpan, code: str) -> None:
        if code != OK:
            span.attributes["error.type"] = code
        self._processor.on_end(
            ReadableSpan(
                span.name,
                span.context,
                span.parent,
                self._resource,
                span.attributes,
                links=[Link(context) for context in span.linked],
                kind=span.kind,
                status=_ERROR if code.startswith(_FAULTS) else _UNSET,
                start_time=span.start_ns,
                end_time=self._now_ns(),
                instrumentation_scope=self._scope,
            )
        )

    def _now_ns(self, before_s: float = 0.0) -> int:
        return int((self._clock.now().timestamp() - before_s) * 1e9)


def _sampled(waiters: Sequence[Waiter]) -> list[SpanContext]:
    """List the spans of those who wait, each once."""
    contexts = [waiter.span.context for waiter in waiters if waiter.span is not None]
    return list({context.span_id: context for context in contexts}.values()) if len(contexts) > 1 else contexts


def _span_context(header: bytes) -> SpanContext | None:
    """Read a `traceparent`. Nothing else of a stranger's trace is kept."""
    carrier = {"traceparent": header.decode("latin-1")}
    context = trace.get_current_span(_propagator.extract(carrier, Context())).get_span_context()
    return context if context.is_valid else None

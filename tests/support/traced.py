"""Traces into memory."""

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from gateway.clock import Clock
from gateway.settings import TraceSettings
from gateway.telemetry.traces import Traces


class Traced:
    """Spans stay here. `draws` are given out one by one, then 0, which samples."""

    def __init__(self, *draws: float, **settings: Any) -> None:
        self._draws = list(draws)
        self.exporter = InMemorySpanExporter()
        given = TraceSettings(**{"endpoint": "http://127.0.0.1:9", "sample": 0.5} | settings)
        self.traces = Traces(given, Clock(), exporter=self.exporter, draw=self._draw)

    def _draw(self) -> float:
        return self._draws.pop(0) if self._draws else 0.0

    async def spans(self) -> list[ReadableSpan]:
        """End, and list what was traced."""
        await self.traces.aclose()
        return list(self.exporter.get_finished_spans())

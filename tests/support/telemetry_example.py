"""Metrics and spans of a query while one source is slow and one is down: `python -m tests.support.telemetry_example`."""

import asyncio
import re
from collections.abc import Iterator, Sequence

from opentelemetry.sdk.trace import ReadableSpan

from connectors.contract import Answer, Ask, KeyKind, Keys
from connectors.errors import SourceUnavailableError
from connectors.records import Record
from connectors.testing import MemoryConnector
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.traced import Traced

QUERY = """\
query SupportPage($id: ID!) {
  customer(by: {id: $id}) {
    name
    orders(first: 2) { nodes { id items { name } } }
    tickets(first: 2) { nodes { id messages { body } } }
  }
}
"""
SLOW_S = 0.4
SHOWN = re.compile(
    r"gateway_(requests|source_calls|source_retries)_total|gateway_(request|source_call)_duration_seconds_(sum|count)"
)


class _Slow(MemoryConnector):
    async def _fetch(self, record: type[Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        await asyncio.sleep(SLOW_S)
        return await super()._fetch(record, by, keys, ask)


async def run_example() -> tuple[list[str], list[str]]:
    """Run the query once: the lines of the metrics that it moved, and a line for each span."""
    metrics, traced, sources = Metrics(), Traced(), shop.sources()
    sources["orders"] = _Slow("orders", sources["orders"].records)
    sources["support"].failure = SourceUnavailableError()
    async with gateway_on(
        list(sources.values()), called={"retries": 2}, with_metrics=metrics, with_traces=traced.traces
    ) as gateway:
        await gateway.ask(QUERY, {"id": "c1"})
    lines = metrics.render().decode().splitlines()
    return [line for line in lines if SHOWN.match(line) and not line.endswith(" 0.0")], list(_rows(await traced.spans()))


def _rows(spans: Sequence[ReadableSpan]) -> Iterator[str]:
    ordered = sorted(spans, key=lambda span: (span.parent is not None, span.start_time or 0))
    began = ordered[0].start_time or 0
    yield f"{'span':22}{'start ms':>9}{'ms':>8}  {'keys':>4}  links  outcome"
    for span in ordered:
        assert span.attributes is not None
        assert span.start_time is not None
        assert span.end_time is not None
        name = span.name if span.parent is None else f"  {span.name}"
        start, took = (span.start_time - began) / 1e6, (span.end_time - span.start_time) / 1e6
        keys, outcome = span.attributes.get("gateway.keys", ""), span.attributes.get("error.type", "OK")
        yield f"{name:22}{start:9.1f}{took:8.1f}  {keys:>4}  {len(span.links):>5}  {outcome}"


if __name__ == "__main__":
    moved, spans_shown = asyncio.run(run_example())
    print("\n".join([*moved, "", *spans_shown]))  # noqa: T201

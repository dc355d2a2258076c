"""The plan and graphql-core give the same answer to the same operation: data, errors and their paths."""

import os
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from random import Random
from typing import Any

import msgspec
import pytest
from graphql import GraphQLError

from connectors.errors import SourceAuthError, SourceUnavailableError
from gateway.app import create_services, opened
from gateway.clock import Clock
from gateway.context import RequestContext
from gateway.execution.run import Executor
from gateway.operations import Limits, OperationError, Operations
from resolvers.schema import schema
from tests import shop
from tests.operations import Operations as Drawn
from tests.running import settings_for

OPERATIONS = int(os.environ.get("EQUALITY_OPERATIONS", "500"))
SHARDS = 10
SCHEMA = schema._schema
GENEROUS = Limits(
    max_depth=40, max_tokens=100_000, max_aliases=10_000, max_root_fields=10_000, max_fields=100_000, max_document_bytes=10**7
)


class StoppedClock(Clock):
    """Both runs happen at the same moment and take no time."""

    def now(self) -> datetime:
        return datetime(2026, 6, 30, 12, tzinfo=UTC)

    def monotonic(self) -> float:
        return 0.0


def compared(answer: Any, text: str) -> Any:
    # Which errors of siblings are kept when the whole answer is null depends on who was first, in either executor.
    errors = sorted(map(shown, answer.errors or []), key=str) if answer.data is not None else []
    plain = msgspec.json.decode(msgspec.json.encode({"data": answer.data, "errors": errors}))
    # A tag that is asked twice at once is computed once, for whoever was first: the other's sources were not asked. And a
    # customer that stands in nodes and in edges is one: what one place asked by then, the other reports.
    shared = len(re.findall(r"\btags?\b", text)) > 1 or "edges" in text
    return without_reports(plain) if shared else plain


def without_reports(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_reports(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [
            without_reports(one) for one in value if not (isinstance(one, dict) and one.get("__typename") == "CustomerSource")
        ]
    return value


def differences(one: Any, other: Any, path: str = "") -> Iterator[str]:
    """Where two answers differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for key in {**one, **other}:
            yield from differences(one.get(key, "nothing"), other.get(key, "nothing"), f"{path}.{key}")
    elif isinstance(one, list) and isinstance(other, list) and len(one) == len(other):
        for place, (inner, its) in enumerate(zip(one, other, strict=True)):
            yield from differences(inner, its, f"{path}[{place}]")
    elif one != other:
        yield f"{path}: {one!r} is not {other!r}"


def shown(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    return {**error.formatted, "cause": type(cause).__name__, "code": getattr(cause, "code", None)}


@pytest.mark.equality
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_both_executors_give_the_same_answers(shard: int):
    """Random operations on sources of which some fail: not one difference, and every operation has a plan."""
    random = Random(shard)
    drawn = Drawn(SCHEMA, shard)
    operations = Operations(SCHEMA, limits=GENEROUS)
    executor = Executor(schema, suggestions=True, limit=10**12)
    sources = shop.sources()
    connectors = list(sources.values())
    services = create_services(
        settings_for(connectors, deadline_ms=60_000, **shop.PINNED), connectors=connectors, clock=StoppedClock()
    )
    ran = nulls = 0
    async with opened(services):
        for _ in range(OPERATIONS // SHARDS):
            text, variables = drawn.draw()
            for connector in connectors:
                connector.failure = random.choice([None, None, None, SourceUnavailableError(), SourceAuthError()])
            try:
                operation = operations.prepare(text, None)
            except OperationError as error:
                pytest.fail(f"the operation drawn is not valid: {error}\n{text}")
            planned = await executor.run(operation, variables, RequestContext(services, "a"))
            walked = await executor.run_unplanned(operation, variables, RequestContext(services, "b"))
            found = list(differences(compared(planned, text), compared(walked, text)))
            assert found == [], f"{text}\n{variables}"
            nulls += planned.data is None
            ran += 1
    assert ran == OPERATIONS // SHARDS
    assert nulls < ran / 2

"""Entities are the same by a plan and by graphql-core: in random operations, on sources of which some fail and some lie."""

import asyncio
import os
from random import Random
from typing import Any

import pytest

from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.errors import ForbiddenError
from gateway.execution.executor import Executor
from gateway.execution.plan import Plan
from gateway.operations import Operations
from gateway.views.document_variants import DocumentRewriter
from resolvers.schema import schema_with
from tests.execution.test_equality import (
    BEHAVIORS,
    GENEROUS,
    UNLIMITED,
    compared,
    differences,
    is_ours,
    order_settings,
    put_in_a_mood,
    sources,
)
from tests.support import shop
from tests.support.clocks import StoppedClock
from tests.support.gateway_server import settings_for
from tests.support.operations import ARGUMENTS, DECLARED
from tests.support.operations import Operations as Drawn
from tests.support.random_views import draw_view

OPERATIONS = int(os.environ.get("ENTITY_OPERATIONS", "180"))
SHARDS = 6
SCHEMA = schema_with((), federated=True)
WRITTEN = [
    '[{__typename: "Customer", id: "c1"}, {__typename: "Order", id: "orders:oc12"}, {__typename: "Customer", id: "crm:c2"}]',
    "$entities",
    '[{__typename: "Customer", email: "Ana@example.com"}, {__typename: "Ticket", id: "support:t1"}]',
    '[{__typename: "Deal", id: "d1"}, {__typename: "Customer"}, 7, {__typename: "Survey", id: "sales:n1"}]',
]
GIVEN: list[Any] = [
    [{"__typename": "Customer", "id": id_} for id_ in ("crm:c1", "c2", "none", "crm:c1")],
    [{"__typename": "Order", "id": "orders:oc11"}, {"__typename": "Customer", "id": "x", "email": "li@example.com"}],
    [],
    None,
]


@pytest.mark.equality
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_both_executors_give_the_same_entities(shard: int):
    """Also as random views show them. Every operation has a plan."""
    random = Random(f"entities {shard}")
    core = SCHEMA._schema
    arguments = ARGUMENTS | {"representations": WRITTEN}
    variables = DECLARED | {"entities": ("[_Any!]!", WRITTEN[0], GIVEN)}
    drawn = Drawn(core, 2_000 + shard, arguments, variables, roots=["_entities"])
    operations, connectors = Operations(core, limits=GENEROUS), sources(shard)
    services = create_services(
        settings_for(connectors, deadline_ms=60_000, federation={"enabled": True}, **order_settings(shard), **shop.PINNED),
        connectors=connectors,
        clock=StoppedClock(),
    )
    executor, rewriter = Executor(SCHEMA, suggestions=True), DocumentRewriter(core, SCHEMA.sdl)
    views = [None, None, *(draw_view(core, random) for _ in range(3))]
    found_some = 0
    async with opened(services):
        for _ in range(OPERATIONS // SHARDS):
            text, values = drawn.draw()
            moods = [put_in_a_mood(connector, random) for connector in connectors]
            operation, view = operations.prepare(text, None), random.choice(views)
            try:
                if view is not None:
                    operation, values = rewriter.admit(operation, values, view)
            except ForbiddenError:
                continue
            behavior = random.choice(BEHAVIORS)

            def context(name: str, behavior: Any = behavior) -> RequestContext:
                return RequestContext(services, name, services.stitcher(), profile=UNLIMITED, error_behavior=behavior)

            answers = []
            for run, name in ((executor.run, "a"), (executor.run_unplanned, "b")):
                answers.append(await run(operation, values, context(name)))
                while any(source.batching.is_busy for source in services.sources.all):
                    await asyncio.sleep(0)
            lying = any(connector.seed is not None for connector in connectors)
            one, other = (compared(answer, operation.document, lying=lying) for answer in answers)
            assert [*differences(one, other)] == [], f"{text}\n{values}\n{moods}"
            assert [error.message for error in answers[0].errors or [] if is_ours(error)] == [], text
            coerced = executor.coerced(operation, values)
            assert isinstance(coerced, list) or isinstance(executor.plan(operation, coerced), Plan)
            found_some += any(isinstance(own, list) and any(own) for own in (one["data"] or {}).values())
    assert found_some > OPERATIONS // SHARDS / 4

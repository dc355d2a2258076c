"""What is deferred or streamed is, put together, the answer without it: data, errors and their paths."""

import os
from random import Random
from types import SimpleNamespace
from typing import Any

import pytest
from graphql import print_ast

from connectors.own_fields import declare_fields
from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.documents.error_behavior import ErrorBehavior
from gateway.errors import ForbiddenError
from gateway.execution.executor import Executor
from gateway.operations import Operations
from gateway.views.document_variants import DocumentRewriter
from resolvers.schema import schema_with
from tests.execution.test_equality import GENEROUS, UNLIMITED, compared, differences, put_in_a_mood, sources, without
from tests.support import shop
from tests.support.clocks import StoppedClock
from tests.support.deferred_operations import draw_incremental, put_together
from tests.support.gateway_server import settings_for
from tests.support.operations import Operations as Drawn
from tests.support.random_views import draw_view

OPERATIONS = int(os.environ.get("INCREMENTAL_OPERATIONS", "300"))
SHARDS = 6
OF_THE_MOMENT = {"CustomerSource"}
"""What says which sources were asked by then."""


@pytest.mark.equality
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_late_parts_make_the_answer_that_is_given_at_once(shard: int):
    """Random operations with random parts deferred, on sources of which some fail and some lie, as random views show them.

    A null goes no further than its field: how far it goes else depends on the part that it is in.
    """
    random = Random(1000 + shard)
    declare_fields(())
    typed = schema_with(())
    drawn = Drawn(typed._schema, 1000 + shard)
    operations = Operations(typed._schema, limits=GENEROUS)
    connectors = sources(shard)
    services = create_services(
        settings_for(connectors, deadline_ms=60_000, **shop.PINNED), connectors=connectors, clock=StoppedClock()
    )
    executor = Executor(typed, suggestions=True, links=services.sources.links)
    rewriter = DocumentRewriter(typed._schema, typed.sdl)
    views = [None, *(draw_view(typed._schema, random) for _ in range(3))]
    parts = failed = 0
    async with opened(services):
        for _ in range(OPERATIONS // SHARDS):
            text, variables = drawn.draw()
            moods = [put_in_a_mood(connector, random) for connector in connectors]
            operation = draw_incremental(text, operations, typed._schema, random)
            text = print_ast(operation.document)
            view = random.choice(views)
            if view is not None:
                try:
                    operation, variables = rewriter.admit(operation, variables, view)
                except ForbiddenError:
                    continue
            words: dict[str, Any] = {"profile": UNLIMITED, "error_behavior": ErrorBehavior.NULL}
            words["hidden_tags"] = frozenset() if view is None else view.hidden_tags
            whole = await executor.run(operation, variables, RequestContext(services, "a", services.stitcher(), **words))
            context = RequestContext(services, "b", services.stitcher(), is_incremental=True, **words)
            data, errors, count = await put_together(await executor.run(operation, variables, context))
            late = SimpleNamespace(data=data, errors=errors, extensions=None)
            whole.extensions = None
            lying = any(connector.seed is not None for connector in connectors)
            one, other = (without(compared(answer, operation.document, lying=lying), OF_THE_MOMENT) for answer in (whole, late))
            assert [*differences(one, other)] == [], f"{text}\n{variables}\n{moods}"
            parts += count
            failed += bool(errors)
    assert parts > OPERATIONS // SHARDS / 4
    assert failed > OPERATIONS // SHARDS / 20

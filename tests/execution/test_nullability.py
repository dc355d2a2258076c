"""What is said to be null with an error alone is so, in random operations on sources that fail, lie or are not there."""

import asyncio
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from random import Random
from typing import Any

import msgspec
import pytest
from graphql import FieldNode, GraphQLError, build_schema, is_list_type, is_non_null_type, is_object_type, parse

from connectors.errors import SourceUnavailableError
from connectors.toolkit.evaluation import encode_json
from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.execution.collect_fields import FieldCollector, fragments_of
from gateway.execution.executor import Executor
from gateway.operations import Operations
from resolvers.nullability import NULL_WITH_ERROR_ALONE
from resolvers.schema import schema, sdl
from tests.execution.test_equality import BEHAVIORS, GENEROUS, UNLIMITED, order_settings, put_in_a_mood, sources
from tests.support import shop
from tests.support.clocks import StoppedClock
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.operations import Operations as Drawn

OPERATIONS = int(os.environ.get("NULLABILITY_OPERATIONS", "240"))
SHARDS = 12
CORE = schema._schema
OF_RECORDS = ("consents", "contactPoints", "deviceIds", "externalIds", "socialAccounts", "touches")

Seen = tuple[str, bool, bool]
"""A nullable field, `Type.field`, whether it was null, and whether an error stands at it or below."""


class NullWalk:
    """Walks through an answer with the operation that it is of."""

    def __init__(self, collector: FieldCollector, errors: Sequence[GraphQLError]) -> None:
        self._collector = collector
        self._failed = [list(error.path) for error in errors if error.path is not None]

    def object(self, data: Any, kind: Any, nodes: Any, path: list[str | int]) -> Iterator[Seen]:
        for key, own in self._collector.fields(nodes, kind).items():
            name = own[0].name.value
            if not name.startswith("__"):
                place, shown = [*path, key], kind.fields[name].type
                if not is_non_null_type(shown):
                    is_told = any(failed[: len(place)] == place for failed in self._failed)
                    yield f"{kind.name}.{name}", data[key] is None, is_told
                yield from self._value(data[key], shown, own, place)

    def _value(self, value: Any, kind: Any, nodes: list[FieldNode], path: list[str | int]) -> Iterator[Seen]:
        inner = kind.of_type if is_non_null_type(kind) else kind
        if value is None:
            return
        if is_list_type(inner):
            for place, item in enumerate(value):
                yield from self._value(item, inner.of_type, nodes, [*path, place])
        elif isinstance(value, dict) and "__typename" in value:
            yield from self.object(value, CORE.type_map[value["__typename"]], nodes, path)
        elif is_object_type(inner):
            yield from self.object(value, inner, nodes, path)


def test_the_exported_schema_says_which():
    """By the directive that Relay and Apollo's clients read, each time at the field itself."""
    exported = build_schema(sdl())
    said = {
        f"{kind.name}.{name}": [[item.value for item in own.arguments[0].value.values] for own in used]  # type: ignore[attr-defined]
        for kind in exported.type_map.values()
        for name, field in getattr(kind, "fields", {}).items()
        if field.ast_node is not None
        if (used := [own for own in field.ast_node.directives or () if own.name.value == "semanticNonNull"])
    }
    assert said == {where: [["0"]] for where in NULL_WITH_ERROR_ALONE}
    assert "directive @semanticNonNull(levels: [Int!]! = [0]) on FIELD_DEFINITION" in sdl()


def test_a_null_without_its_error_is_found():
    """One of two customers has an error at its tags: the other's null is what the random operations look for."""
    document = parse('{ customers(ids: ["1", "2", "3"]) { tags { key } } }')
    paths: list[list[str | int]] = [["customers", 0, "tags"], ["customers", 2, "tags", 0, "key"]]
    data = {"customers": [{"tags": None}, {"tags": None}, {"tags": None}]}
    no_variables: Any = Executor(schema, suggestions=False).coerced(_operation(document), {})
    walk = NullWalk(FieldCollector(CORE, {}, no_variables), [GraphQLError("down", path=path) for path in paths])
    assert [*walk.object(data, CORE.query_type, [document.definitions[0]], [])] == [
        ("Customer.tags", True, True),
        ("Customer.tags", True, False),
        ("Customer.tags", True, True),
    ]


def _operation(document: Any) -> Any:
    return Operations(CORE, limits=GENEROUS).prepare(document.loc.source.body, None)


@pytest.mark.equality
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("shard", range(SHARDS))
async def test_nothing_of_it_is_null_without_an_error(shard: int):
    """However errors are handled. In every second shard two of the sources are not there at all."""
    random = Random(f"nullability {shard}")
    drawn, operations = Drawn(CORE, 1_000 + shard), Operations(CORE, limits=GENEROUS)
    connectors = sources(shard)
    if shard % 2:
        for connector in random.sample(connectors[1:4], 2):
            connectors.remove(connector)
    words = {} if shard % 2 else order_settings(shard)
    services = create_services(
        settings_for(connectors, deadline_ms=60_000, **words, **shop.PINNED), connectors=connectors, clock=StoppedClock()
    )
    executor, seen = Executor(schema, suggestions=True), Counter[Seen]()
    async with opened(services):
        for _ in range(OPERATIONS // SHARDS):
            text, variables = drawn.draw()
            for connector in connectors:
                put_in_a_mood(connector, random)
            operation = operations.prepare(text, None)
            context = RequestContext(
                services, "a", services.stitcher(), profile=UNLIMITED, error_behavior=random.choice(BEHAVIORS)
            )
            result = await executor.run(operation, variables, context)
            while any(source.batching.is_busy for source in services.sources.all):
                await asyncio.sleep(0)
            coerced = executor.coerced(operation, variables)
            if result.data is None or isinstance(coerced, list):
                continue
            walk = NullWalk(FieldCollector(CORE, fragments_of(operation.document), coerced), result.errors or [])
            data = msgspec.json.decode(encode_json(result.data))
            found = [*walk.object(data, CORE.query_type, [operation.definition], [])]
            seen.update(found)
            silent = [where for where, is_null, is_told in found if is_null and not is_told and where in NULL_WITH_ERROR_ALONE]
            assert silent == [], f"{text}\n{variables}"
    assert any(is_null and is_told for _, is_null, is_told in seen)


@pytest.mark.parametrize("is_down", [False, True])
async def test_lists_of_a_record_are_there_or_have_an_error(is_down: bool):
    """Empty where the source says nothing of them; each has its own error while the source is away."""
    crm = shop.crm()
    crm.failure = SourceUnavailableError("down") if is_down else None
    selected = " ".join(name if name == "deviceIds" else f"{name} {{ __typename }}" for name in OF_RECORDS)
    async with gateway_on([crm]) as gateway:
        answer = await gateway.ask(f'{{ customer(by: {{id: "c2"}}) {{ {selected} }} }}')
    customer = answer["data"]["customer"]
    assert customer == dict.fromkeys(OF_RECORDS, None if is_down else [])
    assert {error["path"][1] for error in answer.get("errors", ())} == ({*OF_RECORDS} if is_down else set())

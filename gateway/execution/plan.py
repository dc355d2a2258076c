"""One plan per operation: what graphql-core would do, worked out once.

A plan is a tree of completions (`live`) whose leaves are generated code (`settled`). What a field is to it was declared beside
the field, which graphql-core's resolvers go by as well: so both executors ask the same loaders and give the same answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from inspect import isawaitable
from operator import attrgetter
from typing import Any, cast

import msgspec
from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationType,
    get_named_type,
    get_nullable_type,
    is_abstract_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.values import VariableValues
from strawberry import Info, Schema

from connectors.record_fields import narrow
from connectors.records import Customer
from connectors.toolkit.evaluation import json_hook
from gateway.context import RequestContext, Selections
from gateway.execution.arguments import Arguments
from gateway.execution.cached_completion import cache_completion
from gateway.execution.collect_fields import FieldCollector, fragments_of
from gateway.execution.completion import AbstractCompletion, LeafCompletion, ListCompletion, ObjectCompletion
from gateway.execution.field_metadata import DEFINITION, BatchResolver, metadata_of
from gateway.execution.fields import (
    NULLED,
    BatchedField,
    Completion,
    CustomerField,
    Field,
    ProjectedField,
    RecordListField,
    ReportingField,
    ResolvedField,
    Run,
    complete,
)
from gateway.execution.projection import ProjectionCompiler
from gateway.execution.required_fields import selection_under
from gateway.execution.source_extension import Reported, add_reported, reported_at
from gateway.operations import Operation

NOWHERE: Any = None
"""Resolvers have no path in a plan: what they would note by it, the plan notes itself."""


class UnplannedError(Exception):
    """The operation has something that a plan cannot do; the text says what."""


class Plan:
    """A compiled operation. `sources` are the generated functions, for people to read; `token_count` says how large it was.

    Raises `UnplannedError` for what it cannot do.
    """

    def __init__(self, schema: Schema, operation: Operation, variables: VariableValues) -> None:
        query = core_schema(schema).query_type
        if operation.definition.operation is not OperationType.QUERY or query is None:
            raise UnplannedError(operation.definition.operation.value)
        maker = Planner(schema, operation, variables)
        self._root = maker.live(query, [operation.definition])
        self.sources = maker.writer.sources
        self.token_count = operation.document.token_count
        self._reports = maker.reports
        self._selections: Selections = {}

    async def run(self, context: RequestContext, variables: VariableValues) -> ExecutionResult:
        """Run for one request. The data is a struct that encodes to the answer."""
        context.selections = self._selections
        run = Run(context, variables, self._reports)
        root, only = self._root, self._root.only
        try:
            if only is None:
                (data,) = await complete(root, run, [None], [()])
            else:  # as most queries are: what its field shows is all that is to be put together
                (data,) = root.assembled(run, [None], [()], [await only.column(run, [None], [()])])
        except asyncio.CancelledError:
            context.stitcher.leave()
            raise
        result = ExecutionResult(None if data is NULLED else data, run.errors or None)
        if run.reported:
            add_reported(result, _reported(run, result.data))
        return result

    @property
    def root(self) -> ObjectCompletion:
        return self._root


class Planner:
    """Makes the parts of one plan. `reports` says that one of them reports on the sources of customers."""

    def __init__(self, typed: Schema, operation: Operation, variables: VariableValues) -> None:
        self._typed = typed
        self._schema = core_schema(typed)
        self._definition = operation.definition
        self._fragments = dict(fragments_of(operation.document))
        self._collector = FieldCollector(self._schema, self._fragments, variables)
        self.writer = ProjectionCompiler(self._schema, self._collector)
        self.reports = False

    def live(self, kind: GraphQLObjectType, nodes: Sequence[Any]) -> ObjectCompletion:
        own = self._collector.fields(nodes, kind)
        fields = [self._field(kind, key, nodes) for key, nodes in own.items()]
        assemble, one_by_one = self.writer.assembly(
            kind, {field.key: own[field.key] if isinstance(field, ProjectedField) else None for field in fields}
        )
        return ObjectCompletion(fields, assemble, one_by_one)

    def _field(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> Field:
        name = nodes[0].name.value
        where = f"{kind.name}.{name}"
        if name.startswith("__") and name != "__typename":
            raise UnplannedError("introspection")
        if name == "__typename" or self._is_settled(kind.fields[name]):
            nullable = name != "__typename" and not is_non_null_type(kind.fields[name].type)
            return ProjectedField(where, key, nodes, nullable=nullable, make_alone=partial(self.writer.alone, kind, nodes))
        field = kind.fields[name]
        definition = field.extensions[DEFINITION]
        arguments = Arguments(self._typed, self._definition, field, nodes[0])
        reads = metadata_of(definition).reads
        reports = reads is not None and reads.reports
        self.reports |= reports
        lists = metadata_of(definition).lists
        if lists is not None:
            shown: Any = get_named_type(field.type)
            selection = selection_under(self._schema, self._collector, nodes, shown, lists.record)
            listing, records = cast(Any, get_nullable_type(field.type)), narrow(lists.record, selection.fields)
            show = self.writer.function(listing, nodes, records)
            show_found = self.writer.short_function(listing, nodes, records)
            return RecordListField(where, key, nodes, lists, selection, arguments, show, show_found)
        completion = self._completion(field.type, nodes)
        together = metadata_of(definition).together
        if together is not None:
            give = partial(_give, together, arguments)
            nullable = not is_non_null_type(field.type)
            return BatchedField(
                where,
                key,
                nodes,
                nullable=nullable,
                get=give,
                completion=cache_completion(completion),
                expect=together.expect,
                look=None if together.at_hand is None else partial(_look, together.at_hand, arguments),
            )
        finds = metadata_of(definition).finds
        if finds is None:
            get = self._getter(kind, field, nodes, arguments)
        else:
            selection = selection_under(self._schema, self._collector, nodes, field.type, Customer, finds.type_name)
            get = CustomerField(finds, selection, arguments, _early(completion))
        resolved = ReportingField if reports else ResolvedField
        return resolved(where, key, nodes, nullable=not is_non_null_type(field.type), get=get, completion=completion)

    def _is_settled(self, field: GraphQLField) -> bool:
        definition = field.extensions[DEFINITION]
        return definition.base_resolver is None and not reaches_sources(self._schema, get_named_type(field.type).name)

    def _getter(
        self, kind: GraphQLObjectType, field: GraphQLField, nodes: list[FieldNode], arguments: Arguments
    ) -> Callable[[Run, Any], Any]:
        definition = field.extensions[DEFINITION]
        if definition.base_resolver is None:
            read = attrgetter(definition.python_name)
            return lambda _run, source: read(source)
        wants_info = definition.base_resolver.info_parameter is not None
        resolve = definition.base_resolver.wrapped_func
        once_per_run = object()  # not `get` itself, which would hold itself and all else here

        def get(run: Run, source: Any) -> Any:
            # Once per run, however many objects the field stands on.
            found = run.known.get(once_per_run)
            if found is None:
                info = {"info": Info(_raw_info=self._info(kind, field, nodes, run), _field=definition)} if wants_info else {}
                found = run.known[once_per_run] = partial(resolve, **info, **arguments.words(run.variables))
            return found(source)

        return get

    def _info(self, kind: GraphQLObjectType, field: GraphQLField, nodes: list[FieldNode], run: Run) -> GraphQLResolveInfo[Any]:
        return GraphQLResolveInfo(
            field_name=nodes[0].name.value,
            field_nodes=nodes,
            return_type=field.type,
            parent_type=kind,
            path=NOWHERE,
            schema=self._schema,
            fragments=self._fragments,
            root_value=None,
            operation=self._definition,
            variable_values=run.variables,
            context=run.context,
            is_awaitable=cast(Any, isawaitable),
            abort_signal=None,
            async_helpers=cast(Any, None),
        )

    def _completion(self, kind: Any, nodes: list[FieldNode]) -> Completion:
        inner: Any = get_nullable_type(kind)
        if not reaches_sources(self._schema, get_named_type(inner).name):
            return LeafCompletion(self.writer.function(inner, nodes))
        if is_list_type(inner):
            return ListCompletion(self._completion(inner.of_type, nodes), nodes, nullable=not is_non_null_type(inner.of_type))
        if is_abstract_type(inner):
            return AbstractCompletion([(_test(one), self.live(one, nodes)) for one in self._schema.get_possible_types(inner)])
        return self.live(inner, nodes)


def _reported(run: Run, data: Any) -> list[Reported]:
    """What the run has shown of sources, but for what is null because of a field beside or below it."""
    if not run.nulled:
        return run.reported
    return reported_at(msgspec.json.decode(msgspec.json.encode(data, enc_hook=json_hook)), [one.path for one in run.reported])


async def _give(together: BatchResolver, arguments: Arguments, run: Run, objects: Sequence[Any]) -> Sequence[Any]:
    return await together.give(run.context, objects, **arguments.words(run.variables))


def _look(at_hand: Callable[..., Any], arguments: Arguments, run: Run, objects: Sequence[Any]) -> Any:
    return at_hand(run.context, objects, **arguments.words(run.variables))


def _test(kind: GraphQLObjectType) -> Callable[[Any], bool]:
    is_type_of: Any = kind.is_type_of
    return lambda value: bool(is_type_of(value, None))


def _early(completion: Completion) -> list[RecordListField | BatchedField]:
    """The fields of customers that can be asked for when only ids are known."""
    match completion:
        case ObjectCompletion(early=early):
            return early
        case ListCompletion(inner=inner):
            return _early(inner)
        case AbstractCompletion(possible=possible):
            return [field for _, one in possible for field in _early(one)]
    return []


def core_schema(schema: Schema) -> GraphQLSchema:
    """What graphql-core works on; Strawberry has no public name for it."""
    found: GraphQLSchema = schema._schema  # noqa: SLF001
    return found


def reaches_sources(schema: GraphQLSchema, name: str) -> bool:
    """Whether objects of this type reach sources: by a resolver that waits, or by what they hold."""
    return name in _live_types(schema)


@lru_cache(maxsize=4)
def _live_types(schema: GraphQLSchema) -> frozenset[str]:
    kinds = [kind for kind in schema.type_map.values() if is_object_type(kind) and not kind.name.startswith("__")]
    live = {kind.name for kind in kinds for field in kind.fields.values() if field.extensions[DEFINITION].is_async}
    while True:
        holding = {kind.name for kind in kinds for field in kind.fields.values() if get_named_type(field.type).name in live}
        abstract = {
            kind.name
            for kind in schema.type_map.values()
            if is_abstract_type(kind) and any(possible.name in live for possible in schema.get_possible_types(kind))
        }
        if holding | abstract <= live:
            return frozenset(live)
        live |= holding | abstract

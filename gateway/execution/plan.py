"""One plan per operation: what graphql-core would do, worked out once.

Objects that reach sources (the query, customers, pages of customers) are *live*: their resolvers run side by side, and a
failure costs its own field, with the path and the error that graphql-core would give. What a resolver gives is *settled*: one
generated function turns it into its part of the answer. The resolvers are those that graphql-core calls, so both executors
ask the same loaders and give the same answers.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from functools import lru_cache, partial
from inspect import isawaitable
from operator import attrgetter
from typing import Any, cast

from graphql import (
    ExecutionResult,
    FieldNode,
    GraphQLError,
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
from graphql.error import located_error
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import Info, Schema
from strawberry.types.arguments import convert_arguments

from gateway.context import RequestContext, Selections
from gateway.execution.collect import Collector, fragments_of, has_variables
from gateway.execution.selection import DEFINITION
from gateway.execution.settled import Writer
from gateway.operations import Operation

NOWHERE: Any = None
"""Resolvers that look at their path would need one; none does."""

NO_VARIABLES = VariableValues({}, {})

Path = tuple[str | int, ...]
Complete = Callable[["Run", Any, Path], Any]
"""Turns a value into its part of the answer, or into an awaitable of it."""


class UnplannedError(Exception):
    """The operation has something that a plan cannot do; the text says what."""


class NullError(Exception):
    """A value that may not be null is: so the object around it is."""


class Run:
    """One run of a plan: the request, its variables, and the errors that it met."""

    def __init__(self, context: RequestContext, variables: VariableValues) -> None:
        self.context = context
        self.variables = variables
        self.errors: list[GraphQLError] = []
        self.resolvers: dict[Any, Callable[[Any], Any]] = {}


class Plan:
    """A compiled operation. `sources` are the generated functions, for people to read.

    Raises `UnplannedError` for what it cannot do.
    """

    def __init__(self, schema: Schema, operation: Operation, variables: VariableValues) -> None:
        query = core_schema(schema).query_type
        if operation.definition.operation is not OperationType.QUERY or query is None:
            raise UnplannedError(operation.definition.operation.value)
        maker = _Maker(schema, operation, variables)
        self._root = maker.live(query, [operation.definition])
        self.sources = maker.writer.sources
        self._selections: Selections = {}

    async def run(self, context: RequestContext, variables: VariableValues) -> ExecutionResult:
        """Run for one request."""
        context.selections = self._selections
        run = Run(context, variables)
        try:
            data = await self._root.complete(run, None, ())
        except NullError:
            data = None
        return ExecutionResult(data=data, errors=run.errors or None)


class _Field:
    """One field of a live object: how its value is had, and what becomes of it."""

    def __init__(
        self, name: str, key: str, nodes: list[FieldNode], nullable: bool, get: Callable[[Run, Any], Any], complete: Complete
    ) -> None:
        self.key = key
        self._name = name
        self._nodes = nodes
        self._nullable = nullable
        self._get = get
        self._complete = complete

    def start(self, run: Run, source: Any, path: Path) -> Any:
        """The field's part of the answer, or a coroutine that gives it."""
        try:
            value = self._get(run, source)
            if isawaitable(value):
                return self._awaited(run, value, path)
            shown = None if value is None else self._complete(run, value, (*path, self.key))
        except NullError:
            return self._null()
        except Exception as error:  # noqa: BLE001  whatever a resolver raises costs its field
            return self._failed(run, error, path)
        return self._awaited_inside(shown) if isawaitable(shown) else self._checked(run, shown, path)

    async def _awaited(self, run: Run, waiting: Any, path: Path) -> Any:
        try:
            value = await waiting
            shown = None if value is None else self._complete(run, value, (*path, self.key))
            if isawaitable(shown):
                shown = await shown
        except NullError:
            return self._null()
        except Exception as error:  # noqa: BLE001  as above
            return self._failed(run, error, path)
        return self._checked(run, shown, path)

    async def _awaited_inside(self, shown: Any) -> Any:
        try:
            return await shown
        except NullError:
            return self._null()

    def _checked(self, run: Run, shown: Any, path: Path) -> Any:
        if shown is None and not self._nullable:
            return self._failed(run, TypeError(f"Cannot return null for non-nullable field {self._name}."), path)
        return shown

    def _failed(self, run: Run, error: Exception, path: Path) -> None:
        run.errors.append(located_error(error, self._nodes, [*path, self.key]))
        self._null()

    def _null(self) -> None:
        if not self._nullable:
            raise NullError


class _Live:
    """A live object: its fields start in one turn of the loop and run side by side."""

    def __init__(self, fields: Sequence[_Field]) -> None:
        self._fields = fields

    async def complete(self, run: Run, source: Any, path: Path) -> dict[str, Any]:
        shown = {field.key: field.start(run, source, path) for field in self._fields}
        waiting = [key for key, value in shown.items() if isawaitable(value)]
        if len(waiting) == 1:
            shown[waiting[0]] = await shown[waiting[0]]
        elif waiting:
            shown |= zip(waiting, await asyncio.gather(*map(shown.__getitem__, waiting)), strict=True)
        return shown


class _Maker:
    """Makes the parts of one plan."""

    def __init__(self, typed: Schema, operation: Operation, variables: VariableValues) -> None:
        self._typed = typed
        self._schema = schema = core_schema(typed)
        self._operation = operation
        self._fragments = dict(fragments_of(operation.document))
        self._collector = Collector(schema, self._fragments, variables)
        self.writer = Writer(schema, self._collector)

    def live(self, kind: GraphQLObjectType, nodes: Sequence[Any]) -> _Live:
        fields = self._collector.fields(nodes, kind)
        return _Live([self._field(kind, key, own) for key, own in fields.items()])

    def _field(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode]) -> _Field:
        name = nodes[0].name.value
        if name == "__typename":
            return _Field(name, key, nodes, False, lambda _run, _source: kind.name, lambda _run, value, _path: value)
        if name.startswith("__"):
            raise UnplannedError("introspection")
        field = kind.fields[name]
        get, complete = self._getter(kind, field, nodes), self._completer(field.type, nodes)
        return _Field(f"{kind.name}.{name}", key, nodes, not is_non_null_type(field.type), get, complete)

    def _getter(self, kind: GraphQLObjectType, field: GraphQLField, nodes: list[FieldNode]) -> Callable[[Run, Any], Any]:
        definition = field.extensions[DEFINITION]
        if definition.base_resolver is None:
            read = attrgetter(definition.python_name)
            return lambda _run, source: read(source)
        constant = None if has_variables(nodes[0]) else self._arguments(field, nodes[0], NO_VARIABLES)
        wants_info = definition.base_resolver.info_parameter is not None
        resolve = definition.base_resolver.wrapped_func

        def prepared(run: Run) -> Callable[[Any], Any]:
            words = self._arguments(field, nodes[0], run.variables) if constant is None else constant
            info = {"info": Info(_raw_info=self._info(kind, field, nodes, run), _field=definition)} if wants_info else {}
            return partial(resolve, **info, **words)

        def get(run: Run, source: Any) -> Any:
            # Once per run, however many objects the field stands on.
            found = run.resolvers.get(get)
            if found is None:
                found = run.resolvers[get] = prepared(run)
            return found(source)

        return get

    def _arguments(self, field: GraphQLField, node: FieldNode, variables: VariableValues) -> dict[str, Any]:
        """The arguments as the resolver takes them."""
        given = get_argument_values(field, node, variables)
        registry = self._typed.schema_converter.scalar_registry
        return convert_arguments(given, field.extensions[DEFINITION].arguments, registry, self._typed.config)

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
            operation=self._operation.definition,
            variable_values=run.variables,
            context=run.context,
            is_awaitable=cast(Any, isawaitable),
            abort_signal=None,
            async_helpers=cast(Any, None),
        )

    def _completer(self, kind: Any, nodes: list[FieldNode]) -> Complete:
        inner: Any = get_nullable_type(kind)
        if not is_live(self._schema, get_named_type(inner).name):
            show = self.writer.function(inner, nodes)
            return lambda _run, value, _path: show(value)
        if is_list_type(inner):
            return self._each(inner.of_type, nodes)
        if is_abstract_type(inner):
            return self._one_of(inner, nodes)
        live = self.live(inner, nodes)
        return live.complete

    def _each(self, kind: Any, nodes: list[FieldNode]) -> Complete:
        complete, nullable = self._completer(kind, nodes), not is_non_null_type(kind)

        async def one(run: Run, value: Any, path: Path) -> Any:
            try:
                if isinstance(value, Exception):
                    run.errors.append(located_error(value, nodes, list(path)))
                    raise NullError
                return await complete(run, value, path)
            except NullError:
                if not nullable:
                    raise
                return None

        async def each(run: Run, values: Sequence[Any], path: Path) -> list[Any]:
            shown: list[Any] = [None] * len(values)
            places = [place for place, value in enumerate(values) if value is not None]
            found = await asyncio.gather(*(one(run, values[place], (*path, place)) for place in places))
            for place, value in zip(places, found, strict=True):
                shown[place] = value
            return shown

        return each

    def _one_of(self, kind: Any, nodes: list[FieldNode]) -> Complete:
        lives = [(possible, self.live(possible, nodes)) for possible in self._schema.get_possible_types(kind)]

        def one_of(run: Run, value: Any, path: Path) -> Any:
            live = next(live for possible, live in lives if possible.is_type_of and possible.is_type_of(value, None))  # type: ignore[arg-type]
            return live.complete(run, value, path)

        return one_of


def core_schema(schema: Schema) -> GraphQLSchema:
    """What graphql-core works on; Strawberry has no public name for it."""
    found: GraphQLSchema = schema._schema  # noqa: SLF001
    return found


def is_live(schema: GraphQLSchema, name: str) -> bool:
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

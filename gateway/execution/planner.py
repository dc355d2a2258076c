"""Compile an operation to its plan.

What a field is to a plan was declared beside the field, which graphql-core's resolvers go by as well: so both executors ask the
same loaders and give the same answers.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from inspect import isawaitable
from operator import attrgetter
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    OperationDefinitionNode,
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
from gateway.admission.pace import pause_if_due
from gateway.execution.arguments import Arguments, Words
from gateway.execution.collect_fields import FieldCollector, fragments_of
from gateway.execution.completion import AbstractCompletion, LeafCompletion, ListCompletion, ObjectCompletion, cache_completion
from gateway.execution.cost import CostModel
from gateway.execution.field_metadata import DEFINITION, BatchResolver, CustomerFinder, metadata_of
from gateway.execution.field_visibility import WithheldFields, is_withheld
from gateway.execution.fields import BatchedField, Completion, Field, ProjectedField, ReportingField, ResolvedField, Run
from gateway.execution.late_fields import parts_of
from gateway.execution.plan import Plan
from gateway.execution.projection import ProjectionCompiler
from gateway.execution.required_fields import selection_under, selections_under
from gateway.execution.schema_types import core_schema, reaches_sources, stands_aside
from gateway.execution.source_fields import MAX_ASKS, Asks, CustomerField, RecordListField
from gateway.lookups.source_links import NO_LINKS, SourceLinks
from gateway.lru_cache import SegmentedLru
from gateway.operations import Operation
from gateway.stitching.record_finder import Selections
from gateway.stitching.selection import Selection

NOWHERE: Any = None
"""Resolvers have no path in a plan: what they would note by it, the plan notes itself."""


MAX_LATE = 10
"""How many fragments and lists of an operation leave later: each adds what its paths and labels take, for every object."""


class UnplannedError(Exception):
    """Report an operation that a plan cannot run. The text says why."""


def compile_plan(
    schema: Schema,
    operation: Operation,
    variables: VariableValues,
    cost: CostModel,
    links: SourceLinks = NO_LINKS,
    *,
    is_incremental: bool = False,
) -> Plan:
    """Compile an operation for these values of the variables that select. Raises `UnplannedError` for what a plan cannot do.

    Where it `is_incremental`, what is deferred and streamed leaves later.
    """
    return Planner(schema, operation, variables, cost, links, is_incremental=is_incremental).plan()


def _read_words(
    typed: Schema, definition: OperationDefinitionNode, variables: VariableValues, field: GraphQLField, node: FieldNode
) -> Words:
    """Read the arguments of a field that a plan shows by itself."""
    return Arguments(typed, definition, field, node).words(variables)


class Planner:
    """Makes the parts of one plan."""

    def __init__(
        self,
        typed: Schema,
        operation: Operation,
        variables: VariableValues,
        cost: CostModel,
        links: SourceLinks,
        *,
        is_incremental: bool,
    ) -> None:
        self._cost = cost
        self._is_incremental = is_incremental
        self._late = 0
        self._typed = typed
        self._schema = core_schema(typed)
        self._definition = operation.definition
        self._token_count = operation.document.token_count
        self._fragments = dict(fragments_of(operation.document))
        self._collector = FieldCollector(self._schema, self._fragments, variables)
        words = partial(_read_words, typed, operation.definition, variables)  # a method would hold all of this in a circle
        self._compiler = ProjectionCompiler(self._schema, self._collector, words, operation.restriction, links)
        self._is_restricted = operation.restriction is not None
        self._reports = False
        self._asks: Asks = SegmentedLru(MAX_ASKS)

    def plan(self) -> Plan:
        kind = self._schema.get_root_type(self._definition.operation)
        if self._definition.operation is OperationType.MUTATION or kind is None:
            raise UnplannedError(self._definition.operation.value)
        root = self._object(kind, [self._definition], ())
        withheld = WithheldFields(self._schema, self._collector, self._definition) if self._is_restricted else None
        return Plan(
            root,
            self._compiler.sources,
            self._token_count,
            self._cost,
            reports=self._reports,
            withheld=withheld,
            is_incremental=self._is_incremental,
        )

    def _object(self, kind: GraphQLObjectType, nodes: Sequence[Any], path: tuple[str, ...]) -> ObjectCompletion:
        """Compile the completion of objects. `path` are the keys in the answer that lead to them."""
        own = self._collector.fields(nodes, kind)
        fields = [self._field(kind, key, nodes, (*path, key)) for key, nodes in own.items()]
        for field in fields:
            field.place = self._cost.places.get(((*path, field.key), kind.name))
        if not self._is_incremental:
            return self._assembled(kind, own, fields)
        shown_at_once, fragments = self._collector.deferred_keys(nodes, kind)
        taken = fragments[: MAX_LATE - self._late]
        self._late += len(taken)
        shown_at_once.update(key for _, keys in fragments[len(taken) :] for key in keys)
        at_once, parts = parts_of(fields, shown_at_once, taken)
        completion = self._assembled(kind, own, at_once)
        if parts:
            completion.defer([(labels, self._assembled(kind, own, late)) for labels, late in parts])
        return completion

    def _streamed(self, nodes: list[FieldNode]) -> tuple[str | None, int] | None:
        """Read how a list is streamed, None where it is not, or where enough leaves later."""
        streamed = self._collector.stream_of(nodes) if self._is_incremental and self._late < MAX_LATE else None
        self._late += streamed is not None
        return streamed

    def _assembled(self, kind: GraphQLObjectType, own: dict[str, list[FieldNode]], fields: Sequence[Field]) -> ObjectCompletion:
        assemble, one_by_one = self._compiler.assembly(
            kind, {field.key: own[field.key] if isinstance(field, ProjectedField) else None for field in fields}
        )
        return ObjectCompletion(fields, assemble, one_by_one)

    def _field(self, kind: GraphQLObjectType, key: str, nodes: list[FieldNode], path: tuple[str, ...]) -> Field:
        pause_if_due()
        name = nodes[0].name.value
        where = f"{kind.name}.{name}"
        if name.startswith("__") and name != "__typename":
            raise UnplannedError("introspection")
        if name == "__typename" or is_withheld(nodes) or self._is_projected(kind.fields[name], nodes):
            nullable = name != "__typename" and not is_non_null_type(kind.fields[name].type)
            return ProjectedField(where, key, nodes, nullable=nullable, make_alone=partial(self._compiler.alone, kind, nodes))
        field = kind.fields[name]
        definition = field.extensions[DEFINITION]
        arguments = Arguments(self._typed, self._definition, field, nodes[0])
        reads = metadata_of(definition).reads
        reports = reads is not None and reads.reports
        self._reports |= reports
        lists = metadata_of(definition).lists
        if lists is not None:
            shown: Any = get_named_type(field.type)
            selection = selection_under(self._schema, self._collector, nodes, shown, lists.record)
            record_list, records = cast(Any, get_nullable_type(field.type)), narrow(lists.record, selection.fields)
            show = self._compiler.function(record_list, nodes, records)
            show_found = self._compiler.short_function(record_list, nodes, records)
            return RecordListField(where, key, nodes, lists, selection, arguments, show, show_found, self._asks)
        finds = metadata_of(definition).finds
        completion = self._completion(field.type, nodes, path, of_records=finds is not None)
        together = metadata_of(definition).together
        if together is not None:
            give = partial(_resolve_together, together, arguments)
            nullable = not is_non_null_type(field.type)
            return BatchedField(
                where,
                key,
                nodes,
                nullable=nullable,
                get=give,
                completion=cache_completion(completion),
                expect=partial(_expect, together.expect, arguments),
                look=None if together.at_hand is None else partial(_look, together.at_hand, arguments),
            )
        if finds is None:
            get = self._getter(kind, field, nodes, arguments)
        else:
            get = CustomerField(finds, self._selection(field, nodes, finds), arguments, _early(completion))
        resolved = ReportingField if reports else ResolvedField
        return resolved(where, key, nodes, nullable=not is_non_null_type(field.type), get=get, completion=completion)

    def _selection(self, field: GraphQLField, nodes: list[FieldNode], finds: CustomerFinder) -> Selection | Selections:
        if len(finds.types) > 1:
            return selections_under(self._schema, self._collector, nodes, field.type, finds.types)
        ((name, record),) = finds.types.items()
        return selection_under(self._schema, self._collector, nodes, field.type, record, name)

    def _is_projected(self, field: GraphQLField, nodes: list[FieldNode]) -> bool:
        definition = field.extensions[DEFINITION]
        return definition.base_resolver is None and not self._reaches_sources(get_named_type(field.type), nodes)

    def _reaches_sources(self, kind: Any, nodes: list[FieldNode]) -> bool:
        """Tell whether what is selected of a type's objects is waited for."""
        if reaches_sources(self._schema, kind.name):
            return True
        if not is_object_type(kind) or not any(map(stands_aside, kind.fields.values())):
            return False
        return any(
            name in kind.fields and stands_aside(kind.fields[name]) and not is_withheld(own)
            for own in self._collector.fields(nodes, kind).values()
            for name in (own[0].name.value,)
        )

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
            value = run.known.get(once_per_run)
            if value is None:
                info = {"info": Info(_raw_info=self._info(kind, field, nodes, run), _field=definition)} if wants_info else {}
                value = run.known[once_per_run] = partial(resolve, **info, **arguments.words(run.variables))
            return value(source)

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

    def _completion(self, kind: Any, nodes: list[FieldNode], path: tuple[str, ...], *, of_records: bool = False) -> Completion:
        """Compile the completion of a type's values. `of_records` says that they are records with their sources."""
        inner: Any = get_nullable_type(kind)
        if not self._reaches_sources(get_named_type(inner), nodes):
            compiled = self._compiler.record_function if of_records else self._compiler.function
            return LeafCompletion(compiled(inner, nodes))
        if is_list_type(inner):
            return ListCompletion(
                self._completion(inner.of_type, nodes, path, of_records=of_records),
                nodes,
                nullable=not is_non_null_type(inner.of_type),
                streamed=self._streamed(nodes),
            )
        if is_abstract_type(inner):
            return AbstractCompletion(
                [
                    (_test(member), self._completion(member, nodes, path, of_records=of_records))
                    for member in self._schema.get_possible_types(inner)
                ]
            )
        return self._object(inner, nodes, path)


async def _resolve_together(together: BatchResolver, arguments: Arguments, run: Run, objects: Sequence[Any]) -> Sequence[Any]:
    return await together.resolve(run.context, objects, **arguments.words(run.variables))


def _expect(expect: Callable[..., None], arguments: Arguments, run: Run, ids: Sequence[str]) -> None:
    expect(run.context, ids, **arguments.words(run.variables))


def _look(at_hand: Callable[..., Any], arguments: Arguments, run: Run, objects: Sequence[Any]) -> Any:
    return at_hand(run.context, objects, **arguments.words(run.variables))


def _test(kind: GraphQLObjectType) -> Callable[[Any], bool]:
    is_type_of: Any = kind.is_type_of
    return lambda value: bool(is_type_of(value, None))


def _early(completion: Completion) -> list[RecordListField | BatchedField]:
    """List the customers' fields that can be asked with ids alone."""
    match completion:
        case ObjectCompletion(early=early):
            return early
        case ListCompletion(inner=inner):
            return _early(inner)
        case AbstractCompletion(possible=possible):
            return [field for _, completion in possible for field in _early(completion)]
    return []

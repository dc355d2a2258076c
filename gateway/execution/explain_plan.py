"""A plan in words: which objects reach sources, what of them is asked for, and how the answer is put together."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, cast

from graphql import FieldNode, GraphQLError, GraphQLField, get_named_type
from graphql.execution.values import VariableValues
from strawberry import Schema

from connectors.contract import KeyKind
from connectors.record_fields import Fields
from connectors.records import RECORD_NAMES, Record
from gateway.execution.arguments import Arguments
from gateway.execution.collect_fields import FieldCollector, fragments_of
from gateway.execution.completion import AbstractCompletion, ListCompletion, ObjectCompletion
from gateway.execution.field_metadata import CUSTOMERS, DEFINITION, metadata_of
from gateway.execution.fields import Completion, Field, ResolvedField
from gateway.execution.plan import Plan
from gateway.execution.required_fields import selection_under
from gateway.execution.schema_types import core_schema, reaches_sources
from gateway.execution.source_fields import RecordListField
from gateway.lookups.sources import Sources
from gateway.operations import Operation

CODE = (
    "v is the value of a resolver or of a list field, x the values of the fields that are not projected, in order.",
    "Shown_N is an object of the answer, with its keys.",
)
LATER, COUNT, MORE = "once the customer is known", "how many there are", "whether there are more"
FACTS = "the records that facts of tags measure"

_Row = tuple[int, str, str]
"""The level, the name, what is said about it."""


def explain_plan(
    schema: Schema, operation: Operation, variables: VariableValues, plan: Plan, sources: Sources | None = None
) -> list[str]:
    """Write the lines of a plan that was made for these values.

    First comes a tree of the objects that reach sources, then the generated code.

    With `sources` it says where the records of each list come from.
    """
    rows = list(_PlanLines(schema, operation, variables, sources).root(plan.root))
    name = operation.definition.name
    width = max(2 * level + len(word) for level, word, _ in rows) + 2 if rows else 0
    tree = [f"{'  ' * level + word:{width}}{said}" for level, word, said in rows]
    return [f"query {name.value}" if name else "query", *tree, "", *CODE, "", *plan.sources]


class _PlanLines:
    def __init__(self, schema: Schema, operation: Operation, variables: VariableValues, sources: Sources | None) -> None:
        self._typed = schema
        self._schema = core_schema(schema)
        self._operation = operation
        self._variables = variables
        self._sources = sources
        self._collector = FieldCollector(self._schema, fragments_of(operation.document), variables)

    def root(self, live: ObjectCompletion) -> Iterator[_Row]:
        query: Any = self._schema.query_type
        nodes = self._collector.fields([self._operation.definition], query)
        for field in live.fields:
            definition = self._definition(field)
            finds = None if definition is None else metadata_of(definition.extensions[DEFINITION]).finds
            if definition is None or not (finds or reaches_sources(self._schema, get_named_type(definition.type).name)):
                yield from self._field(field, 1, ahead=False)
                continue
            types = CUSTOMERS if finds is None else finds.types
            yield 1, _title(field), f"resolved; finds {'customers' if types is CUSTOMERS else 'records by their ids'}"
            yield from self._asked(nodes[field.key], definition, types)
            yield from self._below(field, 2, ahead=self._names_ids(definition, nodes[field.key][0]))

    def _asked(self, nodes: list[FieldNode], definition: GraphQLField, types: Mapping[str, type[Record]]) -> Iterator[_Row]:
        for name, record in types.items():
            if not self._collector.fields(nodes, cast(Any, self._schema.type_map[name])):
                continue
            asked = selection_under(self._schema, self._collector, nodes, definition.type, record, name)
            of = "each" if len(types) == 1 else RECORD_NAMES[record]
            yield 2, f"(of {of})", _words(asked.fields | Fields.from_paths("id"))
            if asked.stitches:
                yield 2, "(and)", f"the keys that find {_records(asked.stitches)} records"
            if asked.facts:
                yield 2, "(and)", f"the keys that find {FACTS}"

    def _names_ids(self, definition: GraphQLField, node: FieldNode) -> bool:
        """Whether the arguments name customers' ids, for these values of the variables."""
        finds = metadata_of(definition.extensions[DEFINITION]).finds
        if finds is None:
            return False
        try:
            words = Arguments(self._typed, self._operation.definition, definition, node).words(self._variables)
            return bool(finds.ids(None, **words) if finds.in_context else finds.ids(**words))
        except GraphQLError:  # the field will fail with it; so nothing is asked ahead
            return False

    def _live(self, live: ObjectCompletion, level: int, *, ahead: bool) -> Iterator[_Row]:
        for field in live.fields:
            yield from self._field(field, level, ahead=ahead)

    def _field(self, field: Field, level: int, *, ahead: bool) -> Iterator[_Row]:
        if isinstance(field, RecordListField):
            record, selection = field.asks_for
            said = f"list of {RECORD_NAMES[record]} records"
            if self._sources is None:
                said += ", asked for ahead where customer ids find them" if ahead else f", asked for {LATER}"
            yield level, _title(field), said
            yield level + 1, "(of each)", _words(selection.fields) or "nothing"
            about = [text for text, is_asked in ((COUNT, selection.count), (MORE, selection.more)) if is_asked]
            if about:
                yield level + 1, "(and)", ", ".join(about)
            if self._sources is not None:
                yield level + 1, "(from)", self._from(self._sources, record, ahead=ahead)
        elif isinstance(field, ResolvedField):
            yield level, _title(field), self._resolved(field)
            yield from self._below(field, level + 1, ahead=ahead)
        else:
            yield level, _title(field), "projected"

    def _from(self, sources: Sources, record: type[Record], *, ahead: bool) -> str:
        lines = [
            f"{source.name} by {kind.value}, {'ahead' if ahead and kind is KeyKind.CUSTOMER_ID else LATER}"
            for source, kind in sources.for_record(record)
        ]
        return "; ".join(lines) or "no source has them"

    def _resolved(self, field: Field) -> str:
        definition = self._definition(field)
        assert definition is not None
        own = definition.extensions[DEFINITION]
        if own.base_resolver is None:
            return "here; its objects are completed"
        reads = metadata_of(own).reads
        if reads is None or not reads.asks_sources:
            return "resolved"
        return f"resolved, over {FACTS if reads.facts else f'{_records(reads.stitches)} records'}"

    def _below(self, field: Field, level: int, *, ahead: bool) -> Iterator[_Row]:
        assert isinstance(field, ResolvedField)
        yield from self._completion(field.completion, level, ahead=ahead)

    def _completion(self, completion: Completion, level: int, *, ahead: bool) -> Iterator[_Row]:
        match completion:
            case ObjectCompletion():
                yield from self._live(completion, level, ahead=ahead)
            case ListCompletion(inner=inner):
                yield from self._completion(inner, level, ahead=ahead)
            case AbstractCompletion(possible=possible):
                for _, possible_completion in possible:
                    yield from self._completion(possible_completion, level, ahead=ahead)

    def _definition(self, field: Field) -> GraphQLField | None:
        kind, _, name = field.name.partition(".")
        owner: Any = self._schema.type_map[kind]
        definition: GraphQLField | None = owner.fields.get(name)  # None for __typename
        return definition


def _title(field: Field) -> str:
    name = field.name.partition(".")[2]
    return name if name == field.key else f"{field.key}: {name}"


def _words(fields: Fields) -> str:
    """Fields as a selection of GraphQL, under the names of the records."""
    return " ".join(f"{name} {{ {_words(inner)} }}" if inner.items else name for name, inner in fields)


def _records(records: Iterable[type[Record]]) -> str:
    return ", ".join(name for name in RECORD_NAMES.values() if name in {RECORD_NAMES[record] for record in records})

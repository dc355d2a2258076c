"""Translate a selection to fields of records. So sources are asked for these and no more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, cast

import msgspec
from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLResolveInfo,
    GraphQLSchema,
    get_named_type,
    is_abstract_type,
    is_union_type,
)

from connectors.record_fields import Fields, fields_of
from connectors.records import Record
from gateway.context import context_of
from gateway.execution.collect_fields import FieldCollector
from gateway.execution.field_metadata import DEFINITION, RequiredFields, metadata_of
from gateway.execution.field_visibility import PARTLY, WITHOUT, is_withheld, said_of, visibility_of
from gateway.lookups.post_filter import position_fields
from gateway.settings.access_settings import Visibility
from gateway.stitching.record_finder import Selections
from gateway.stitching.selection import Selection


def selection_of(info: Any, record: type[Record], type_name: str | None = None) -> Selection:
    """Select fields of `record` for the field being resolved. It is worked out once per field of the operation.

    `type_name` says which type of a union or interface the record is, when the field gives several.
    """
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001  Strawberry has no public way to the nodes
    selections = context_of(info).selections
    # By the nodes of the field, which fragments can merge in one place and not in another.
    name = tuple(map(id, raw.field_nodes)), record, type_name
    selection = selections.get(name)
    if selection is None:
        collector = FieldCollector(raw.schema, raw.fragments, raw.variable_values)
        selection = selection_under(raw.schema, collector, raw.field_nodes, raw.return_type, record, type_name)
        selections[name] = selection
    return selection


def selections_of(info: Any, types: Mapping[str, type[Record]]) -> Selections:
    """Select fields of each record that the field being resolved may give. As `selections_under`."""
    raw: GraphQLResolveInfo[Any] = info._raw_info  # noqa: SLF001  as above
    collector = FieldCollector(raw.schema, raw.fragments, raw.variable_values)
    return selections_under(raw.schema, collector, raw.field_nodes, raw.return_type, types)


def selections_under(
    schema: GraphQLSchema, collector: FieldCollector, nodes: Sequence[FieldNode], kind: Any, types: Mapping[str, type[Record]]
) -> Selections:
    """Select fields of each record under field nodes of an interface, or of a union.

    Types of which more is selected than the interface has come first: the caller expects one of these. Left out are those that
    he does not see, and those of a union of which nothing is selected.
    """
    interface: Any = get_named_type(kind)
    if is_union_type(interface):
        types = {name: own for name, own in types.items() if collector.fields(nodes, cast(Any, schema.type_map[name]))}
    shared = getattr(interface, "fields", ())
    hidden = said_of(nodes, WITHOUT).split(",")

    def is_unexpected(type_name: str) -> bool:
        selected: Any = collector.fields(nodes, cast(Any, schema.type_map[type_name])).values()
        return all(own[0].name.value in (*shared, "__typename") for own in selected)

    return {
        types[name]: selection_under(schema, collector, nodes, kind, types[name], name)
        for name in sorted(types, key=is_unexpected)
        if name not in hidden
    }


def selection_under(
    schema: GraphQLSchema,
    collector: FieldCollector,
    nodes: Sequence[FieldNode],
    kind: Any,
    record: type[Record],
    type_name: str | None = None,
) -> Selection:
    """Select fields of `record` under field nodes of this type. `type_name` as above."""
    walk = _SelectionWalk(schema, collector, type_name)
    return walk.record(nodes, walk.concrete(kind), record)


class _SelectionWalk:
    def __init__(self, schema: GraphQLSchema, collector: FieldCollector, type_name: str | None) -> None:
        self._schema = schema
        self._collector = collector
        self._type_name = type_name

    def concrete(self, kind: Any) -> GraphQLObjectType:
        """Find the object type of a value."""
        named: Any = get_named_type(kind)
        if is_abstract_type(named):
            assert self._type_name is not None
            named = self._schema.type_map[self._type_name]
        object_type: GraphQLObjectType = named
        return object_type

    def record(self, nodes: Sequence[FieldNode], kind: GraphQLObjectType, record: type[Record]) -> Selection:
        selection = Selection()
        for own, field in self._fields(nodes, kind):
            definition = field.extensions[DEFINITION]
            reads = metadata_of(definition).reads
            if reads is not None:
                selection |= self._read(own, field, reads, record)
            elif definition.python_name in fields_of(record):
                fields = self._field(own, field, definition.python_name, record)
                shown = self._field(own, field, definition.python_name, record, shown=True)
                selection |= Selection(fields=fields, shown=shown)
        return selection

    def _read(self, nodes: list[FieldNode], field: GraphQLField, reads: RequiredFields, record: type[Record]) -> Selection:
        fields = Fields.from_paths(*reads.paths) | reads.unseen
        if reads.position:
            fields |= position_fields(record)
        selection = Selection(
            fields=fields,
            more=reads.more,
            count=reads.count,
            stitches=frozenset(reads.stitches),
            members=reads.members,
            facts=reads.facts,
        )
        if reads.inside and nodes[0].selection_set is not None:
            selection |= self.record(nodes, self.concrete(field.type), record)
        return selection

    def _field(
        self, nodes: list[FieldNode], field: GraphQLField, name: str, struct: type[msgspec.Struct], *, shown: bool = False
    ) -> Fields:
        """Select a field with what is inside; with `shown` nothing that is masked or hashed."""
        if shown and visibility_of(nodes) is not Visibility.SHOWN:
            return Fields()
        inner = fields_of(struct)[name].struct
        if inner is None:
            return Fields(((name, Fields()),))
        fields, kind = Fields(), self.concrete(field.type)
        for own, below in self._fields(nodes, kind):
            definition = below.extensions[DEFINITION]
            if definition.python_name in fields_of(inner):
                fields |= self._field(own, below, definition.python_name, inner, shown=shown)
        if shown and not fields.items and self._changes(nodes, kind):
            return fields
        if not shown and (telling := said_of(nodes, PARTLY)):
            fields |= Fields.from_paths(*telling.split(","))
        return Fields(((name, fields),))

    def _changes(self, nodes: Sequence[FieldNode], kind: GraphQLObjectType) -> bool:
        """Tell whether some of what is selected is not shown as it is."""
        return any(visibility_of(own) is not Visibility.SHOWN for own in self._collector.fields(nodes, kind).values())

    def _fields(self, nodes: Sequence[FieldNode], kind: GraphQLObjectType) -> Iterator[tuple[list[FieldNode], GraphQLField]]:
        for own in self._collector.fields(nodes, kind).values():
            field = kind.fields.get(own[0].name.value)  # None for __typename
            if field is not None and not is_withheld(own):
                yield own, field

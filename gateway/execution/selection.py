"""What an operation selects, as fields of records, so that sources are asked for that and no more.

What a GraphQL field needs is declared beside it, once, as `Reads`; a field without a declaration reads the record's
field of the same name.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    FragmentSpreadNode,
    GraphQLIncludeDirective,
    GraphQLNamedType,
    GraphQLResolveInfo,
    GraphQLSkipDirective,
    InlineFragmentNode,
    SelectionSetNode,
    get_named_type,
    is_abstract_type,
    is_object_type,
)
from graphql.execution.values import get_directive_values

from connectors.records import Record
from connectors.shapes import Fields, shapes
from gateway.lookups.window import position_fields

DEFINITION = "strawberry-definition"
READS = "reads"


class Reads(msgspec.Struct, frozen=True, kw_only=True):
    """What a field of the schema needs of the record around it.

    `paths`: fields of the record, dotted. `inside`: the selection below is still on that record. `position`: what
    orders the record. `count`: the number of records. `stitches`: keys of the customer that find these records.
    """

    paths: tuple[str, ...] = ()
    inside: bool = False
    position: bool = False
    count: bool = False
    stitches: tuple[type[Record], ...] = ()


class Selection(msgspec.Struct, frozen=True, kw_only=True):
    """The selected fields of a record, whether the number of records is asked, and which records are stitched to it."""

    fields: Fields = Fields()
    count: bool = False
    stitches: frozenset[type[Record]] = frozenset()

    def __or__(self, other: Selection) -> Selection:
        return Selection(
            fields=self.fields | other.fields, count=self.count or other.count, stitches=self.stitches | other.stitches
        )


def selection_of(info: GraphQLResolveInfo[Any], record: type[Record], type_name: str | None = None) -> Selection:
    """What the field being resolved selects of `record`.

    `type_name` names one type of a union or interface, when the field gives several.
    """
    walk = _Walk(info, type_name)
    found = Selection()
    for node in info.field_nodes:
        if node.selection_set is not None:
            found |= walk.record(node.selection_set, get_named_type(info.return_type), record)
    return found


class _Walk:
    def __init__(self, info: GraphQLResolveInfo[Any], type_name: str | None) -> None:
        self._info = info
        self._type_name = type_name

    def record(self, selected: SelectionSetNode, parent: GraphQLNamedType, record: type[Record]) -> Selection:
        found = Selection()
        for node, on, definition in self._fields(selected, parent):
            reads = definition.metadata.get(READS) or _own(definition.python_name, record)
            found |= self._read(node, on, reads, record)
        return found

    def _read(self, node: FieldNode, parent: GraphQLNamedType, reads: Reads | str | None, record: type[Record]) -> Selection:
        if reads is None:
            return Selection()
        if isinstance(reads, str):
            return Selection(fields=Fields(((reads, self._part(node, parent, shapes(record)[reads].struct)),)))
        fields = Fields.of(*reads.paths)
        if reads.position:
            fields |= position_fields(record)
        found = Selection(fields=fields, count=reads.count, stitches=frozenset(reads.stitches))
        if reads.inside and node.selection_set is not None:
            found |= self.record(node.selection_set, self._type_below(node, parent), record)
        return found

    def _part(self, node: FieldNode, parent: GraphQLNamedType, struct: type[msgspec.Struct] | None) -> Fields:
        if struct is None or node.selection_set is None:
            return Fields()
        found = Fields()
        below = self._type_below(node, parent)
        for inner, on, definition in self._fields(node.selection_set, below):
            reads = definition.metadata.get(READS)
            if reads is not None:
                found |= Fields.of(*reads.paths)
                continue
            own = _own(definition.python_name, struct)
            if own is not None:
                found |= Fields(((own, self._part(inner, on, shapes(struct)[own].struct)),))
        return found

    def _type_below(self, node: FieldNode, parent: GraphQLNamedType) -> GraphQLNamedType:
        fields: Mapping[str, Any] = getattr(parent, "fields", {})
        below: GraphQLNamedType = get_named_type(fields[node.name.value].type)
        return below

    def _fields(
        self, selected: SelectionSetNode, parent: GraphQLNamedType
    ) -> Iterator[tuple[FieldNode, GraphQLNamedType, Any]]:
        """Fields on `parent`, through fragments that hold on it, with the type they stand on and their definitions."""
        for node, on in self._flat(selected.selections, parent):
            definition = getattr(on, "fields", {}).get(node.name.value)
            if definition is not None and DEFINITION in definition.extensions:
                yield node, on, definition.extensions[DEFINITION]

    def _flat(self, nodes: Iterable[Any], parent: GraphQLNamedType) -> Iterator[tuple[FieldNode, GraphQLNamedType]]:
        for node in nodes:
            if not self._included(node):
                continue
            if isinstance(node, FieldNode):
                yield node, parent
                continue
            fragment = self._info.fragments[node.name.value] if isinstance(node, FragmentSpreadNode) else node
            condition = fragment.type_condition.name.value if fragment.type_condition else parent.name
            on = self._info.schema.type_map[condition]
            if is_abstract_type(parent) and is_object_type(on) and on.name != self._type_name:
                continue
            yield from self._flat(fragment.selection_set.selections, on)

    def _included(self, node: FieldNode | FragmentSpreadNode | InlineFragmentNode) -> bool:
        if not node.directives:
            return True
        variables = self._info.variable_values
        skip = get_directive_values(GraphQLSkipDirective, node, variables)
        include = get_directive_values(GraphQLIncludeDirective, node, variables)
        return not (skip and skip["if"]) and not (include and not include["if"])


def _own(name: str, struct: type[msgspec.Struct]) -> str | None:
    return name if name in shapes(struct) else None

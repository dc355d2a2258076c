"""Know the shape of a tool's answers from its document: their JSON Schema, and who wrote which text."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Any

import msgspec
from graphql import (
    FieldNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    get_nullable_type,
    is_enum_type,
    is_list_type,
    is_object_type,
    parse,
)

from connectors.records import FieldClass
from gateway.views.schema_classes import classes_by_field

_NUMBERS = {"Int": "integer", "Float": "number", "Boolean": "boolean"}
_OWN_TYPES = frozenset(["Rule", "NotTried"])
_OWN_FIELDS = frozenset(["Tag.key", "Tag.label", "Fact.name", "Fact.label"])
"""What the gateway and those who declare tags wrote."""
_MEASURED_FIELDS = frozenset(["Fact.value", "Tag.value", "Tag.valueLabel", "Tag.values"])
"""What may be a text of a record: a fact may be the subject of the last ticket, and a tag may be a fact."""


class Author(Enum):
    """Who may have written a text: the gateway and its owners, people freely, or nobody knows.

    What was measured is a word of the owner's, or what people wrote.
    """

    OWNER = "owner"
    MEASURED = "measured"
    PEOPLE = "people"
    UNKNOWN = "unknown"


class AnswerShape(msgspec.Struct, eq=False):
    """A value of an answer. `fields` are those of an object, or of the objects of a list; `author` is that of its texts."""

    fields: Mapping[str, AnswerShape]
    is_list: bool
    author: Author
    value_schema: Mapping[str, Any]

    @property
    def schema(self) -> Mapping[str, Any]:
        """Describe it in JSON Schema. What is null is left out of its object, so no field is required."""
        own = self.value_schema
        if self.fields:
            properties = {name: inner.schema for name, inner in self.fields.items()}
            own = {"type": "object", "properties": properties, "additionalProperties": False}
        return {"type": "array", "items": own} if self.is_list else own


def read_shape(schema: GraphQLSchema, text: str) -> AnswerShape:
    """Read the shape of a document of one operation, without fragments."""
    (definition,) = parse(text).definitions
    assert isinstance(definition, OperationDefinitionNode)
    return AnswerShape(_read_fields(schema, "Query", definition.selection_set), False, Author.OWNER, {})


def _read_fields(schema: GraphQLSchema, kind: str, selected: SelectionSetNode) -> dict[str, AnswerShape]:
    fields = {}
    for node in selected.selections:
        assert isinstance(node, FieldNode)
        fields[(node.alias or node.name).value] = _read_field(schema, kind, node)
    return fields


def _read_field(schema: GraphQLSchema, kind: str, node: FieldNode) -> AnswerShape:
    owner = schema.get_type(kind)
    assert is_object_type(owner)
    declared = owner.fields[node.name.value].type
    named = get_named_type(declared)
    inner = {} if node.selection_set is None else _read_fields(schema, named.name, node.selection_set)
    value_schema: dict[str, Any] = {"type": _NUMBERS.get(named.name, "string")}
    author = _find_author(schema, f"{kind}.{node.name.value}")
    if is_enum_type(named):
        value_schema, author = {**value_schema, "enum": [*named.values]}, Author.OWNER
    elif named.name == "JSON":
        value_schema = {}
    return AnswerShape(inner, is_list_type(get_nullable_type(declared)), author, value_schema)


def _find_author(schema: GraphQLSchema, where: str) -> Author:
    if FieldClass.FREE_TEXT in classes_by_field(schema)[where].all:
        return Author.PEOPLE
    if where in _MEASURED_FIELDS:
        return Author.MEASURED
    is_own = where in _OWN_FIELDS or where.partition(".")[0] in _OWN_TYPES
    return Author.OWNER if is_own else Author.UNKNOWN

"""A field's arguments as its resolver takes them, worked out as far as they can be before a request comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLField,
    ListTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    VariableNode,
    Visitor,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import Schema, Some
from strawberry.types.arguments import convert_arguments
from strawberry.types.base import has_object_definition

from gateway.execution.declared import DEFINITION

NO_VARIABLES = VariableValues({}, {})

Words = dict[str, Any]
Build = Callable[[Mapping[str, Any]], Any]
"""From the values of the variables to a value."""


class Arguments:
    """The arguments of one field of an operation.

    `names` are the variables that they take. Constants are converted once. Texts that variables bring are put into what was
    converted once around them; anything else is converted for each request.
    """

    def __init__(self, schema: Schema, operation: OperationDefinitionNode, field: GraphQLField, node: FieldNode) -> None:
        self._schema = schema
        self._field = field
        self._node = node
        self.names = _variables_of(node)
        self._build: Build | None = None
        if not self.names:
            constant = self._converted(NO_VARIABLES)
            self._build = lambda _values: constant
        else:
            self._build = self._template({name: _hole(name, operation) for name in self.names})

    def words(self, variables: VariableValues) -> Words:
        """The arguments by the names of the resolver's parameters.

        Raises what graphql-core, or the conversion, raises for bad ones.
        """
        words: Words = self._converted(variables) if self._build is None else self._build(variables.coerced)
        return words

    def _converted(self, variables: VariableValues) -> Words:
        given = get_argument_values(self._field, self._node, variables)
        registry = self._schema.schema_converter.scalar_registry
        return convert_arguments(given, self._field.extensions[DEFINITION].arguments, registry, self._schema.config)

    def _template(self, holes: Mapping[str, Any]) -> Build | None:
        """None where a variable is of another type than text, or is changed on its way to the resolver."""
        if None in holes.values():
            return None
        found: list[_Hole] = []
        build = _builder(self._converted(VariableValues({}, dict(holes))), found)
        return build if {hole.name for hole in found} == set(holes) else None


class _Hole(str):
    """Stands for the text that a variable will bring."""

    __slots__ = ("name",)
    name: str


def _hole(name: str, operation: OperationDefinitionNode) -> Any:
    """What stands for a variable; None when that is neither a text nor a list of texts that are always there."""
    (declared,) = [one.type for one in operation.variable_definitions or () if one.variable.name.value == name]
    hole = _Hole(f"a text for {name}")
    hole.name = name
    if _is_text(declared):
        return hole
    inner = declared.type if isinstance(declared, NonNullTypeNode) else None
    return [hole] if isinstance(inner, ListTypeNode) and _is_text(inner.type) else None


def _is_text(kind: TypeNode) -> bool:
    inner = kind.type if isinstance(kind, NonNullTypeNode) else None
    name = getattr(inner, "name", None)
    return name is not None and name.value in ("ID", "String")


def _builder(value: Any, found: list[_Hole]) -> Build:
    """Makes a value like this one, with the variables' texts in the holes that are `found` in it."""
    match value:
        case _Hole(name=name):
            found.append(value)
            return lambda values: values[name]
        case [_Hole(name=name) as hole]:
            found.append(hole)
            return lambda values: list(values[name])
        case Some(value=inner):
            build = _builder(inner, found)
            return lambda values: Some(build(values))
        case dict():
            return _dict_builder(value, found)
    if not has_object_definition(type(value)):
        return lambda _values: value
    before = len(found)
    attributes = _dict_builder(vars(value), found)
    if len(found) == before:
        return lambda _values: value
    kind: Any = type(value)

    def make(values: Mapping[str, Any]) -> Any:
        made = kind.__new__(kind)
        made.__dict__ = attributes(values)
        return made

    return make


def _dict_builder(entries: Mapping[str, Any], found: list[_Hole]) -> Build:
    """As `_builder`. Only entries with holes are made anew."""
    changing: list[tuple[str, Build]] = []
    for key, value in entries.items():
        before = len(found)
        build = _builder(value, found)
        if len(found) > before:
            changing.append((key, build))

    def make(values: Mapping[str, Any]) -> dict[str, Any]:
        made = {**entries}
        for key, build in changing:
            made[key] = build(values)
        return made

    return make


def _variables_of(node: FieldNode) -> tuple[str, ...]:
    names: dict[str, None] = {}

    class Finder(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            names[variable.name.value] = None

    for argument in node.arguments or ():
        visit(argument, Finder())
    return tuple(names)

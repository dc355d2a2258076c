"""A field's arguments as its resolver takes them, worked out as far as they can be before a request comes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec
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
Build = Callable[[VariableValues], Words]


class Arguments:
    """The arguments of one field of an operation.

    `names` are the variables that they take. `words` makes of the variables the arguments by the names of the resolver's
    parameters; it raises what graphql-core, or the conversion, raises for bad ones. Constants are converted once. Texts that
    variables bring are put into what was converted once around them; anything else is converted for each request.
    """

    words: Build

    def __init__(self, schema: Schema, operation: OperationDefinitionNode, field: GraphQLField, node: FieldNode) -> None:
        self._schema = schema
        self._field = field
        self._node = node
        self.names = _variables_of(node)
        if not self.names:
            constant = self._converted(NO_VARIABLES)
            self.words = lambda _variables: constant
        else:
            self.words = self._template({name: _hole(name, operation) for name in self.names}) or self._converted

    def _converted(self, variables: VariableValues) -> Words:
        given = get_argument_values(self._field, self._node, variables)
        registry = self._schema.schema_converter.scalar_registry
        return convert_arguments(given, self._field.extensions[DEFINITION].arguments, registry, self._schema.config)

    def _template(self, holes: Mapping[str, Any]) -> Build | None:
        """None where a variable is of another type than text, or is changed on its way to the resolver."""
        if None in holes.values():
            return None
        template = _Template(self._converted(VariableValues({}, dict(holes))))
        return template.build if set(template.holes) == set(holes) else None


class _Some(msgspec.Struct):
    """As Strawberry's, which takes twice as long to make."""

    value: Any


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


class _Template:
    """Makes values like a given one, with the variables' texts in its `holes`: by an expression, so that it costs few calls.

    Inputs that are nothing but attributes are made as structs of theirs, in half the time.
    """

    def __init__(self, value: Any) -> None:
        self.holes: list[str] = []
        self._names: dict[str, Any] = {"Some": _Some, "made": _made}
        self.build: Build = eval(f"lambda variables: {self._source(value)}", self._names)  # noqa: S307  written here

    def _source(self, value: Any) -> str:
        before = len(self.holes)
        source = self._with_holes(value)
        return source if len(self.holes) > before else self._kept(value)

    def _with_holes(self, value: Any) -> str:
        match value:
            case _Hole(name=name):
                self.holes.append(name)
                return f"variables.coerced[{name!r}]"
            case [_Hole() as hole]:
                return f"list({self._source(hole)})"
            case Some(value=inner):
                return f"Some({self._source(inner)})"
            case dict():
                return f"{{{', '.join(f'{key!r}: {self._source(inner)}' for key, inner in value.items())}}}"
        kind = type(value)
        if not has_object_definition(kind):
            return ""
        if _has_methods(kind):
            return f"made({self._kept(kind)}, {self._source(vars(value))})"
        kind = msgspec.defstruct(kind.__name__, list(vars(value)))
        return f"{self._kept(kind)}({', '.join(map(self._source, vars(value).values()))})"

    def _kept(self, value: Any) -> str:
        name = f"value_{len(self._names)}"
        self._names[name] = value
        return name


def _has_methods(kind: type) -> bool:
    return any(callable(getattr(kind, name)) for name in dir(kind) if not name.startswith("_"))


def _made(kind: Any, attributes: dict[str, Any]) -> Any:
    made = kind.__new__(kind)
    made.__dict__ = attributes
    return made


def _variables_of(node: FieldNode) -> tuple[str, ...]:
    names: dict[str, None] = {}

    class Finder(Visitor):
        def enter_variable(self, variable: VariableNode, *_: Any) -> None:
            names[variable.name.value] = None

    for argument in node.arguments or ():
        visit(argument, Finder())
    return tuple(names)

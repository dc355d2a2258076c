"""Convert a field's arguments for its resolver, mostly before requests come."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, cast

from graphql import (
    FieldNode,
    GraphQLField,
    GraphQLInputObjectType,
    ListTypeNode,
    Node,
    NonNullTypeNode,
    ObjectValueNode,
    OperationDefinitionNode,
    TypeNode,
    Undefined,
    ValueNode,
    VariableNode,
    Visitor,
    get_nullable_type,
    is_input_object_type,
    is_list_type,
    visit,
)
from graphql.execution.values import VariableValues, get_argument_values
from strawberry import Schema, Some
from strawberry.types.arguments import StrawberryArgument, convert_arguments
from strawberry.types.base import StrawberryMaybe, StrawberryOptional, has_object_definition

from connectors.toolkit.code_generation import CodeWriter
from gateway.execution.field_metadata import DEFINITION

NO_VARIABLES = VariableValues({}, {})

Words = dict[str, Any]
Build = Callable[[Mapping[str, Any]], Words]
"""Makes arguments of coerced variables."""


class Arguments:
    """The arguments of one field of an operation.

    `names` are the variables that they take. Bad ones raise what graphql-core, or the conversion, raises: constants
    here, others in `words`. Constants are converted once. So is what stands around variables of text, where they are
    arguments or in input objects; else all is converted for each request.
    """

    def __init__(self, schema: Schema, operation: OperationDefinitionNode, field: GraphQLField, node: FieldNode) -> None:
        self._schema = schema
        self._field = field
        self._node = node
        self.names = variables_of(node.arguments)
        self._optional: tuple[str, ...] = ()
        self._build: Build | None
        if not self.names:
            constant = self._converted(NO_VARIABLES)
            self._build = lambda _coerced: constant
        else:
            self._build = self._template(operation)

    # A method, and not a function that is kept here: that would hold this object, which only the collector could free.
    def words(self, variables: VariableValues) -> Words:
        """Name the arguments by the resolver's parameters."""
        coerced, build, optional = variables.coerced, self._build, self._optional
        if build is None or (optional and not all(type(coerced.get(name)) is str for name in optional)):
            return self._converted(variables)
        return build(coerced)

    def _converted(self, variables: VariableValues) -> Words:
        return self._convert(self._field, self._node, self._definitions, variables)

    def _convert(
        self, field: GraphQLField, node: FieldNode, definitions: list[StrawberryArgument], variables: VariableValues
    ) -> Words:
        given = get_argument_values(field, node, variables)
        return convert_arguments(given, definitions, self._schema.schema_converter.scalar_registry, self._schema.config)

    @property
    def _definitions(self) -> list[StrawberryArgument]:
        return cast(list[StrawberryArgument], self._field.extensions[DEFINITION].arguments)

    def _template(self, operation: OperationDefinitionNode) -> Build | None:
        """Compile the arguments by their structure. None where they have a variable in another place.

        It saves half of a small query (decision 39).
        """
        named = self._schema.config.name_converter.from_argument
        varying = {
            argument.name.value: argument.value for argument in self._node.arguments or () if variables_of([argument.value])
        }
        writer = _TemplateCompiler(self._schema, operation)
        try:
            expressions = {
                definition.python_name: writer.expression(varying[name], self._field.args[name].type, definition.type)
                for definition in self._definitions
                if (name := named(definition)) in varying
            }
        except _NotPlainError:
            return None
        field = GraphQLField(
            self._field.type, {name: argument for name, argument in self._field.args.items() if name not in varying}
        )
        rest = tuple(argument for argument in self._node.arguments or () if argument.name.value not in varying)
        node = FieldNode(name=self._node.name, arguments=rest)
        constants = self._convert(
            field, node, [definition for definition in self._definitions if named(definition) not in varying], NO_VARIABLES
        )
        self._optional = tuple(writer.optional)
        return writer.compile(expressions, constants)


class _NotPlainError(Exception):
    """Report a variable whose value is changed before its resolver, or listed."""


class _TemplateCompiler:
    """Compile arguments with variables by their types, never by example.

    `optional` are the variables that may be null or absent.
    """

    def __init__(self, schema: Schema, operation: OperationDefinitionNode) -> None:
        self._schema = schema
        self._declared = {
            definition.variable.name.value: definition.type for definition in operation.variable_definitions or ()
        }
        self._code = CodeWriter(Some=Some)
        self.optional: set[str] = set()

    def compile(self, expressions: Mapping[str, str], constants: Words) -> Build:
        """Compile a function from coerced variables to arguments."""
        parts = [f"{name!r}: {self._code.keep(value)}" for name, value in constants.items()]
        parts += [f"{name!r}: {expression}" for name, expression in expressions.items()]
        return self._code.expression("variables", f"{{{', '.join(parts)}}}")

    def expression(self, node: ValueNode, kind: Any, typed: Any) -> str:
        """Write the expression for a value of a type.

        Raises `_NotPlainError` where there is none.
        """
        if isinstance(typed, StrawberryMaybe):
            return f"Some({self.expression(node, kind, typed.of_type)})"
        if isinstance(typed, StrawberryOptional):
            return self.expression(node, kind, typed.of_type)
        kind = get_nullable_type(kind)
        if isinstance(node, VariableNode):
            return self._variable(node.name.value, kind)
        if isinstance(node, ObjectValueNode) and is_input_object_type(kind) and has_object_definition(typed):
            return self._object(node, kind, typed)
        raise _NotPlainError

    def _variable(self, name: str, kind: Any) -> str:
        declared = self._declared[name]
        inner = declared.type if isinstance(declared, NonNullTypeNode) else declared
        if is_list_type(kind):
            if isinstance(inner, ListTypeNode) and inner is not declared and _is_text(inner.type):
                return f"list(variables[{name!r}])"
        elif _is_text(declared):
            if inner is declared:
                self.optional.add(name)
            return f"variables[{name!r}]"
        raise _NotPlainError

    def _object(self, node: ObjectValueNode, kind: GraphQLInputObjectType, typed: Any) -> str:
        definition = typed.__strawberry_definition__
        given = {field.name.value: field.value for field in node.fields}
        named = self._schema.config.name_converter.from_field
        if not given.keys() <= {*map(named, definition.fields)}:
            raise _NotPlainError  # fields of one's own, which its class does not have
        parts = []
        for field in definition.fields:
            inner = kind.fields[name := named(field)]
            if name in given:
                parts.append(f"{field.python_name}={self.expression(given[name], inner.type, field.resolve_type())}")
            elif inner.default_value is Undefined:
                parts.append(f"{field.python_name}=None")
            else:
                raise _NotPlainError
        return f"{self._code.keep(typed)}({', '.join(parts)})"


def _is_text(kind: TypeNode) -> bool:
    inner = kind.type if isinstance(kind, NonNullTypeNode) else kind
    name = getattr(inner, "name", None)
    return name is not None and name.value in ("ID", "String")


def variables_of(nodes: Iterable[Node] | None) -> tuple[str, ...]:
    """Name the variables in nodes, each once."""
    finder = _ArgumentVariables()
    for node in nodes or ():
        visit(node, finder)
    return tuple(finder.names)


class _ArgumentVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: dict[str, None] = {}

    def enter_variable(self, variable: VariableNode, *_: Any) -> None:
        self.names[variable.name.value] = None

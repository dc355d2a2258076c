"""The variables of an operation, as it declares them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from graphql import GraphQLError, GraphQLSchema, ListTypeNode, NonNullTypeNode, OperationDefinitionNode, TypeNode
from graphql.execution.values import VariableValues, get_variable_values

_MOST_ERRORS = 50
_PLAIN = {"ID": str, "String": str, "Boolean": bool}
"""Types whose values are what JSON gives."""

Fits = Callable[[Any], bool]


class Variables:
    """Coerces what requests bring for one operation. Where every value is plain, there is nothing to coerce."""

    def __init__(self, schema: GraphQLSchema, definition: OperationDefinitionNode, *, suggestions: bool) -> None:
        self._schema = schema
        self._definitions = definition.variable_definitions or ()
        self._hide_suggestions = not suggestions
        tests = {one.variable.name.value: _test(one.type) for one in self._definitions}
        self._tests = {name: test for name, test in tests.items() if test is not None}
        self._all_are_plain = len(self._tests) == len(tests)

    def coerced(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The variables as the operation declares them, or what is wrong with them."""
        if self._all_are_plain:
            for name, fits in self._tests.items():
                if not fits(given.get(name)):
                    break
            else:
                return VariableValues(
                    {}, given if len(given) == len(self._tests) else {name: given[name] for name in self._tests}
                )
        return get_variable_values(
            self._schema, self._definitions, given, max_errors=_MOST_ERRORS, hide_suggestions=self._hide_suggestions
        )


def _test(kind: TypeNode) -> Fits | None:
    """Whether a value needs no coercion: of a type that may not be null, and of the type that JSON has for it."""
    inner = kind.type if isinstance(kind, NonNullTypeNode) else None
    if isinstance(inner, ListTypeNode):
        item = _plain_type(inner.type)
        return None if item is None else lambda value: type(value) is list and all(type(one) is item for one in value)
    plain = _plain_type(kind)
    return None if plain is None else lambda value: type(value) is plain


def _plain_type(kind: TypeNode) -> type | None:
    inner = kind.type if isinstance(kind, NonNullTypeNode) else None
    name = getattr(inner, "name", None)
    return None if name is None else _PLAIN.get(name.value)

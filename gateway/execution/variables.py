"""The variables of an operation, as it declares them."""

from __future__ import annotations

from typing import Any, cast

import msgspec
from graphql import GraphQLError, GraphQLSchema, ListTypeNode, NonNullTypeNode, OperationDefinitionNode, TypeNode
from graphql.execution.values import VariableValues, get_variable_values

_MOST_ERRORS = 50
_PLAIN = {"ID": str, "String": str, "Boolean": bool}
"""Types whose values are what JSON gives."""


class _Given(msgspec.Struct):
    """As `VariableValues` are for graphql-core, in a third of the time."""

    coerced: dict[str, Any]
    sources: dict[str, Any] = {}


class Variables:
    """Coerces what requests bring for one operation. Where every value is plain, there is nothing to coerce."""

    def __init__(self, schema: GraphQLSchema, definition: OperationDefinitionNode, *, suggestions: bool) -> None:
        self._schema = schema
        self._definitions = definition.variable_definitions or ()
        self._hide_suggestions = not suggestions
        plain = {one.variable.name.value: _plain(one.type) for one in self._definitions}
        self._all_are_plain = None not in plain.values()
        self._plain = {name: found for name, found in plain.items() if found is not None}

    def coerced(self, given: dict[str, Any]) -> VariableValues | list[GraphQLError]:
        """The variables as the operation declares them, or what is wrong with them."""
        if self._all_are_plain:
            for name, (kind, item) in self._plain.items():
                value = given.get(name)
                if type(value) is not kind or (item is not None and not _are_all(item, value)):
                    break
            else:
                values = given if len(given) == len(self._plain) else {name: given[name] for name in self._plain}
                return cast(VariableValues, _Given(values))
        return get_variable_values(
            self._schema, self._definitions, given, max_errors=_MOST_ERRORS, hide_suggestions=self._hide_suggestions
        )


def _are_all(item: type, values: Any) -> bool:
    return all(type(one) is item for one in values)


def _plain(kind: TypeNode) -> tuple[type, type | None] | None:
    """What a value is that needs no coercion, and what is in it if it is a list; None where any value needs it."""
    inner = kind.type if isinstance(kind, NonNullTypeNode) else None
    if isinstance(inner, ListTypeNode):
        item = _plain_type(inner.type)
        return None if item is None else (list, item)
    plain = _plain_type(kind)
    return None if plain is None else (plain, None)


def _plain_type(kind: TypeNode) -> type | None:
    inner = kind.type if isinstance(kind, NonNullTypeNode) else None
    name = getattr(inner, "name", None)
    return None if name is None else _PLAIN.get(name.value)

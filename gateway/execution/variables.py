"""The variables of an operation, as it declares them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import msgspec
from graphql import (
    GraphQLError,
    GraphQLSchema,
    ListTypeNode,
    NonNullTypeNode,
    OperationDefinitionNode,
    TypeNode,
    VariableDefinitionNode,
)
from graphql.execution.values import VariableValues, get_variable_values

from gateway.documents.limits import MAX_LIST

MAX_CONTAINERS = 10_000
"""How many lists and objects a variable may hold."""

_MAX_ERRORS = 50
_PLAIN = {"ID": str, "String": str, "Boolean": bool}
"""Types whose values are what JSON gives."""


class _Given(msgspec.Struct):
    """As `VariableValues` are for graphql-core, in a third of the time."""

    coerced: dict[str, Any]
    sources: dict[str, Any] = {}


class Variables:
    """Coerce the variables of requests for one operation. Where every value is plain, there is nothing to coerce."""

    def __init__(self, schema: GraphQLSchema, definition: OperationDefinitionNode) -> None:
        self._schema = schema
        self._definitions = definition.variable_definitions or ()
        plain = {definition.variable.name.value: _plain(definition.type) for definition in self._definitions}
        self._all_are_plain = None not in plain.values()
        self._plain = {name: default for name, default in plain.items() if default is not None}

    def coerced(self, given: dict[str, Any], *, suggests: bool = False) -> VariableValues | list[GraphQLError]:
        """Coerce variables to their declared types, or list their problems. With `suggests` these name near words."""
        if self._all_are_plain:
            for name, (kind, item) in self._plain.items():
                value = given.get(name)
                if type(value) is not kind or (item is not None and not _are_few(item, value)):
                    break
            else:
                values = given if len(given) == len(self._plain) else {name: given[name] for name in self._plain}
                return _Given(values)  # type: ignore[return-value]
        if too_long := find_long_lists(self._definitions, given, MAX_LIST):
            return too_long
        return get_variable_values(
            self._schema, self._definitions, given, max_errors=_MAX_ERRORS, hide_suggestions=not suggests
        )


def find_long_lists(
    definitions: Iterable[VariableDefinitionNode], given: Mapping[str, Any], max_values: int
) -> list[GraphQLError]:
    """Report the variables with a list that is too long."""
    found = [error for definition in definitions if (error := _too_long(definition, given, max_values)) is not None]
    return found[:_MAX_ERRORS]


def _too_long(definition: VariableDefinitionNode, given: Mapping[str, Any], max_values: int) -> GraphQLError | None:
    """Report a variable with a list that is too long."""
    name = definition.variable.name.value
    looked_at = 0
    waiting: list[tuple[tuple[str | int, ...], Any]] = [((), given.get(name))]
    while waiting:
        path, value = waiting.pop()
        looked_at += 1
        if looked_at > MAX_CONTAINERS:
            message = f"it has more than {MAX_CONTAINERS:,} lists and objects; ask in parts"
            return GraphQLError(f"Variable '${name}' has invalid value: {message}", definition)
        if isinstance(value, list):
            if len(value) > max_values:
                where = f" at {''.join(f'[{step}]' if isinstance(step, int) else f'.{step}' for step in path)}" if path else ""
                message = f"a list has {len(value):,} values, and {max_values:,} are the most; ask in parts"
                return GraphQLError(f"Variable '${name}' has invalid value{where}: {message}", definition)
            waiting += [((*path, place), inner) for place, inner in enumerate(value) if isinstance(inner, list | dict)]
        elif isinstance(value, dict):
            waiting += [((*path, key), inner) for key, inner in value.items() if isinstance(inner, list | dict)]
    return None


def _are_few(item: type, values: Any) -> bool:
    """Tell whether all values are of a type, and not too many."""
    return len(values) <= MAX_LIST and all(type(value) is item for value in values)


def _plain(kind: TypeNode) -> tuple[type, type | None] | None:
    """Give the type of values that need no coercion. It comes with the type of their items; None where any value needs it."""
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

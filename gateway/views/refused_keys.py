"""Note the keys of what a caller may not ask, for the audit: they never become keys of a lookup."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, SelectionSetNode
from graphql.utilities import value_from_ast_untyped

from gateway.execution.collect_fields import fragments_of
from gateway.lookups.access_notes import AccessNotes
from gateway.operations import Operation

_KINDS = {
    "account": "account",
    "customers": "customer_id",
    "find": "text",
    "node": "customer_id",
    "order": "order_id",
    "searchCustomers": "text",
    "ticket": "ticket_id",
}
"""The kinds of the texts that fields take which find; keys of customers name theirs."""

_KEYS = ("id", "ids", "text", "by", "representations")
_CAPITAL = re.compile("[A-Z]")


def note_refused_keys(
    notes: AccessNotes, operation: Operation, variables: Mapping[str, Any], fields: Collection[str] | None = None
) -> None:
    """Note all keys of an operation as attempts, or those of some fields, each `Query.field`. They are as they were written."""
    given = {**variables, **({} if operation.lifted is None else operation.lifted.variables)}
    for node in _root_fields(operation, operation.definition.selection_set, set()):
        name = node.name.value
        if fields is None or f"Query.{name}" in fields:
            for argument in node.arguments or ():
                if argument.name.value in _KEYS:
                    value = value_from_ast_untyped(argument.value, given)
                    for own in value if isinstance(value, list) else [value]:
                        notes.add_attempts(_keys_in(own, _KINDS.get(name, "customer_id")))


def _root_fields(operation: Operation, selected: SelectionSetNode, seen: set[str]) -> Iterator[FieldNode]:
    for node in selected.selections:
        if isinstance(node, FieldNode):
            yield node
        elif not isinstance(node, FragmentSpreadNode):
            yield from _root_fields(operation, node.selection_set, seen)  # type: ignore[attr-defined]
        elif node.name.value not in seen:
            seen.add(node.name.value)
            yield from _root_fields(operation, fragments_of(operation.document)[node.name.value].selection_set, seen)


def _keys_in(value: Any, kind: str) -> Iterator[tuple[str, str]]:
    """List the key that a value is, or those that a customer's key names."""
    if isinstance(value, str | int) and not isinstance(value, bool):
        yield kind, str(value).strip()
    elif isinstance(value, dict):
        for name, own in value.items():
            if isinstance(own, dict):
                own = ":".join(str(part) for part in own.values())
            if own is not None and not name.startswith("__"):  # the type of an entity
                yield "customer_id" if name == "id" else _CAPITAL.sub(lambda found: f"_{found[0].lower()}", name), str(own)

"""Open the sealed cursors that an operation takes, in variables that no caller can name: what he gives stays sealed."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from typing import Any

from graphql import FieldNode, NamedTypeNode, NameNode, StringValueNode, ValueNode, VariableDefinitionNode, VariableNode

from gateway.views.cursor_seal import CursorSeal

AFTER = "(after)"
"""How the names of arguments that take cursors end."""


def open_variables(seal: CursorSeal, names: Collection[str], given: Mapping[str, Any]) -> dict[str, str | None]:
    """Open the sealed cursors among variables. What is no text is refused as such."""
    cursors = {name: given.get(name) for name in names}
    return {_opened(name): seal.open(cursor) if isinstance(cursor, str) else None for name, cursor in cursors.items()}


def declare_opened(names: Collection[str]) -> Iterator[VariableDefinitionNode]:
    """Declare the variables of the open cursors."""
    for name in names:
        variable = VariableNode(name=NameNode(value=_opened(name)))
        yield VariableDefinitionNode(variable=variable, type=NamedTypeNode(name=NameNode(value="String")), directives=())


def open_argument(seal: CursorSeal, node: FieldNode) -> FieldNode:
    """Open the cursor that a field takes: a text here, that of a variable each time that it is given."""
    arguments = [
        replace(own, value=_open_value(seal, own.value)) if own.name.value == "after" else own for own in node.arguments or ()
    ]
    return replace(node, arguments=tuple(arguments))


def _open_value(seal: CursorSeal, value: ValueNode) -> ValueNode:
    if isinstance(value, StringValueNode):
        return StringValueNode(value=seal.open(value.value))
    return VariableNode(name=NameNode(value=_opened(value.name.value))) if isinstance(value, VariableNode) else value


def _opened(name: str) -> str:
    """Name the variable of an open cursor, as no caller can."""
    return f"{name} (open)"

"""Bound what an operation asks of the schema."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    is_enum_type,
    is_input_object_type,
    is_object_type,
)

NODES_OF_TYPE = 4
"""What a type counts as."""


def introspection_nodes(
    schema: GraphQLSchema, definition: OperationDefinitionNode, fragments: Mapping[str, FragmentDefinitionNode]
) -> int:
    """Add up the lists of introspection, each multiplied with those around it. Linear in the document."""
    return _Count(_list_sizes(schema), fragments).total(definition.selection_set, is_root=True)


class _Count:
    def __init__(self, sizes: Mapping[str, int], fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self._sizes = sizes
        self._fragments = fragments
        self._known: dict[tuple[str, bool], int] = {}

    def total(self, selected: SelectionSetNode | None, *, is_root: bool = False) -> int:
        """Count below a selection; below the root only fields that begin introspection."""
        total = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                if not is_root or node.name.value.startswith("__"):
                    inner = self.total(node.selection_set)
                    size = self._sizes.get(node.name.value)
                    total += inner if size is None else size * (1 + inner)
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value, is_root=is_root)
            else:
                total += self.total(getattr(node, "selection_set", None), is_root=is_root)
        return total

    def _fragment(self, name: str, *, is_root: bool) -> int:
        if (name, is_root) not in self._known:
            self._known[name, is_root] = self.total(self._fragments[name].selection_set, is_root=is_root)
        return self._known[name, is_root]


@lru_cache(maxsize=4)
def _list_sizes(schema: GraphQLSchema) -> dict[str, int]:
    """How long the lists of introspection are: of what types have the mean, rounded up."""
    kinds: list[Any] = list(schema.type_map.values())
    fields = [len(kind.fields) for kind in kinds if is_object_type(kind)]
    inputs = [len(kind.fields) for kind in kinds if is_input_object_type(kind)]
    values = [len(kind.values) for kind in kinds if is_enum_type(kind)]
    arguments = [len(field.args) for kind in kinds if is_object_type(kind) for field in kind.fields.values()]
    lists = {"types": [NODES_OF_TYPE * len(kinds)], "directives": [len(schema.directives)]}
    lists |= {"interfaces": [1], "possibleTypes": [1]}
    lists |= {"fields": fields, "inputFields": inputs, "enumValues": values, "args": arguments}
    return {name: -(-sum(sizes) // len(sizes)) for name, sizes in lists.items() if sizes}

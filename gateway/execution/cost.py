"""What an operation may cost: how many records it can give at most, before anything is asked."""

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
    VariableNode,
    is_object_type,
    value_from_ast_untyped,
)

PAGE, LIST = "first", "ids"
"""The arguments that say how many."""


def most_records(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: Mapping[str, Any],
) -> int:
    """The sum over all pages and lists of their sizes, each times the sizes of those around it. Linear in the document."""
    count = _Count(_page_sizes(schema), fragments, variables)
    return count.of(definition.selection_set)


class _Count:
    def __init__(
        self,
        page_sizes: Mapping[str, int],
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: Mapping[str, Any],
    ) -> None:
        self._page_sizes = page_sizes
        self._fragments = fragments
        self._variables = variables
        self._known: dict[str, int] = {}

    def of(self, selected: SelectionSetNode | None) -> int:
        total = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                size, inner = self._size(node), self.of(node.selection_set)
                total += inner if size is None else size * (1 + inner)
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value)
            else:
                total += self.of(getattr(node, "selection_set", None))
        return total

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = self.of(self._fragments[name].selection_set)
        return self._known[name]

    def _size(self, node: FieldNode) -> int | None:
        given = {argument.name.value: self._value(argument.value) for argument in node.arguments or ()}
        if isinstance(given.get(LIST), list):
            return len(given[LIST])
        default = self._page_sizes.get(node.name.value)
        size = given.get(PAGE, default)
        return max(0, size) if isinstance(size, int) else default

    def _value(self, node: Any) -> Any:
        if isinstance(node, VariableNode):
            return self._variables.get(node.name.value)
        return value_from_ast_untyped(node, dict(self._variables))


@lru_cache(maxsize=4)
def _page_sizes(schema: GraphQLSchema) -> dict[str, int]:
    """The default size of a page by the names of the fields that have pages."""
    fields = [field for kind in schema.type_map.values() if is_object_type(kind) for field in kind.fields.items()]
    return {name: int(field.args[PAGE].default_value) for name, field in fields if PAGE in field.args}

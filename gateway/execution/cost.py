"""Bound the cost of an operation: how many records it can give at most, before anything is asked."""

from collections.abc import Collection, Iterable, Mapping
from functools import lru_cache
from typing import Any

from graphql import (
    ArgumentNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    ValueNode,
    VariableNode,
    Visitor,
    is_enum_type,
    is_input_object_type,
    is_object_type,
    visit,
)

from gateway.execution.field_metadata import DEFINITION, metadata_of

MIN_ASKING_RECORDS = 25
"""What a field of a customer counts as for which sources are asked, however little it gives: to ask takes time, too."""

PAGE, LISTS = "first", ("ids", "by")
"""The arguments that say how many. One that is no list does not: it is a key alone."""


def max_records(
    schema: GraphQLSchema,
    definition: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    sizes: Mapping[str, int],
    *,
    introspection: bool = True,
) -> int:
    """Add up the sizes of all pages and lists. Each is multiplied with the sizes of those around it. Linear in the document.

    A field of a customer for which sources are asked counts as 25 at least.

    Without `introspection` what is asked of the schema does not count.
    """
    count = _Count(_page_sizes(schema), _asking(schema), fragments, sizes, introspection=introspection)
    return count.total(definition.selection_set)


def sizing_variables(document: DocumentNode) -> tuple[str, ...]:
    """The names of the variables that say how many, sorted."""
    finder = _SizeVariables()
    visit(document, finder)
    return tuple(sorted(finder.names))


class _SizeVariables(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_argument(self, node: ArgumentNode, *_: Any) -> None:
        if node.name.value in (PAGE, *LISTS) and isinstance(node.value, VariableNode):
            self.names.add(node.value.name.value)


def sizes_of(variables: Mapping[str, Any], names: Iterable[str]) -> tuple[tuple[str, int], ...]:
    """Read the sizes that variables give: whole numbers, and the lengths of lists."""
    sizes = []
    for name in names:
        value = variables.get(name)
        if isinstance(value, int):
            sizes.append((name, value))
        elif isinstance(value, list):
            sizes.append((name, len(value)))
    return tuple(sizes)


class _Count:
    def __init__(
        self,
        page_sizes: Mapping[str, int],
        asking: Collection[str],
        fragments: Mapping[str, FragmentDefinitionNode],
        sizes: Mapping[str, int],
        *,
        introspection: bool,
    ) -> None:
        self._introspection = introspection
        self._page_sizes = page_sizes
        self._asking = asking
        self._fragments = fragments
        self._sizes = sizes
        self._known: dict[str, int] = {}

    def total(self, selected: SelectionSetNode | None) -> int:
        total = 0
        for node in selected.selections if selected else ():
            if isinstance(node, FieldNode):
                if not self._introspection and node.name.value.startswith("__"):
                    continue
                size, inner = self._size(node), self.total(node.selection_set)
                records = inner if size is None else size * (1 + inner)
                total += max(records, MIN_ASKING_RECORDS) if node.name.value in self._asking else records
            elif isinstance(node, FragmentSpreadNode):
                total += self._fragment(node.name.value)
            else:
                total += self.total(getattr(node, "selection_set", None))
        return total

    def _fragment(self, name: str) -> int:
        if name not in self._known:
            self._known[name] = self.total(self._fragments[name].selection_set)
        return self._known[name]

    def _size(self, node: FieldNode) -> int | None:
        default = self._page_sizes.get(node.name.value)
        for argument in node.arguments or ():
            if argument.name.value in (PAGE, *LISTS):
                return self._given(argument.value, default)
        return default

    def _given(self, value: ValueNode, default: int | None) -> int | None:
        match value:
            case VariableNode():
                size = self._sizes.get(value.name.value, default)
                return None if size is None else max(0, size)
            case ListValueNode():
                return len(value.values)
            case IntValueNode():
                return max(0, int(value.value))
        return default


@lru_cache(maxsize=4)
def _asking(schema: GraphQLSchema) -> frozenset[str]:
    """Name the fields that ask sources by a customer's keys."""
    kinds = [kind for kind in schema.type_map.values() if is_object_type(kind)]
    fields = [(name, field.extensions.get(DEFINITION)) for kind in kinds for name, field in kind.fields.items()]
    return frozenset(
        name for name, own in fields if own and (reads := metadata_of(own).reads) is not None and reads.asks_sources
    )


@lru_cache(maxsize=4)
def _page_sizes(schema: GraphQLSchema) -> dict[str, int]:
    """Map fields with pages to their default size, introspection's lists too."""
    kinds = [kind for kind in schema.type_map.values() if is_object_type(kind)]
    fields = [field for kind in kinds if not kind.name.startswith("__") for field in kind.fields.items()]
    pages = {name: int(field.args[PAGE].default_value) for name, field in fields if PAGE in field.args}
    own = {name for name, _ in fields}
    return pages | {name: size for name, size in _introspection_sizes(schema).items() if name not in own}


def _introspection_sizes(schema: GraphQLSchema) -> dict[str, int]:
    """How long the lists of introspection are: of what types have the mean, rounded up. A type counts as four records."""
    kinds: list[Any] = list(schema.type_map.values())
    fields = [len(kind.fields) for kind in kinds if is_object_type(kind)]
    inputs = [len(kind.fields) for kind in kinds if is_input_object_type(kind)]
    values = [len(kind.values) for kind in kinds if is_enum_type(kind)]
    arguments = [len(field.args) for kind in kinds if is_object_type(kind) for field in kind.fields.values()]
    lists = {"types": [4 * len(kinds)], "directives": [len(schema.directives)], "interfaces": [1], "possibleTypes": [1]}
    lists |= {"fields": fields, "inputFields": inputs, "enumValues": values, "args": arguments}
    return {name: -(-sum(sizes) // len(sizes)) for name, sizes in lists.items() if sizes}

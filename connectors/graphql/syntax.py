"""Walk the syntax of a query: fields, variables, and its text with parts replaced."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from graphql import FieldNode, FragmentSpreadNode, InlineFragmentNode, NameNode, Node, VariableNode, Visitor, print_ast, visit

Path = tuple[str, ...]
"""The names under which an answer leads somewhere."""


def fields_of(node: Node, above: Path = ()) -> Iterator[tuple[Path, FieldNode | FragmentSpreadNode]]:
    """List each field by its path, spreads by the path around. Inline fragments leave no trace in an answer."""
    if isinstance(node, FragmentSpreadNode):
        yield above, node
        return
    if isinstance(node, FieldNode):
        above = (*above, name_of(node))
        yield above, node
    for inner in _inside(node):
        yield from fields_of(inner, above)


def name_of(node: FieldNode) -> str:
    """Name the key of a field in a response."""
    return node.alias.value if node.alias else node.name.value


def variables_of(*nodes: Node) -> set[str]:
    seen = _Seen()
    for node in nodes:
        visit(node, seen)
    return seen.names


def numbered(root: FieldNode, number: int, names: Collection[str]) -> FieldNode:
    """Copy the field with a number behind these variables."""
    renamed: FieldNode = visit(root, _Numbering(number, names))
    return renamed


def text_of(node: Node, fields: str, more: Mapping[Path, str], without: Path | None, above: Path = (), name: str = "") -> str:
    """Write the text of a field, answered under `name`.

    `fields` stands where the spread is, what is in `more` is added in its place, and what is at `without` is left out.
    """
    if isinstance(node, FragmentSpreadNode):
        return fields
    head = ""
    if isinstance(node, FieldNode):
        above = (*above, name_of(node))
        if above == without:
            return ""
        answered = name or name_of(node)
        alias = "" if answered == node.name.value else f"{answered}: "
        arguments = ", ".join(map(print_ast, node.arguments or ()))
        head = f"{alias}{node.name.value}" + (f"({arguments})" if arguments else "")
    elif isinstance(node, InlineFragmentNode):
        head = f"... on {node.type_condition.name.value}" if node.type_condition else "..."
    directives = "".join(f" {print_ast(directive)}" for directive in getattr(node, "directives", None) or ())
    if not _inside(node):
        return f"{head}{directives}"
    inner = [text_of(child, fields, more, without, above) for child in _inside(node)]
    inner.append(more.get(above, "") if isinstance(node, FieldNode) else "")
    text = " ".join(text for text in inner if text)
    return f"{head}{directives} {{ {text} }}" if text else ""


def _inside(node: Node) -> Collection[Any]:
    selection_set = getattr(node, "selection_set", None)
    return selection_set.selections if selection_set else ()


class _Seen(Visitor):
    def __init__(self) -> None:
        super().__init__()
        self.names: set[str] = set()

    def enter_variable(self, node: VariableNode, *_: Any) -> None:
        self.names.add(node.name.value)


class _Numbering(Visitor):
    def __init__(self, number: int, names: Collection[str]) -> None:
        super().__init__()
        self._number, self._names = number, names

    def enter_variable(self, node: VariableNode, *_: Any) -> VariableNode | None:
        name = node.name.value
        return VariableNode(name=NameNode(value=f"{name}_{self._number}")) if name in self._names else None

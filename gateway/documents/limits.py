"""Bounds of a document, checked before it is validated: the cost of validation grows faster than the document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from graphlib import CycleError, TopologicalSorter

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    ValueNode,
)

MAX_LIST = 1_000
"""How many values a list in a variable may have; arguments that say less have limits of their own."""

MAX_SHOWN = 10**9
"""The largest number in a message: fragments in fragments make numbers of thousands of digits."""


@dataclass(frozen=True)
class Limits:
    """The limits of one document.

    `max_depth` counts levels of fields, `max_fields` fields after fragments are put in place, `max_aliases` aliases and fields
    named again among them, `max_root_fields` fields of the root type; each per operation, and per fragment, used or not.
    `max_variables` is per operation, `max_directives` per place, `max_object_values` per argument with input objects in it.
    Comments count as tokens. `max_name_length` is that of any name, for messages repeat names.
    """

    max_depth: int = 15
    max_tokens: int = 2000
    max_aliases: int = 50
    max_root_fields: int = 20
    max_fields: int = 1000
    max_document_bytes: int = 64 * 1024
    max_operations: int = 20
    max_fragments: int = 50
    max_variables: int = 100
    max_directives: int = 4
    max_alias_length: int = 200
    max_name_length: int = 200
    max_object_values: int = 200


@dataclass(slots=True)
class _Reach:
    """Hold how far a selection reaches, and its fragments by level."""

    depth: int = 0
    fields: int = 0
    repeats: int = 0
    roots: int = 0
    directives: int = 0
    alias_length: int = 0
    variables: int = 0
    object_values: int = 0
    spreads: list[tuple[str, int]] = field(default_factory=list)


class Extent:
    """How much a document holds. `is_circular` says that a fragment stands inside itself, so that it has no size."""

    def __init__(self, document: DocumentNode) -> None:
        operations = [node for node in document.definitions if isinstance(node, OperationDefinitionNode)]
        fragments = [node for node in document.definitions if isinstance(node, FragmentDefinitionNode)]
        self._counts = len(operations), len(fragments)
        own = {node.name.value: _own_reach(node) for node in fragments}
        self.is_circular = False
        total: Mapping[str, _Reach] = {}
        try:
            total = _totals(own)
        except CycleError:
            self.is_circular = True
        self._operations = [_with_fragments(_own_reach(node), total) for node in operations]
        self._fragments = [*own.values(), *total.values()]

    @property
    def has_objects(self) -> bool:
        """Tell whether an argument has input objects in it."""
        return any(reach.object_values for reach in (*self._operations, *self._fragments))

    def excess(self, limits: Limits) -> list[str]:
        """Name the exceeded limits."""
        operations, fragments = self._counts
        problems = []
        if operations > limits.max_operations:
            problems.append(_say("the document has {} operations", operations, limits.max_operations, "send them apart"))
        if fragments > limits.max_fragments:
            problems.append(_say("the document has {} fragments", fragments, limits.max_fragments, "write some in their place"))
        of_operations = _excess(self._operations, limits, "operation")
        return problems + (of_operations or _excess(self._fragments, limits, "fragment"))


def _excess(reaches: Sequence[_Reach], limits: Limits, what: str) -> list[str]:
    max_roots = limits.max_root_fields if what == "operation" else limits.max_fields
    limited = (
        ("depth", limits.max_depth, "is nested {} levels deep", "ask in parts"),
        ("fields", limits.max_fields, "has {} fields", "ask in parts"),
        ("repeats", limits.max_aliases, "has {} aliases and repeated fields", "ask in parts"),
        ("roots", max_roots, "has {} root fields", "ask in parts"),
        ("variables", limits.max_variables, "has {} variables", "put values together in lists or input objects"),
        ("directives", limits.max_directives, "has {} directives at one place", "remove some"),
        ("object_values", limits.max_object_values, "has an argument with an object of {} values", "give it as a variable"),
        ("alias_length", limits.max_alias_length, "has an alias of {} characters", "shorten it"),
    )
    problems = []
    for name, most, message, fix in limited:
        largest = max((getattr(reach, name) for reach in reaches), default=0)
        if largest > most:
            problems.append(_say(f"the {what} {message}", largest, most, fix))
    return problems


def _say(message: str, number: int, most: int, fix: str) -> str:
    """Say how much there is, how much there may be, and what to change."""
    shown = f"{number:,}" if number <= MAX_SHOWN else f"more than {MAX_SHOWN:,}"
    return f"{message.format(shown)}, and {most:,} are the most; {fix}"


def _totals(own: Mapping[str, _Reach]) -> dict[str, _Reach]:
    """Add up each fragment's reach with the fragments inside it. Raises `CycleError`."""
    total: dict[str, _Reach] = {}
    spreads = {name: [spread for spread, _ in reach.spreads] for name, reach in own.items()}
    for name in TopologicalSorter(spreads).static_order():
        # A name that no fragment has reaches nothing; validation says which.
        total[name] = _with_fragments(own.get(name, _Reach()), total)
    return total


def _own_reach(definition: OperationDefinitionNode | FragmentDefinitionNode) -> _Reach:
    declared = definition.variable_definitions or ()
    reach = _Reach(variables=len(declared))
    reach.directives = max(len(node.directives or ()) for node in (definition, *declared))
    reach.object_values = max((_object_values(node.default_value) for node in declared), default=0)
    names: set[str] = set()
    stack = [(definition.selection_set, 1, names)]
    while stack:
        here, depth, names = stack.pop()
        for node in here.selections:
            if node.directives:
                reach.directives = max(reach.directives, len(node.directives))
            if isinstance(node, FieldNode):
                name = (node.alias or node.name).value
                reach.depth = max(reach.depth, depth)
                reach.fields += 1
                reach.repeats += node.alias is not None or name in names
                reach.roots += depth == 1
                if node.alias is not None:
                    reach.alias_length = max(reach.alias_length, len(name))
                names.add(name)
                for argument in node.arguments or ():
                    reach.object_values = max(reach.object_values, _object_values(argument.value))
                if node.selection_set is not None:
                    stack.append((node.selection_set, depth + 1, set()))
            elif isinstance(node, InlineFragmentNode):
                stack.append((node.selection_set, depth, names))
            elif isinstance(node, FragmentSpreadNode):
                reach.spreads.append((node.name.value, depth))
    return reach


def _object_values(value: ValueNode | None) -> int:
    """Count the values of a literal. It is 0 where none is an input object. A message about one prints it whole."""
    count, has_object = 0, False
    stack = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ObjectValueNode):
            has_object = True
            stack += [field.value for field in node.fields]
            count += len(node.fields)
        elif isinstance(node, ListValueNode):
            stack += node.values
            count += len(node.values)
    return count if has_object else 0


def _with_fragments(own: _Reach, total: Mapping[str, _Reach]) -> _Reach:
    """Add the reach of the spreads that are in `total`."""
    whole = replace(own, spreads=[])
    for name, depth in own.spreads:
        inner = total.get(name)
        if inner is not None:
            whole.depth = max(whole.depth, depth - 1 + inner.depth)
            whole.fields += inner.fields
            whole.repeats += inner.repeats
            whole.roots += inner.roots if depth == 1 else 0
            whole.directives = max(whole.directives, inner.directives)
            whole.object_values = max(whole.object_values, inner.object_values)
            whole.alias_length = max(whole.alias_length, inner.alias_length)
    return whole

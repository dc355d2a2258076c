"""Compare times as moments: what a time is compared with is written as it sorts, before an expression is computed."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator

from gateway.tags.expressions.constants import NotConstantError, constant
from gateway.tags.expressions.operators import EQUAL, ORDERED
from gateway.tags.expressions.parser import parse
from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.time_texts import sortable_time
from gateway.tags.expressions.tree import Binary, ConstantLiteral, FactName, ListLiteral, Node, ThresholdName, leaves, walk

_COMPARISONS = EQUAL | ORDERED | {"in"}


def write_constants(expression: str, thresholds: Thresholds, times: Collection[str]) -> str:
    """Write the values of thresholds in place of their names, and sortable what times are compared with.

    `times` are facts. Raises `RuleSyntaxError`.
    """
    return _replace(expression, 0, _constants(expression, parse(expression, thresholds), times, with_names=True))


def write_part(expression: str, node: Node, times: Collection[str]) -> str:
    """Write a part of an expression, with what times are compared with sortable. Thresholds keep their names."""
    return _replace(expression[node.start : node.end], node.start, _constants(expression, node, times, with_names=False))


Replacement = tuple[int, int, str]


def _replace(text: str, offset: int, replacements: Iterator[Replacement]) -> str:
    for start, end, own in sorted(set(replacements), reverse=True):
        text = f"{text[: start - offset]}{own}{text[end - offset :]}"
    return text


def _constants(expression: str, root: Node, times: Collection[str], *, with_names: bool) -> Iterator[Replacement]:
    for node in walk(root):
        if isinstance(node, ThresholdName) and with_names:
            yield node.start, node.end, node.threshold.literal
        elif isinstance(node, Binary) and node.operator in _COMPARISONS:
            for side, other in ((node.left, node.right), (node.right, node.left)):
                if _is_time(other, times):
                    yield from _literals(expression, side)


def _literals(expression: str, node: Node) -> Iterator[Replacement]:
    for leaf in leaves(node):
        if isinstance(leaf, ListLiteral):
            for element in leaf.elements:
                yield from _literals(expression, element)
        elif isinstance(leaf, ConstantLiteral) and leaf.kind == "text":
            try:
                text = constant(expression, leaf)
            except NotConstantError:
                continue
            if (sortable := sortable_time(text)) != text:
                yield leaf.start, leaf.end, json.dumps(sortable)


def _is_time(node: Node, times: Collection[str]) -> bool:
    if isinstance(node, ListLiteral):
        return any(_is_time(element, times) for element in node.elements)
    return any(
        (isinstance(leaf, FactName) and leaf.name in times) or (isinstance(leaf, ThresholdName) and leaf.threshold.is_time)
        for leaf in leaves(node)
    )

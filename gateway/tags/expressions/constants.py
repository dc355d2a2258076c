"""Compute the constant parts of an expression."""

from __future__ import annotations

from typing import Any

import cel

from gateway.tags.expressions.tree import FactName, Node, ThresholdName, walk

FAILURES = (ArithmeticError, LookupError, RuntimeError, TypeError, ValueError)
"""What the library raises for an expression that cannot be computed."""


class NotConstantError(ValueError):
    """The value depends on facts, or cannot be computed."""


def is_constant(node: Node) -> bool:
    """Tell whether a part of an expression reads no fact."""
    return not any(isinstance(part, FactName) for part in walk(node))


def bindings(node: Node) -> dict[str, Any]:
    """Give the values of the thresholds in a part of an expression, by name, as it is computed with them."""
    return {part.threshold.name: part.threshold.bound for part in walk(node) if isinstance(part, ThresholdName)}


def constant(expression: str, node: Node) -> Any:
    """Compute a part of an expression that reads no fact, or raise `NotConstantError`."""
    if not is_constant(node):
        raise NotConstantError
    try:
        return cel.compile(expression[node.start : node.end]).execute(bindings(node))
    except FAILURES as error:
        raise NotConstantError from error


def is_pattern(expression: str, node: Node) -> bool:
    """Tell whether a constant text is a regular expression."""
    try:
        cel.compile(f"''.matches({expression[node.start : node.end]})").execute({})
    except FAILURES:
        return False
    return True

"""Find the ways through a rule to its outcomes, and follow them for a customer's facts."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

import cel
import msgspec

from gateway.tags.expressions.constants import FAILURES, NotConstantError, constant, is_constant
from gateway.tags.expressions.domains import COMPARISONS
from gateway.tags.expressions.operators import LOGICAL
from gateway.tags.expressions.parser import parse
from gateway.tags.expressions.thresholds import Threshold, Thresholds
from gateway.tags.expressions.time_constants import write_part
from gateway.tags.expressions.time_texts import find_times, readable_time, sort_times
from gateway.tags.expressions.tree import Binary, Call, Conditional, ConstantLiteral, ListLiteral, Node, Unary
from gateway.tags.tag_values import value_text

UNKNOWN: Any = object()
"""The value of what cannot be computed."""

_TESTS = frozenset({"contains", "endsWith", "matches", "startsWith"})

Conditions = tuple[tuple[Node, bool], ...]


class Way(msgspec.Struct, frozen=True):
    """A way through a rule to an outcome: conditions in order, each with what it must be there.

    `value` is that of the tag, or the text in its list; None where the outcome is computed of facts, and where it `is_none`:
    this customer has no such tag.
    """

    conditions: Conditions
    outcome: Node
    value: str | None
    is_none: bool = False


def ways_of_rule(expression: str, thresholds: Thresholds) -> tuple[Way, ...]:
    """List the ways through a rule, in its order. Raises `RuleSyntaxError`."""
    return _ways(expression, tuple(thresholds.values()))


@lru_cache(maxsize=512)
def _ways(expression: str, thresholds: tuple[Threshold, ...]) -> tuple[Way, ...]:
    root = parse(expression, {threshold.name: threshold for threshold in thresholds})
    return tuple(_ways_from(expression, root, ()))


def _ways_from(expression: str, node: Node, conditions: Conditions, *, is_listed: bool = False) -> Iterator[Way]:
    if isinstance(node, Conditional):
        yield from _ways_from(expression, node.then, (*conditions, (node.condition, True)), is_listed=is_listed)
        yield from _ways_from(expression, node.otherwise, (*conditions, (node.condition, False)), is_listed=is_listed)
    elif isinstance(node, ListLiteral):
        for element in node.elements:
            yield from _ways_from(expression, element, conditions, is_listed=True)
    elif is_constant(node):
        text = _constant_text(expression, node)
        if text is not None or not is_listed:
            yield Way(conditions, node, text, is_none=text is None)
    elif _is_condition(node):
        yield Way((*conditions, (node, True)), node, "true")
        yield Way((*conditions, (node, False)), node, "false")
    else:
        yield Way(conditions, node, None)


def _constant_text(expression: str, node: Node) -> str | None:
    try:
        return value_text(constant(expression, node))
    except NotConstantError:
        return None


def _is_condition(node: Node) -> bool:
    if isinstance(node, Binary):
        return node.operator in COMPARISONS | LOGICAL | {"in"}
    return (isinstance(node, Unary) and node.operator == "!") or (isinstance(node, Call) and node.function in _TESTS)


@lru_cache(maxsize=4096)
def _compiled(text: str) -> tuple[cel.Program, tuple[str, ...]]:
    program = cel.compile(text)
    return program, tuple(sorted(program.variables()))


class RuleReader:
    """Computes the parts of one rule for one customer's facts, each once."""

    def __init__(self, expression: str, facts: Mapping[str, Any], thresholds: Thresholds) -> None:
        self._expression = expression
        self._thresholds = thresholds
        self._times = find_times(facts)
        self._names = sort_times(facts, self._times) | {name: own.bound for name, own in thresholds.items()}
        self._known: dict[tuple[int, int], Any] = {}

    def text_of(self, node: Node) -> str:
        """Write a part as it stands in the rule, on one line."""
        return " ".join(self._expression[node.start : node.end].split())

    def names_of(self, node: Node) -> list[str]:
        """Name the facts in a part, sorted."""
        _, names = _compiled(self._expression[node.start : node.end])
        return [name for name in names if name not in self._thresholds]

    def truth_of(self, node: Node) -> bool | None:
        """Tell whether a condition holds. None where that cannot be computed."""
        value = self.value_of(node)
        return value if isinstance(value, bool) else None

    def value_of(self, node: Node) -> Any:
        """Compute a part, `UNKNOWN` where it cannot be. Times are as facts have them."""
        if isinstance(node, ConstantLiteral) and node.kind == "null":
            return None
        place = node.start, node.end
        if place not in self._known:
            program, names = _compiled(write_part(self._expression, node, self._times))
            try:
                value = program.execute({name: self._names[name] for name in names if name in self._names})
                self._known[place] = readable_time(value)
            except FAILURES:
                self._known[place] = UNKNOWN
        return self._known[place]

    def is_taken(self, way: Way) -> bool:
        """Tell whether all conditions of a way are as they must be."""
        return all(self.truth_of(condition) is needed for condition, needed in way.conditions)

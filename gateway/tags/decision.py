"""Find the comparisons of a rule that decided about a customer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

import cel
import msgspec

from gateway.tags.expressions.constants import FAILURES, bindings
from gateway.tags.expressions.parser import parse
from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.time_constants import write_part
from gateway.tags.expressions.time_texts import find_times, readable_time, sort_times
from gateway.tags.expressions.tree import Conditional, FactName, Node, walk


class Step(msgspec.Struct, frozen=True):
    """A condition on the way to the outcome, with its facts and thresholds. `truth` None: it cannot be computed."""

    condition: str
    truth: bool | None
    facts: Mapping[str, Any]


class Decision(msgspec.Struct, frozen=True):
    """The way through a rule: its conditions in order, and the branch at the end. None where a condition cannot be computed."""

    steps: Sequence[Step]
    branch: str | None


def decide(expression: str, facts: Mapping[str, Any], thresholds: Thresholds = MappingProxyType({})) -> Decision:
    """Follow the branches of a rule over the facts that are known."""
    node = parse(expression, thresholds)
    steps: list[Step] = []
    while isinstance(node, Conditional):
        step = _step(expression, node.condition, facts)
        steps.append(step)
        if step.truth is None:
            return Decision(steps, None)
        node = node.then if step.truth else node.otherwise
    return Decision(steps, expression[node.start : node.end])


def _step(expression: str, condition: Node, facts: Mapping[str, Any]) -> Step:
    names = sorted({part.name for part in walk(condition) if isinstance(part, FactName)})
    read = {name: facts[name] for name in names if name in facts}
    times, constants = find_times(read), bindings(condition)
    try:
        outcome = cel.compile(write_part(expression, condition, times)).execute(sort_times(read, times) | constants)
    except FAILURES:
        outcome = None
    text = " ".join(expression[condition.start : condition.end].split())
    shown = read | {name: readable_time(value) for name, value in constants.items()}
    return Step(text, outcome if isinstance(outcome, bool) else None, shown)

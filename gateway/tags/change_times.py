"""Find when time alone changes a tag, so that it can be renewed then, though nobody asks for it."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any

import cel
import msgspec

from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Fact, Pack, TagDefinition
from gateway.tags.expressions.constants import FAILURES
from gateway.tags.expressions.parser import parse
from gateway.tags.expressions.thresholds import Threshold
from gateway.tags.expressions.tree import Binary, FactName, Node, walk
from gateway.tags.score_changes import find_score_change
from gateway.tags.score_definitions import Score
from gateway.tags.tag_store import MAX_TTL

STEP = timedelta(minutes=1)
"""The reference time is the next whole minute. A tag changes no earlier than one after that by which it was computed."""

DAY = timedelta(days=1)

_MIRRORED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}
_COMPARE: Mapping[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class NumericBorder(msgspec.Struct, frozen=True):
    """A comparison of a fact with a number."""

    operator: str
    number: int | float

    def holds(self, value: float) -> bool:
        return _COMPARE[self.operator](value, self.number)


def find_change(
    definition: TagDefinition,
    pack: Pack,
    values: Mapping[str, FactValue],
    now: datetime,
    reference: datetime,
    unplanned: Collection[str] = (),
) -> datetime | None:
    """Find the next moment at which time alone may change a tag that was computed at `now`. None where there is none.

    `values` are the facts that its rule saw, as of `reference`. Where that is pinned no time passes for it. With facts that are
    `unplanned` it is looked at again when its time to live is over.
    """
    if not now <= reference <= now + STEP:
        return None
    moments = [_crossing(definition, pack.facts.get(name), name, values) for name in definition.fact_names if name in values]
    moments += [_score_crossing(definition, pack.scores[name], values) for name in definition.score_names if name in values]
    if unplanned and not set(unplanned).isdisjoint(definition.fact_names):
        moments.append(now + definition.ttl)
    earliest = min((at for at in moments if at is not None), default=None)
    # Nothing is planned for longer than a tag is stored.
    return None if earliest is None else min(max(earliest, reference + STEP), now + MAX_TTL)


def _crossing(definition: TagDefinition, fact: Fact | None, name: str, values: Mapping[str, FactValue]) -> datetime | None:
    """Find when a fact changes so that the rule may see it."""
    value = values[name]
    at, days = value.changes_at, value.value
    if at is None or fact is None or not fact.as_days or not (value.since is value.until is None) or type(days) is not int:
        return at
    borders = find_borders(definition.expression, definition.thresholds, fact.name)
    if borders is None:
        borders = _lasting_borders(definition, fact.name, values)
    if borders is None:
        return at
    steps = _steps_to_border(borders, days)
    if steps is None:
        return None
    try:
        return at + (steps - 1) * DAY
    except OverflowError:
        return None


def _score_crossing(definition: TagDefinition, score: Score, values: Mapping[str, FactValue]) -> datetime | None:
    """Find when a score changes so that the rule may see it."""
    if values[score.name].changes_at is None:
        return None
    borders = find_borders(definition.expression, definition.thresholds, score.name)
    judge = _rule_with(definition, score.name, values) if borders is None else None
    if borders is None and judge is None:
        return values[score.name].changes_at
    return find_score_change(
        score,
        {name: values[name] for name in score.fact_names},
        judge or (lambda number: None if number is None else [border.holds(number) for border in borders or ()]),
    )


def _rule_with(definition: TagDefinition, name: str, values: Mapping[str, FactValue]) -> Callable[[Any], Any] | None:
    """Give what the rule says for values of a score. None where it reads something else that time changes."""
    read = {own: values[own] for own in definition.program.variables() if own in values}
    if any(own != name and value.changes_at is not None for own, value in read.items()):
        return None
    known = {own: value.value for own, value in read.items()}

    def judge(number: Any) -> Any:
        try:
            return definition.program.execute({**known, name: number})
        except FAILURES:
            return None

    return judge


def _lasting_borders(definition: TagDefinition, name: str, values: Mapping[str, FactValue]) -> tuple[NumericBorder, ...] | None:
    """List the numbers that a rule compares a fact with, where they come of facts that time does not change."""
    lasting = {
        own: value.value
        for own in definition.program.variables()
        if own in values and (value := values[own]).changes_at is None and _is_border(value.value)
    }
    named = {own.name: own.value for own in definition.thresholds} | lasting
    return _borders(definition.expression, named, name) if lasting else None


def _steps_to_border(borders: Sequence[NumericBorder], value: int) -> int | None:
    """Count by how much a whole number grows until a comparison has another outcome. None where none ever has."""
    truths = [border.holds(value) for border in borders]
    points = {whole for border in borders for whole in (math.ceil(border.number), math.floor(border.number) + 1)}
    for point in sorted(points):
        if point > value and [border.holds(point) for border in borders] != truths:
            return point - value
    return None


@lru_cache(maxsize=2_000)
def find_borders(expression: str, thresholds: tuple[Threshold, ...], name: str) -> tuple[NumericBorder, ...] | None:
    """List the numbers that an expression compares a fact with. None where it does anything else with the fact."""
    return _borders(expression, {own.name: own.value for own in thresholds}, name)


def _borders(expression: str, named: Mapping[str, Any], name: str) -> tuple[NumericBorder, ...] | None:
    root = parse(expression)
    uses, borders = 0, []
    for node in walk(root):
        uses += isinstance(node, FactName) and node.name == name
        if not isinstance(node, Binary):
            continue
        for sign, other in _compared(node, name):
            constants = _constants(expression, other, named)
            if constants is None:
                return None
            uses -= 1
            borders += [NumericBorder(sign, each) for each in constants if _is_border(each)]
    return None if uses else tuple(borders)


def _compared(node: Binary, name: str) -> Iterator[tuple[str, Node]]:
    """List what a fact is compared with here, and how."""
    left, right = node.left, node.right
    if isinstance(left, FactName) and left.name == name and (node.operator in _MIRRORED or node.operator == "in"):
        yield "==" if node.operator == "in" else node.operator, right
    if isinstance(right, FactName) and right.name == name and node.operator in _MIRRORED:
        yield _MIRRORED[node.operator], left


def _constants(expression: str, node: Node, named: Mapping[str, Any]) -> list[Any] | None:
    """Compute what a fact is compared with. None where that depends on facts."""
    names = {part.name for part in walk(node) if isinstance(part, FactName)}
    if not names <= named.keys():
        return None
    try:
        value = cel.compile(expression[node.start : node.end]).execute({name: named[name] for name in names})
    except FAILURES:
        return None
    return value if isinstance(value, list) else [value]


def _is_border(value: Any) -> bool:
    """Tell whether a fact that is a number can cross it. `null` and texts it never equals."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)

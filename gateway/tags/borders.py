"""Define what a condition lacks: a fact, the border that it is to reach, and how far away that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Any

import msgspec

from connectors.toolkit.evaluation import as_time
from gateway.tags.expressions.thresholds import Threshold


class BorderKind(StrEnum):
    """How a value must stand to a border."""

    AT_LEAST = "AT_LEAST"
    MORE_THAN = "MORE_THAN"
    AT_MOST = "AT_MOST"
    LESS_THAN = "LESS_THAN"
    EQUAL = "EQUAL"
    OTHER_THAN = "OTHER_THAN"
    ONE_OF = "ONE_OF"
    NONE_OF = "NONE_OF"
    PRESENT = "PRESENT"
    ABSENT = "ABSENT"
    KNOWN = "KNOWN"
    CONDITION = "CONDITION"


KINDS = {
    ">=": BorderKind.AT_LEAST,
    ">": BorderKind.MORE_THAN,
    "<=": BorderKind.AT_MOST,
    "<": BorderKind.LESS_THAN,
    "==": BorderKind.EQUAL,
    "!=": BorderKind.OTHER_THAN,
}
"""The kind of border that a comparison asks for, its value on the left."""

_WORDS = {
    BorderKind.AT_LEAST: "at least {} is needed",
    BorderKind.MORE_THAN: "more than {} is needed",
    BorderKind.AT_MOST: "at most {} is needed",
    BorderKind.LESS_THAN: "less than {} is needed",
    BorderKind.EQUAL: "{} is needed",
    BorderKind.OTHER_THAN: "anything else is needed",
    BorderKind.ONE_OF: "one of {} is needed",
    BorderKind.NONE_OF: "none of {} is needed",
    BorderKind.PRESENT: "a value is needed",
    BorderKind.ABSENT: "none is needed",
}
_UPWARD = (BorderKind.AT_LEAST, BorderKind.MORE_THAN)
_DOWNWARD = (BorderKind.AT_MOST, BorderKind.LESS_THAN)


class Border(msgspec.Struct, frozen=True, kw_only=True):
    """What one condition lacks.

    `expression` is what is compared, the `fact` where it is one alone. `condition` is to be as `needed` says. The border is
    that of a `threshold` where it has a name, `facts` are those in the condition, with their values. `distance` is None where
    there is none; that of times is in days.
    """

    kind: BorderKind
    expression: str
    fact: str | None
    condition: str
    needed: bool
    facts: Mapping[str, Any]
    value: Any = None
    border: Any = None
    threshold: Threshold | None = None

    @property
    def distance(self) -> int | float | None:
        if self.kind in _UPWARD:
            return _difference(self.border, self.value)
        if self.kind in _DOWNWARD:
            return _difference(self.value, self.border)
        difference = _difference(self.border, self.value) if self.kind is BorderKind.EQUAL else None
        return None if difference is None else abs(difference)

    @property
    def words(self) -> str:
        """Say what is, and what is needed."""
        if self.kind is BorderKind.KNOWN:
            return f"{self.expression} is not known"
        if self.kind is BorderKind.CONDITION:
            return f"{self.condition} must be {'true' if self.needed else 'false'}{self._values}"
        border = _text(self.border)
        if self.threshold is not None:
            is_same = self.threshold.value == self.border
            border += f" ({self.threshold.name})" if is_same else f" ({self.threshold.name} is {_text(self.threshold.value)})"
        needed = f"{self.expression} is {_text(self.value)}, {_WORDS[self.kind].format(border)}"
        return needed if self.fact is not None else f"{needed}{self._values}"

    @property
    def _values(self) -> str:
        values = ", ".join(f"{name} is {_text(value)}" for name, value in self.facts.items())
        return f" ({values})" if values else ""


def whole_border(kind: BorderKind, border: Any) -> tuple[BorderKind, Any]:
    """Write the border of a whole number as the nearest whole number that is within it."""
    if isinstance(border, bool) or not isinstance(border, int | float) or not math.isfinite(border):
        return kind, border
    match kind:
        case BorderKind.AT_LEAST:
            return kind, math.ceil(border)
        case BorderKind.MORE_THAN:
            return BorderKind.AT_LEAST, math.floor(border) + 1
        case BorderKind.AT_MOST:
            return kind, math.floor(border)
        case BorderKind.LESS_THAN:
            return BorderKind.AT_MOST, math.ceil(border) - 1
    return kind, border


def _text(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    return " or ".join(map(_text, value)) if isinstance(value, list | tuple) else str(value)


def _difference(more: Any, less: Any) -> int | float | None:
    if any(isinstance(value, bool) for value in (more, less)):
        return None
    if isinstance(more, int) and isinstance(less, int):
        return more - less
    if isinstance(more, int | float) and isinstance(less, int | float):
        return float(Decimal(repr(more)) - Decimal(repr(less))) if math.isfinite(more) and math.isfinite(less) else None
    if isinstance(more, str) and isinstance(less, str):
        try:
            return round((as_time(more) - as_time(less)) / timedelta(days=1), 3)
        except (ValueError, OverflowError):
            return None
    return None

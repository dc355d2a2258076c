"""Define named constants of expressions, and put their values in place of their names."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from gateway.tags.expressions.time_texts import is_written_time, sortable_time
from gateway.tags.expressions.types import ValueType


class Threshold(msgspec.Struct, frozen=True, kw_only=True):
    """A named number, text or time that expressions compare facts with. A time is text, as facts have it."""

    name: str
    value: int | float | str
    is_time: bool = False

    @property
    def type(self) -> ValueType:
        if isinstance(self.value, str):
            return ValueType.TIME if self.is_time else ValueType.TEXT
        return ValueType.FRACTION if isinstance(self.value, float) else ValueType.WHOLE

    @property
    def bound(self) -> int | float | str:
        """The value that expressions are computed with: times as they sort."""
        return sortable_time(self.value) if self.is_time else self.value

    @property
    def literal(self) -> str:
        """Write the value as an expression does."""
        if isinstance(self.value, str):
            return json.dumps(self.bound, ensure_ascii=False)
        return repr(self.value) if self.value >= 0 else f"({self.value!r})"


Thresholds = Mapping[str, Threshold]
"""Thresholds by name."""


def thresholds_by_name(thresholds: Iterable[Threshold]) -> Thresholds:
    """Index thresholds."""
    return {threshold.name: threshold for threshold in thresholds}


def stored_thresholds(values: Mapping[str, Any]) -> Thresholds:
    """Make thresholds of the values that are stored with a tag."""
    return {name: Threshold(name=name, value=value, is_time=is_written_time(value)) for name, value in values.items()}

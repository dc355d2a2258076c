"""Functions that SQLite calls for values that its own do not read: they read as all sources are read."""

from __future__ import annotations

import re
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.semantics import is_sound
from connectors.times import read_time

TIME, NUMBER, WHOLE = "gateway_time", "gateway_number", "gateway_whole"
_BEYOND_MICROSECONDS = re.compile(r"(?<=\.\d{6})\d+", re.ASCII)
"""Digits that other databases cut off, and that would be rounded."""
_INTEGERS = range(-(2**63), 2**63)


def _time(value: Any) -> str | None:
    """A time in UTC with six decimals, None for what is none."""
    try:
        time = read_time(_BEYOND_MICROSECONDS.sub("", value) if isinstance(value, str) else value)
        return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None


def _number(value: Any) -> float | None:
    """A decimal as a binary number, None for what is none."""
    number = _decimal(value)
    return None if number is None else float(number)


def _whole(value: Any) -> Any:
    """A whole number as such; anything else stays as it is."""
    number = _decimal(value)
    if number is None or number != number.to_integral_value() or int(number) not in _INTEGERS:
        return value
    return int(number)


def _decimal(value: Any) -> Decimal | None:
    try:
        number = Decimal(value)
    except (InvalidOperation, TypeError, ValueError):
        return None
    return number if is_sound(number) else None


FUNCTIONS = {TIME: _time, NUMBER: _number, WHOLE: _whole}
"""The functions by the names under which connections know them, each of one argument."""

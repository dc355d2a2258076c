"""Functions that SQLite calls for values that its own do not read: they read as all sources are read."""

from __future__ import annotations

from typing import Any

from connectors.toolkit.converters import to_number, whole_or_raw
from connectors.toolkit.evaluation import is_sound
from connectors.toolkit.times import read_time

TIME, NUMBER, WHOLE = "gateway_time", "gateway_number", "gateway_whole"
_INTEGERS = range(-(2**63), 2**63)


def _time(value: Any) -> str | None:
    """Read a time in UTC with six decimals, else None."""
    try:
        time = read_time(value)
        return time.replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError, TypeError, AttributeError):
        return None


def _number(value: Any) -> float | None:
    """Read a decimal as a binary number, else None."""
    number = to_number(value)
    return None if number is None or not is_sound(number) else float(number)


def _whole(value: Any) -> Any:
    """A whole number that SQLite has; anything else stays as it is."""
    whole = whole_or_raw(value)
    return whole if type(whole) is int and whole in _INTEGERS else value


FUNCTIONS = {TIME: _time, NUMBER: _number, WHOLE: _whole}
"""The functions by the names under which connections know them, each of one argument."""

"""Write times so that their texts sort as they do.

Facts and thresholds have a time as people read it, with a fraction of a second only where there is one. As texts such times
do not sort: `12:00:00.5Z` stands before `12:00:00Z`. So rules are computed with all times in one form, in UTC with six digits
of a fraction.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from typing import Any

from connectors.toolkit.evaluation import as_time, rfc3339

_DAY = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
_WRITTEN = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{6})?Z", re.ASCII)
_SORTABLE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", re.ASCII)


def sortable_time(value: Any) -> Any:
    """Write a time in the form in which texts sort as times do. What is no time stays as it is."""
    if not isinstance(value, str) or not _DAY.match(value):
        return value
    try:
        return as_time(value).replace(tzinfo=None).isoformat(timespec="microseconds") + "Z"
    except (ValueError, OverflowError):
        return value


def readable_time(value: Any) -> Any:
    """Write a time that was made sortable as facts have it, also in a list."""
    if isinstance(value, list):
        return [readable_time(element) for element in value]
    if not isinstance(value, str) or not _SORTABLE.fullmatch(value):
        return value
    try:
        return rfc3339(as_time(value))
    except (ValueError, OverflowError):
        return value


def sort_times(values: Mapping[str, Any], times: Collection[str]) -> dict[str, Any]:
    """Write those values sortable that are times, by name."""
    return {name: sortable_time(value) if name in times else value for name, value in values.items()}


def find_times(values: Mapping[str, Any]) -> frozenset[str]:
    """Name the values that are times as facts have them."""
    return frozenset(name for name, value in values.items() if is_written_time(value))


def is_written_time(value: Any) -> bool:
    """Tell whether a value is a time as facts and thresholds have it. For stored ones, whose types are not known."""
    return isinstance(value, str) and _WRITTEN.fullmatch(value) is not None

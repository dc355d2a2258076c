"""Read the window of a fact from its section."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from connectors.records import Record
from gateway.tags.definitions import DerivedMeasure, FactMeasure
from gateway.tags.yaml_sections import Section

FROM, TO, MONTHS, SINCE_FIRST = "from", "to", "months", "since_first"
PRESENT = "this"
MAX_MONTHS = 120
"""The most calendar months of a window."""

_OF_TIMES = (DerivedMeasure.STREAK, DerivedMeasure.TREND)
_FORMS = "90d, {from: 180d, to: 90d}, {months: 3}, {months: this} or {since_first: 90d}"


def read_timezone(root: Section) -> str | None:
    """Read the time zone of a file's calendar months. None is UTC."""
    name = root.optional_text("timezone")
    if name is None:
        return None
    try:
        ZoneInfo(name)
    except (OSError, ValueError, ZoneInfoNotFoundError):
        root.report("timezone", f"'{name[:60]}' is no time zone that is known here; write one such as Europe/Berlin")
        return None
    return name


def read_window(section: Section, record: type[Record], measure: FactMeasure) -> dict[str, Any]:
    """Read the settings of a fact that its window gives, and report its problems."""
    if measure in _OF_TIMES and record.time_field is None:
        section.report(
            "measure", f"these records have no time of their own, which {measure.value} needs; choose another record"
        )
        return {}
    if "window" in section and record.time_field is None:
        section.report("window", "these records have no time of their own; remove the window")
        return {}
    window = _read(section)
    before = "window" in section and not window
    if not before and (problem := _misfit(window, measure)):
        section.report("window", problem)
    return window


def _read(section: Section) -> dict[str, Any]:
    if not section.is_mapping("window"):
        span = section.duration("window")
        return {} if span is None else {"window": span}
    window = section.section("window")
    assert window is not None
    window.expect((FROM, TO, MONTHS, SINCE_FIRST))
    given = sorted(name for name in (FROM, TO, MONTHS, SINCE_FIRST) if name in window)
    if given == [FROM, TO]:
        return _between(window)
    if given == [MONTHS]:
        months = _months(window)
        return {} if months is None else {"months": months}
    if given == [SINCE_FIRST]:
        span = window.duration(SINCE_FIRST)
        return {} if span is None else {"since_first": span}
    window.report("", f"is no window; write one of {_FORMS}")
    return {}


def _between(window: Section) -> dict[str, timedelta]:
    begin, end = window.duration(FROM), window.duration(TO)
    if begin is None or end is None:
        return {}
    if begin <= end:
        window.report(FROM, f"must be longer ago than '{TO}'; exchange them")
        return {}
    return {"window": begin, "window_to": end}


def _months(window: Section) -> int | None:
    text = window.text(MONTHS)
    if text == PRESENT:
        return 0
    if text and not (re.fullmatch(r"[1-9]\d{0,2}", text) and int(text) <= MAX_MONTHS):
        window.report(MONTHS, f"must be a whole number from 1 to {MAX_MONTHS}, or '{PRESENT}' for the present month")
        return None
    window.refuse_quotes(MONTHS, "a whole number")
    return int(text) if text else None


def _misfit(window: dict[str, Any], measure: FactMeasure) -> str | None:
    months = window.get("months")
    if measure == DerivedMeasure.TREND:
        if "window" not in window and months is None:
            return "is missing; a trend compares the later with the earlier half of its window, such as 180d or {months: 6}"
        if months is not None and (months == 0 or months % 2):
            return "a trend needs an even number of months, to compare the later with the earlier half"
    if measure == DerivedMeasure.STREAK and window and not months:
        return f"a streak counts whole months; write how far it looks back, such as {{{MONTHS}: 12}}, or remove it"
    return None

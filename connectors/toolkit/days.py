"""Days of birth as sources write them."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from connectors.records import BirthDates
from connectors.toolkit.times import is_no_time

_BORN_S = range(-3_786_912_000, 4_102_444_800)
"""The seconds since 1970 from 1850 to 2100. What is a count beyond them counts smaller parts."""
_MIN_COUNT = 10**8
"""Smaller numbers may be days of a calendar, years, or anything."""

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = (
    r"(?P<name>jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?"
    r"|nov(?:ember)?|dec(?:ember)?)"
)
_MIDNIGHT = re.compile(
    r"(?:[T ]\s*(?:00?:00(?::00(?:[.,]0+)?)?|12:00(?::00)? ?AM)\s*(?:Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?\s*",
    re.ASCII | re.IGNORECASE,
)
"""No time of day. At another one it is the next day, or the one before, where the source is."""

_FORMS = [
    re.compile(form, re.ASCII | re.IGNORECASE)
    for form in (
        r"(?P<year>\d{4})(?P<sign>[-/.])(?P<month>\d\d?)(?P=sign)(?P<day>\d\d?)",
        r"(?P<year>\d{4})(?P<month>\d\d)(?P<day>\d\d)",
        r"(?P<day>\d\d?)\.\s?(?P<month>\d\d?)\.\s?(?P<year>\d{4})",
        rf"(?P<day>\d\d?)\.?[ -]{_MONTH}\.?,?[ -](?P<year>\d{{4}})",
        rf"{_MONTH}\.? (?P<day>\d\d?),? (?P<year>\d{{4}})",
    )
]
_EITHER = re.compile(r"(?P<first>\d\d?)(?P<sign>[-/])(?P<second>\d\d?)(?P=sign)(?P<year>\d{4})", re.ASCII)
"""A day and a month in an order that the text does not say."""

_COUNT = re.compile(r"-?\d+(?:\.\d+)?", re.ASCII)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def to_day(value: Any, written: BirthDates | None = None) -> Any:
    """Write a day of birth as ISO 8601. A blank text, zero, or a date of zeros, is none.

    `written` says how the source means what can be read in two ways. What cannot be read is passed on as it is.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | date):
        return value
    try:
        if value == 0 or (isinstance(value, str) and is_no_time(value)):
            return None
        return _read(value, written).isoformat()
    except (ValueError, ArithmeticError):
        return value


def _read(value: str | float | Decimal | date, written: BirthDates | None) -> date:
    if isinstance(value, datetime):
        return _day_of(value)
    if isinstance(value, date):
        return value
    text = value.strip() if isinstance(value, str) else str(value)
    if not isinstance(value, str) or _COUNT.fullmatch(text):
        number = Decimal(text)
        if written is BirthDates.SECONDS or written is BirthDates.MILLISECONDS:
            return _after_1970(number, 1 if written is BirthDates.SECONDS else 1_000)
        if len(text.partition(".")[0]) != len("19710505"):
            return _read_count(number)
        text = f"{int(number)}"
    return _read_text(text, written)


def _read_count(number: Decimal) -> date:
    """Read a count since 1970 of the largest parts by which somebody was born then."""
    for per_second in (1, 10**3, 10**6, 10**9) if abs(number) >= _MIN_COUNT else ():
        if _BORN_S.start <= number / per_second < _BORN_S.stop:
            return _after_1970(number, per_second)
    raise ValueError("a number that counts nothing known")


def _after_1970(number: Decimal, per_second: int) -> date:
    return _day_of(_EPOCH + timedelta(seconds=float(number / per_second)))


def _read_text(text: str, written: BirthDates | None) -> date:
    for form in _FORMS:
        if (match := form.match(text)) is not None and _MIDNIGHT.fullmatch(text, match.end()):
            parts = match.groupdict()
            month = parts["month"] if "month" in parts else _MONTHS.index(parts["name"][:3].lower()) + 1
            return date(int(parts["year"]), int(month), int(parts["day"]))
    match = _EITHER.match(text)
    if match is None or not _MIDNIGHT.fullmatch(text, match.end()):
        raise ValueError("no day")
    first, second = int(match["first"]), int(match["second"])
    if written is BirthDates.MONTH_FIRST or (written is not BirthDates.DAY_FIRST and second > len(_MONTHS)):
        first, second = second, first
    elif written is not BirthDates.DAY_FIRST and first <= len(_MONTHS) and first != second:
        raise ValueError("the day may be the month")
    return date(int(match["year"]), second, first)


def _day_of(time: datetime) -> date:
    if (time.hour, time.minute, time.second, time.microsecond) != (0, 0, 0, 0):
        raise ValueError("the day is another one elsewhere")
    return time.date()

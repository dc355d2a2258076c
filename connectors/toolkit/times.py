"""Times as sources write them."""

import re
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal

import msgspec

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO = re.compile(
    r"(?P<year>\d{4})(?P<dash>-?)(?P<month>\d\d)(?P=dash)(?P<day>\d\d)"
    r"(?:[T ](?P<hour>\d\d)(?:(?P<colon>:?)(?P<minute>\d\d)(?:(?P=colon)(?P<second>\d\d)(?:[.,](?P<fraction>\d+))?)?)?"
    r" ?(?P<offset>Z|UTC|GMT|[+-]\d\d(?::?\d\d)?)?)?",
    re.ASCII,
)
"""A calendar date, perhaps with a time of day and an offset, in upper case."""
_COUNT = re.compile(r"-?\d{9,19}(\.\d+)?", re.ASCII)
"""A number of seconds, or of parts of them, that is written as text."""
_BEYOND_MICROSECONDS = re.compile(r"(?<=[.,]\d{6})\d+", re.ASCII)
_UNITS = ((10**8, 10**11, 1), (10**11, 10**13, 10**3), (10**14, 10**16, 10**6), (10**17, 10**19, 10**9))
"""From which number to which, without it, there are how many to a second. Those between are date and time without a mark.

Smaller ones may be days of a calendar, years, or anything.
"""
_ZERO = re.compile(r"0|0000-00-00(?:[T ]00:00(?::00(?:\.0+)?)?)?Z?", re.ASCII)


def is_no_time(text: str) -> bool:
    """Whether a text says that there is no time: it is blank, zero, or a date of zeros."""
    return not text.strip() or _ZERO.fullmatch(text.strip()) is not None


def read_time(value: str | float | Decimal | datetime) -> datetime:
    """Read a time in UTC from a text or a count. The count is since 1970; UTC is assumed without an offset.

    What is less than a microsecond is cut off. Raises `ValueError` or `OverflowError` for what is none.
    """
    if isinstance(value, datetime):
        return _in_utc(value)
    if isinstance(value, bool) or value != value:
        raise ValueError("no number")
    if not isinstance(value, str):
        return _read_number(value)
    value = _BEYOND_MICROSECONDS.sub("", value)
    try:
        return _in_utc(msgspec.convert(value, datetime))  # all of RFC 3339
    except msgspec.ValidationError:
        text = value.strip().upper()
    if _COUNT.fullmatch(text):
        return _since_1970(Decimal(text))
    return _in_utc(_read_iso(text))


def _read_number(number: float | Decimal) -> datetime:
    if 10**7 <= number < 10**8 and number == int(number):
        with suppress(ValueError):  # eight digits are a date where they can be
            return _in_utc(_read_iso(str(int(number))))
    return _since_1970(Decimal(str(number)))


def _since_1970(number: Decimal) -> datetime:
    size = abs(number)
    for least, end, per_second in _UNITS:
        if least <= size < end:
            return _EPOCH + timedelta(microseconds=int((number * (10**6) / per_second).to_integral_value(ROUND_FLOOR)))
    raise ValueError("a number that counts nothing known")


def _read_iso(text: str) -> datetime:
    match = _ISO.fullmatch(text)
    if match is None:
        raise ValueError("no date")
    date = f"{match['year']}-{match['month']}-{match['day']}"
    time = f"{match['hour'] or '00'}:{match['minute'] or '00'}:{match['second'] or '00'}.{match['fraction'] or '0'}"
    return msgspec.convert(f"{date}T{time}{_offset(match['offset'])}", datetime)


def _offset(text: str | None) -> str:
    """An offset as RFC 3339 has it."""
    if text is None or text.isalpha():
        return "Z"
    return f"{text[:3]}:{text[-2:] if len(text) > len('+00') else '00'}"


def _in_utc(time: datetime) -> datetime:
    return time.astimezone(UTC) if time.tzinfo else time.replace(tzinfo=UTC)

"""Values as BSON has them, made canonical. None is no value.

What cannot be read is passed on as it is: the gateway then drops that record alone and counts it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal, InvalidOperation
from numbers import Number
from typing import Any
from uuid import UUID

import msgspec
from bson import Decimal128, ObjectId, Timestamp
from bson.errors import InvalidId

from connectors.semantics import EXACT, as_time, is_sound, rfc3339

Convert = Callable[[Any], Any]
INTEGERS = range(-(2**63), 2**63)
"""The whole numbers that BSON has."""
DOUBLE_DIGITS = 15
"""What a binary number holds for certain, and what MongoDB makes a decimal of; noise begins after them."""


def converter(leaf: type | None, scale: int = 0) -> Convert:
    """The function that makes a value canonical for a field of this type."""
    if leaf is Decimal:
        return lambda value: to_amount(value, scale)
    return _CONVERTERS.get(leaf, lambda value: value)


def to_text(value: Any) -> Any:
    """Ids and codes may be of many types."""
    match value:
        case str():
            return value
        case bool():
            return "true" if value else "false"
        case float() if value.is_integer():
            return str(int(value))
        case int() | float() | ObjectId() | UUID() | Decimal128():
            return str(value)
        case datetime():
            return rfc3339(value)
    return value


def texts_of(text: str) -> Iterator[Any]:
    """The values whose canonical text this is."""
    yield text
    for kind in (int, float, ObjectId, UUID, {"true": True, "false": False}.get):
        try:
            value = kind(text)
        except (ValueError, InvalidId):
            continue
        whole = isinstance(value, float) and value.is_integer()  # MongoDB compares it as the integer that it is
        if value is not None and not whole and to_text(value) == text and (type(value) is not int or value in INTEGERS):
            yield value


def to_amount(value: Any, scale: int = 0) -> Any:
    """The text of a decimal: two decimals when that is exact, else all of them."""
    number = to_decimal(value)
    if number is None or not number.is_finite():
        return value if isinstance(value, bool | list | dict) else None
    number = number.scaleb(-scale, EXACT)
    return decimal_text(number) if is_sound(number) else str(number)


def decimal_text(number: Decimal) -> str:
    """A decimal with two decimals when that is exact, else with all of them."""
    whole, _, decimals = f"{number:f}".partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def to_decimal(value: Any) -> Decimal | None:
    """A number, None for what is none."""
    match value:
        case bool():
            return None
        case Decimal128():
            return value.to_decimal()
        case float():
            return Decimal(f"{value:.{DOUBLE_DIGITS}g}")
        case int():
            return Decimal(value)
        case str():
            try:
                return Decimal(value.strip())
            except InvalidOperation:
                return None
    return None


def to_whole(value: Any) -> Any:
    number = to_decimal(value)
    if number is None or not is_sound(number) or number != number.to_integral_value():
        return value
    return int(number)


def to_quantity(value: Any) -> Any:
    """A whole number as an int, any other exactly."""
    whole, number = to_whole(value), to_decimal(value)
    return whole if number is None or isinstance(whole, int) else str(number)


def to_time(value: Any) -> Any:
    """RFC 3339 in UTC, from a date, or from text as it is common in JSON."""
    if not isinstance(value, str | datetime):
        return value
    try:
        return rfc3339(as_time(value)) if value else None
    except (ValueError, OverflowError):
        return value


def to_date(value: Any) -> datetime | None:
    """What orders a record, which is a date of BSON: nothing else can be compared with one at the source."""
    return value if isinstance(value, datetime) else None


def to_boolean(value: Any) -> Any:
    return {"true": True, "1": True, "false": False, "0": False, "": None}.get(str(to_text(value)).lower(), value)


def encoded(records: list[Any]) -> bytes:
    """Canonical records as a JSON array. What JSON does not have and stands where anything may becomes text, or null."""
    return msgspec.json.encode(records, enc_hook=_plain)


def _plain(value: Any) -> Any:
    match value:
        case int():
            return int(value)
        case bytes():
            return bytes(value)
        case ObjectId() | Decimal128():
            return str(value)
        case Timestamp():
            return value.as_datetime()
    return None


_CONVERTERS: dict[type | None, Convert] = {
    str: to_text,
    int: to_whole,
    Number: to_quantity,
    bool: to_boolean,
    datetime: to_time,
}

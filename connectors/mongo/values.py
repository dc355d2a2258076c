"""Convert values of BSON: first to JSON, then by the converters of all kinds. None is no value.

What cannot be read is passed on as it is, for the gateway to count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from datetime import datetime
from decimal import Decimal
from numbers import Number
from typing import Any
from uuid import UUID

import msgspec
from bson import Code, Decimal128, ObjectId, Timestamp
from bson.datetime_ms import DatetimeMS
from bson.errors import InvalidId

from connectors.record_fields import FieldInfo
from connectors.toolkit import converters
from connectors.toolkit.evaluation import decimal_text, rfc3339

Convert = Callable[[Any], Any]
INTEGERS = range(-(2**63), 2**63)
"""The whole numbers that BSON has."""
DOUBLE_DIGITS = 15
"""What a binary number holds for certain, and what MongoDB makes a decimal of; noise begins after them."""


def converter(field: FieldInfo, scale: int = 0) -> Convert:
    """The function that makes a value canonical for a field. `scale` is the number of decimals in a whole number."""
    if field.leaf is Decimal:
        return lambda value: to_amount(value, scale)
    convert, plain = converters.field_converter(field), _PLAIN.get(field.leaf, to_plain)
    return lambda value: convert(plain(value))


def to_amount(value: Any, scale: int = 0) -> Any:
    """The text of an amount, in its own digits."""
    return converters.to_amount(to_exact(value), scale)


def to_text(value: Any) -> Any:
    """Ids and codes may be of many types."""
    plain = to_plain(value)
    return rfc3339(plain) if isinstance(plain, datetime) else converters.to_text(plain)


def to_plain(value: Any) -> Any:
    """Convert a value to the JSON that is read exactly."""
    match value:
        case Decimal128():
            return value.to_decimal()
        case ObjectId() | UUID() | Code():  # a Code is a text without a hash
            return str(value)
        case Timestamp():
            return value.as_datetime()
        case DatetimeMS():
            return f"Date({int(value)})"  # beyond the calendar
    return value


def to_exact(value: Any) -> Any:
    """Convert as `to_plain`, a binary number as its written decimal."""
    if isinstance(value, float) and math.isfinite(value):
        return Decimal(f"{value:.{DOUBLE_DIGITS}g}")
    return to_plain(value)


_PLAIN: dict[type | None, Convert] = {str: to_text, int: to_exact, Number: to_exact}


def texts_of(text: str) -> Iterator[Any]:
    """List the values with this canonical text."""
    yield text
    for kind in (int, float, ObjectId, UUID, {"true": True, "false": False}.get):
        try:
            value = kind(text)
        except (ValueError, InvalidId):
            continue
        whole = isinstance(value, float) and value.is_integer()  # MongoDB compares it as the integer that it is
        if value is not None and not whole and to_text(value) == text and (type(value) is not int or value in INTEGERS):
            yield value


def cents_text(number: Decimal) -> str:
    """Write a decimal with two decimals where that is exact. Else it has all of them, as sums of databases are written."""
    whole, _, decimals = decimal_text(number).partition(".")
    return f"{whole}.{decimals.rstrip('0'):0<2}"


def to_decimal(value: Any) -> Decimal | None:
    """Convert a number; None if it is none."""
    return converters.to_number(to_exact(value))


def to_date(value: Any) -> datetime | None:
    """Convert the BSON date that sorts a record: a source compares nothing else with a date."""
    return value if isinstance(value, datetime) else None


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

"""Values as sources write them, made canonical.

What cannot be read is passed on as it is: the gateway then drops that record alone and counts it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from numbers import Number
from typing import Any

import msgspec
from msgspec import inspect as mi

from connectors.record_fields import FieldInfo
from connectors.records import DAY_PATTERN, BirthDates, KnownEnum
from connectors.toolkit.days import to_day
from connectors.toolkit.evaluation import EXACT, decimal_text, is_sound, rfc3339
from connectors.toolkit.json_repair import repair_json
from connectors.toolkit.times import is_no_time, read_time

Convert = Callable[[Any], Any]
YES, NO = ("true", "t", "yes", "y", "on", "1", "1.0"), ("false", "f", "no", "n", "off", "0", "0.0")
"""How sources write booleans, in any case."""
_CANONICAL = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_COUNTRY = re.compile("[A-Z]{2}")


def json_decoder(kind: Any = Any, *, exact: bool = True) -> Callable[[bytes], Any]:
    """Make a function that decodes JSON into a type. Where it is exact, numbers with a point or an exponent become Decimals.

    What cannot be decoded as it is, is repaired first. It raises `ValueError` or `RecursionError` for what is not JSON of this
    type.
    """
    decode = msgspec.json.Decoder(kind, float_hook=Decimal if exact else None).decode

    def decode_with_care(content: bytes) -> Any:
        try:
            return decode(content)
        except (ArithmeticError, ValueError):
            return decode(repair_json(content))

    return decode_with_care


_decoder = lru_cache(maxsize=64)(json_decoder)


def decode_exactly(content: bytes, kind: Any) -> Any:
    """Decode as `json_decoder` does."""
    return _decoder(kind)(content)


_BEYOND_MICROSECONDS, _PARTED = re.compile(rb"\.(?<=[0-9]:[0-5][0-9]\.)[0-9]{7}"), re.compile(rb"_(?<=[0-9]_)[0-9]")
_NOT_ASCII, _ESCAPED = re.compile("[^\x00-\x7f]"), re.compile(rb"\\u([0-9a-fA-F]{4})")


def has_fine_times(content: bytes) -> bool:
    """Tell whether JSON may hold times finer than a microsecond: decoders round them, `read_time` cuts."""
    return _BEYOND_MICROSECONDS.search(content) is not None


def has_odd_decimals(content: bytes) -> bool:
    """Tell whether JSON may hold texts that only decoders read: of any script, or parted by `_`."""
    if _PARTED.search(content):
        return True
    return not (content.isascii() and b"\\u" not in content) and _has_foreign_digits(content)


def _has_foreign_digits(content: bytes) -> bool:
    characters = {chr(int(code, 16)) for code in set(_ESCAPED.findall(content))}
    if not content.isascii():
        characters.update(_NOT_ASCII.findall(content.decode("utf-8", "replace")))
    return any(character.isdecimal() and not character.isascii() for character in characters)


encode_numbers = msgspec.json.Encoder(decimal_format="number").encode
"""Encodes what was decoded exactly: Decimals as the numbers that they were."""


def converter(leaf: type | None) -> Convert:
    """Make the function that canonicalises values for a type. None is no value."""
    if leaf is not None and issubclass(leaf, KnownEnum):
        return lambda value: None if is_blank(value) else leaf(text).value if isinstance(text := to_text(value), str) else value
    return _CONVERTERS.get(leaf, _as_it_is)


def field_converter(field: FieldInfo, birth_dates: BirthDates | None = None) -> Convert:
    """As `converter`, for a field: codes, such as those of countries and currencies, are in upper case, days as ISO 8601."""
    if is_day(field):
        return lambda value: to_day(value, birth_dates)
    pattern = code_pattern(field)
    return converter(field.leaf) if pattern is None else _code_converter(re.compile(pattern))


def code_pattern(field: FieldInfo) -> str | None:
    """The pattern of a field that holds codes, None for another."""
    pattern = _field_pattern(field)
    return None if pattern == DAY_PATTERN else pattern


def is_day(field: FieldInfo) -> bool:
    """Tell whether a field holds days of the calendar."""
    return _field_pattern(field) == DAY_PATTERN


def _field_pattern(field: FieldInfo) -> str | None:
    return _pattern(mi.type_info(field.type)) if field.leaf is str else None


def _pattern(kind: mi.Type) -> str | None:
    """The pattern that a text must have."""
    match kind:
        case mi.UnionType(types=types):
            return next(filter(None, map(_pattern, types)), None)
        case mi.StrType(pattern=pattern):
            return pattern
    return None


def _code_converter(pattern: re.Pattern[str]) -> Convert:
    def to_code(value: Any) -> Any:
        if is_blank(value):
            return None
        return _code(value, pattern) or value

    return to_code


def is_blank(value: Any) -> bool:
    """Tell whether there is no value, or a blank text. A text is blank where it says nothing in the place of something else."""
    return value is None or (isinstance(value, str) and not value.strip())


def to_list(value: Any) -> Any:
    """Read a list. None for `{}`, `""` or `false`, the empty lists of some languages."""
    return None if value is False or value in ("", {}) else value


def to_object(value: Any) -> Any:
    """Read an object; None where there is none, as `[]`, `""` or `false`."""
    return None if value is False or value in ("", []) else value


def translated(table: Mapping[str, str], convert: Convert) -> Convert:
    """Apply a value map of the configuration first. A value that is not in it goes on unchanged."""

    def translate(value: Any) -> Any:
        text = to_text(value)
        return convert(table.get(text, value) if isinstance(text, str) else value)

    return translate


def to_text(value: Any) -> Any:
    """Ids and codes are often JSON numbers, and days are often dates."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        if not is_sound(value):
            return value
        return str(int(value)) if value == value.to_integral_value() else f"{value:f}"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if type(value) is date:
        return value.isoformat()
    return str(value) if isinstance(value, int | float) else value


def to_time(value: Any) -> Any:
    """RFC 3339 in UTC, from any form that `read_time` reads. A blank text, zero, or a date of zeros, is no time."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal | datetime):
        return value
    if value == 0 or (isinstance(value, str) and is_no_time(value)):
        return None
    try:
        time = read_time(value)
        return value if isinstance(value, str) and _CANONICAL.fullmatch(value) else rfc3339(time)
    except (ValueError, OverflowError):
        return value


def to_amount(value: Any, scale: int = 0) -> Any:
    """Write the text of an amount in its own digits, without an exponent.

    `scale` is the number of decimals in a whole number.
    """
    number = to_number(value)
    if number is None:
        return None if is_blank(value) else value
    if number.is_nan():
        return None
    return decimal_text(number.scaleb(-scale, EXACT) if scale else number) if is_sound(number) else str(number)


def whole_or_raw(value: Any) -> Any:
    """Read a whole number as an int. Anything else stays as it is."""
    number = to_number(value)
    is_whole = number is not None and is_sound(number) and number == number.to_integral_value()
    return int(number) if number is not None and is_whole else value


def to_number(value: Any) -> Decimal | None:
    """Read a number, also an unsound one; None if it is none.

    Python's own numbers may have `_` between digits, and digits of any script. Those of sources may not.
    """
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return None
    text = str(value).strip()
    if "_" in text or not text.isascii():
        return None
    try:
        return Decimal(text)
    except (InvalidOperation, ValueError):
        return None


def given(**fields: Any) -> dict[str, Any]:
    """Drop the fields of an object that have no value: None, an empty text, an empty list or object."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}


def to_country(value: Any) -> str | None:
    """Read the code of a country, in any case. A name of one is no value: an address is served without it."""
    return _code(value, _COUNTRY)


def _code(value: Any, pattern: re.Pattern[str]) -> str | None:
    """Write a code in upper case, or None: letters that are no ASCII may become others there."""
    code = value.strip().upper() if isinstance(value, str) and value.isascii() else ""
    return code if pattern.fullmatch(code) else None


def contact_points(emails: Iterable[Any], phones: Iterable[Any]) -> list[dict[str, Any]]:
    """List the contact points of a customer, without empty ones. The first of each kind is the primary one."""
    values_by_kind = (("EMAIL", list(filter(None, emails))), ("PHONE", list(filter(None, phones))))
    return [
        {"kind": kind, "value": value, "primary": value == values[0]} for kind, values in values_by_kind for value in values
    ]


def _to_int(value: Any) -> Any:
    return None if is_blank(value) else whole_or_raw(value)


def _to_quantity(value: Any) -> Any:
    """A whole number as an int, any other exactly."""
    whole = _to_int(value)
    return whole if type(whole) is int else to_amount(value)


def _to_float(value: Any) -> Any:
    number = to_number(value)
    if number is None or not is_sound(number):
        return None if is_blank(value) else value
    return float(number)


_BOOLEANS = {"": None} | dict.fromkeys(YES, True) | dict.fromkeys(NO, False)


def _to_bool(value: Any) -> Any:
    return _BOOLEANS.get(str(to_text(value)).strip().lower(), value)


def _as_it_is(value: Any) -> Any:
    return value


def _to_str(value: Any) -> Any:
    return value if isinstance(value, str) else to_text(value)


_CONVERTERS: dict[type | None, Convert] = {
    str: _to_str,
    int: _to_int,
    float: _to_float,
    bool: _to_bool,
    Decimal: to_amount,
    Number: _to_quantity,
    datetime: to_time,
    dict: to_object,
}

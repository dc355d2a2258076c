"""Values as sources write them, made canonical.

What cannot be read is passed on as it is: the gateway then drops that record alone and counts it.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from numbers import Number
from typing import Any

import msgspec

from connectors.records import KnownEnum
from connectors.semantics import as_time, is_sound, rfc3339
from connectors.shapes import Shape

Convert = Callable[[Any], Any]
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_COUNTRY, _CURRENCY = re.compile("[A-Z]{2}"), re.compile("[A-Z]{3}")


def json_decoder(kind: Any = Any) -> Callable[[bytes], Any]:
    """A function that decodes JSON into a type; numbers with a point or an exponent become Decimals, digit for digit.

    It raises `ValueError` or `RecursionError` for what is not JSON of this type.
    """
    decode = msgspec.json.Decoder(kind, float_hook=Decimal).decode
    decode_with_care = msgspec.json.Decoder(kind, float_hook=_decimal_or_text).decode

    def decode_each(content: bytes) -> Any:
        try:
            return decode(content)
        except ArithmeticError:  # an exponent that no Decimal has costs the row that holds it, not the whole
            return decode_with_care(content)

    return decode_each


_decoder = lru_cache(maxsize=64)(json_decoder)


def decode_exactly(content: bytes, kind: Any) -> Any:
    """Decode as `json_decoder` does."""
    return _decoder(kind)(content)


encode_numbers = msgspec.json.Encoder(decimal_format="number").encode
"""Encodes what was decoded exactly: Decimals as the numbers that they were."""


def converter(leaf: type | None) -> Convert:
    """The function that makes a value canonical for a field of this type. None stays None: no value."""
    if leaf is not None and issubclass(leaf, KnownEnum):
        return lambda value: None if value is None or value == "" else leaf(to_text(value)).value
    return _CONVERTERS.get(leaf, _as_it_is)


def shape_converter(shape: Shape) -> Convert:
    """As `converter`, for a field: codes of countries and currencies are read in any case."""
    if shape.json_name == "country":
        return lambda value: value if (code := to_country(value)) is None and value not in (None, "") else code
    if shape.json_name == "currency":
        return lambda value: value.strip().upper() if isinstance(value, str) else value
    return converter(shape.leaf)


def translated(table: Mapping[str, str], convert: Convert) -> Convert:
    """Apply a value map of the configuration first; a value that is not in it goes on unchanged."""

    def translate(value: Any) -> Any:
        text = to_text(value)
        return convert(table.get(text, value) if isinstance(text, str) else value)

    return translate


def to_text(value: Any) -> Any:
    """Ids and codes are often JSON numbers."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        if not is_sound(value):
            return value
        value = float(value) if value != value.to_integral_value() else int(value)
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, int | float) else value


def to_time(value: Any) -> Any:
    """RFC 3339 in UTC, from RFC 3339, ISO 8601 without an offset (taken as UTC), a date, or seconds since 1970."""
    if isinstance(value, str):
        if value[10:11] == "T" and value[-1:] == "Z":
            return value
        if not value:
            return None
    try:
        time = _parsed(value)
        return value if time is None else rfc3339(time)
    except (ValueError, OverflowError):
        return value


def given(**fields: Any) -> dict[str, Any]:
    """An object without the fields that have no value: None, an empty text, an empty list or object."""
    return {name: value for name, value in fields.items() if value is not None and value not in ("", [], {})}


def to_money(amount: Any, currency: Any) -> dict[str, Any] | None:
    """None without an amount, or without the code of a currency, which may be in any case."""
    code = currency.upper() if isinstance(currency, str) else ""
    return {"amount": _to_decimal(amount), "currency": code} if amount is not None and _CURRENCY.fullmatch(code) else None


def to_country(value: Any) -> str | None:
    """The code of a country, in any case. A name of one is no value: an address is served without it."""
    code = value.strip().upper() if isinstance(value, str) else ""
    return code if _COUNTRY.fullmatch(code) else None


def contact_points(emails: Iterable[Any], phones: Iterable[Any]) -> list[dict[str, Any]]:
    """The contact points of a customer, without what is empty. The first of each kind is the primary one."""
    found = (("EMAIL", list(filter(None, emails))), ("PHONE", list(filter(None, phones))))
    return [{"kind": kind, "value": one, "primary": one == values[0]} for kind, values in found for one in values]


def _parsed(value: Any) -> datetime | None:
    if isinstance(value, str):
        return as_time(value.strip().upper())
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return _EPOCH + timedelta(seconds=float(value) if isinstance(value, Decimal) else value)
    return None


def _to_decimal(value: Any) -> Any:
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return value
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return value or None
    return str(number) if number.is_finite() else None


def _to_int(value: Any) -> Any:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, Decimal) and is_sound(value) and value == value.to_integral_value():
        return int(value)
    return _number(int, value)


def _to_quantity(value: Any) -> Any:
    """A whole number as an int, any other exactly."""
    whole = _to_int(value)
    if type(whole) is int or isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return whole
    text = _to_decimal(value)
    number = Decimal(text) if isinstance(text, str) and text is not value else None
    return text if number is None else _to_int(number) if is_sound(number) else text


def _to_float(value: Any) -> Any:
    return float(value) if isinstance(value, Decimal) else _number(float, value)


def _number(kind: Callable[[str], Any], value: Any) -> Any:
    if not isinstance(value, str):
        return value
    try:
        return kind(value)
    except ValueError:
        return value or None


def _to_bool(value: Any) -> Any:
    return {"true": True, "1": True, "false": False, "0": False, "": None}.get(str(to_text(value)).lower(), value)


def _decimal_or_text(text: str) -> Any:
    try:
        return Decimal(text)
    except ArithmeticError:
        return text


def _as_it_is(value: Any) -> Any:
    return value


def _to_str(value: Any) -> Any:
    return value if isinstance(value, str) else to_text(value)


_CONVERTERS: dict[type | None, Convert] = {
    str: _to_str,
    int: _to_int,
    float: _to_float,
    bool: _to_bool,
    Decimal: _to_decimal,
    Number: _to_quantity,
    datetime: to_time,
}

"""Tell what sampled values are by their shapes. Values never leave this module but as shapes, `a***@a***.com`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from connectors.catalogue import CatalogueColumn, ColumnKind
from connectors.toolkit.converters import to_time
from gateway.errors import InvalidKeyError
from gateway.identity.phone_number import normal_number
from gateway.onboarding.countries import COUNTRY_CODES, ISO_CODES
from gateway.onboarding.lexicon_files import read_lexicon

ENOUGH = 0.95
"""The share of the sampled values that must have a shape."""
_EMAIL = re.compile(r"[^@\s,;<>()\"']{1,64}@[^@\s,;<>()\"']{1,250}\.[^@\s.,;<>()\"'\d]{2,24}")
CURRENCIES = frozenset(read_lexicon("currencies")["codes"])


def share_of(values: Sequence[Any], fits: Callable[[Any], bool]) -> float:
    """Give the share of the values that fit; 0 where there are none."""
    return sum(1 for value in values if fits(value)) / len(values) if values else 0.0


def is_email(value: Any) -> bool:
    """Tell whether a value is one e-mail address."""
    return isinstance(value, str) and _EMAIL.fullmatch(value.strip()) is not None


def phone_form(value: Any, region: str | None) -> str | None:
    """Give a phone number in E.164; None for what is none. Without a country code it needs a region."""
    text = str(value).strip()
    if not re.fullmatch(r"[+(\d][\d\s().\-/]{5,24}", text) or sum(character.isdigit() for character in text) < 7:
        return None
    try:
        return normal_number(text, region)
    except InvalidKeyError:
        return None


def is_international(value: Any) -> bool:
    """Tell whether a value is a phone number with its country code."""
    text = str(value).strip()
    return text.startswith(("+", "00")) and phone_form(text, None) is not None


def is_country(value: Any) -> bool:
    """Tell whether a value is a code or a name of a country."""
    return isinstance(value, str) and (value.strip().upper() in ISO_CODES or value.strip().casefold() in COUNTRY_CODES)


def is_currency(value: Any) -> bool:
    """Tell whether a value is a code of a currency."""
    return isinstance(value, str) and value.strip().upper() in CURRENCIES


def is_time(value: Any) -> bool:
    """Tell whether the gateway reads a value as a time. Text such as `03/04/2026` it does not."""
    if isinstance(value, datetime | date):
        return True
    read = to_time(value)
    return isinstance(read, datetime) or (isinstance(read, str) and re.match(r"\d{4}-\d\d-\d\dT", read) is not None)


def as_number(value: Any) -> Decimal | None:
    """Read a number, also in a text. None for another value."""
    if isinstance(value, bool):
        return None
    try:
        number = Decimal(str(value).strip())
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def is_number(value: Any) -> bool:
    """Tell whether a value is a number, or a text of one."""
    return as_number(value) is not None


def is_whole(value: Any) -> bool:
    """Tell whether a value is a whole number, or a text of one."""
    number = as_number(value)
    return number is not None and number == number.to_integral_value()


def is_prose(value: Any) -> bool:
    """Tell whether a value is text of several words."""
    return isinstance(value, str) and " " in value.strip() and any(character.isalpha() for character in value)


def is_name(value: Any) -> bool:
    """Tell whether a value may be a name: letters, few digits, no address and no link."""
    if not isinstance(value, str) or "@" in value or "://" in value:
        return False
    digits = sum(character.isdigit() for character in value)
    return any(character.isalpha() for character in value) and digits * 2 <= len(value)


def is_timely(column: CatalogueColumn) -> bool:
    """Tell whether a column holds times: by its type, or in text and numbers by all of its samples."""
    if column.kind in (ColumnKind.TIMESTAMP, ColumnKind.ZONED_TIMESTAMP, ColumnKind.DATE):
        return not column.values or share_of(column.values, is_time) >= ENOUGH
    if column.kind in (ColumnKind.TEXT, ColumnKind.INTEGER):
        return bool(column.values) and share_of(column.values, is_time) == 1.0
    return False


def is_numeric(column: CatalogueColumn) -> bool:
    """Tell whether a column holds numbers: by its type, or in text by all of its samples."""
    if column.kind in (ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.FLOAT):
        return share_of(column.values, is_number) == 1.0 if column.values else True
    return column.kind is ColumnKind.TEXT and bool(column.values) and share_of(column.values, is_number) == 1.0


def is_flag(column: CatalogueColumn) -> bool:
    """Tell whether a column says yes or no."""
    texts = {str(value).strip().casefold() for value in column.values}
    return column.kind is ColumnKind.BOOLEAN or (bool(texts) and texts <= {"0", "1", "true", "false", "t", "f", "y", "n"})


def count_words(values: Iterable[Any]) -> dict[str, int]:
    """Count texts as they are written, the most frequent first."""
    counts: dict[str, int] = {}
    for value in values:
        text = str(value).strip()
        counts[text] = counts.get(text, 0) + 1
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def mask_value(value: Any) -> str:
    """Write the shape of a value, and nothing of it but its first letters and its end: `a***@a***.com`."""
    text = " ".join(str(value).split())
    if is_email(text):
        local, _, domain = text.partition("@")
        return f"{local[:1]}***@{domain[:1]}***.{domain.rpartition('.')[2]}"
    if phone_form(text, "US") is not None and not text.isalpha():
        return re.sub(r"\d", "9", text)
    shape = re.sub(r"[^\W\d_]+", "a", re.sub(r"\d+", "9", text))[:24]
    return "".join(sign if sign.isprintable() else "?" for sign in shape)


def decimal_places(values: Sequence[Any]) -> int:
    """Count the decimals of the number that has most of them, at most eight."""
    numbers = [number for value in values if (number := as_number(value)) is not None]
    return min(8, max((-int(number.normalize().as_tuple().exponent) for number in numbers), default=0))

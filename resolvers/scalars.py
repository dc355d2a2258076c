"""Scalars of the field's standards."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any, NewType

import strawberry
from graphql import GraphQLError
from strawberry.types.scalar import ScalarDefinition

from connectors.toolkit.evaluation import rfc3339
from connectors.toolkit.times import read_time

CountryCode = NewType("CountryCode", str)
CurrencyCode = NewType("CurrencyCode", str)
Locale = NewType("Locale", str)
JSON = NewType("JSON", object)
Quantity = NewType("Quantity", object)
_TIME = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]\d\d:\d\d(?::\d\d(?:\.\d+)?)?(?P<offset>[Zz]|[+-]\d\d(?::?\d\d)?)?)?", re.ASCII)


def _read_time(value: Any) -> datetime:
    form = _TIME.fullmatch(value) if isinstance(value, str) else None
    if form is not None and form["offset"] is None:
        raise GraphQLError("a DateTime needs its offset from UTC, such as 2026-06-30T12:00:00Z")
    try:
        if form is not None:
            return read_time(value)
    except (ValueError, OverflowError):
        pass
    raise GraphQLError("a DateTime is an RFC 3339 text such as 2026-06-30T12:00:00Z") from None


def _read_decimal(value: Any) -> Decimal:
    try:
        return Decimal(str(value))
    except ArithmeticError:
        raise GraphQLError("a Decimal is a number in text such as 12.30") from None


SCALARS: dict[object, ScalarDefinition] = {
    datetime: strawberry.scalar(
        name="DateTime",
        description="A point in time, in UTC, as RFC 3339 text: `2026-06-30T12:00:00Z`.",
        specified_by_url="https://www.rfc-editor.org/rfc/rfc3339",
        serialize=rfc3339,
        parse_value=_read_time,
    ),
    Decimal: strawberry.scalar(
        name="Decimal",
        description="An exact decimal number as text, so that no client rounds it: `12.30`.",
        serialize=str,
        parse_value=_read_decimal,
    ),
    Quantity: strawberry.scalar(
        name="Quantity",
        description='An exact number: a whole one as a number, `2`, any other as text, so that no client rounds it, `"0.5"`.',
        serialize=lambda value: value if type(value) is int else str(value),
        parse_value=_read_decimal,
    ),
    CountryCode: strawberry.scalar(
        name="CountryCode",
        description="A country as its ISO 3166-1 alpha-2 code: `BR`.",
        specified_by_url="https://www.iso.org/iso-3166-country-codes.html",
        serialize=str,
        parse_value=str,
    ),
    CurrencyCode: strawberry.scalar(
        name="CurrencyCode",
        description="A currency as its ISO 4217 code: `EUR`.",
        specified_by_url="https://www.iso.org/iso-4217-currency-codes.html",
        serialize=str,
        parse_value=str,
    ),
    Locale: strawberry.scalar(
        name="Locale",
        description="A language and region as a BCP 47 tag: `pt-BR`.",
        specified_by_url="https://www.rfc-editor.org/info/bcp47",
        serialize=str,
        parse_value=str,
    ),
    JSON: strawberry.scalar(
        name="JSON",
        description="Any JSON value.",
        serialize=lambda value: value,
        parse_value=lambda value: value,
    ),
}

"""Check whether a column can hold what a field must, by its type and its samples."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

from connectors.catalogue import CatalogueColumn, ColumnKind, split_words
from gateway.onboarding import value_shapes as shapes
from gateway.onboarding.enum_words import is_state_word, translate_words
from gateway.onboarding.value_shapes import ENOUGH, share_of

MAX_WORDS = 30
"""How many words a column of states has at most."""
MIN_REPEATED = 3
"""How often a word of states is there on average, or it is text."""


class Fit(IntEnum):
    """Say how a column fits a field."""

    NONE = 0
    POSSIBLE = 1
    """Nothing speaks against it."""
    TYPED = 2
    """Its type says so."""
    SHOWN = 3
    """Its samples say so."""


_SALUTATIONS = frozenset(
    (word,)
    for word in [
        "hon",
        "honourable",
        "lady",
        "lord",
        "m",
        "madame",
        "mlle",
        "mme",
        "monsieur",
        "rev",
        "reverend",
        "the",
        "mr",
        "mrs",
        "ms",
        "miss",
        "mx",
        "dr",
        "prof",
        "professor",
        "sir",
        "madam",
        "herr",
        "frau",
        "dipl",
        "mag",
        "sr",
        "sra",
        "srta",
        "senhor",
        "senhora",
        "don",
        "dona",
    ]
)
"""What a title begins with that is no job."""
Check = Callable[[CatalogueColumn], Fit]
_TIMES = (ColumnKind.TIMESTAMP, ColumnKind.ZONED_TIMESTAMP, ColumnKind.DATE)


def _by_values(fits: Callable[[Any], bool], *, kinds: tuple[ColumnKind, ...] = (ColumnKind.TEXT,)) -> Check:
    def check(column: CatalogueColumn) -> Fit:
        if column.kind not in kinds:
            return Fit.NONE
        if not column.values:
            return Fit.POSSIBLE
        return Fit.SHOWN if share_of(column.values, fits) >= ENOUGH else Fit.NONE

    return check


def _text(column: CatalogueColumn) -> Fit:
    return Fit.POSSIBLE if column.kind is ColumnKind.TEXT else Fit.NONE


def _name(column: CatalogueColumn) -> Fit:
    if column.kind is not ColumnKind.TEXT:
        return Fit.NONE
    return Fit.POSSIBLE if not column.values or share_of(column.values, shapes.is_name) >= 0.8 else Fit.NONE


def _region(column: CatalogueColumn) -> Fit:
    states = share_of(column.values, lambda value: is_state_word(str(value)))
    return _text(column) if states < 0.5 else Fit.NONE


def _time(column: CatalogueColumn) -> Fit:
    if not shapes.is_timely(column):
        return Fit.NONE
    return Fit.TYPED if column.kind in _TIMES else Fit.SHOWN


def _date(column: CatalogueColumn) -> Fit:
    if column.kind in _TIMES:
        return Fit.TYPED
    is_day = lambda value: re.match(r"\d{4}-\d\d-\d\d", str(value)) is not None  # noqa: E731
    return _by_values(is_day)(column)


def _money(column: CatalogueColumn) -> Fit:
    """Decimals are amounts. A whole number is one only where its name says cents, a float is one that is flagged."""
    if not shapes.is_numeric(column):
        return Fit.NONE
    if column.kind is ColumnKind.DECIMAL:
        return Fit.TYPED
    has_parts = any((number := shapes.as_number(value)) is not None and number % 1 for value in column.values)
    if column.kind is ColumnKind.INTEGER:
        return Fit.POSSIBLE
    return Fit.SHOWN if has_parts else Fit.POSSIBLE


def _amount(column: CatalogueColumn) -> Fit:
    """An amount that may be a share: discounts of 0 to 1 are shares of a price."""
    numbers = [abs(number) for value in column.values if (number := shapes.as_number(value)) is not None]
    return Fit.NONE if not numbers or max(numbers) <= 1 else _money(column)


def _quantity(column: CatalogueColumn) -> Fit:
    if not shapes.is_numeric(column):
        return Fit.NONE
    return Fit.TYPED if column.kind is ColumnKind.INTEGER else Fit.SHOWN if column.values else Fit.POSSIBLE


def _whole(column: CatalogueColumn) -> Fit:
    if column.kind is ColumnKind.INTEGER:
        return Fit.TYPED
    return _by_values(shapes.is_whole, kinds=(ColumnKind.TEXT, ColumnKind.DECIMAL, ColumnKind.FLOAT))(column)


def _rating(column: CatalogueColumn) -> Fit:
    is_rating = lambda value: str(value) in {"1", "2", "3", "4", "5"}  # noqa: E731
    return _by_values(is_rating, kinds=(ColumnKind.INTEGER, ColumnKind.TEXT))(column) if column.values else Fit.NONE


def _phone(column: CatalogueColumn) -> Fit:
    if column.kind is not ColumnKind.TEXT:
        return Fit.NONE
    if not column.values:
        return Fit.POSSIBLE
    is_written = lambda value: (  # noqa: E731
        re.fullmatch(r"[+(\d][\d\s().\-/x]{4,28}", str(value).strip()) is not None and sum(map(str.isdigit, str(value))) >= 6
    )
    return Fit.SHOWN if share_of(column.values, is_written) >= ENOUGH else Fit.NONE


def _enum(kind: str) -> Check:
    def check(column: CatalogueColumn) -> Fit:
        if column.kind not in (ColumnKind.TEXT, ColumnKind.OTHER):
            return Fit.NONE
        words = shapes.count_words(column.values)
        if not words:
            return Fit.POSSIBLE
        if len(words) > MAX_WORDS or (len(column.values) < MIN_REPEATED * len(words) and len(column.values) > MAX_WORDS):
            return Fit.NONE
        known = translate_words(kind, words)
        count = sum(words[word] for word in known)
        return Fit.SHOWN if count * 2 >= sum(words.values()) else Fit.NONE

    return check


def _type(column: CatalogueColumn) -> Fit:
    words = shapes.count_words(column.values)
    if column.kind is not ColumnKind.TEXT or not words:
        return Fit.NONE
    return Fit.SHOWN if len(words) <= 200 and len(column.values) >= 2 * len(words) else Fit.NONE


def _words(column: CatalogueColumn) -> Fit:
    words = shapes.count_words(column.values)
    return Fit.SHOWN if column.kind is ColumnKind.TEXT and 0 < len(words) <= MAX_WORDS else Fit.NONE


def _prose(column: CatalogueColumn) -> Fit:
    if column.kind is not ColumnKind.TEXT:
        return Fit.NONE
    if not column.values:
        return Fit.POSSIBLE
    return Fit.SHOWN if share_of(column.values, shapes.is_prose) >= 0.5 else Fit.NONE


def _title(column: CatalogueColumn) -> Fit:
    return _name(column)


def _position(column: CatalogueColumn) -> Fit:
    """A job is told in several words, or the column is called so; a title of one is `Dr` as well as `Director`."""
    if split_words(column.name)[-1:] != ("title",) or "job" in split_words(column.name):
        return _text(column)
    if any(split_words(str(value))[:1] in _SALUTATIONS for value in column.values):
        return Fit.NONE
    return Fit.POSSIBLE if column.values and _prose(column) is Fit.SHOWN else Fit.NONE


def _key(column: CatalogueColumn) -> Fit:
    return Fit.POSSIBLE if column.kind in (ColumnKind.TEXT, ColumnKind.INTEGER, ColumnKind.UUID) else Fit.NONE


def _json(column: CatalogueColumn) -> Fit:
    return Fit.TYPED if column.kind is ColumnKind.JSON else Fit.NONE


def _code(column: CatalogueColumn) -> Fit:
    is_code = lambda value: re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9 .\-]{1,11}", str(value).strip()) is not None  # noqa: E731
    return _by_values(is_code, kinds=(ColumnKind.TEXT, ColumnKind.INTEGER))(column)


def _locale(column: CatalogueColumn) -> Fit:
    is_locale = lambda value: re.fullmatch(r"[a-z]{2,3}([-_][A-Za-z]{2,4})?", str(value).strip()) is not None  # noqa: E731
    return _by_values(is_locale)(column)


CHECKS: Mapping[str, Check] = {
    "email": _by_values(shapes.is_email),
    "country": _by_values(shapes.is_country),
    "currency": _by_values(shapes.is_currency),
    "link": _by_values(lambda value: re.search(r"^https?://|^/|^[\w-]+(\.[\w-]+)+", str(value)) is not None),
    "text": _text,
    "name": _name,
    "title": _title,
    "region": _region,
    "time": _time,
    "date": _date,
    "money": _money,
    "amount": _amount,
    "quantity": _quantity,
    "whole": _whole,
    "rating": _rating,
    "phone": _phone,
    "type": _type,
    "words": _words,
    "prose": _prose,
    "position": _position,
    "key": _key,
    "json": _json,
    "code": _code,
    "locale": _locale,
    **{
        kind: _enum(kind)
        for kind in ("status", "ticket_status", "ticket_kind", "priority", "channel", "gender", "payment", "author", "stage")
    },
    "subscription": _enum("subscription"),
    "interval": _enum("interval"),
}
"""Checks by the name that a field's specification has."""

"""Define the types of values in expressions."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

import msgspec


class ValueType(StrEnum):
    """The type of a value in an expression, as messages name it."""

    WHOLE = "a whole number"
    FRACTION = "a fraction"
    TEXT = "text"
    TIME = "a time"
    TRUTH = "true or false"
    NULL = "null"
    LIST = "a list"
    UNKNOWN = "of a type that is not known"


NUMBERS = frozenset({ValueType.WHOLE, ValueType.FRACTION})
TEXTS = frozenset({ValueType.TEXT, ValueType.TIME})


class FactType(msgspec.Struct, frozen=True, kw_only=True):
    """The values that a fact can have.

    `minimum` is the least number, None where there is none. `words` are all texts, empty when any text goes. `null_without`
    names counts: the fact is null only where they are 0.
    """

    type: ValueType
    nullable: bool
    minimum: int | None = None
    words: tuple[str, ...] = ()
    null_without: frozenset[str] = frozenset()


def list_times(types: Mapping[str, FactType]) -> frozenset[str]:
    """Name the facts that are times."""
    return frozenset(name for name, own in types.items() if own.type is ValueType.TIME)

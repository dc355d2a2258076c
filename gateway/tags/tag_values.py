"""Write what a rule gives as the value of a tag, by the tag's type."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from datetime import date
from typing import Any

import msgspec

from connectors.toolkit.evaluation import as_time
from gateway.tags.definitions import TagType

_encoder = msgspec.json.Encoder()
_decoder = msgspec.json.Decoder(list[str])


def value_text(outcome: Any) -> str | None:
    """Write what a rule gives as the value of a tag. None for what is no single value."""
    if isinstance(outcome, bool):
        return "true" if outcome else "false"
    return str(outcome) if isinstance(outcome, str | int | float) else None


def value_of_type(type_: TagType, outcome: Any) -> str | None:
    """Write an outcome, not null, as a value of a type. None for what is none of that type, and for an empty list."""
    return _WRITERS[type_](outcome)


def value_texts(value: str) -> list[str] | None:
    """Read the texts of a list's value. None for a value of another type."""
    try:
        return _decoder.decode(value)
    except msgspec.DecodeError:
        return None


def is_empty_list(outcome: Any) -> bool:
    """Tell whether an outcome is a list in which nothing is left."""
    return isinstance(outcome, list) and all(element is None for element in outcome)


def write_texts(texts: Sequence[str]) -> str:
    """Write texts as the value of a list, each once."""
    return _encoder.encode([*dict.fromkeys(texts)]).decode()


def read_day(text: str) -> date | None:
    """Read the day, in UTC, of a time or a date. None for other text."""
    try:
        return as_time(text).date()
    except (ValueError, OverflowError):
        return None


def _boolean(outcome: Any) -> str | None:
    return value_text(outcome) if isinstance(outcome, bool) else None


def _number(outcome: Any) -> str | None:
    is_number = isinstance(outcome, int | float) and not isinstance(outcome, bool)
    return value_text(outcome) if is_number and math.isfinite(outcome) else None


def _list(outcome: Any) -> str | None:
    texts = [element for element in outcome if element is not None] if isinstance(outcome, list) else []
    return write_texts(texts) if texts and all(isinstance(text, str) for text in texts) else None


def _date(outcome: Any) -> str | None:
    day = read_day(outcome) if isinstance(outcome, str) else None
    return None if day is None else day.isoformat()


_WRITERS: dict[TagType, Callable[[Any], str | None]] = {
    TagType.BOOLEAN: _boolean,
    TagType.ENUM: value_text,
    TagType.NUMBER: _number,
    TagType.TEXT: value_text,
    TagType.LIST: _list,
    TagType.DATE: _date,
}

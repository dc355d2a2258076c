"""Read rows of vendors into records, group them by key, cut pages."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from connectors.contract import Answer, Ask, Condition, Keys, Page, Position
from connectors.errors import SourceProtocolError, SourceRejectedError
from connectors.record_fields import Fields, narrow
from connectors.records import Record
from connectors.toolkit.converters import encode_numbers, to_country, to_text, to_time
from connectors.toolkit.evaluation import as_time, meets

UNREADABLE = (TypeError, AttributeError, LookupError, ValueError, ArithmeticError)
"""What reading a row raises that is not as the vendor says."""

_NUMBER = re.compile("0|[1-9][0-9]{0,17}")
_NO_TIME = datetime.min.replace(tzinfo=UTC)

T = TypeVar("T")
R = TypeVar("R")


def is_number(key: str) -> bool:
    """Tell whether a key can be a vendor's numeric id. Others would cost the whole batch."""
    return _NUMBER.fullmatch(key) is not None


def step(key: str) -> str:
    """Write a key as a step of a path."""
    if key in {".", ".."}:
        raise SourceRejectedError
    return quote(key, safe="")


def as_records(rows: Iterable[Any], record_of: Callable[[Any], Any]) -> bytes:
    """Canonical JSON of rows. One that cannot be read stands in it as null: the gateway drops it alone, and counts it."""
    try:
        return encode_numbers([_read_row(row, record_of) for row in rows])
    except (RecursionError, ValueError) as error:
        raise SourceProtocolError("an answer holds what cannot be written") from error


def readable(rows: Iterable[Any], read: Callable[[Any], T | None]) -> list[T]:
    """Read rows and leave out None."""
    return [value for row in rows if (value := _read_row(row, read)) is not None]


def rows_meeting(rows: Iterable[T], record_of: Callable[[T], Any], record: type[Record], where: Sequence[Condition]) -> list[T]:
    """Keep the rows whose records meet all conditions. One that cannot be read stays, to be dropped and counted."""
    looked_at = narrow(record, Fields.from_paths(*(condition.field for condition in where)))

    def meets_all(row: T) -> bool:
        try:
            own = msgspec.convert(record_of(row), looked_at)
        except msgspec.ValidationError:
            return False
        return all(meets(own, condition) for condition in where)

    return [row for row in rows if _read_row(row, meets_all) is not False] if where else list(rows)


def by_key(
    keys: Keys,
    rows: Iterable[Any],
    keys_of: Callable[[Any], Iterable[Any]],
    record_of: Callable[[Any], Any],
    first: int | None = None,
) -> dict[str, bytes]:
    """Group a batch's rows by asked key, the `first` of each. A row of no asked key is nobody's.

    One whose keys cannot be read may be of any key that nothing was found for, or else of any: it stands there as null.
    """
    rows_by_key: dict[str, list[Any]] = {key: [] for key in keys}
    lost = 0
    for row in rows:
        own = _read_row(row, lambda row: dict.fromkeys(filter(_is_text, map(to_text, keys_of(row)))))
        lost += own is None
        for key in own or ():
            if key in rows_by_key:
                rows_by_key[key].append(row)
    given = {key: own[:first] for key, own in rows_by_key.items()}
    if lost:
        unsure = [key for key, own in given.items() if not own] or list(given)
        given |= {key: [*given[key], *[None] * lost] for key in unsure}
    return {key: as_records(own, record_of) for key, own in given.items() if own}


def unsure_of_letters(keys: Keys, answer: Answer) -> Answer:
    """An answer by addresses whose case of letters is compared: one that nobody has may be there in other letters."""
    known = {key.casefold() for key in answer}
    return {**{key: Page(b"[]", partial=True) for key in keys if key.casefold() not in known}, **answer}


def cut_page(rows: Iterable[R], ask: Ask, position_of: Callable[[R], Position]) -> tuple[list[R | None], int]:
    """Cut an ask's page from a key's rows.

    Gives it in order, and how many rows are between its times. Conditions are not looked at.

    For what a vendor does not cut by itself. A row whose place cannot be read is None, and stands as the oldest.
    """
    placed = [(_read_row(row, position_of), row) for row in rows]
    inside = [(place.time or _NO_TIME, place.id, row) for place, row in placed if place is not None and _is_between(place, ask)]
    inside.sort(key=itemgetter(0, 1), reverse=not ask.oldest_first)
    total = len(inside)
    if ask.after is not None:
        last = (ask.after.time or _NO_TIME, ask.after.id)
        inside = [row for row in inside if (row[:2] > last if ask.oldest_first else row[:2] < last)]
    wanted: list[R | None] = [row for *_, row in inside]
    unread: list[R | None] = [None for place, _ in placed if place is None]
    return (unread + wanted if ask.oldest_first else wanted + unread)[: ask.first], total


def needed(fields: Fields, table: Mapping[str, Collection[str]]) -> list[str]:
    """List the vendor's fields for the asked ones, by a table."""
    return sorted({name for field, _ in fields for name in table.get(field, ())})


def _is_between(place: Position, ask: Ask) -> bool:
    time = place.time or _NO_TIME
    return (ask.since is None or time >= ask.since) and (ask.until is None or time < ask.until)


def joined(*parts: Any, by: str = " ") -> Any:
    """Join the parts of a name or an address in one text. A part that is none is passed on as it is."""
    given_parts = [to_text(part) for part in parts if part]
    odd = [part for part in given_parts if not isinstance(part, str)]
    return odd[0] if odd else by.join(given_parts)


def time_of(written: Any) -> datetime:
    """Read a time as the gateway does. Raises `ValueError` or `TypeError` for what is none."""
    return as_time(to_time(written))


def country_code(written: Any) -> Any:
    """Read the code of a country. What is none is passed on as it is."""
    return to_country(written) or written


def read_day(written: Any) -> Any:
    """Write a day as ISO 8601, from a day or a time of it. What is none is marked, to be dropped and counted."""
    return read_or_odd(written, _day) if written else None


def read_or_odd(value: Any, read: Callable[[Any], Any]) -> Any:
    """Read a value, or mark it to be dropped and counted."""
    try:
        return read(value)
    except UNREADABLE:
        return odd(value)


def odd(value: Any) -> Any:
    """Mark an unreadable value so that no field takes it: a text in the place of an object is no id."""
    return [value]


def _day(text: str) -> str:
    return date.fromisoformat(text.strip().partition("T")[0]).isoformat()


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _read_row(row: Any, read: Callable[[Any], T]) -> T | None:
    try:
        return read(row)
    except UNREADABLE:
        return None

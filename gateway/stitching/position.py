"""Order a customer's records over types, sources and keys."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from connectors.contract import Ask, Position
from connectors.records import RECORD_NAMES, Record
from connectors.toolkit.evaluation import time_of

_TICK = timedelta(microseconds=1)
_NO_TIME = datetime.min.replace(tzinfo=UTC)

OwnedRecord = tuple[Any, str]
"""A narrowed record, and the name of its source."""


class RecordPosition(Position, frozen=True, kw_only=True):
    """A place in the order by time, type, source and id. `record` is the name of the type.

    Within one type of one source that is the order by time and id, as sources give their records.
    """

    record: str
    source: str


def sort_owned(records: Iterable[OwnedRecord], *, oldest_first: bool = False) -> list[OwnedRecord]:
    """Sort records by time, type, source and id. Newest first means all of it the other way round."""
    return sorted(records, key=_place, reverse=not oldest_first)


def position_of(record: Any, source: str) -> RecordPosition:
    """Find the position of a narrowed record."""
    return RecordPosition(time_of(record), record.id, record=RECORD_NAMES[record.record_type], source=source)


def ask_of_source(ask: Ask, record: type[Record], source: str) -> Ask:
    """Translate an ask's position to one source: time and id."""
    if not isinstance(ask.after, RecordPosition):
        return ask
    return msgspec.structs.replace(
        ask, after=_in_source(ask.after, RECORD_NAMES[record], source, oldest_first=ask.oldest_first)
    )


def _in_source(place: RecordPosition, record: str, source: str, *, oldest_first: bool) -> Position | None:
    """Find the own record that a source continues after. None where all of them come after the place."""
    own, other = (record, source), (place.record, place.source)
    if own == other or place.time is None:
        return Position(place.time, place.id)
    if not oldest_first:
        # An empty id is before all others, so newest first nothing of its time comes after it.
        return Position(place.time, "") if own > other else _one_tick_later(place.time)
    return Position(place.time, "") if own > other else _one_tick_later(place.time) or Position(place.time, "\U0010ffff")


def _one_tick_later(time: datetime) -> Position | None:
    try:
        return Position(time + _TICK, "")
    except OverflowError:
        return None


def _place(owned: OwnedRecord) -> tuple[datetime, str, str, str]:
    record, source = owned
    return time_of(record) or _NO_TIME, RECORD_NAMES[record.record_type], source, record.id

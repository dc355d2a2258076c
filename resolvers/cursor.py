"""Cursors: where a page ended, by time, type, source and id, so that they hold while records come in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC

import msgspec

from connectors.contract import Position
from connectors.records import RECORD_NAMES, Record, UtcTime, known_record
from gateway.errors import InvalidArgumentError
from gateway.stitching.position import RecordPosition

NOT_A_CURSOR = "after: this is not a cursor of this list; take one from its pageInfo.endCursor"

MAX_CURSOR_LENGTH = 4_000
"""Characters. The ids of records are much shorter; what is asked is remembered with its cursor."""


class _Cursor(msgspec.Struct, array_like=True, forbid_unknown_fields=True):
    time: UtcTime | None
    id: str
    record: str | None = None
    source: str | None = None

    def position(self) -> Position:
        """Read a position. Raises `ValueError` or `OverflowError` for something else."""
        time = self.time.astimezone(UTC) if self.time else None
        if self.record is None:
            return Position(time, self.id)
        if self.source is None:
            raise ValueError
        return RecordPosition(time, self.id, record=known_record(self.record), source=self.source)


def cursor_of(place: RecordPosition) -> str:
    """Write the cursor of a record, opaque to clients."""
    parts = (place.time, place.id, place.record, place.source)
    return urlsafe_b64encode(msgspec.json.encode(parts)).decode().rstrip("=")


def position_of(cursor: str | None, record: type[Record], *, is_mixed: bool = False) -> Position | None:
    """Find the position of a cursor in a list of these records; in a mixed one there are others, too.

    One from before, of time and id alone, points there in each source.

    Raises `InvalidArgumentError` for what is not a cursor of ours.
    """
    if cursor is None:
        return None
    if len(cursor) > MAX_CURSOR_LENGTH:
        raise InvalidArgumentError(NOT_A_CURSOR)
    try:
        data = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        position = msgspec.json.decode(data, type=_Cursor).position()
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise InvalidArgumentError(NOT_A_CURSOR) from None
    is_of_other = isinstance(position, RecordPosition) and position.record != RECORD_NAMES[record]
    if (position.time is None) is not (record.time_field is None) or (is_of_other and not is_mixed):
        raise InvalidArgumentError(NOT_A_CURSOR)
    return position

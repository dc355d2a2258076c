"""Cursors: where a page ended, by time and id, so that they hold while records come in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import UTC
from typing import Any

import msgspec

from connectors.contract import Position
from connectors.records import Record, UtcTime
from connectors.semantics import time_of
from gateway.errors import InvalidArgumentError

NOT_A_CURSOR = "after: this is not a cursor of this list; take one from its pageInfo.endCursor"


def cursor_of(node: Any) -> str:
    """The cursor of a record, opaque to clients."""
    return urlsafe_b64encode(msgspec.json.encode((time_of(node), node.id))).decode().rstrip("=")


def position_of(cursor: str | None, record: type[Record]) -> Position | None:
    """Where a cursor points in a list of these records.

    Raises `InvalidArgumentError` for what is not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        data = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        time, record_id = msgspec.json.decode(data, type=tuple[UtcTime | None, str])
        position = Position(time.astimezone(UTC) if time else None, record_id)
    except (ValueError, OverflowError, msgspec.MsgspecError):
        raise InvalidArgumentError(NOT_A_CURSOR) from None
    if (position.time is None) is not (record.time_field is None):
        raise InvalidArgumentError(NOT_A_CURSOR)
    return position

"""Cursors: where a page ended, by time and id, so that they hold while records come in."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime
from typing import Any

import msgspec

from connectors.contract import Position
from connectors.semantics import time_of
from gateway.errors import InvalidArgumentError


def cursor_of(node: Any) -> str:
    """The cursor of a record, opaque to clients."""
    return urlsafe_b64encode(msgspec.json.encode((time_of(node), node.id))).decode().rstrip("=")


def position_of(cursor: str | None) -> Position | None:
    """Where a cursor points.

    Raises `InvalidArgumentError` for what is not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        data = urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4))
        time, identifier = msgspec.json.decode(data, type=tuple[datetime | None, str])
    except (ValueError, msgspec.MsgspecError):
        raise InvalidArgumentError("after: this is not a cursor of this gateway; take one from pageInfo.endCursor") from None
    return Position(time, identifier)

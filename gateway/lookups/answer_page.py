"""Read what a connector gives as a page of records: for a key, or of a listing."""

from typing import Any

import msgspec

from connectors.contract import Listing, Page
from connectors.errors import SourceProtocolError
from connectors.records import MAX_WHOLE, Record

_encode = msgspec.json.Encoder().encode


def validate_page(given: Any) -> Page:
    """Read a connector's answer about one key as a page.

    Raises `SourceProtocolError` when it can be none.
    """
    if type(given) is Page and type(given.records) is list and given.total is None:
        return given
    match given:
        case None:
            return Page(b"[]", 0)
        case Page(records=bytes() | list(), total=total) if total is None or (type(total) is int and 0 <= total <= MAX_WHOLE):
            return given
        case bytes():
            return Page(given)
        case [*records] if all(isinstance(record, Record) for record in records):
            return Page(_encoded(records))
    raise SourceProtocolError("the connector gave neither bytes nor records")


def validate_listing(given: Any, after: str | None) -> Listing:
    """Read a connector's answer as a page of a listing, which goes on from its cursor.

    Raises `SourceProtocolError` when it can be none.
    """
    match given:
        case Listing(records=bytes() | list(), next=None):
            return given
        case Listing(records=bytes() | list(), next=str(cursor)) if cursor and cursor != after:
            return given
    raise SourceProtocolError("the connector gave no page of a listing, or one that does not go on")


def _encoded(records: list[Record]) -> bytes:
    try:
        return _encode(records)
    except (msgspec.MsgspecError, TypeError, ValueError, OverflowError, RecursionError):
        raise SourceProtocolError("a record holds what JSON has not") from None

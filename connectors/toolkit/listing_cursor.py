"""Write the cursors of listings: a place in an order, as opaque text for any process."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

import msgspec

from connectors.errors import ListingCursorError

MAX_CURSOR = 4_096
"""The most characters of a cursor that is read."""


def encode_cursor(order: str, place: str) -> str:
    """Encode the place where a page ended. `order` names the rule by which records are sorted."""
    return urlsafe_b64encode(msgspec.json.encode([order, place])).decode()


def decode_cursor(order: str, cursor: str) -> str:
    """Decode the place. Raises `ListingCursorError` for what is no cursor of this order."""
    try:
        if len(cursor) > MAX_CURSOR:
            raise ListingCursorError
        own, place = msgspec.json.decode(urlsafe_b64decode(cursor.encode("ascii")), type=tuple[str, str])
    except (ValueError, msgspec.MsgspecError):
        raise ListingCursorError from None
    if own != order or encode_cursor(own, place) != cursor:
        raise ListingCursorError
    return place

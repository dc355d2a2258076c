"""Write the pipelines that list all documents by their id, a page at a time.

A page begins after the id where the one before it ended, as documents have it. MongoDB sorts ids of several types, and
compares only those of one type with each other: ids of the types behind are asked for beside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from bson import Binary, Decimal128, ObjectId
from bson.errors import BSONError

from connectors.errors import ListingCursorError
from connectors.mongo.field_paths import projection
from connectors.mongo.filters import Match
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor

ORDER = "mongo"
"""Names the order of these listings in their cursors."""

Pipeline = list[dict[str, Any]]


class IdType(NamedTuple):
    """A type of ids: its place among the others, how a cursor has it, and how it is read from there."""

    rank: int
    write: Callable[[Any], str]
    read: Callable[[str], Any]


RANKS = ("number", "string", "binData", "objectId")
"""The types of ids that have an order, in the order of MongoDB."""

ID_TYPES: dict[str, IdType] = {
    "int": IdType(0, lambda value: str(int(value)), int),
    "float": IdType(0, repr, float),
    "Decimal128": IdType(0, str, lambda text: Decimal128(Decimal(text))),
    "str": IdType(1, str, str),
    "UUID": IdType(2, str, UUID),
    "Binary": IdType(2, lambda value: f"{value.subtype:02x}{value.hex()}", lambda text: _binary(bytes.fromhex(text))),
    "bytes": IdType(2, bytes.hex, bytes.fromhex),
    "ObjectId": IdType(3, str, ObjectId),
}


class PlaceInOrder(NamedTuple):
    """The id where a page ended."""

    type_name: str
    id: Any


def read_place(cursor: str) -> PlaceInOrder:
    """Read the place that a page begins after. Raises `ListingCursorError` for what is no cursor."""
    try:
        name, text = msgspec.json.decode(decode_cursor(ORDER, cursor), type=tuple[str, str])
        return PlaceInOrder(name, ID_TYPES[name].read(text))
    except (msgspec.MsgspecError, LookupError, ValueError, InvalidOperation, BSONError):
        raise ListingCursorError from None


def write_cursor(id_: Any) -> str:
    """Write the cursor of the page that begins after an id."""
    name = next(base.__name__ for base in type(id_).__mro__ if base.__name__ in ID_TYPES)
    return encode_cursor(ORDER, msgspec.json.encode([name, ID_TYPES[name].write(id_)]).decode())


def page_stages(path: str, after: PlaceInOrder | None, first: int, paths: Iterable[str]) -> Pipeline:
    """Write the stages of a page: the first documents after a place, in order."""
    if after is None:
        match: Match = {path: {"$type": list(RANKS)}}
    else:
        behind = list(RANKS[ID_TYPES[after.type_name].rank + 1 :])
        beyond = {path: {"$gt": after.id}}
        match = {"$or": [beyond, {path: {"$type": behind}}]} if behind else beyond
    return [{"$match": match}, {"$sort": {path: 1}}, {"$limit": first}, {"$project": projection([path, *paths])}]


def same_stages(path: str, id_: Any, paths: Iterable[str]) -> Pipeline:
    """Write the stages of the documents whose ids are the same to the collection, by its collation or as numbers."""
    return [{"$match": {path: id_}}, {"$project": projection([path, *paths])}]


def _binary(content: bytes) -> Binary:
    return Binary(content[1:], content[0])

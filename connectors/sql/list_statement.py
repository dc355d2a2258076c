"""Write the statements that list all records of a query by their id, a page at a time.

A page begins after a place: the id where the one before it ended, as the database has it. So an index of the id finds it,
and rows that come and go move no other. It is compared and sorted by one rule, that of its column.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import BigInteger, Select, bindparam, select

from connectors.contract import Listing
from connectors.errors import ListingCursorError, SourceProtocolError
from connectors.record_fields import Fields
from connectors.sql.columns import columns_for
from connectors.sql.dialect import Expression
from connectors.sql.lookup_statement import MAX_CHARACTERS, whole
from connectors.sql.record_query import RecordQuery
from connectors.sql.subqueries import required
from connectors.toolkit.listing_cursor import decode_cursor, encode_cursor

FIRST, PLACE, SINCE = "first", "place", "changed_since"
"""The parameters of a page."""

ORDER = "sql"
"""Names the order of these listings in their cursors."""

Place = int | str | float | Decimal | UUID | bytes
PLACE_READERS: dict[str, Callable[[str], Place]] = {
    "int": int,
    "str": str,
    "float": float,
    "Decimal": Decimal,
    "UUID": UUID,
    "bytes": bytes.fromhex,
}
"""How cursors have the ids that have an order, by their types."""


def list_statement(rows: RecordQuery, fields: Fields, after: bool, changed: str | None = None) -> Select[Any]:
    """Write the statement of a page. Its rows have place, id and JSON, in order.

    With a column that says when a row `changed` last, the page is of those since a time.
    """
    place = rows.dialect.listed_by(required(rows.source, "id"))
    condition = place > bindparam(PLACE) if after else place.is_not(None)
    chosen = _rows(rows, fields, condition)
    if changed is not None:
        chosen = chosen.where(rows.dialect.time(required(rows.source, changed)) >= rows.dialect.time_parameter(SINCE))
    page = chosen.order_by(place).limit(bindparam(FIRST, type_=BigInteger()))
    return _shown(rows, fields, page)


def same_place(rows: RecordQuery, fields: Fields) -> Select[Any]:
    """Write the statement of the rows whose ids the column takes for the same as one."""
    place = rows.dialect.listed_by(required(rows.source, "id"))
    return _shown(rows, fields, _rows(rows, fields, place == bindparam(PLACE)))


def listing(rows: Sequence[Any], first: int) -> Listing:
    """Put the rows of a page together. Rows of one id are one record; a page that is not full is the last one."""
    records: dict[Any, str] = {}
    for number, (_, id_, json) in enumerate(rows):
        records.setdefault(id_ or number, json if json is not None and len(json) < MAX_CHARACTERS else "null")
    content = whole(f"[{','.join(records.values())}]")
    return Listing(content, _cursor(rows[first - 1][0]) if len(rows) >= first else None)


def read_place(cursor: str) -> Place:
    """Read the place that a page begins after. Raises `ListingCursorError` for what is no cursor."""
    try:
        name, text = msgspec.json.decode(decode_cursor(ORDER, cursor), type=tuple[str, str])
        return PLACE_READERS[name](text)
    except (msgspec.MsgspecError, LookupError, ValueError, ArithmeticError):
        raise ListingCursorError from None


def _cursor(place: Any) -> str:
    name = next((base.__name__ for base in type(place).__mro__ if base.__name__ in PLACE_READERS), None)
    if name is None or isinstance(place, bool):
        raise SourceProtocolError("ids of this type cannot be listed in order; write them as text in the query")
    text = place.hex() if isinstance(place, bytes) else str(place)
    return encode_cursor(ORDER, msgspec.json.encode([name, text]).decode())


def _rows(rows: RecordQuery, fields: Fields, condition: Expression) -> Select[Any]:
    source = rows.source
    read = [source.c[name] for name in dict.fromkeys(("id", *columns_for(rows.record, fields))) if name in source.c]
    return select(rows.dialect.listed_by(required(source, "id")).label("place_"), *read).where(condition)


def _shown(rows: RecordQuery, fields: Fields, page: Select[Any]) -> Select[Any]:
    table = page.subquery("listed")
    json = rows.dialect.beginning(rows.json(fields, table), MAX_CHARACTERS)
    return select(table.c.place_, rows.dialect.text(table.c.id), json.label("json_")).order_by(table.c.place_)

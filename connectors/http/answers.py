"""Whole answers read the fast way: rows with their keys, and the records in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import count
from typing import Any

import msgspec

from connectors.http.expressions import chain_of
from connectors.http.places import MisfitError, Place, Spot, spot_at
from connectors.http.reading import RowReader
from connectors.http.settings import LookupSettings, RecordSettings
from connectors.records import Record
from connectors.shapes import Fields

KeyOf = Callable[[Any], str | None]
"""The asked key that a row names, None for one that was not asked for; a row without a key names None."""

_MISFITS = (MisfitError, msgspec.MsgspecError, OverflowError, RecursionError)


class AnswerReader:
    """Reads the answers of one lookup for one selection of fields.

    Raises `MisfitError` where the lookup, or the mapping, needs more than plain paths.
    """

    def __init__(self, record: type[Record], rules: RecordSettings, lookup: LookupSettings, fields: Fields) -> None:
        if lookup.next or lookup.next_cursor or lookup.total:
            raise MisfitError
        row = Place()
        key = _spot([row], lookup.key)
        if key is not None:
            key.read_as(str)
        inside = _spot([row], lookup.records)
        (place,) = [row] if inside is None else inside.lists()
        self._reader = RowReader(record, rules, fields, place)
        whole = Place()
        rows = None if rules.list == "@" else spot_at([whole], "row", chain_of(rules.list), _names())
        kind = row.struct()
        if rows is not None:
            rows.read_as(list[kind | None])  # type: ignore[valid-type]
        self._decode = msgspec.json.Decoder(list[kind | None] if rows is None else whole.struct()).decode  # type: ignore[valid-type]
        self._rows, self._key, self._inside = _function(rows), _function(key), _function(inside)

    def read(self, content: bytes, key_of: KeyOf, *, first: int | None, newest_first: bool | None) -> dict[str, list[Any]]:
        """Records by key, at most `first` of each, put in order where `newest_first` says which.

        Raises `MisfitError` when the answer does not fit.
        """
        try:
            whole: Any = self._decode(content)
            rows = whole if self._rows is None else self._rows(whole)
            found: dict[str, list[Any]] = {}
            for row in rows:
                key = None if row is None else key_of(None if self._key is None else self._key(row))
                if key is not None:
                    own = [row] if self._inside is None else self._inside(row)
                    found[key] = found[key] + own if key in found else own
            if newest_first is not None:
                for rows in found.values():
                    rows.sort(key=self._reader.position, reverse=newest_first)
            return {key: self._reader.records(rows[:first]) for key, rows in found.items()}
        except (*_MISFITS, TypeError):
            raise MisfitError from None


def _names() -> Iterator[str]:
    return (f"v{number}" for number in count(1))


def _spot(places: Sequence[Place], expression: str | None) -> Spot | None:
    return None if expression is None else spot_at(places, "row", chain_of(expression), _names())


def _function(spot: Spot | None) -> Callable[[Any], Any] | None:
    made: Callable[[Any], Any] | None = None if spot is None else eval(f"lambda row: {spot.source}")  # noqa: S307
    return made

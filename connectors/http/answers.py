"""Whole answers read the fast way: rows with their keys, and the records in them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain, count
from operator import attrgetter
from typing import Any

import msgspec

from connectors.http.settings import LookupSettings, RecordSettings
from connectors.mapping.expressions import chain_of
from connectors.mapping.places import MisfitError, Place, Spot, spot_at
from connectors.mapping.reading import RowReader
from connectors.records import Record
from connectors.shapes import Fields

KeyOf = Callable[[Any], str | None]
"""The asked key that a row names, None for one that was not asked for; a row without a key names None."""

_MISFITS = (MisfitError, msgspec.MsgspecError, OverflowError, RecursionError)


class AnswerReader:
    """Reads the answers of one lookup for one selection of fields; `shown` and `as_they_come` are those of `RowReader`.

    Raises `MisfitError` where the lookup, or the mapping, needs more than plain paths.
    """

    def __init__(
        self,
        record: type[Record],
        rules: RecordSettings,
        lookup: LookupSettings,
        fields: Fields,
        *,
        shown: bool,
        as_they_come: bool,
    ) -> None:
        if lookup.next or lookup.next_cursor or lookup.total:
            raise MisfitError
        self._row = row = Place()
        self._list = None if rules.list == "@" else rules.list
        key = _spot([row], lookup.key)
        if key is not None:
            key.read_as(str)
        inside = _spot([row], lookup.records)
        (place,) = [row] if inside is None else inside.lists()
        self._reader = RowReader(record, rules, fields, place, shown=shown, as_they_come=as_they_come)
        self.as_they_come = self._reader.as_they_come
        self._words = [*row.words()]
        self._rows = _function(_spot([Place()], self._list))
        self._inside = _function(inside)
        named = "None" if key is None else f"None if row is None else {key.source}"
        self._keys: Callable[[list[Any]], list[Any]] = eval(f"lambda rows: [{named} for row in rows]")  # noqa: S307
        self._decode = self._decoder()

    def _decoder(self) -> Callable[[bytes], Any]:
        """Decodes a whole answer, and the words that were met so far quickly."""
        answer: Any = list[self._row.struct() | None]  # type: ignore[misc]
        whole = Place()
        rows = _spot([whole], self._list)
        if rows is not None:
            rows.read_as(answer)
            answer = whole.struct()
        return msgspec.json.Decoder(answer, float_hook=self._reader.float_hook).decode

    def read(self, content: bytes, key_of: KeyOf, *, first: int | None, newest_first: bool | None) -> dict[str, list[Any]]:
        """Records by key, at most `first` of each, put in order where `newest_first` says which.

        Raises `MisfitError` when the answer does not fit.
        """
        try:
            whole = self._decode(content)
            if any(words.are_outgrown for words in self._words):
                self._decode = self._decoder()
            rows = whole if self._rows is None else self._rows(whole)
            found: dict[str, list[Any]] = {}
            for row, key in zip(rows, map(key_of, self._keys(rows)), strict=True):
                if key is not None and row is not None:
                    own = [row] if self._inside is None else self._inside(row)
                    found[key] = found[key] + own if key in found else own
            if newest_first is not None:
                self._put_in_order(found.values(), newest_first=newest_first)
            if first is not None:
                found = {key: own if len(own) <= first else own[:first] for key, own in found.items()}
            return self._records(found)
        except (*_MISFITS, AttributeError, TypeError):
            raise MisfitError from None

    def _records(self, found: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """The records of the rows of each key, made of all rows at once."""
        records = self._reader.records([*chain.from_iterable(found.values())])
        records_of, start = {}, 0
        for key, rows in found.items():
            end = start + len(rows)
            records_of[key] = records[start:end]
            start = end
        return records_of

    def _put_in_order(self, found: Iterable[list[Any]], *, newest_first: bool) -> None:
        """By time, then id. Most sources write them so."""
        are_in_order = self._reader.are_newest_first if newest_first else self._reader.are_oldest_first
        for rows in found:
            if not are_in_order(rows):
                rows.sort(key=self._reader.position, reverse=newest_first)


def _names() -> Iterator[str]:
    return (f"v{number}" for number in count(1))


def _spot(places: Sequence[Place], expression: str | None) -> Spot | None:
    return None if expression is None else spot_at(places, "row", chain_of(expression), _names())


def _function(spot: Spot | None) -> Callable[[Any], Any] | None:
    if spot is None:
        return None
    name = spot.source.removeprefix("row.")
    made: Callable[[Any], Any] = attrgetter(name) if name.isidentifier() else eval(f"lambda row: {spot.source}")  # noqa: S307
    return made

"""Read whole responses natively: rows, their keys, their records."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from itertools import chain
from typing import Any

import msgspec

from connectors.contract import Page
from connectors.http.settings import LookupSettings, RecordSettings
from connectors.record_fields import Fields
from connectors.records import Record
from connectors.toolkit.code_generation import CodeWriter
from connectors.toolkit.converters import has_fine_times
from connectors.toolkit.mapping.jmespath_expressions import chain_of
from connectors.toolkit.mapping.row_layout import ObjectLayout, SlowPathNeededError, ValuePath, path_at
from connectors.toolkit.mapping.row_reader import RowReader

KeysOf = Callable[[Any], Sequence[str]]
"""The asked keys that a row's key means, none for one that was not asked for; a row without a key names None."""
Asked = Callable[[Sequence[str]], KeysOf]

FIRST_LOOKS = 100
"""To look for fine times takes a tenth of the time of reading an answer, and few sources have fractions of a second."""

_MISFITS = (SlowPathNeededError, ValueError, OverflowError, RecursionError)


class ResponseReader:
    """Read a lookup's answers for one selection of fields. `shown` and `as_they_come` are those of `RowReader`.

    Raises `SlowPathNeededError` where the lookup, or the mapping, needs more than plain paths.
    """

    def __init__(
        self,
        record: type[Record],
        rules: RecordSettings,
        lookup: LookupSettings,
        fields: Fields,
        asked: Asked,
        *,
        shown: bool,
        as_they_come: bool,
    ) -> None:
        self._asked = asked
        if lookup.next or lookup.next_cursor or lookup.total:
            raise SlowPathNeededError
        self._row = row = ObjectLayout()
        self._list = None if rules.list == "@" else rules.list
        key = _spot([row], lookup.key)
        if key is not None:
            key.read_as(str)
        inside = _spot([row], lookup.records)
        (place,) = [row] if inside is None else inside.lists()
        self._reader = RowReader(record, rules, fields, place, shown=shown, as_they_come=as_they_come)
        self.as_they_come = self._reader.as_they_come
        self._words = [*row.words()]
        self._rows = None if self._list is None else _function("row", _spot([ObjectLayout()], self._list))
        self._keys = _function("rows", key, "[{} for row in rows]")
        self._inside = _function("rows", inside, "[{} for row in rows]")
        self._decode = self._decoder()
        self._looks: float = FIRST_LOOKS

    def _decoder(self, sample: bytes = b"") -> Callable[[bytes], Any]:
        """Decode whole answers, quickest those that are like a sample. It knows the texts that were met so far."""
        answer: Any = list[self._row.struct(sample) | None]  # type: ignore[misc]
        whole = ObjectLayout()
        rows = _spot([whole], self._list)
        if rows is not None:
            rows.read_as(answer)
            answer = whole.struct(sample)
        return msgspec.json.Decoder(answer, float_hook=self._reader.float_hook).decode

    def read(self, content: bytes, keys: Sequence[str], *, first: int | None, newest_first: bool | None) -> dict[str, Page]:
        """Read records by key, at most `first` of each. They are sorted where `newest_first` is set.

        Raises `SlowPathNeededError` when the answer does not fit.
        """
        try:
            whole = self._decode(content)
            if any(words.are_outgrown for words in self._words):
                self._decode = self._decoder(content)
            rows_by_key = self._by_key(whole if self._rows is None else self._rows(whole), keys)
            if newest_first is not None:
                self._put_in_order(rows_by_key.values(), newest_first=newest_first)
            if first is not None and max(map(len, rows_by_key.values()), default=0) > first:
                rows_by_key = {key: rows[:first] for key, rows in rows_by_key.items()}
            records = self._reader.records(rows_by_key.values())
            self._refuse_fine_times(content)
            return dict(zip(rows_by_key, map(Page, records), strict=True))
        except (*_MISFITS, AttributeError, TypeError):
            raise SlowPathNeededError from None

    def _refuse_fine_times(self, content: bytes) -> None:
        """Refuse answers with times that were rounded.

        It looks at the first answers, and at all once there was a time with a fraction.
        """
        if self._reader.met_fractions:
            self._looks = math.inf
        if self._looks:
            self._looks -= 1
            if has_fine_times(content):
                raise SlowPathNeededError

    def _by_key(self, rows: list[Any], keys: Sequence[str]) -> dict[str, list[Any]]:
        """Group the rows by asked key."""
        rows = [row for row in rows if row is not None]
        lists = [[row] for row in rows] if self._inside is None else self._inside(rows)
        if self._keys is None:
            return {keys[0]: [*chain.from_iterable(lists)]} if lists else {}
        named = self._keys(rows)
        rows_by_key = dict(zip(named, lists, strict=True))
        if len(rows_by_key) == len(named) and rows_by_key.keys() <= set(keys):
            return rows_by_key
        keys_of, rows_by_key = self._asked(keys), {}
        for name, own in zip(named, lists, strict=True):
            for key in keys_of(name):
                rows_by_key.setdefault(key, []).extend(own)
        return rows_by_key

    def _put_in_order(self, lists: Collection[list[Any]], *, newest_first: bool) -> None:
        """Sort by time, then id. Most sources write them so."""
        for rows in self._reader.not_newest_first(lists) if newest_first else self._reader.not_oldest_first(lists):
            rows.sort(key=self._reader.position, reverse=newest_first)


def _spot(places: Sequence[ObjectLayout], expression: str | None) -> ValuePath | None:
    return None if expression is None else path_at(places, "row", chain_of(expression), CodeWriter())


def _function(argument: str, spot: ValuePath | None, form: str = "{}") -> Callable[[Any], Any] | None:
    return None if spot is None else CodeWriter().expression(argument, form.format(spot.source))

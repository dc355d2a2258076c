"""From rows, as they were found in an answer, to records: all at once where they fit, else one by one."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Any

import msgspec

from connectors.record_fields import Fields
from connectors.records import Record
from connectors.seen_keys import SeenKeys
from connectors.toolkit.mapping.row_layout import ObjectLayout, SlowPathNeededError
from connectors.toolkit.mapping.row_mapping import RowMapping
from connectors.toolkit.mapping.row_reader import RowReader
from connectors.toolkit.mapping.settings import MappingSettings

_MISFITS = (SlowPathNeededError, msgspec.MsgspecError, AttributeError, OverflowError, RecursionError, TypeError)


class RecordReader:
    """Reads the rows of one record type."""

    def __init__(self, record: type[Record], rules: MappingSettings) -> None:
        self._record = record
        self._rules = rules
        self._mapping = RowMapping(record, rules)
        self._seen = SeenKeys()
        self._quick = lru_cache(maxsize=256)(self._new_quick)

    def records(self, rows: Sequence[Any], fields: Fields, need_care: bool = False) -> list[Any]:
        """Records of rows, in order: narrowed to these fields, or mappings of canonical JSON where a row does not fit."""
        try:
            quick = None if need_care else self._quick(fields)
        except SlowPathNeededError:
            quick = None
        if quick is not None:
            with suppress(*_MISFITS):
                return quick.records(rows)
        return [*map(self._mapping.mapper(fields), rows)]

    def _new_quick(self, fields: Fields) -> _Quick | None:
        """None where the mapping is not made of plain paths. Raises `SlowPathNeededError` for fields that are new."""
        if not self._seen.add(fields):
            raise SlowPathNeededError
        with suppress(SlowPathNeededError):
            return _Quick(self._record, self._rules, fields)
        return None


class _Quick:
    """Convert rows to the types that a `RowReader` reads."""

    def __init__(self, record: type[Record], rules: MappingSettings, fields: Fields) -> None:
        self._row = ObjectLayout()
        self._reader = RowReader(record, rules, fields, self._row, shown=False, as_they_come=False)
        self._words = [*self._row.words()]
        self._kind = self._new_kind()

    def _new_kind(self) -> Any:
        """Make the type of rows, with the texts met so far."""
        return list[self._row.struct()]  # type: ignore[misc]

    def records(self, rows: Sequence[Any]) -> list[Any]:
        """Raises one of the misfits for rows that do not fit."""
        converted = msgspec.convert(rows, self._kind)
        if any(words.are_outgrown for words in self._words):
            self._kind = self._new_kind()
        (records,) = self._reader.records([converted])
        return records

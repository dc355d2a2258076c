"""Rows by key, gathered over the pages of a walk: a row that comes on two pages, and is the same on both, is one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from connectors.errors import SourceError
from connectors.record_fields import Fields
from connectors.toolkit.mapping.row_mapping import RowMapping

IdOf = Callable[[Any], Any]
"""The canonical id of a row; what is no text tells nothing."""


def id_reader(mapping: RowMapping) -> IdOf:
    """Make a function that reads the ids of rows."""
    read = mapping.mapper(Fields.from_paths("id"))
    return lambda row: read(row).get("id")


class RowLists:
    """Hold the rows of each key, and unreadable keys' errors. `may_repeat`: a page may have a row more than once."""

    def __init__(self, id_of: IdOf, *, may_repeat: bool = False) -> None:
        self.by_key: dict[str, list[Any]] = {}
        self.failures: dict[str, SourceError] = {}
        self._id_of = id_of
        self._may_repeat = may_repeat
        self._known: dict[str, dict[str, list[Any]]] = {}

    def add_page(self, page: Mapping[str, list[Any] | SourceError]) -> None:
        """Add one page's rows of several keys."""
        for key, rows in page.items():
            if isinstance(rows, SourceError):
                self.failures[key] = rows
            else:
                self.add(key, rows)

    def add(self, key: str, rows: Sequence[Any]) -> None:
        """Add one page's rows of a key, without those before."""
        own = self.by_key.setdefault(key, [])
        if not own and not self._may_repeat:
            own += rows
            return
        if key not in self._known:
            self._known[key] = {}
            self._new(key, own)
        own += self._new(key, rows)

    def _new(self, key: str, rows: Iterable[Any]) -> list[Any]:
        """Keep the rows that were not met before. Whether two of one id that differ are one record, the gateway says."""
        known, new = self._known[key], []
        for row in rows:
            same = known.setdefault(id_, []) if isinstance(id_ := self._id_of(row), str) else []
            if row not in same:
                same.append(row)
                new.append(row)
        return new

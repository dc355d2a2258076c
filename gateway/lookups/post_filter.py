"""Apply the part of an ask that a source does not apply. Pure.

A connector says what it pushes down. Where that is all, its records pass through; else it is asked for enough, and the
filter, the order and the window are done on what came back, so that every source answers alike.
"""

from collections.abc import Sequence
from functools import lru_cache
from sys import maxsize
from typing import Any, NamedTuple

import msgspec

from connectors.contract import Ask, Lookup, Push
from connectors.record_fields import Fields, narrow
from connectors.records import Record
from connectors.toolkit.evaluation import filter_records, records_after, sort_records, time_of


@lru_cache(maxsize=64)
def position_fields(record: type[Record]) -> Fields:
    """Name the fields that order a record among its kind."""
    return Fields.from_paths("id", record.time_field) if record.time_field else Fields.from_paths("id")


def filter_fields(ask: Ask) -> Fields:
    """Name the fields that the filter of an ask reads, but for the record's time."""
    updated = () if ask.updated_since is None else ("updated_at",)
    return Fields.from_paths(*updated, *(condition.field for condition in ask.where))


class FilteredRecords(NamedTuple):
    """Hold filtered records, how many match, and whether more follow. See `Found` for the others."""

    records: list[Any]
    total: int | None
    has_more: bool = False
    partial: bool = False
    is_short: bool = False


class PostFilter:
    """The split of one ask at one lookup: the part to send, the part to apply here.

    `sent` asks for one record more than wanted where it is asked if there are more, or for all where it must be. Its records
    are of type `kind`. Pages of at most `untouched` records, none of them dropped, are `finished` as they come; -1 where none
    is. A wider one asks for more `rows` than are wanted, since some of them cannot be read.
    """

    def __init__(self, ask: Ask, lookup: Lookup, rows: int | None = None) -> None:
        self._ask = ask
        self.record = lookup.record
        self._count_here = ask.count and Push.COUNT not in lookup.pushdown
        asked = {
            Push.ORDER: True,
            Push.AFTER: ask.after is not None,
            Push.SINCE: ask.since is not None or ask.until is not None,
            Push.UPDATED_SINCE: ask.updated_since is not None,
            Push.WHERE: bool(ask.where),
            Push.COUNT: ask.count and ask.after is not None,
        }
        self._filters = any(is_asked for push, is_asked in asked.items() if push is not Push.ORDER)
        self._passes = all(push in lookup.pushdown for push, is_asked in asked.items() if is_asked)
        if self._passes:
            first = None if self._count_here or ask.first is None else rows or ask.first + ask.more
            self.sent = msgspec.structs.replace(ask, first=first)
        else:
            needed = position_fields(lookup.record) | filter_fields(ask)
            self.sent = msgspec.structs.replace(ask, fields=ask.fields | needed, first=None, after=None)
        self.kind = narrow(lookup.record, self.sent.fields)
        self._has_ids = "id" in self.kind.__struct_fields__
        self._counts = self._count_here or (ask.count and not self._passes)
        self._cuts = Push.FIRST in lookup.pushdown and self.sent.first is not None
        if self._count_here or (not self._passes and (self._filters or ask.count)):
            self.untouched = -1
        else:
            most = maxsize if ask.first is None else ask.first
            self.untouched = most if self._passes else min(1, most)

    def are_single(self, lists: Sequence[list[Any]]) -> bool:
        """Whether each record has an id and occurs once, over all lists."""
        if not self._has_ids:
            return True
        # A comprehension reads an attribute in half of the time that `attrgetter` takes.
        ids = {record.id for records in lists for record in records}
        return len(ids) == sum(map(len, lists)) and _are_ids(ids)

    def finished(self, records: list[Any], total: int | None, dropped: int = 0) -> FilteredRecords:
        """Apply the rest of the ask to records. So many of them were dropped.

        Rows of one id are one record: the newest of them. Where they are of several times, that may be wrong. A source that
        gave as many rows as it was asked for may have more: where records were lost, and are fewer than wanted, that cannot
        be seen of them.
        """
        ask, rows = self._ask, len(records) + dropped
        is_doubled = len(records) > 1 and self._has_ids and len({record.id for record in records}) < len(records)
        is_ambiguous = False
        if is_doubled:
            records, is_ambiguous = self._single(records)
        if not self._passes:
            if len(records) > 1 or self._filters:
                records = sort_records(filter_records(records, ask), oldest_first=ask.oldest_first)
            total = len(records) if ask.count else None
            if ask.after is not None:
                records = records_after(records, ask.after, oldest_first=ask.oldest_first)
        elif self._count_here:
            total = len(records)
        if total is not None:
            total = max(total, len(records))  # a source may not count what is read here after all
        partial = dropped > 0 or is_ambiguous or (is_doubled and total is not None and not self._counts)
        first = ask.first
        if first is None or len(records) > first:
            return FilteredRecords(records[:first], total, first is not None, partial)
        if not (dropped or is_doubled):
            return FilteredRecords(records, total)
        is_short = self._cuts and rows >= (self.sent.first or 0) and rows > first
        # Without any record there is nothing to go on from.
        return FilteredRecords(records, total, has_more=is_short and bool(records), partial=partial, is_short=is_short)

    def _single(self, records: list[Any]) -> tuple[list[Any], bool]:
        """One record of each id, and whether any were of different times."""
        time_field = self.record.time_field
        has_times = time_field is None or time_field in self.kind.__struct_fields__
        is_turned = self._ask.oldest_first and time_field is not None
        newest_first = sort_records(records) if has_times else records[::-1] if is_turned else records
        single: dict[str, Any] = {}
        for record in newest_first:
            single.setdefault(record.id, record)
        places = {(record.id, time_of(record)) for record in records} if has_times else ()
        return [*single.values()][:: -1 if is_turned else 1], len(places) > len(single)


def _are_ids(ids: set[str]) -> bool:
    """Whether none is blank, as is mostly seen of all at once."""
    together = "".join(ids)
    return "" not in ids and ((together.isprintable() and " " not in together) or all(map(str.strip, ids)))

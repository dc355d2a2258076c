"""The part of an ask that a source does not apply, applied here. Pure.

A connector says what it pushes down. Where that is all, its records pass through; else it is asked for enough, and the
filter, the order and the window are done on what came back, so that every source answers alike.
"""

from functools import lru_cache
from sys import maxsize
from typing import Any

import msgspec

from connectors.contract import Ask, Lookup, Push
from connectors.records import Record
from connectors.semantics import after, in_order, matching
from connectors.shapes import Fields, narrowed


@lru_cache(maxsize=64)
def position_fields(record: type[Record]) -> Fields:
    """The fields that order a record among its kind."""
    return Fields.of("id", record.time_field) if record.time_field else Fields.of("id")


class Window:
    """The window of one ask at one lookup: what is sent there, and what is left to do with what comes back.

    `sent` asks for one record more than wanted where it is asked if there are more, or for all where it must be. Its records
    are of type `kind`. Pages of at most `untouched` records, none of them dropped, are `finished` as they come; -1 where none
    is.
    """

    def __init__(self, ask: Ask, lookup: Lookup) -> None:
        self._ask = ask
        self._count_here = ask.count and Push.COUNT not in lookup.pushdown
        asked = {
            Push.ORDER: True,
            Push.AFTER: ask.after is not None,
            Push.SINCE: ask.since is not None or ask.until is not None,
            Push.WHERE: bool(ask.where),
            Push.COUNT: ask.count and ask.after is not None,
        }
        self._filters = any(is_asked for push, is_asked in asked.items() if push is not Push.ORDER)
        self._passes = all(push in lookup.pushdown for push, is_asked in asked.items() if is_asked)
        if self._passes:
            first = None if self._count_here or ask.first is None else ask.first + ask.more
            self.sent = msgspec.structs.replace(ask, first=first)
        else:
            needed = position_fields(lookup.record) | Fields.of(*(condition.field for condition in ask.where))
            self.sent = msgspec.structs.replace(ask, fields=ask.fields | needed, first=None, after=None)
        self.kind = narrowed(lookup.record, self.sent.fields)
        self._cuts = Push.FIRST in lookup.pushdown and self.sent.first is not None
        if self._count_here or (not self._passes and (self._filters or ask.count)):
            self.untouched = -1
        else:
            most = maxsize if ask.first is None else ask.first
            self.untouched = most if self._passes else min(1, most)

    def finished(self, records: list[Any], total: int | None, dropped: int = 0) -> tuple[list[Any], int | None, bool]:
        """The records of the asked window, the number that match, whether there are more.

        `dropped` is how many came and could not be read.
        """
        ask = self._ask
        if not self._passes:
            if len(records) > 1 or self._filters:
                records = in_order(matching(records, ask), oldest_first=ask.oldest_first)
            total = len(records) if ask.count else None
            if ask.after is not None:
                records = after(records, ask.after, oldest_first=ask.oldest_first)
        elif self._count_here:
            total = len(records)
        if not self._cuts:
            dropped = 0  # the whole list is here, so what could not be read hides nothing
        if ask.first is None or len(records) + dropped <= ask.first:
            return records, total, False
        # A source that was asked for one record more, and gave it, has more, whichever could not be read. Without any record
        # there is nothing to go on from.
        return records[: ask.first], total, bool(records)

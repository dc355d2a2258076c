"""The part of an ask that a source does not apply, applied here. Pure.

A connector says what it pushes down. Where that is all, its records pass through; else it is asked for enough, and the
filter, the order and the window are done on what came back, so that every source answers alike.
"""

from functools import lru_cache
from typing import Any

import msgspec

from connectors.contract import Ask, Lookup, Push
from connectors.records import Record
from connectors.semantics import after, in_order, matching
from connectors.shapes import Fields


@lru_cache(maxsize=64)
def position_fields(record: type[Record]) -> Fields:
    """The fields that order a record among its kind."""
    return Fields.of("id", record.time_field) if record.time_field else Fields.of("id")


def unapplied(ask: Ask, lookup: Lookup) -> bool:
    """Whether something of the ask is left for the gateway to do."""
    asked = {
        Push.ORDER: True,
        Push.AFTER: ask.after is not None,
        Push.SINCE: ask.since is not None or ask.until is not None,
        Push.WHERE: bool(ask.where),
        Push.COUNT: ask.count and ask.after is not None,
    }
    return any(asked[push] and push not in lookup.pushdown for push in asked)


def sent(ask: Ask, lookup: Lookup) -> Ask:
    """What the source is asked: one record more than wanted where it is asked if there are more, or all where it must be."""
    if not unapplied(ask, lookup):
        whole = ask.count and Push.COUNT not in lookup.pushdown
        first = None if whole or ask.first is None else ask.first + ask.more
        return msgspec.structs.replace(ask, first=first)
    needed = position_fields(lookup.record)
    for condition in ask.where:
        needed |= Fields.of(condition.field)
    return msgspec.structs.replace(ask, fields=ask.fields | needed, first=None, after=None)


def finished(
    records: list[Any], ask: Ask, lookup: Lookup, total: int | None, dropped: int = 0
) -> tuple[list[Any], int | None, bool]:
    """The records of the asked window, the number that match, whether there are more.

    `dropped` is how many came and could not be read.
    """
    if unapplied(ask, lookup):
        records = matching(records, ask)
        total = len(records) if ask.count else None
        records = in_order(records, oldest_first=ask.oldest_first)
        if ask.after is not None:
            records = after(records, ask.after, oldest_first=ask.oldest_first)
        dropped = 0
    elif ask.count and Push.COUNT not in lookup.pushdown:
        total, dropped = len(records), 0
    # A source that was asked for one record more, and gave it, has more, whichever could not be read. Without any record
    # there is nothing to go on from.
    has_more = ask.first is not None and bool(records) and len(records) + dropped > ask.first
    return records[: ask.first], total, has_more

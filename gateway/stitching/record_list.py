"""A list of a customer's records: a page, merged from what its keys find at all sources."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from connectors.contract import Ask
from connectors.records import MAX_WHOLE, Record
from gateway.errors import SourceFailure
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.stitching.joined_orders import join_answers, page_answers
from gateway.stitching.order_trace import trace_orders
from gateway.stitching.position import OwnedRecord, RecordPosition, position_of, sort_owned
from gateway.stitching.source_reports import Contribution
from gateway.stitching.source_router import RoutedAsk
from gateway.stitching.sourced_record import SourcedRecord


class RecordPage(msgspec.Struct, frozen=True):
    """Hold a customer's page of records, over all keys and sources.

    `total` is None where a source did not count, or keys that may share records did, or it is too large. `unavailable` names
    the sources whose records are missing here, `partial` says that others are known to be missing, `contributions` say what
    came from where. `has_previous` says that it was asked for from a position on. `owners` are the sources of the records, one
    by one.
    """

    records: Sequence[Any]
    owners: Sequence[str]
    total: int | None
    has_more: bool
    has_previous: bool
    unavailable: Sequence[str] = ()
    contributions: Sequence[Contribution] = ()
    partial: bool = False

    def position(self, index: int) -> RecordPosition:
        """Give a record's position among all of the customer's."""
        record = self.records[index]
        return record.position if isinstance(record, SourcedRecord) else position_of(record, self.owners[index])

    @property
    def last(self) -> RecordPosition | None:
        """Give the position that the next page goes on from."""
        return self.position(-1) if self.records else None

    @property
    def nodes(self) -> list[Any]:
        """List the records, each knowing its source."""
        return [
            record if isinstance(record, SourcedRecord) else SourcedRecord(record, source) for record, source in self.owned()
        ]

    def owned(self) -> list[OwnedRecord]:
        """Pair the records with their sources."""
        return list(zip(self.records, self.owners, strict=True))


def page_of_one(record: type[Record], ask: Ask, outcome: Found) -> RecordPage:
    """Make the page of what one source finds by one key."""
    owners, contributions = [outcome.source] * len(outcome.records), ((record, outcome),)
    return RecordPage(
        outcome.records, owners, outcome.total, outcome.has_more, ask.after is not None, (), contributions, outcome.partial
    )


def merge_outcomes(asked: RoutedAsk, outcomes: Sequence[Outcome], *, is_short: bool = False) -> RecordPage:
    """Merge the records of all outcomes of one customer. `is_short` says that keys are missing which would find others.

    Raises `SourceFailure` when nothing could be had at all.
    """
    joined = None
    if asked.orders is not None:
        if asked.ask.updated_since is not None:
            outcomes = asked.orders.with_update_times(outcomes)
        joined = join_answers(outcomes, asked.orders, asked.ask.fields)
        page = _merge(asked, page_answers(outcomes, joined, asked.ask))
        page = msgspec.structs.replace(page, contributions=[(asked.record, outcome) for outcome in outcomes])
    elif len(outcomes) == 1 and type(only := outcomes[0]) is Found:
        page = page_of_one(asked.record, asked.ask, only)
    else:
        page = _merge(asked, outcomes)
    if asked.origins is not None:
        traced = trace_orders(page.owned(), outcomes, asked.origins, asked.orders, joined, is_short=is_short)
        page = msgspec.structs.replace(page, records=traced)
    return msgspec.structs.replace(page, partial=True) if is_short else page


def _merge(asked: RoutedAsk, outcomes: Sequence[Outcome]) -> RecordPage:
    ask = asked.ask
    successes = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    if failed and not successes:
        raise SourceFailure(failed[0].source, failed[0].error)
    owned = [(record, outcome.source) for outcome in successes for record in outcome.records]
    if len(successes) > 1:
        # Two keys may find the same record; an id says that only within its source.
        owned = sort_owned(
            {(source, record.id): (record, source) for record, source in owned}.values(), oldest_first=ask.oldest_first
        )
    page = owned[: ask.first]
    return RecordPage(
        records=[record for record, _ in page],
        owners=[source for _, source in page],
        total=None if failed else _total(successes),
        has_more=any(outcome.has_more for outcome in successes) or (ask.first is not None and len(owned) > ask.first),
        has_previous=ask.after is not None,
        unavailable=list(dict.fromkeys(outcome.source for outcome in failed)),
        contributions=[(asked.record, outcome) for outcome in outcomes],
        partial=any(outcome.partial for outcome in successes),
    )


def _total(outcomes: Sequence[Found]) -> int | None:
    """Add up the records of all sources. None where one did not count, or where it cannot be told."""
    total = 0
    for source in dict.fromkeys(outcome.source for outcome in outcomes):
        counted = _total_of_source([outcome for outcome in outcomes if outcome.source == source])
        if counted is None:
            return None
        total += counted
    return total if total <= MAX_WHOLE else None


def _total_of_source(outcomes: Sequence[Found]) -> int | None:
    """How many records the keys of one source find together: known where one key finds all, or all are seen to differ."""
    totals = [outcome.total for outcome in outcomes if outcome.total is not None and outcome.total > 0]
    if any(outcome.total is None for outcome in outcomes):
        return None
    if len(totals) <= 1:
        return sum(totals)
    ids = {record.id for outcome in outcomes for record in outcome.records}
    return len(ids) if len(ids) == sum(totals) else None

"""A customer in one request: its record, its keys, and the records that its keys find."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceRejectedError
from connectors.records import MAX_WHOLE, Customer, Record
from gateway.errors import SourceFailure
from gateway.identity.keys import asked_keys, leaves_out_keys
from gateway.lookups.deadline import ASSEMBLY_S
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending import PendingKeys
from gateway.lookups.sources import Source
from gateway.stitching.position import OwnedRecord, RecordPosition, position_of, sort_owned
from gateway.stitching.source_reports import Contribution, ContributionReports, SourceReport
from gateway.stitching.source_router import RoutedAsk, SourceRouter
from gateway.stitching.sourced_record import SourcedRecord


class RecordPage(msgspec.Struct, frozen=True):
    """A page of records, of one customer over all its keys and sources.

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
        """The place of a record of this page among all of the customer's."""
        return position_of(self.records[index], self.owners[index])

    @property
    def nodes(self) -> list[Any]:
        """The records, each knowing its source."""
        return [one if isinstance(one, SourcedRecord) else SourcedRecord(one, source) for one, source in self.owned()]

    def owned(self) -> list[OwnedRecord]:
        """The records with their sources."""
        return list(zip(self.records, self.owners, strict=True))


class MissingRecord(msgspec.Struct):
    """Stands for a customer's record that could not be had. Reading what it would have raises `SourceFailure`."""

    _failed: Failed

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise SourceFailure(self._failed.source, self._failed.error)


class StitchedCustomer(SourcedRecord, eq=False):
    """One customer of one request.

    `record` is the customer's own, narrowed to what was selected, or `MissingRecord`, which costs the field that reads it.
    `source` is who gave it, or should have, and `id` its own id there.
    """

    id: str
    loaders: Loaders
    _outcome: Outcome
    _directory: SourceRouter
    _reports: ContributionReports | None = None

    @property
    def reports(self) -> ContributionReports:
        """What sources contribute from now on; most requests do not ask."""
        if self._reports is None:
            self._reports = ContributionReports([(Customer, self._outcome)])
        return self._reports

    async def source_reports(self) -> list[SourceReport]:
        """Report the contribution of each source, in configured order, once this customer is stitched."""
        order = [source.name for source in self._directory.sources.all]
        # Its siblings end by the deadline; they are the first whose timers fire.
        reports = await self.reports.settled(self.loaders.deadline.remaining_s() + ASSEMBLY_S)
        return sorted(reports, key=lambda report: order.index(report.name) if report.name in order else len(order))

    def configured(self, record: type[Record]) -> Sequence[tuple[Source, KeyKind]]:
        """The sources of these records, each with its key kind; that there is none is reported."""
        found = self._directory.sources.of(record)
        if not found:
            self.reports.add_not_configured(record)
        return found

    def keys(self, source: Source, kind: KeyKind) -> Sequence[str] | Failed:
        """The keys of one kind to ask a source by, in all spellings, or the failure of the source that would know them."""
        if kind is KeyKind.CUSTOMER_ID:
            return [self.id]
        if isinstance(self._outcome, Failed):
            return self._outcome
        as_written = not source.connector.any_case
        return asked_keys(self.record, kind, self._directory.default_region, as_written=as_written)

    def stale_keys(self, kind: KeyKind) -> SourceError | None:
        """Why keys of a kind may be others by now: they are of a record that is older than it may be."""
        return None if kind is KeyKind.CUSTOMER_ID else self.stale

    @property
    def stale(self) -> SourceError | None:
        """Why there is no newer record, where this one is older than it may be."""
        return self._outcome.stale if isinstance(self._outcome, Found) else None

    @property
    def is_whole(self) -> bool:
        """Whether its record could be had, as new as it should be."""
        return isinstance(self._outcome, Found) and self._outcome.stale is None

    @property
    def turns(self) -> asyncio.Lock:
        """Held by whoever works long on the records of one customer."""
        return self._directory.turns

    def on(self, loaders: Loaders) -> StitchedCustomer:
        """The same customer with other loaders, for work that may outlive the request."""
        return StitchedCustomer(self.record, self.source, self.id, loaders, self._outcome, self._directory)

    def leaves_out_keys(self, source: Source, kind: KeyKind) -> bool:
        """Whether a source is not asked by all keys of the customer, because there are too many."""
        if kind is KeyKind.CUSTOMER_ID or isinstance(self._outcome, Failed) or not leaves_out_keys(self.record, kind):
            return False
        self._directory.note_left_out_keys(source, kind)
        return True

    def enter(self, asked: RoutedAsk) -> list[PendingKeys | Failed]:
        """Have records asked for, over all keys and sources. Each call has its `listed`, when the parts are settled."""
        parts: list[PendingKeys | Failed] = []
        for source, kind, question in asked.questions:
            keys = self.keys(source, kind)
            parts.append(keys if isinstance(keys, Failed) else self.loaders.enter(source, question, keys))
            if self.leaves_out_keys(source, kind):
                parts.append(source.not_asked(SourceRejectedError("the customer has too many keys")))
        self.reports.begin()
        return parts

    def listed(self, asked: RoutedAsk, outcomes: Sequence[Outcome]) -> RecordPage | None:
        """The records, merged; None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        for outcome in outcomes:
            self.reports.add(asked.record, outcome)
        if not asked.questions:
            self.reports.add_not_configured(asked.record)
        self.reports.end()
        return merge_outcomes(asked, outcomes) if asked.questions else None

    async def listing(self, record: type[Record], ask: Ask) -> RecordPage | None:
        """Records of the customer, merged over keys and sources; None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        return self.listed(*await self.asked(record, ask))

    async def asked(self, record: type[Record], ask: Ask) -> tuple[RoutedAsk, list[Outcome]]:
        """Ask over all keys and sources, and wait for the outcomes, which are for `listed`."""
        asked = self._directory.asked(record, ask)
        return asked, [*chain.from_iterable(await self.loaders.wait_all(self.enter(asked)))]

    async def fetch(self, record: type[Record], ask: Ask, source: Source, kind: KeyKind) -> Sequence[Outcome]:
        """One outcome per key of the customer at one source, reported."""
        keys = self.keys(source, kind)
        outcomes: Sequence[Outcome]
        if isinstance(keys, Failed):
            outcomes = [keys]
        else:
            question = source.records(record, kind, ask)
            (outcomes,) = await self.loaders.wait_all([self.loaders.enter(source, question, keys)])
        for outcome in outcomes:
            self.reports.add(record, outcome)
        if self.leaves_out_keys(source, kind):
            self.reports.add(record, source.not_asked(SourceRejectedError("the customer has too many keys")))
        return outcomes


@contextmanager
def report_contributions(customers: Sequence[StitchedCustomer]) -> Iterator[None]:
    """While one field of each of the customers is being stitched."""
    for customer in customers:
        customer.reports.begin()
    try:
        yield
    finally:
        for customer in customers:
            customer.reports.end()


def page_of_one(asked: RoutedAsk, found: Found) -> RecordPage:
    """The records of one customer of whom one key was asked at one source."""
    owners, contributions = [found.source] * len(found.records), ((asked.record, found),)
    return RecordPage(
        found.records, owners, found.total, found.has_more, asked.ask.after is not None, (), contributions, found.partial
    )


def merge_outcomes(asked: RoutedAsk, outcomes: Sequence[Outcome]) -> RecordPage:
    """The records of one customer of all outcomes.

    Raises `SourceFailure` when nothing could be had at all.
    """
    if len(outcomes) == 1 and type(only := outcomes[0]) is Found:
        return page_of_one(asked, only)
    ask = asked.ask
    found = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    if failed and not found:
        raise SourceFailure(failed[0].source, failed[0].error)
    owned = [(record, outcome.source) for outcome in found for record in outcome.records]
    if len(found) > 1:
        # Two keys may find the same record; an id says that only within its source.
        owned = sort_owned({(source, one.id): (one, source) for one, source in owned}.values(), oldest_first=ask.oldest_first)
    page = owned[: ask.first]
    return RecordPage(
        records=[record for record, _ in page],
        owners=[source for _, source in page],
        total=None if failed else _total(found),
        has_more=any(outcome.has_more for outcome in found) or (ask.first is not None and len(owned) > ask.first),
        has_previous=ask.after is not None,
        unavailable=list(dict.fromkeys(outcome.source for outcome in failed)),
        contributions=[(asked.record, outcome) for outcome in outcomes],
        partial=any(outcome.partial for outcome in found),
    )


def _total(found: Sequence[Found]) -> int | None:
    """How many records all sources have; None where one did not count, or that cannot be told."""
    total = 0
    for source in dict.fromkeys(outcome.source for outcome in found):
        counted = _total_of_source([outcome for outcome in found if outcome.source == source])
        if counted is None:
            return None
        total += counted
    return total if total <= MAX_WHOLE else None


def _total_of_source(found: Sequence[Found]) -> int | None:
    """How many records the keys of one source find together: known where one key finds all, or all are seen to differ."""
    totals = [outcome.total for outcome in found if outcome.total is not None and outcome.total > 0]
    if any(outcome.total is None for outcome in found):
        return None
    if len(totals) <= 1:
        return sum(totals)
    ids = {record.id for outcome in found for record in outcome.records}
    return len(ids) if len(ids) == sum(totals) else None

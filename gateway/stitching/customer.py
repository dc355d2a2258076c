"""Hold one customer of a request: its record, keys and records."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any, ClassVar

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceRejectedError
from connectors.record_fields import Fields
from connectors.records import Customer, Record
from gateway.errors import SourceFailure
from gateway.identity.keys import asked_keys, leaves_out_keys
from gateway.identity.records import RecordId
from gateway.lookups.deadline import ASSEMBLY_S
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import PendingKeys
from gateway.lookups.sources import Source
from gateway.stitching.customer_identity import CustomerIdentity, IncompleteReason
from gateway.stitching.order_sources import OrderSources
from gateway.stitching.origins import MemberRecord, Origin, origins_of
from gateway.stitching.record_list import RecordPage, merge_outcomes
from gateway.stitching.source_reports import ContributionReports, SourceReport
from gateway.stitching.source_router import RoutedAsk, SourceRouter
from gateway.stitching.sourced_record import SourcedRecord


class MissingRecord(msgspec.Struct):
    """Stands for a customer's record that could not be had. Reading what it would have raises `SourceFailure`."""

    record_type: ClassVar[type[Record]] = Customer
    _failed: Failed

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise SourceFailure(self._failed.source, self._failed.error)


def unheard_of(outcomes: Iterable[Outcome | None]) -> list[str]:
    """Name the sources that failed, or for which an older answer stands in."""
    return [own.source for own in outcomes if isinstance(own, Failed) or (isinstance(own, Found) and own.stale is not None)]


class StitchedCustomer(SourcedRecord, eq=False):
    """One customer of one request.

    `record` is the customer's own, narrowed to what was selected, or `MissingRecord`, which costs the field that reads it.
    `source` is who gave it, or should have, and `id` its own id there. `selected` are its fields that the caller sees, where he
    asks whose values they are.
    """

    id: str
    loaders: Loaders
    _outcome: Outcome
    _router: SourceRouter
    _reports: ContributionReports | None = None
    selected: Fields = Fields()

    @property
    def current_id(self) -> str:
        """The id under which the customer is best asked for."""
        return self.node_id

    @property
    def members(self) -> Sequence[MemberRecord]:
        """List the records that the customer is made of."""
        record = None if isinstance(self._outcome, Failed) else self.record
        return [MemberRecord(RecordId(self.source, self.id), record, self._outcome)]

    @property
    def identity(self) -> CustomerIdentity:
        """Say which records are the customer, and whether there may be others."""
        reason = IncompleteReason.SOURCE_UNAVAILABLE if isinstance(self._outcome, Failed) else None
        return CustomerIdentity(reason=reason, members=[RecordId(self.source, self.id)])

    @property
    def tagged(self) -> StitchedCustomer:
        """Give the customer under the id that tags are stored by."""
        return self

    @property
    def consulted(self) -> Collection[str]:
        """Name the sources that were asked for the customer's records, or would have been if they had any."""
        return [self.source]

    @property
    def unheard(self) -> Collection[str]:
        """Name the sources that may have more of the customer than is known: they could not be asked now."""
        return unheard_of([self._outcome])

    def givers(self, fields: Sequence[str]) -> frozenset[str]:
        """Name the sources of customers that may give any of these fields of their records."""
        return self._router.customers.givers(fields)

    def origins(self) -> list[Origin]:
        """Say whose value each selected field is."""
        return origins_of(Customer, self.members, self.selected, self._router.customers.rules.choose)

    @property
    def reports(self) -> ContributionReports:
        """Collect the sources' contributions from now on. Most requests do not ask."""
        if self._reports is None:
            self._reports = ContributionReports([(Customer, self._outcome)])
        return self._reports

    async def source_reports(self) -> list[SourceReport]:
        """Report each source's contribution once this customer is stitched. They are in configured order."""
        order = [source.name for source in self._router.sources.all]
        # Its siblings end by the deadline; they are the first whose timers fire.
        reports = await self.reports.wait_all(self.loaders.deadline.remaining_s() + ASSEMBLY_S)
        return sorted(reports, key=lambda report: order.index(report.name) if report.name in order else len(order))

    def has_sources(self, record: type[Record]) -> bool:
        """Tell whether any source has these records."""
        return bool(self._router.sources.for_record(record))

    def configured(self, record: type[Record]) -> Sequence[tuple[Source, KeyKind]]:
        """List the sources of these records, each with its key kind. That there is none is reported."""
        sources = self._router.sources.for_record(record)
        if not sources:
            self.reports.add_not_configured(record)
        return sources

    def joined_sources(self, record: type[Record]) -> OrderSources | None:
        """Give the sources that know the same records, where any do."""
        return self._router.orders.join(record)

    def keys(self, source: Source, kind: KeyKind) -> Sequence[str] | Failed:
        """List the keys to ask a source by, in all spellings. Or give the failure of the source that would know them."""
        if kind is KeyKind.CUSTOMER_ID:
            return [self.id]
        if isinstance(self._outcome, Failed):
            return self._outcome
        region, as_written = self._router.customers.phone_regions[self.source], not source.connector.any_case
        return asked_keys(self.record, kind, region, as_written=as_written)

    def stale_keys(self, kind: KeyKind) -> SourceError | None:
        """Why keys of a kind may be others by now: they are of a record that is older than it may be."""
        return None if kind is KeyKind.CUSTOMER_ID else self.stale

    @property
    def stale(self) -> SourceError | None:
        """Say why there is no newer record of a stale one."""
        return self._outcome.stale if isinstance(self._outcome, Found) else None

    @property
    def is_whole(self) -> bool:
        """Whether its record could be had, as new as it should be."""
        return isinstance(self._outcome, Found) and self._outcome.stale is None

    @property
    def is_short(self) -> bool:
        """Whether records of the customer are missing, and so keys that find others."""
        return False

    @property
    def turns(self) -> asyncio.Lock:
        """Held by whoever works long on the records of one customer."""
        return self._router.turns

    def on(self, loaders: Loaders) -> StitchedCustomer:
        """Copy the customer with other loaders, for work in the background."""
        return StitchedCustomer(self.record, self.source, self.id, loaders, self._outcome, self._router)

    def leaves_out_keys(self, source: Source, kind: KeyKind) -> bool:
        """Tell whether a source is asked by some keys only."""
        if kind is KeyKind.CUSTOMER_ID or isinstance(self._outcome, Failed) or not leaves_out_keys(self.record, kind):
            return False
        self._router.note_left_out_keys(source, kind)
        return True

    def enqueue(self, asked: RoutedAsk) -> list[PendingKeys | Failed]:
        """Ask for records over all keys and sources.

        Each call has its `listed`, when the parts are complete.
        """
        parts: list[PendingKeys | Failed] = []
        for source, kind, fetch in asked.fetches:
            keys = self.keys(source, kind)
            parts.append(keys if isinstance(keys, Failed) else self.loaders.enqueue(source, fetch, keys))
            if self.leaves_out_keys(source, kind):
                parts.append(source.not_asked(SourceRejectedError("the customer has too many keys")))
        self.reports.begin()
        return parts

    def listed(self, asked: RoutedAsk, outcomes: Sequence[Outcome]) -> RecordPage | None:
        """Merge the records. None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        for outcome in outcomes:
            self.reports.add(asked.record, outcome)
        if not asked.fetches:
            self.reports.add_not_configured(asked.record)
        self.reports.end()
        return merge_outcomes(asked, outcomes, is_short=self.is_short) if asked.fetches else None

    async def records(self, record: type[Record], ask: Ask, origins: Fields | None = None) -> RecordPage | None:
        """Load records of the customer, merged over keys and sources. None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        return self.listed(*await self.asked(record, ask, origins))

    async def asked(self, record: type[Record], ask: Ask, origins: Fields | None = None) -> tuple[RoutedAsk, list[Outcome]]:
        """Ask over all keys and sources. The outcomes are for `listed`."""
        asked = self._router.route(record, ask, origins)
        return asked, [*chain.from_iterable(await self.loaders.wait_all(self.enqueue(asked)))]

    async def fetch(self, record: type[Record], ask: Ask, source: Source, kind: KeyKind) -> Sequence[Outcome]:
        """Load one outcome per key at one source, and report it."""
        keys = self.keys(source, kind)
        outcomes: Sequence[Outcome]
        if isinstance(keys, Failed):
            outcomes = [keys]
        else:
            record_fetch = source.records(record, kind, ask)
            (outcomes,) = await self.loaders.wait_all([self.loaders.enqueue(source, record_fetch, keys)])
        for outcome in outcomes:
            self.reports.add(record, outcome)
        if self.leaves_out_keys(source, kind):
            self.reports.add(record, source.not_asked(SourceRejectedError("the customer has too many keys")))
        return outcomes


@contextmanager
def report_contributions(customers: Sequence[StitchedCustomer]) -> Iterator[None]:
    """Mark the customers as being stitched while a field is."""
    for customer in customers:
        customer.reports.begin()
    try:
        yield
    finally:
        for customer in customers:
            customer.reports.end()

"""A customer in one request: its record, its keys, and the records that its keys find."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError
from connectors.records import MOST_WHOLE, Customer, Record
from connectors.semantics import in_order
from gateway.errors import SourceFailure
from gateway.identity.keys import keys_of
from gateway.lookups.deadline import ASSEMBLY_S
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.sources import Source
from gateway.lookups.wanted import Wanted
from gateway.stitching.directory import Asked, Directory
from gateway.stitching.reports import Contribution, Reports, SourceReport


class Listing(msgspec.Struct, frozen=True):
    """A page of records, of one customer over all its keys and sources.

    `total` is None where a source did not count, or keys that share records did, or it is too large. `unavailable` names the
    sources whose records are missing here, `contributions` say what came from where. `has_previous` says that it was asked for
    from a position on.
    """

    records: Sequence[Any]
    total: int | None
    has_more: bool
    has_previous: bool
    unavailable: Sequence[str] = ()
    contributions: Sequence[Contribution] = ()


class Missing(msgspec.Struct):
    """Stands for a customer's record that could not be had. Reading what it would have raises `SourceFailure`."""

    _failed: Failed

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        raise SourceFailure(self._failed.source, self._failed.error)


class StitchedCustomer(msgspec.Struct, eq=False):
    """One customer of one request.

    `record` is the customer's own, narrowed to what was selected, or `Missing`, which costs the field that reads it. Other
    attributes are those of the record.
    """

    id: str
    record: Any
    loaders: Loaders
    _outcome: Outcome
    _directory: Directory
    _reports: Reports | None = None

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self.record, name)

    @property
    def reports(self) -> Reports:
        """What sources contribute from now on; most requests do not ask."""
        if self._reports is None:
            self._reports = Reports([(Customer, self._outcome)])
        return self._reports

    async def source_reports(self) -> list[SourceReport]:
        """What each source contributed, in the order of the configuration, once this customer is stitched."""
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

    def keys(self, kind: KeyKind) -> Sequence[str] | Failed:
        """The customer's keys of one kind, or the failure of the source that would know them."""
        if kind is KeyKind.CUSTOMER_ID:
            return [self.id]
        return self._outcome if isinstance(self._outcome, Failed) else keys_of(self.record, kind)

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
        return StitchedCustomer(self.id, self.record, loaders, self._outcome, self._directory)

    def enter(self, asked: Asked) -> list[Wanted | Failed]:
        """Have records asked for, over all keys and sources. Each call has its `listed`, when the parts are settled."""
        self.reports.begin()
        parts: list[Wanted | Failed] = []
        for source, kind, question in asked.questions:
            keys = self.keys(kind)
            parts.append(keys if isinstance(keys, Failed) else self.loaders.enter(source, question, keys))
        return parts

    def listed(self, asked: Asked, outcomes: Sequence[Outcome]) -> Listing | None:
        """The records, merged; None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        for outcome in outcomes:
            self.reports.add(asked.record, outcome)
        if not asked.questions:
            self.reports.add_not_configured(asked.record)
        self.reports.end()
        return merged(asked, outcomes) if asked.questions else None

    async def listing(self, record: type[Record], ask: Ask) -> Listing | None:
        """Records of the customer, merged over keys and sources; None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        return self.listed(*await self.asked(record, ask))

    async def asked(self, record: type[Record], ask: Ask) -> tuple[Asked, list[Outcome]]:
        """What was asked over all keys and sources, and what came of it; it has its `listed`."""
        asked = self._directory.asked(record, ask)
        return asked, [*chain.from_iterable(await self.loaders.settled(self.enter(asked)))]

    async def fetch(self, record: type[Record], ask: Ask, source: Source, kind: KeyKind) -> Sequence[Outcome]:
        """One outcome per key of the customer at one source, reported."""
        keys = self.keys(kind)
        outcomes: Sequence[Outcome]
        if isinstance(keys, Failed):
            outcomes = [keys]
        else:
            question = source.records(record, kind, ask)
            (outcomes,) = await self.loaders.settled([self.loaders.enter(source, question, keys)])
        for outcome in outcomes:
            self.reports.add(record, outcome)
        return outcomes


@contextmanager
def contributing(customers: Sequence[StitchedCustomer]) -> Iterator[None]:
    """While one field of each of the customers is being stitched."""
    for customer in customers:
        customer.reports.begin()
    try:
        yield
    finally:
        for customer in customers:
            customer.reports.end()


def found_alone(asked: Asked, found: Found) -> Listing:
    """The records of one customer of whom one key was asked at one source."""
    contributions = ((asked.record, found),)
    return Listing(found.records, found.total, found.has_more, asked.ask.after is not None, (), contributions)


def merged(asked: Asked, outcomes: Sequence[Outcome]) -> Listing:
    """The records of one customer of all outcomes.

    Raises `SourceFailure` when nothing could be had at all.
    """
    if len(outcomes) == 1 and type(only := outcomes[0]) is Found:
        return found_alone(asked, only)
    ask = asked.ask
    found = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    if failed and not found:
        raise SourceFailure(failed[0].source, failed[0].error)
    totals = [outcome.total for outcome in found if outcome.total is not None]
    given = [(outcome.source, one) for outcome in found for one in outcome.records]
    records = [one for _, one in given]
    if len(found) > 1:
        # Two keys may find the same record; an id says that only within its source.
        records = in_order({(source, one.id): one for source, one in given}.values(), oldest_first=ask.oldest_first)
    total = sum(totals)
    counted = len(totals) == len(outcomes) and len(records) == len(given) and total <= MOST_WHOLE
    return Listing(
        records=records[: ask.first],
        total=total if counted else None,
        has_more=any(outcome.has_more for outcome in found) or (ask.first is not None and len(records) > ask.first),
        has_previous=ask.after is not None,
        unavailable=list(dict.fromkeys(outcome.source for outcome in failed)),
        contributions=[(asked.record, outcome) for outcome in outcomes],
    )

"""A customer in one request: its record, its keys, and the records that its keys find."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec

from connectors.contract import Ask, KeyKind
from connectors.records import MOST_WHOLE, Customer, Record
from connectors.semantics import in_order
from gateway.errors import SourceFailure
from gateway.identity.keys import keys_of
from gateway.lookups.batching import Entry
from gateway.lookups.loaders import Loaders
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.sources import Source
from gateway.stitching.directory import Asked, Directory
from gateway.stitching.reports import Contribution, Reports, SourceReport


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one customer over all its keys and sources.

    `total` is None where a source did not count, or keys that share records did, or it is too large. `unavailable` names the
    sources whose records are missing here, `contributions` say what came from where.
    """

    records: list[Any]
    total: int | None
    has_more: bool
    unavailable: list[str] = []
    contributions: Sequence[Contribution] = ()


class StitchedCustomer:
    """One customer of one request.

    `record` is the customer's own, narrowed to what was selected. Reading it, or another attribute, which reads that of the
    record, raises `SourceFailure` when the source of the record failed, which costs that field alone.
    """

    __slots__ = ("_directory", "_outcome", "id", "loaders", "record", "reports")

    record: Any

    def __init__(self, customer_id: str, outcome: Outcome, directory: Directory, loaders: Loaders) -> None:
        self.id = customer_id
        self.reports = Reports([(Customer, outcome)])
        self.loaders = loaders
        self._outcome = outcome
        self._directory = directory
        if isinstance(outcome, Found):
            self.record = outcome.records[0]

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        if isinstance(self._outcome, Failed):
            raise SourceFailure(self._outcome.source, self._outcome.error)
        return getattr(self.record, name)

    async def source_reports(self) -> list[SourceReport]:
        """What each source contributed, in the order of the configuration, once this customer is stitched."""
        order = [source.name for source in self._directory.sources.all]
        reports = await self.reports.settled()
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

    def enter(self, asked: Asked) -> list[Entry | Failed]:
        """Have records asked for, over all keys and sources. Each call has its `listed`, when the entries are settled."""
        self.reports.begin()
        if asked.by_id is not None:
            return [*self.loaders.enter(*asked.by_id, [self.id])]
        entered: list[Entry | Failed] = []
        for source, kind, question in asked.questions:
            keys = self.keys(kind)
            if isinstance(keys, Failed):
                entered.append(keys)
            else:
                entered += self.loaders.enter(source, question, keys)
        return entered

    def listed(self, asked: Asked, outcomes: Sequence[Outcome]) -> Listing | None:
        """The records, merged; None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        for outcome in outcomes:
            self.reports.add(asked.record, outcome)
        if not asked.questions:
            self.reports.add_not_configured(asked.record)
        self.reports.end()
        return _merged(asked, outcomes) if asked.questions else None

    async def listing(self, record: type[Record], ask: Ask) -> Listing | None:
        """Records of the customer, merged over keys and sources; None where no source is configured.

        Raises `SourceFailure` when nothing could be had at all.
        """
        return self.listed(*await self.asked(record, ask))

    async def asked(self, record: type[Record], ask: Ask) -> tuple[Asked, list[Outcome]]:
        """What was asked over all keys and sources, and what came of it; it has its `listed`."""
        asked = self._directory.asked(record, ask)
        return asked, await self.loaders.settled(self.enter(asked))

    async def fetch(self, record: type[Record], ask: Ask, source: Source, kind: KeyKind) -> list[Outcome]:
        """One outcome per key of the customer at one source, reported."""
        keys = self.keys(kind)
        outcomes: list[Outcome]
        if isinstance(keys, Failed):
            outcomes = [keys]
        else:
            question = source.records(record, kind, ask)
            outcomes = await self.loaders.settled(self.loaders.enter(source, question, keys))
        for outcome in outcomes:
            self.reports.add(record, outcome)
        return outcomes


def enter_all(customers: Sequence[StitchedCustomer], asked: Asked) -> Iterator[list[Entry | Failed]]:
    """As `StitchedCustomer.enter` for each of the customers of one request."""
    if asked.by_id is None:
        yield from (customer.enter(asked) for customer in customers)
        return
    for customer in customers:
        customer.reports.begin()
    for entry in customers[0].loaders.enter(*asked.by_id, [customer.id for customer in customers]):
        yield [entry]


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


def _merged(asked: Asked, outcomes: Sequence[Outcome]) -> Listing:
    ask, contributions = asked.ask, [(asked.record, outcome) for outcome in outcomes]
    if len(outcomes) == 1 and isinstance(only := outcomes[0], Found):
        return Listing(records=only.records, total=only.total, has_more=only.has_more, contributions=contributions)
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
        unavailable=list(dict.fromkeys(outcome.source for outcome in failed)),
        contributions=contributions,
    )

"""Measure a customer's records: at the source where it can, else here."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceProtocolError, SourceRejectedError, SourceTimeoutError
from connectors.records import Customer
from connectors.toolkit.evaluation import MERGEABLE
from connectors.toolkit.evaluation import evaluate_measure as measured_here
from connectors.toolkit.loop_turns import Turn
from gateway.identity.key_kinds import KEY_KINDS
from gateway.lookups.fetches import Fetch
from gateway.lookups.outcome import Failed, Found, Measured, Outcome
from gateway.lookups.pending_keys import PendingKeys
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer, report_contributions
from gateway.stitching.gaps import NO_GAPS, Gaps, common_gaps, find_gaps
from gateway.stitching.joined_measurements import JoinedMeasurements
from gateway.stitching.measurement import Measurement, MeasureRequest
from gateway.stitching.order_sources import OrderSources

MAX_RECORDS = 1_000
"""How many records per key are read where the source does not measure; when there are more, the measure is partial."""

MAX_RECORDS_OF_KEYS = 5_000
"""How many records are read over all keys of a customer at one source: with more than five keys, fewer of each."""

MAX_RECORDS_AT_ONCE = 200
"""More records than these are measured while no others are, and other requests go on in between."""


class PendingMeasurements:
    """Measure the records of several customers, source by source. Arrivals can be read at any time.

    The customers are of one request.
    """

    def __init__(self, customers: Sequence[StitchedCustomer], request: MeasureRequest) -> None:
        self.request = request
        self._customers = customers
        configured, *_ = [customer.configured(request.record) for customer in customers]
        orders = customers[0].joined_sources(request.record)
        self._parts: list[_SourceMeasurements | JoinedMeasurements] = [
            _SourceMeasurements(customers, request, source, kind)
            for source, kind in configured
            if orders is None or source.name not in orders.rank
        ]
        if orders is not None:
            ranked = [(source, kind) for source, kind in configured if source.name in orders.rank]
            self._parts.append(JoinedMeasurements(customers, request, orders, ranked))

    async def run(self) -> list[Measurement]:
        """Ask all sources, for all customers at once. Never raises for a source: what is missing is said."""
        with report_contributions(self._customers):
            if len(self._parts) == 1:
                await self._parts[0].run()
            else:
                await asyncio.gather(*(part.run() for part in self._parts))
        return [self.so_far(customer, []) for customer in self._customers]

    def late(self, customer: StitchedCustomer, waited_s: float) -> list[Failed]:
        """Fail the sources that have not answered yet, for a hurried caller."""
        now = customer.loaders.deadline.clock.now()
        return [
            Failed(error=SourceTimeoutError(), source=name, as_of=now, latency_ms=round(waited_s * 1000, 3))
            for part in self._parts
            for name in part.late(customer)
        ]

    def so_far(self, customer: StitchedCustomer, late: Sequence[Failed]) -> Measurement:
        """Merge a customer's arrivals with those who are late."""
        failed = {failure.source: failure for failure in late}
        parts = [part.so_far(customer, failed) for part in self._parts]
        if len(parts) == 1:
            return parts[0]
        return Measurement(
            rows=[row for part in parts for row in part.rows],
            sources=[name for part in parts for name in part.sources],
            as_of=min((part.as_of for part in parts if part.as_of is not None), default=None),
            failure=next((part.failure for part in parts if part.failure), None),
            stale=next((part.stale for part in parts if part.stale), None),
            cut=any(part.cut for part in parts),
            gaps=_merge_gaps(parts, one_is_enough=self.request.record is Customer),
        )


async def measure_customers(customers: Sequence[StitchedCustomer], request: MeasureRequest) -> list[Measurement]:
    """Measure over all records of each customer. Never raises for a source: what is missing is said."""
    return await PendingMeasurements(customers, request).run()


def fetch_of_id(request: MeasureRequest, source: Source, orders: OrderSources | None) -> Fetch:
    """Fetch a customer's measures by id, or the records for them."""
    if orders is not None and source.name in orders.rank:
        return orders.fetch(source, KeyKind.CUSTOMER_ID, Ask(fields=request.fields))
    if _can_measure(source, request, KeyKind.CUSTOMER_ID):
        return source.measures(request.record, KeyKind.CUSTOMER_ID, request.measures)
    return source.records(request.record, KeyKind.CUSTOMER_ID, _ask_of(request, 1))


class _SourceMeasurements:
    """Measures of several customers at one source. `measurements` has those that are complete."""

    def __init__(self, customers: Sequence[StitchedCustomer], request: MeasureRequest, source: Source, kind: KeyKind) -> None:
        self.source = source
        self.measurements: dict[StitchedCustomer, Measurement] = {}
        self._customers = customers
        self._request = request
        self._kind = kind
        self._pending: dict[StitchedCustomer, PendingKeys] = {}
        self._is_read = False
        self._known_gaps: Gaps | None = None

    async def run(self) -> None:
        """Measure at the source where it can, else over its records."""
        source, kind, request = self.source, self._kind, self._request
        keys = {customer: customer.keys(source, kind) for customer in self._customers}
        if _can_measure(source, request, kind):
            # A record that two keys find is in the measures of both, and their sum would count it twice.
            share_nothing = source.aggregates[request.record, kind].keys_share_nothing
            able = {
                customer: own
                for customer, own in keys.items()
                if not isinstance(own, Failed) and (share_nothing or len(own) <= 1)
            }
            fetch = source.measures(request.record, kind, request.measures)
            for customer, outcomes in zip(able, await self._load(able, lambda _: fetch), strict=True):
                self._add_measured(customer, outcomes)
        rest = {customer: own for customer, own in keys.items() if customer not in self.measurements}
        if rest:
            await self._read(rest)

    def late(self, customer: StitchedCustomer) -> Sequence[str]:
        """Name the source, unless all that the customer needs has come."""
        return () if self._arrived(customer) is not None else (self.source.name,)

    def so_far(self, customer: StitchedCustomer, failed: Mapping[str, Failed]) -> Measurement:
        """Give a customer's measures, or the failure of a source that is late."""
        name = self.source.name
        return Measurement(rows=[], sources=[name], failure=failed[name]) if name in failed else self.measurements[customer]

    def _arrived(self, customer: StitchedCustomer) -> Measurement | None:
        """Measure a customer, if all that it needs has come."""
        pending = self._pending.get(customer)
        keys = customer.keys(self.source, self._kind)
        if customer not in self.measurements and pending is not None and not isinstance(keys, Failed):
            outcomes = [pending.outcomes[key] for key in keys if key in pending.outcomes]
            if len(outcomes) == len(keys):
                self._add_arrived(customer, outcomes)
        return self.measurements.get(customer)

    def _add_arrived(self, customer: StitchedCustomer, outcomes: Sequence[Outcome]) -> None:
        if not self._is_read:
            self._add_measured(customer, outcomes)
        elif len(records := _records_of(outcomes)) <= MAX_RECORDS_AT_ONCE:
            self._add_read(customer, outcomes, _row(self._request, records))

    async def _load(
        self, keys: Mapping[StitchedCustomer, Sequence[str]], fetch_of: Callable[[int], Fetch]
    ) -> Sequence[Sequence[Outcome]]:
        """Ask for the keys of all customers in one turn. Each is asked by the fetch for so many keys."""
        if not keys:
            return ()
        loaders = self._customers[0].loaders
        if all(len(own) == 1 for own in keys.values()):
            pending = loaders.enqueue(self.source, fetch_of(1), [own[0] for own in keys.values()])
            self._pending = dict.fromkeys(keys, pending)
            (outcomes,) = await loaders.wait_all([pending])
            return [(outcome,) for outcome in outcomes]
        self._pending = {customer: loaders.enqueue(self.source, fetch_of(len(own)), own) for customer, own in keys.items()}
        return await loaders.wait_all([*self._pending.values()])

    def _add_measured(self, customer: StitchedCustomer, outcomes: Sequence[Outcome]) -> None:
        """Add the source's measures, unless its records have to be read."""
        if any(isinstance(outcome, Failed) and isinstance(outcome.error, SourceProtocolError) for outcome in outcomes):
            return  # A malformed record spoils the source's sums. Read here, it is dropped alone.
        successes = [outcome for outcome in outcomes if isinstance(outcome, Measured)]
        if any(outcome.as_of is not successes[0].as_of for outcome in successes):
            return  # a source sees the keys of one call, and what they share
        for outcome in outcomes:
            customer.reports.add(self._request.record, outcome)
        rows = [outcome.values for outcome in successes]
        self._add(customer, outcomes, rows, stale=None, cut=False)

    async def _read(self, keys: Mapping[StitchedCustomer, Sequence[str] | Failed]) -> None:
        """Measure over the records of each customer. Many of them give way to other requests in between."""
        source, kind, request = self.source, self._kind, self._request
        self._is_read = True
        known = {customer: own for customer, own in keys.items() if not isinstance(own, Failed)}
        loaded = await self._load(known, lambda count: source.records(request.record, kind, _ask_of(request, count)))
        outcomes_of = dict(zip(known, loaded, strict=True))
        turn = Turn()
        for customer, own in keys.items():
            if customer in self.measurements:
                continue
            outcomes = [own] if isinstance(own, Failed) else outcomes_of[customer]
            records = _records_of(outcomes)
            if len(records) <= MAX_RECORDS_AT_ONCE:
                self._add_read(customer, outcomes, _row(request, records))
                await turn.end_if_long()
                continue
            try:
                async with asyncio.timeout(customer.loaders.deadline.remaining_s()), customer.turns:
                    self._add_read(customer, outcomes, _row(request, records))
                    await asyncio.sleep(0)
            except TimeoutError:
                late = Failed(error=SourceTimeoutError(), source=source.name, as_of=outcomes[0].as_of, latency_ms=0.0)
                self.measurements[customer] = Measurement(rows=[], sources=[source.name], failure=late)

    def _add_read(self, customer: StitchedCustomer, outcomes: Sequence[Outcome], row: tuple[Any, ...]) -> None:
        """Add the measures of records that were read."""
        for outcome in outcomes:
            customer.reports.add(self._request.record, outcome)
        if customer.leaves_out_keys(self.source, self._kind):
            left_out = self.source.not_asked(SourceRejectedError("the customer has too many keys"))
            customer.reports.add(self._request.record, left_out)
        successes = [outcome for outcome in outcomes if isinstance(outcome, Found)]
        stale = next((outcome.stale for outcome in successes if outcome.stale is not None), None)
        cut = any(outcome.has_more or outcome.partial or outcome.unreadable for outcome in successes)
        self._add(customer, outcomes, [row] if successes or not outcomes else [], stale=stale, cut=cut)

    def _add(
        self,
        customer: StitchedCustomer,
        outcomes: Sequence[Outcome],
        rows: list[tuple[Any, ...]],
        *,
        stale: SourceError | None,
        cut: bool,
    ) -> None:
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        self.measurements[customer] = Measurement(
            rows=rows,
            sources=[self.source.name],
            as_of=min((outcome.as_of for outcome in outcomes), default=None),
            failure=failed[0] if failed else None,
            stale=stale or customer.stale_keys(self._kind),
            cut=cut or customer.leaves_out_keys(self.source, self._kind),
            gaps=(gaps,) * len(rows) if (gaps := self._gaps()) else (),
        )

    def _gaps(self) -> Gaps:
        """Find what the source does not give. It knows when it has answered."""
        if self._known_gaps is None:
            absent = self.source.connector.absent_fields(self._request.record)
            self._known_gaps = find_gaps(self._request.measures, absent)
        return self._known_gaps


def _can_measure(source: Source, request: MeasureRequest, kind: KeyKind) -> bool:
    """Tell whether the source measures as exactly as we do. That is at least over one key."""
    ops = {measure.op for measure in request.measures}
    return source.can_measure(request.record, kind, ops) and (not KEY_KINDS[kind].multiple or ops <= MERGEABLE)


def _ask_of(request: MeasureRequest, keys: int) -> Ask:
    """Ask for the records to measure of so many keys."""
    starts = [measure.since for measure in request.measures]
    since = min((start for start in starts if start is not None), default=None) if None not in starts else None
    return Ask(fields=request.fields, first=_records_of_key(keys), since=since)


def _records_of(outcomes: Sequence[Outcome]) -> list[Any]:
    """List the records of all keys of a customer, each once."""
    return list(
        {record.id: record for outcome in outcomes if isinstance(outcome, Found) for record in outcome.records}.values()
    )


def _records_of_key(keys: int) -> int:
    return max(1, min(MAX_RECORDS, MAX_RECORDS_OF_KEYS // max(1, keys)))


def _row(request: MeasureRequest, records: Sequence[Any]) -> tuple[Any, ...]:
    return tuple(measured_here(request.record, records, measure) for measure in request.measures)


def _merge_gaps(parts: Sequence[Measurement], *, one_is_enough: bool) -> tuple[Gaps, ...]:
    """Join the gaps of parts, one for each row. Of a customer's own record `one_is_enough`."""
    if not any(part.gaps for part in parts):
        return ()
    joined = tuple(gaps for part in parts for gaps in part.gaps or (NO_GAPS,) * len(part.rows))
    if one_is_enough and joined:
        common = common_gaps(joined)
        return (common,) * len(joined) if common else ()
    return joined

"""Measure orders that several sources know: over what their records are together, for their own figures count them twice."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceRejectedError
from connectors.toolkit.evaluation import evaluate_measure
from connectors.toolkit.loop_turns import Turn
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import PendingKeys
from gateway.lookups.sources import Source
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.gaps import Gaps, common_gaps, find_gaps
from gateway.stitching.joined_orders import join_answers
from gateway.stitching.measurement import Measurement, MeasureRequest
from gateway.stitching.order_sources import OrderSources

Part = PendingKeys | Failed
"""The keys that a source is asked by, or why there are none."""


class JoinedMeasurements:
    """Measures of several customers over sources that know the same orders. `measurements` has those that are complete."""

    def __init__(
        self,
        customers: Sequence[StitchedCustomer],
        request: MeasureRequest,
        orders: OrderSources,
        configured: Sequence[tuple[Source, KeyKind]],
    ) -> None:
        self.measurements: dict[StitchedCustomer, Measurement] = {}
        self._customers = customers
        self._request = request
        self._orders = orders
        self._configured = configured
        self._ask = Ask(fields=request.fields)
        self._fields = orders.whole(self._ask).fields
        self._pending: dict[StitchedCustomer, list[Part]] = {}

    async def run(self) -> None:
        """Read the orders of all customers in one turn, join and measure them. Many give way to other requests."""
        self._pending = {customer: self._enqueue(customer) for customer in self._customers}
        parts = [part for own in self._pending.values() for part in own]
        outcomes = iter(await self._customers[0].loaders.wait_all(parts))
        turn = Turn()
        for customer in self._customers:
            self.measurements[customer] = self._measure(customer, [next(outcomes) for _ in self._configured])
            await turn.end_if_long()

    def late(self, customer: StitchedCustomer) -> Sequence[str]:
        """Name the sources of which something has not come."""
        if customer in self.measurements:
            return ()
        parts = self._pending.get(customer)
        return [
            source.name for place, (source, _) in enumerate(self._configured) if parts is None or not _has_arrived(parts[place])
        ]

    def so_far(self, customer: StitchedCustomer, failed: Mapping[str, Failed]) -> Measurement:
        """Measure what has come, without the sources that are late."""
        late = {name: failure for name, failure in failed.items() if name in self._orders.rank}
        if not late and customer in self.measurements:
            return self.measurements[customer]
        arrived: list[Sequence[Outcome]] = [
            [late[source.name]] if source.name in late else _arrived(part)
            for (source, _), part in zip(self._configured, self._pending.get(customer, ()), strict=False)
        ]
        return self._measure(customer, arrived or [[failure] for failure in late.values()])

    def _enqueue(self, customer: StitchedCustomer) -> list[Part]:
        parts: list[Part] = []
        for source, kind in self._configured:
            keys = customer.keys(source, kind)
            fetch = self._orders.fetch(source, kind, self._ask)
            parts.append(keys if isinstance(keys, Failed) else customer.loaders.enqueue(source, fetch, keys))
        return parts

    def _measure(self, customer: StitchedCustomer, answers: Sequence[Sequence[Outcome]]) -> Measurement:
        """Measure the orders in the answers of each source."""
        outcomes = [outcome for own in answers for outcome in own]
        outcomes += [
            source.not_asked(SourceRejectedError("the customer has too many keys"))
            for source, kind in self._configured
            if customer.leaves_out_keys(source, kind)
        ]
        for outcome in outcomes:
            customer.reports.add(self._request.record, outcome)
        joined = join_answers(outcomes, self._orders, self._fields)
        records = [record for record, _ in joined.owned]
        row = tuple(evaluate_measure(self._request.record, records, measure) for measure in self._request.measures)
        failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
        stale = [outcome.stale for outcome in outcomes if isinstance(outcome, Found) and outcome.stale is not None]
        old_keys = [reason for _, kind in self._configured if (reason := customer.stale_keys(kind)) is not None]
        rows = [row] if joined.found or not outcomes else []
        return Measurement(
            rows=rows,
            sources=[source.name for source, _ in self._configured],
            as_of=min((outcome.as_of for outcome in outcomes), default=None),
            failure=failed[0] if failed else None,
            stale=next(iter([*stale, *old_keys]), None),
            cut=joined.is_cut or any(outcome.unreadable for outcome in joined.found),
            gaps=(gaps,) * len(rows) if (gaps := self._gaps()) else (),
        )

    def _gaps(self) -> Gaps:
        """Find what none of the sources gives: an order has the values of all its records."""
        request = self._request
        absent = [source.connector.absent_fields(request.record) for source, _ in self._configured]
        return common_gaps([find_gaps(request.measures, own) for own in absent])


def _has_arrived(part: Part) -> bool:
    return isinstance(part, Failed) or all(key in part.outcomes for key in part.keys)


def _arrived(part: Part) -> Sequence[Outcome]:
    return [part] if isinstance(part, Failed) else [part.outcomes[key] for key in part.keys]

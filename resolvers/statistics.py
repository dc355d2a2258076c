"""Measure the orders of all customers of a list at once. It is done at the source where it can be."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from connectors import records
from connectors.contract import Condition, Measure, MeasureOp
from connectors.record_fields import Fields
from connectors.records import OrderStatus
from connectors.toolkit.evaluation import combine, decimal_of, decimal_text
from gateway.context import RequestContext
from gateway.errors import SourceFailure
from gateway.execution.field_metadata import BatchResolver
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measurement import Measurement, MeasureRequest
from gateway.stitching.measurements import measure_customers
from resolvers.fields import apart
from resolvers.money import Money
from resolvers.order import OrderFilter

FIELDS = Fields.from_paths(
    "id", "placed_at", "status", "total.amount", "total.currency", "refunded.amount", "refunded.currency"
)
_TOTAL = 1
"""The place of the measure of totals, which reads all that the others do but for refunds. Few sources know those."""
NOT_CANCELLED = Condition("status", (OrderStatus.CANCELLED.value,), negated=True)


@strawberry.type(
    description="Figures over the orders of a customer: without those that are cancelled, unless the filter names states."
)
class OrderStatistics:
    count: int = apart("How many orders there are.")
    total: list[Money] = apart("What they come to before refunds, one sum per currency.")
    refunded: list[Money] = apart("What of that went back to the customer, one sum per currency.")
    net: list[Money] = apart("What they come to after refunds, one sum per currency.")
    first_at: datetime | None = apart("When the first one was placed.")
    last_at: datetime | None = apart("When the last one was placed.")
    partial: bool = apart(
        "Whether orders or totals are left out: they are not given by a source, or may be more because its answer is stale."
    )


async def give_statistics(
    context: RequestContext,  # noqa: ARG001  as all batch resolvers
    customers: Sequence[StitchedCustomer],
    filter: OrderFilter | None = None,  # noqa: A002
) -> list[OrderStatistics | SourceFailure | None]:
    """Give each customer's figures, or the failure of all its sources. None where no source has orders."""
    request = _request(filter)
    return [_statistics(request, answer) for answer in await measure_customers(customers, request)]


def expect_statistics(
    context: RequestContext,
    ids: Sequence[str],
    filter: OrderFilter | None = None,  # noqa: A002
) -> None:
    """Have the orders of customers measured who are being found."""
    context.stitcher.prefetch_measures(ids, _request(filter))


STATISTICS = BatchResolver(give_statistics, expect_statistics)


def _request(wanted: OrderFilter | None) -> MeasureRequest:
    if wanted is None:
        return _USUAL
    bounds = wanted.bounds()
    if wanted.status is None:
        bounds["where"] = (*bounds["where"], NOT_CANCELLED)
    return _measuring(**bounds)


def _measuring(**bounds: Any) -> MeasureRequest:
    measures = tuple(
        Measure(op=op, field=name, **bounds)
        for op, name in (
            (MeasureOp.COUNT, None),
            (MeasureOp.SUM, "total"),
            (MeasureOp.SUM, "refunded"),
            (MeasureOp.MIN, "placed_at"),
            (MeasureOp.MAX, "placed_at"),
        )
    )
    compared = Fields.from_paths(*(condition.field for condition in bounds["where"]))
    return MeasureRequest(record=records.Order, measures=measures, fields=FIELDS | compared)


_USUAL = _measuring(where=(NOT_CANCELLED,))


def _statistics(request: MeasureRequest, answer: Measurement) -> OrderStatistics | SourceFailure | None:
    if answer.failure is not None and not answer.rows:
        return SourceFailure(answer.failure.source, answer.failure.error)
    if not answer.sources:
        return None
    count, total, refunded, first, last = _merge_rows(request, answer.rows)
    net = combine(request.measures[_TOTAL], [total, [*map(_negated, refunded)]]) if refunded else total
    return OrderStatistics(
        count=count,
        total=_money(total),
        refunded=_money(refunded),
        net=_money(net),
        first_at=first,
        last_at=last,
        partial=answer.missing is not None or answer.cut or answer.has_absent(_TOTAL),
    )


def _merge_rows(request: MeasureRequest, rows: Sequence[Sequence[Any]]) -> Sequence[Any]:
    """Merge the answers of all keys and sources. One of a customer with orders in one currency is merged already."""
    if len(rows) == 1 and len(rows[0][1]) < 2 and len(rows[0][2]) < 2:
        return rows[0]
    return [combine(measure, [row[place] for row in rows]) for place, measure in enumerate(request.measures)]


def _money(sums: Any) -> list[Any]:
    return [records.Money(amount=decimal_of(total["amount"]), currency=total["currency"]) for total in sums or ()]


def _negated(money: Mapping[str, str]) -> dict[str, str]:
    return {**money, "amount": decimal_text(Decimal(money["amount"]).copy_negate())}

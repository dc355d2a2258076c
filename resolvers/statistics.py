"""Order statistics, measured at the source where it can."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

import strawberry

from connectors import records
from connectors.contract import Condition, Measure, MeasureOp
from connectors.record_fields import Fields
from connectors.records import OrderStatus
from connectors.toolkit.evaluation import combine, plain
from gateway.errors import SourceFailure
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measurements import MeasureRequest, measure_customer
from resolvers.fields import apart
from resolvers.money import Money
from resolvers.order import OrderFilter

FIELDS = Fields.of("id", "placed_at", "status", "total.amount", "total.currency", "refunded.amount", "refunded.currency")
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
    partial: bool = apart("Whether orders are left out, or may be because the answer of a source is stale.")


async def order_statistics(customer: StitchedCustomer, wanted: OrderFilter | None) -> OrderStatistics | None:
    """The figures; null where no source has orders.

    Raises `SourceFailure` when no source could be asked.
    """
    asked = (
        (MeasureOp.COUNT, None),
        (MeasureOp.SUM, "total"),
        (MeasureOp.SUM, "refunded"),
        (MeasureOp.MIN, "placed_at"),
        (MeasureOp.MAX, "placed_at"),
    )
    window = wanted.window() if wanted else {"where": ()}
    if wanted is None or wanted.status is None:
        window["where"] = (*window["where"], NOT_CANCELLED)
    measures = tuple(Measure(op=op, field=name, **window) for op, name in asked)
    answer = await measure_customer(customer, MeasureRequest(record=records.Order, measures=measures, fields=FIELDS))
    if answer.failure is not None and not answer.rows:
        raise SourceFailure(answer.failure.source, answer.failure.error)
    if not answer.sources:
        return None
    count, total, refunded, first, last = (
        combine(measure, [row[place] for row in answer.rows]) for place, measure in enumerate(measures)
    )
    return OrderStatistics(
        count=count,
        total=_money(total),
        refunded=_money(refunded),
        net=_money(combine(measures[1], [total, [_negated(one) for one in refunded or ()]])),
        first_at=first,
        last_at=last,
        partial=answer.missing is not None or answer.cut,
    )


def _money(sums: Any) -> list[Any]:
    return [records.Money(amount=plain(Decimal(one["amount"])), currency=one["currency"]) for one in sums or ()]


def _negated(money: Mapping[str, str]) -> dict[str, str]:
    amount = money["amount"]
    return {**money, "amount": amount[1:] if amount.startswith("-") else f"-{amount}"}

"""Order statistics, measured at the source where it can."""

from datetime import datetime

import msgspec
import strawberry

from connectors import records
from connectors.contract import Measure, MeasureOp
from connectors.semantics import combine
from connectors.shapes import Fields
from gateway.errors import SourceFailure
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.measuring import Question, measured
from resolvers.fields import apart
from resolvers.money import Money
from resolvers.order import OrderFilter

FIELDS = Fields.of("id", "placed_at", "status", "total.amount", "total.currency")


@strawberry.type(description="Figures over the orders of a customer.")
class OrderStatistics:
    count: int = apart("How many orders there are.")
    total: list[Money] = apart("What they come to, one sum per currency.")
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
        (MeasureOp.MIN, "placed_at"),
        (MeasureOp.MAX, "placed_at"),
    )
    window = wanted.window() if wanted else {}
    measures = tuple(Measure(op=op, field=name, **window) for op, name in asked)
    answer = await measured(customer, Question(record=records.Order, measures=measures, fields=FIELDS))
    if answer.failure is not None and not answer.rows:
        raise SourceFailure(answer.failure.source, answer.failure.error)
    if not answer.sources:
        return None
    count, total, first, last = (
        combine(measure, [row[place] for row in answer.rows]) for place, measure in enumerate(measures)
    )
    return OrderStatistics(
        count=count,
        total=msgspec.convert(total or [], list[records.Money]),
        first_at=first,
        last_at=last,
        partial=answer.missing is not None or answer.cut,
    )

"""Measures are told how much time is left, as lookups are."""

from collections.abc import Sequence
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import Aggregate, Connector, ConnectorSettings, KeyKind, Keys, Measure, MeasureOp, aggregate
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases

STATISTICS = '{ customer(by: {id: "c1"}) { orderStatistics { count partial } } }'
COUNT = [Measure(op=MeasureOp.COUNT)]


async def test_a_source_knows_how_much_time_a_measure_has():
    """It is the time of the call, the usual one of a request, also where the caller is in a hurry."""
    orders = shop.sources()["orders"]
    async with gateway_on([shop.crm(), orders], deadline_ms=5000) as gateway:
        await gateway.ask(STATISTICS, None, **{"x-deadline-ms": "700"})
        await gateway.ask(STATISTICS)
    assert len(orders.measured_within) == 2
    assert all(left_s is not None and 0.7 < left_s <= 5 for left_s in orders.measured_within)


class Till(Connector[ConnectorSettings]):
    """Measures with and without the time that is left."""

    kind = "till"
    settings_type = ConnectorSettings

    @aggregate(r.Order, by=KeyKind.CUSTOMER_ID)
    async def hurried(self, keys: Keys, measures: Sequence[Measure], remaining_s: float | None = None) -> Any:
        return {key: [remaining_s] for key in keys}

    @aggregate(r.Order, by=KeyKind.MEMBER_NUMBER)
    async def unhurried(self, keys: Keys, measures: Sequence[Measure]) -> Any:
        return {key: [len(measures)] for key in keys}


@pytest.mark.parametrize(("by", "value"), [(KeyKind.CUSTOMER_ID, 1.5), (KeyKind.MEMBER_NUMBER, 1)])
async def test_a_measure_may_take_the_time_or_leave_it(by: KeyKind, value: Any):
    """A method of keys and measures alone is still one; the other is told."""
    (found,) = [one for one in Till("till", ConnectorSettings()).aggregates() if one.by is by]
    assert isinstance(found, Aggregate)
    assert await found.measure(["c1"], COUNT, 1.5) == {"c1": [value]}

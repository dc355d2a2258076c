"""Figures of many customers: one call for all of them, beside that for the customers themselves."""

import asyncio
from collections.abc import Iterable
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind, Keys, Measure, MeasureOp
from connectors.errors import SourceProtocolError, SourceUnavailableError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.stitching.measurement import MeasureRequest
from gateway.stitching.measurements import PendingMeasurements
from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import measured, services_on, stitched, until

NAMES = [f"c{n}" for n in range(12)]
QUERY = """query ($ids: [ID!]!, $filter: OrderFilter) {
    customers(ids: $ids) { sourceId orderStatistics(filter: $filter) { count partial } } }"""
COUNT = MeasureRequest(record=r.Order, measures=(Measure(op=MeasureOp.COUNT),), fields=Fields.from_paths("id", "placed_at"))


def crm(names: Iterable[str] = NAMES) -> MemoryConnector:
    return MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {one: [r.Customer(id=one)] for one in names}})


def orders(**words: Any) -> MemoryConnector:
    """Customer `cN` has N orders."""
    held = {name: [shop.order(100 * n + m, name, 1 + m) for m in range(n)] for n, name in enumerate(NAMES)}
    return MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): held}, **words)


async def counts(gateway: Gateway, names: Iterable[str] = NAMES, **variables: Any) -> dict[str, Any]:
    data = await gateway.data(QUERY, {"ids": list(names), **variables})
    return {one["sourceId"]: one["orderStatistics"] for one in data["customers"] if one is not None}


def whole(names: Iterable[str] = NAMES) -> dict[str, Any]:
    return {name: {"count": NAMES.index(name), "partial": False} for name in names}


@pytest.mark.parametrize("measures", [True, False])
async def test_figures_of_a_list_are_one_call(measures: bool):
    """Each customer has his own, whether the source measures or its records are read; who is asked for twice costs no more."""
    source = orders(measures=measures)
    async with gateway_on([crm(), source]) as gateway:
        assert await counts(gateway, [*NAMES, "c3"]) == whole()
    ((_, _, keys, _),) = source.calls
    assert sorted(keys) == sorted(NAMES)


@pytest.mark.parametrize("measures", [True, False])
@pytest.mark.parametrize("chosen", [None, {"status": ["CONFIRMED"]}])
async def test_figures_are_asked_for_beside_the_customers(measures: bool, chosen: Any):
    """While the CRM has not answered; what was asked for then is the answer."""
    people, source = crm(), orders(measures=measures)
    people.hang = asyncio.Event()
    async with gateway_on([people, source]) as gateway:
        asking = asyncio.create_task(counts(gateway, filter=chosen))
        await until(lambda: bool(source.calls))
        assert not asking.done()
        people.hang.set()
        found = await asking
    assert list(found) == NAMES
    assert len(source.calls) == 1


async def test_a_bad_filter_costs_the_figures_alone():
    """It is seen before the customers are found, and told once they are."""
    bounds = {"since": "2026-02-01T00:00:00Z", "until": "2026-01-01T00:00:00Z"}
    async with gateway_on([crm(), orders()]) as gateway:
        answer = await gateway.ask(QUERY, {"ids": ["c1", "c2"], "filter": bounds})
    assert [one["orderStatistics"] for one in answer["data"]["customers"]] == [None, None]
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"INVALID_ARGUMENT"}
    assert [error["path"] for error in answer["errors"]] == [["customers", n, "orderStatistics"] for n in range(2)]


class Partly(MemoryConnector):
    """Cannot measure some of the customers, cannot be asked about others."""

    async def _measure(self, record: type[r.Record], by: KeyKind, keys: Keys, measures: Any, *rest: Any) -> Any:
        found = dict(await super()._measure(record, by, keys, measures, *rest))
        errors = {"c2": SourceProtocolError("odd"), "c5": SourceProtocolError("odd"), "c7": SourceUnavailableError()}
        return found | {key: error for key, error in errors.items() if key in keys}


async def test_a_failure_costs_its_own_customer():
    """Who cannot be measured has his records read, in one call with others like him; who cannot be asked for has an error."""
    source = Partly("orders", orders().records)
    async with gateway_on([crm(), source]) as gateway:
        answer = await gateway.ask(QUERY, {"ids": NAMES})
    found = {one["sourceId"]: one["orderStatistics"] for one in answer["data"]["customers"]}
    assert found == whole() | {"c7": None}
    assert [error["path"] for error in answer["errors"]] == [["customers", 7, "orderStatistics"]]
    assert [(sorted(keys), isinstance(asked, tuple)) for _, _, keys, asked in source.calls][1:] == [(["c2", "c5"], False)]


@pytest.mark.parametrize("measures", [True, False])
async def test_what_has_come_is_there_for_who_cannot_wait(measures: bool):
    """Of two calls the second hangs: the customers of the first have their figures, the others are late."""

    class SecondHangs(MemoryConnector):
        async def _answered(self, keys: Keys) -> None:
            if "c0" not in keys:
                await asyncio.Event().wait()

        async def _measure(self, record: type[r.Record], by: KeyKind, keys: Keys, *rest: Any) -> Any:
            await self._answered(keys)
            return await super()._measure(record, by, keys, *rest)

        async def _fetch(self, record: type[r.Record], by: KeyKind, keys: Keys, *rest: Any) -> Any:
            await self._answered(keys)
            return await super()._fetch(record, by, keys, *rest)

    source = SecondHangs("orders", orders().records, measures=measures, max_batch=6)
    async with services_on([crm(), source]) as services:
        customers = await stitched(services, *NAMES)
        pending = PendingMeasurements(customers, COUNT)
        running = asyncio.create_task(pending.run())
        await until(lambda: not pending.late(customers[0], 1.0))
        late = {one.id: pending.late(one, 1.0) for one in customers}
        rows = [pending.so_far(one, late[one.id]).rows for one in customers]
        running.cancel()
    assert [bool(late[name]) for name in NAMES] == [False] * 6 + [True] * 6
    assert rows == [[(n,)] for n in range(6)] + [[]] * 6


async def test_facts_of_a_list_are_one_call():
    """The tags of all customers are of one call for each type of records."""
    source = orders()
    query = 'query ($ids: [ID!]!) { customers(ids: $ids) { tag(key: "activity") { evidence { value missing } } } }'
    async with gateway_on([crm(), source]) as gateway:
        data = await gateway.data(query, {"ids": NAMES})
    assert len(data["customers"]) == len(NAMES)
    assert measured(source) == len(source.calls) == 1

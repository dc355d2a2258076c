"""Figures, tags and bounds of orders that two systems know; customers of many, of two records, and in a hurry."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from connectors import records as r
from connectors.contract import KeyKind, Measure, MeasureOp
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.stitching import order_sources
from gateway.stitching.measurement import MeasureRequest
from gateway.stitching.measurements import PendingMeasurements
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ANA_CRM, ANA_SHOP, ENDS, knowing
from tests.support.tag_shop import services_on, stitched, until

JOINED: dict[str, Any] = {"order": {"priority": ["orders", "erp"]}}
COUNT = MeasureRequest(record=r.Order, measures=(Measure(op=MeasureOp.COUNT),), fields=Fields.from_paths("id", "placed_at"))
TAG = """{ customer(by: {id: "c1"}) { tag(key: "activity") { value partial evidence { name value partial missing sources } }
    orderStatistics { count partial } } }"""


def copies(customer: str, *numbers: int, **changes: Any) -> list[r.Order]:
    """Write orders of the shop as the ERP has them: a day later, and at another price."""
    return [
        r.Order(
            id=f"e{number}",
            placed_at=shop.at(number + 1),
            status=r.OrderStatus.DELIVERED,
            external_ids=[r.ExternalOrderId(source="orders", id=f"o{customer}{number}")],
            **changes,
        )
        for number in numbers
    ]


def erp(**orders: Sequence[r.Order]) -> MemoryConnector:
    return MemoryConnector("erp", {(r.Order, KeyKind.CUSTOMER_ID): orders})


async def test_facts_of_tags_count_an_order_once():
    """Five orders of the shop, all of them in the ERP, and one that it alone has: three in 90 days are six in 90 days."""
    other = r.Order(id="x", placed_at=shop.at(9), status=r.OrderStatus.DELIVERED)
    async with gateway_on(
        [shop.crm(), shop.orders(), erp(c1=[*copies("c1", 1, 2, 3, 4, 5), other])], **JOINED, **shop.PINNED
    ) as gateway:
        customer = (await gateway.data(TAG))["customer"]
    evidence = {fact["name"]: fact for fact in customer["tag"]["evidence"]}
    assert (customer["tag"]["value"], customer["tag"]["partial"]) == ("HIGH", False)
    assert evidence["orders_90d"] == {
        "name": "orders_90d",
        "value": 6,
        "partial": False,
        "missing": None,
        "sources": ["orders", "erp"],
    }
    assert customer["orderStatistics"] == {"count": 6, "partial": False}


async def test_without_the_setting_each_record_is_an_order():
    """And the source measures them itself, as ever."""
    source = erp(c1=copies("c1", 1, 2, 3, 4, 5))
    async with gateway_on([shop.crm(), shop.orders(), source]) as gateway:
        answer = await gateway.data('{ customer(by: {id: "c1"}) { orderStatistics { count partial } } }')
    assert answer["customer"]["orderStatistics"] == {"count": 10, "partial": False}
    assert [isinstance(asked, tuple) for *_, asked in source.calls] == [True]


@pytest.mark.parametrize("down", ["orders", "erp"])
async def test_a_fact_says_which_source_is_missing(down: str):
    """What the other one knows is counted, and the tag is partial."""
    sources = {own.name: own for own in (shop.crm(), shop.orders(), erp(c1=copies("c1", 1, 2)))}
    sources[down].failure = SourceUnavailableError()
    async with gateway_on([*sources.values()], **JOINED, **shop.PINNED) as gateway:
        customer = (await gateway.data(TAG))["customer"]
    (fact,) = [fact for fact in customer["tag"]["evidence"] if fact["name"] == "orders_90d"]
    count = 5 if down == "erp" else 2
    assert (fact["value"], fact["partial"], fact["missing"]) == (count, True, "SOURCE_UNAVAILABLE")
    assert customer["orderStatistics"] == {"count": count, "partial": True}


async def test_without_any_source_there_is_no_list_and_no_figure():
    """Null, with the failure of the first one."""
    sources = [shop.crm(), shop.orders(), erp()]
    for source in sources[1:]:
        source.failure = SourceUnavailableError()
    async with gateway_on(sources, **JOINED) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "c1"}) { name orders { totalCount } orderStatistics { count } } }')
    assert answer["data"]["customer"] == {"name": "Ana Souza", "orders": None, "orderStatistics": None}
    assert sorted(error["path"][1] for error in answer["errors"]) == ["orderStatistics", "orders"]


@ENDS
@pytest.mark.parametrize("first", [1, 20])
async def test_more_orders_than_are_read_are_said(monkeypatch: pytest.MonkeyPatch, first: int, end: str):
    """Three of five are read of the shop. Those that the ERP has come under the shop's ids; no total is told."""
    monkeypatch.setattr(order_sources, "MAX_JOINED", 3)
    query = f"""{{ customer(by: {{id: "c1"}}) {{ orderStatistics {{ count partial }}
        orders(first: {first}) {{ totalCount partial nodes {{ id }} pageInfo {{ hasNextPage }} }} }} """
    async with gateway_on([shop.crm(), shop.orders(), erp(c1=copies("c1", 1, 5))], **JOINED) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    shown = [{"id": f"orders:oc1{number}"} for number in (5, 4, 3, 1)]
    assert customer["orders"] == {
        "totalCount": None,
        "partial": True,
        "nodes": shown[:first],
        "pageInfo": {"hasNextPage": first == 1},
    }
    assert customer["orderStatistics"] == {"count": 4, "partial": True}


@ENDS
async def test_a_list_of_customers_asks_each_source_once(end: str):
    """One call for the orders of all, whatever the page, and one for their figures."""
    sources = [shop.crm(), shop.orders(), erp(c1=copies("c1", 1), c2=copies("c2", 1, 2))]
    query = """{ customers(ids: ["c1", "c2"]) { orders(first: 2, order: OLDEST_FIRST) { totalCount nodes { id } }
        orderStatistics { count } } """
    async with gateway_on(sources, **JOINED) as gateway:
        customers = (await gateway.data(query + end))["customers"]
    assert customers == [
        {
            "orders": {"totalCount": 5, "nodes": [{"id": "orders:oc11"}, {"id": "orders:oc12"}]},
            "orderStatistics": {"count": 5},
        },
        {"orders": {"totalCount": 2, "nodes": [{"id": "erp:e2"}, {"id": "orders:oc21"}]}, "orderStatistics": {"count": 2}},
    ]
    assert [[sorted(keys) for _, _, keys, _ in source.calls] for source in sources[1:]] == [[["c1", "c2"]] * 2] * 2


@ENDS
async def test_orders_of_both_records_of_a_customer_are_joined(end: str):
    """The CRM has them under its own id and the shop under its own: figures of the merged customer do not double."""
    orders = [shop.order(1, "c1", 2), shop.order(2, "c1", 4)]
    crm = knowing("crm", [ANA_CRM], also={(r.Order, KeyKind.CUSTOMER_ID): {"7": [*copies("c1", 1), shop.order(7, "", 8)]}})
    sources = [crm, knowing("orders", [ANA_SHOP], also={(r.Order, KeyKind.CUSTOMER_ID): {"42": orders}})]
    query = '{ customer(by: {email: "ana@example.com"}) { id orders { totalCount nodes { id } } orderStatistics { count } } '
    async with gateway_on(sources, order={"priority": ["orders", "crm"]}) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    ids = ["crm:o7", "orders:oc12", "orders:oc11"]
    assert customer["orders"] == {"totalCount": 3, "nodes": [{"id": id_} for id_ in ids]}
    assert customer["orderStatistics"] == {"count": 3}


async def test_one_order_under_two_addresses_is_one():
    """An order that a source finds by two keys of a customer is in the total once, and known exactly."""
    (order,) = copies("c1", 1)
    by_email = {"ana@example.com": [order], "ana.work@example.org": [order]}
    mail = MemoryConnector("erp", {(r.Order, KeyKind.EMAIL): by_email})
    query = '{ customer(by: {id: "c1"}) { orders { totalCount nodes { id } } orderStatistics { count partial } } }'
    async with gateway_on([shop.crm(), shop.orders(), mail], **JOINED) as gateway:
        customer = (await gateway.data(query))["customer"]
    assert (customer["orders"]["totalCount"], len(customer["orders"]["nodes"])) == (5, 5)
    assert customer["orderStatistics"] == {"count": 5, "partial": False}


async def test_who_cannot_wait_has_the_orders_of_the_sources_that_have_answered():
    """The ERP hangs: its orders are missing, and so it is said; before anything has come both are."""
    other = r.Order(id="x", placed_at=shop.at(9))
    late = erp(c1=[*copies("c1", 1), other])
    late.hang = asyncio.Event()
    async with services_on([shop.crm(), shop.orders(), late], **JOINED) as services:
        (customer,) = await stitched(services, "c1")
        pending = PendingMeasurements([customer], COUNT)
        before = pending.late(customer, 1.0)
        nothing = pending.so_far(customer, before)
        running = asyncio.create_task(pending.run())
        await until(lambda: len(pending.late(customer, 1.0)) == 1)
        failures = pending.late(customer, 1.0)
        hurried = pending.so_far(customer, failures)
        late.hang.set()
        (whole,) = await running
    assert ([failure.source for failure in before], nothing.rows) == (["orders", "erp"], [])
    assert [failure.source for failure in failures] == ["erp"]
    assert (hurried.rows, hurried.missing, hurried.cut) == ([(5,)], "SOURCE_TIMEOUT", True)
    assert (whole.rows, whole.missing, whole.cut) == ([(6,)], None, False)


@ENDS
async def test_what_a_filter_drops_does_not_come_back_from_the_next_source(end: str):
    """The shop has cancelled what the ERP says is shipped, a day later: it is no shipped order, and no order of that day."""
    cancelled = msgspec.structs.replace(shop.order(1, "c1", 1), status=r.OrderStatus.CANCELLED)
    sources = [shop.crm(), MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [cancelled]}})]
    query = """{ customer(by: {id: "c1"}) {
        delivered: orders(filter: {status: [DELIVERED]}) { totalCount nodes { id } }
        later: orders(filter: {since: "2026-06-02T00:00:00Z"}) { totalCount nodes { id } }
        all: orders { totalCount nodes { id status } } orderStatistics { count } } """
    async with gateway_on([*sources, erp(c1=copies("c1", 1))], **JOINED) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    assert customer == {
        "delivered": {"totalCount": 0, "nodes": []},
        "later": {"totalCount": 0, "nodes": []},
        "all": {"totalCount": 1, "nodes": [{"id": "orders:oc11", "status": "CANCELLED"}]},
        "orderStatistics": {"count": 0},
    }


@ENDS
async def test_a_cursor_goes_on_where_a_page_ended_though_a_source_went_down(end: str):
    """Orders that state their ids keep their places, where the sources agree on the time."""
    agreeing = [
        msgspec.structs.replace(own, placed_at=shop.at(number)) for number, own in enumerate(copies("c1", 1, 2, 3, 4, 5), 1)
    ]
    sources = [shop.crm(), shop.orders(), erp(c1=agreeing)]
    query = """query ($after: String) { customer(by: {id: "c1"}) { orders(first: 2, after: $after) {
        nodes { id } pageInfo { endCursor } partial } } """
    async with gateway_on(sources, **JOINED) as gateway:
        first = (await gateway.data(query + end, {"after": None}))["customer"]["orders"]
        sources[1].failure = SourceUnavailableError()
        second = (await gateway.data(query + end, {"after": first["pageInfo"]["endCursor"]}))["customer"]["orders"]
    assert [node["id"] for node in first["nodes"] + second["nodes"]] == [f"orders:oc1{number}" for number in (5, 4, 3, 2)]
    assert (first["partial"], second["partial"]) == (False, True)

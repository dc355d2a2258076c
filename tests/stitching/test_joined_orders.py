"""The same order in several systems is one: in lists, pages, totals, figures and tags, whichever system is down."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import PATIENT_MS, PLAINLY, Gateway, gateway_on
from tests.support.same_orders import IDS_OF, RANKED, SETTINGS, Owned, draw_orders, expected_orders, is_doubtful, place

PAGE = """query ($id: ID!, $first: Int!, $after: String, $filter: OrderFilter, $order: SortOrder!) {
  customer(by: {id: $id}) { orders(first: $first, after: $after, filter: $filter, order: $order) {
    totalCount partial unavailable pageInfo { hasNextPage endCursor }
    nodes { id source placedAt status channel number total { amount currency } refunded { amount currency } } } } }"""
FIGURES = """query ($id: ID!, $filter: OrderFilter) { customer(by: {id: $id}) { orderStatistics(filter: $filter) {
    count partial firstAt lastAt total { amount currency } refunded { amount currency } } } }"""
TIMELINE = """query ($id: ID!) { customer(by: {id: $id}) { timeline(first: 100, records: [ORDER]) {
    partial nodes { ... on Order { id } } } } }"""
DOWN: list[str | None] = [None, *RANKED, "pos"]


def sources_of(drawn: dict[str, dict[str, list[r.Order]]], random: Random) -> list[MemoryConnector]:
    """Make a source of each name that does all or nothing of an ask itself."""
    return [
        shop.crm(),
        *(
            MemoryConnector(
                name, {(r.Order, KeyKind.CUSTOMER_ID): held}, **random.choice(({}, {"pushdown": (), "measures": False}))
            )
            for name, held in drawn.items()
        ),
    ]


@asynccontextmanager
async def joined(connectors: Sequence[MemoryConnector], **words: Any) -> AsyncIterator[Gateway]:
    blocks = {
        own.name: {"kind": "memory", **PLAINLY} | ({"order_ids_of": IDS_OF[own.name]} if own.name in IDS_OF else {})
        for own in connectors
    }
    async with gateway_on(connectors, sources=blocks, deadline_ms=PATIENT_MS, **SETTINGS | words) as gateway:
        yield gateway


def shown(own: Owned) -> dict[str, Any]:
    source, order = own
    return {
        "id": f"{source}:{order.id}",
        "source": source,
        "placedAt": order.placed_at.isoformat().replace("+00:00", "Z"),
        "status": order.status.value,
        "channel": order.channel,
        "number": order.number,
        "total": money(order.total),
        "refunded": money(order.refunded),
    }


def money(amount: r.Money | None) -> Any:
    return None if amount is None else {"amount": str(amount.amount), "currency": amount.currency}


def sums(amounts: Sequence[r.Money | None]) -> dict[str, Decimal]:
    found: dict[str, Decimal] = {}
    for amount in amounts:
        if amount is not None:
            found[amount.currency] = found.get(amount.currency, Decimal()) + amount.amount
    return found


def given(amounts: Sequence[dict[str, str]]) -> dict[str, Decimal]:
    return {own["currency"]: Decimal(own["amount"]) for own in amounts}


async def all_pages(gateway: Gateway, **words: Any) -> tuple[list[Any], list[Any]]:
    """Follow the cursors. Gives all orders, and the pages."""
    nodes: list[Any] = []
    pages: list[Any] = []
    after = None
    while not pages or pages[-1]["pageInfo"]["hasNextPage"]:
        page = (await gateway.data(PAGE, {**words, "after": after}))["customer"]["orders"]
        pages.append(page)
        nodes += page["nodes"]
        after = page["pageInfo"]["endCursor"]
    return nodes, pages


def meets(order: r.Order, wanted: dict[str, Any] | None) -> bool:
    bounds = wanted or {}
    time = order.placed_at.isoformat().replace("+00:00", "Z")
    return (
        ("since" not in bounds or time >= bounds["since"])
        and ("until" not in bounds or time < bounds["until"])
        and ("status" not in bounds or order.status.value in bounds["status"])
    )


FILTERS: list[dict[str, Any] | None] = [
    None,
    {"status": ["SHIPPED", "PENDING", "UNKNOWN"]},
    {"since": "2026-06-03T12:00:00Z", "until": "2026-06-07T00:00:00Z"},
    {"since": "2026-06-02T12:00:00Z", "status": ["DELIVERED", "RETURNED", "CANCELLED", "CONFIRMED"]},
]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("down", DOWN)
async def test_lists_totals_and_figures_equal_the_oracle(seed: int, down: str | None):
    """Random orders of four sources, filters, pages and orders: all that is given is what their records are together."""
    random = Random(seed)
    drawn = draw_orders(random, random.randint(0, 12), stated=seed % 2 == 0)
    connectors = sources_of({name: {"c1": held} for name, held in drawn.items()}, random)
    for connector in connectors:
        connector.failure = SourceUnavailableError() if connector.name == down else None
    missing = [] if down is None else [down]
    expected, in_doubt = expected_orders(drawn, missing), is_doubtful(drawn, missing)
    async with joined(connectors) as gateway:
        for wanted in FILTERS:
            matching = sorted((own for own in expected if meets(own[1], wanted)), key=place)
            for first, order in ((1, "NEWEST_FIRST"), (3, "OLDEST_FIRST"), (100, "NEWEST_FIRST")):
                words = {"id": "c1", "first": first, "filter": wanted, "order": order}
                nodes, pages = await all_pages(gateway, **words)
                assert nodes == [shown(own) for own in (matching if order == "OLDEST_FIRST" else matching[::-1])]
                assert {page["totalCount"] for page in pages} == {len(matching) if down is None else None}
                assert {page["partial"] for page in pages} == {down in RANKED or in_doubt}
                assert {tuple(page["unavailable"]) for page in pages} == {() if down is None else (down,)}
            counted = [
                own for _, own in matching if (wanted is not None and "status" in wanted) or own.status.value != "CANCELLED"
            ]
            figures = (await gateway.data(FIGURES, {"id": "c1", "filter": wanted}))["customer"]["orderStatistics"]
            assert figures["count"] == len(counted)
            assert given(figures["total"]) == sums([own.total for own in counted])
            assert given(figures["refunded"]) == sums([own.refunded for own in counted])
            assert figures["partial"] is (down is not None or in_doubt)
        entries = (await gateway.data(TIMELINE, {"id": "c1"}))["customer"]["timeline"]
        assert entries["nodes"] == [{"id": shown(own)["id"]} for own in sorted(expected, key=place, reverse=True)]


@pytest.mark.parametrize("seed", range(20))
@pytest.mark.parametrize("down", DOWN[:-1])
async def test_no_order_stands_in_a_list_twice(seed: int, down: str | None):
    """Each record states the shop's id: so none is there twice, though the shop is down, and ids stay those of the shop."""
    random = Random(seed)
    drawn = draw_orders(random, 10, stated=True)
    drawn["erp"] = [order for order in drawn["erp"] if order.id[0] == "e"]
    up = [name for name in RANKED if name != down]
    connectors = sources_of({name: {"c1": held} for name, held in drawn.items() if name != "pos"}, random)
    for connector in connectors:
        connector.failure = SourceUnavailableError() if connector.name == down else None
    async with joined(connectors) as gateway:
        nodes, _ = await all_pages(gateway, id="c1", first=4, filter=None, order="NEWEST_FIRST")
    true = sorted({order.id[1:] for name in up for order in drawn[name]})
    assert sorted(node["id"].partition(":")[2][1:] for node in nodes) == true
    whole = {f"shop:{order.id}" for order in drawn["shop"]}
    assert down == "shop" or whole <= {node["id"] for node in nodes}
    assert down != "shop" or {node["source"] for node in nodes} <= {"shop"}

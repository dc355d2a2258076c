"""What changed since a time: never less than that, and no whole list of a source that cannot tell."""

from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import KeyKind, Push
from connectors.records import Order, Record, Ticket
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import PLAINLY, gateway_on

ORDERS = """query ($since: DateTime, $first: Int! = 10, $after: String) { customer(by: {id: "c1"}) {
  orders(updatedSince: $since, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { sourceId updatedAt } } } }"""
TICKETS = """{ customer(by: {id: "c1"}) { tickets(updatedSince: "2026-06-10T00:00:00Z") { nodes { sourceId } } } }"""
SINCE = "2026-06-10T00:00:00Z"


def at(day: int) -> datetime:
    return datetime(2026, 6, day, tzinfo=UTC)


UPDATES = {"o1": at(9), "o2": at(10), "o3": None, "o4": at(11), "o5": at(1)}
HELD = [Order(id=id_, placed_at=at(day), updated_at=updated) for day, (id_, updated) in enumerate(UPDATES.items(), 1)]


def source(name: str, record: type[Record], held: list[Any], **words: Any) -> MemoryConnector:
    return MemoryConnector(name, {(record, KeyKind.CUSTOMER_ID): {"c1": held}}, measures=False, **words)


@pytest.mark.parametrize("pushdown", [tuple(Push), (), tuple(set(Push) - {Push.UPDATED_SINCE})], ids=["all", "none", "others"])
async def test_a_list_has_what_changed_and_what_may_have(pushdown: tuple[Push, ...]):
    """Its moment is in it, pages and the total are of these alone, and the answer without it is another one."""
    orders = source("orders", Order, HELD, pushdown=pushdown)
    async with gateway_on([shop.crm(), orders]) as gateway:
        found, after = [], None
        for _ in range(3):
            answer = await gateway.ask(ORDERS, {"since": SINCE, "first": 1, "after": after})
            page = answer["data"]["customer"]["orders"]
            assert page["totalCount"] == 3
            found += [node["sourceId"] for node in page["nodes"]]
            after = page["pageInfo"]["endCursor"]
        assert (found, page["pageInfo"]["hasNextPage"]) == (["o4", "o3", "o2"], False)
        whole = await gateway.ask(ORDERS)
    assert [node["sourceId"] for node in whole["data"]["customer"]["orders"]["nodes"]] == ["o5", "o4", "o3", "o2", "o1"]


async def test_cached_answers_are_of_one_time():
    """Another time is another question."""
    orders = source("orders", Order, HELD)
    blocks = {"crm": {"kind": "memory", **PLAINLY}, "orders": {"kind": "memory", **PLAINLY, "cache_s": {"order": 60}}}
    async with gateway_on([shop.crm(), orders], sources=blocks) as gateway:
        counts = []
        for since in (None, SINCE, "2026-06-11T00:00:00Z", SINCE):
            answer = await gateway.ask(ORDERS, {"since": since})
            counts.append(answer["data"]["customer"]["orders"]["totalCount"])
    assert (counts, len(orders.calls)) == ([5, 3, 2, 3], 3)


async def test_a_source_without_update_times_is_refused():
    """It is not asked, and the error names it and the argument."""
    orders = source("orders", Order, HELD, update_times=False)
    async with gateway_on([shop.crm(), orders]) as gateway:
        answer = await gateway.ask(ORDERS, {"since": SINCE})
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "SOURCE_REJECTED"
    assert "updatedSince" in error["message"]
    assert "orders" in error["message"]
    assert (answer["data"]["customer"]["orders"], orders.calls) == (None, [])


async def test_joined_orders_have_the_newest_time():
    """One of whose records has no time may have changed. A source without times is missing in the list, not read as new."""
    erp = source(
        "erp", Order, [Order(id="o1", placed_at=at(1), updated_at=at(2)), Order(id="o2", placed_at=at(2), updated_at=at(2))]
    )
    web = source(
        "web", Order, [Order(id="o1", placed_at=at(1), updated_at=at(12)), Order(id="o2", placed_at=at(2), updated_at=at(3))]
    )
    blocks = {"crm": {"kind": "memory", **PLAINLY}, "erp": {"kind": "memory", **PLAINLY}}
    blocks["web"] = {"kind": "memory", **PLAINLY, "order_ids_of": "erp"}
    async with gateway_on([shop.crm(), erp, web], sources=blocks, order={"priority": ["erp", "web"]}) as gateway:
        answer = await gateway.ask(ORDERS, {"since": SINCE})
    nodes = answer["data"]["customer"]["orders"]["nodes"]
    assert nodes == [{"sourceId": "o1", "updatedAt": "2026-06-12T00:00:00Z"}]


async def test_tickets_take_it_too():
    """By their own update time."""
    held = [Ticket(id=f"t{day}", created_at=at(1), updated_at=at(day)) for day in (9, 10)]
    async with gateway_on([shop.crm(), source("desk", Ticket, held)]) as gateway:
        answer = await gateway.ask(TICKETS)
    assert answer["data"]["customer"]["tickets"]["nodes"] == [{"sourceId": "t10"}]


async def test_a_time_that_is_none_is_refused():
    """The error names the variable or the argument."""
    async with gateway_on([shop.crm(), source("orders", Order, HELD)]) as gateway:
        answer = await gateway.ask(ORDERS, {"since": "soon"})
    assert "$since" in answer["errors"][0]["message"]

"""A large answer gives way to small ones: in calls, in turns of the loop, and beside introspection not at all."""

import asyncio

import pytest

from connectors import records as r
from connectors.contract import Ask, KeyKind
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.execution.executor import MAX_UNPLANNED_NODES
from gateway.execution.source_fields import MAX_TURN_RECORDS
from gateway.lookups.fetches import RecordFetch
from gateway.stitching.source_router import CANDIDATES
from tests.support import shop
from tests.support.gateway_server import gateway_on

pytestmark = pytest.mark.cases
IDS = [f"c{number}" for number in range(100)]
ORDERS = "query($ids: [ID!]!, $first: Int!) { customers(ids: $ids) { orders(first: $first) { nodes { id } } } }"


class Answered(MemoryConnector):
    """Says when it was asked last."""

    async def _receive(self, call):
        await super()._receive(call)
        self.turns_at_last_call = self.turn()


def sources(turn=lambda: 0) -> list[MemoryConnector]:
    orders = {key: [shop.order(number, key, 1) for number in range(1, 100)] for key in IDS}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {key: [r.Customer(id=key)] for key in IDS}})
    given = Answered("orders", {(r.Order, KeyKind.CUSTOMER_ID): orders})
    given.turn = turn
    return [crm, given]


@pytest.mark.parametrize(("first", "keys_a_call"), [(1, 100), (20, 100), (30, 100), (31, 32), (50, 20), (99, 10)])
async def test_keys_with_large_pages_leave_in_several_calls(first, keys_a_call):
    """As many keys in a call as bring 1,000 records, and never more than the lookup takes. Small pages are not parted."""
    _, orders = connectors = sources()
    async with gateway_on(connectors, deadline_ms=60_000) as gateway:
        answer = await gateway.data(ORDERS, {"ids": IDS, "first": first})
    assert [len(one["orders"]["nodes"]) for one in answer["customers"]] == [first] * 100
    sizes = [len(keys) for record, _, keys, *_ in orders.calls]
    assert sum(sizes) == 100
    assert max(sizes) == keys_a_call


async def test_others_have_their_turn_while_a_large_answer_is_put_together():
    """9,900 records are shown in as many turns as they are times 500."""
    turns = 0

    async def count() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    _, orders = connectors = sources(lambda: turns)
    async with gateway_on(connectors, deadline_ms=60_000) as gateway:
        counting = asyncio.create_task(count())
        await gateway.data(ORDERS, {"ids": IDS, "first": 99})
        counting.cancel()
    assert turns - orders.turns_at_last_call >= 9_900 // MAX_TURN_RECORDS


async def test_an_operation_without_a_plan_may_give_less():
    """1,200 nodes beside introspection; the refusal says so, and asks no source."""
    _, orders = connectors = sources()
    beside = ORDERS[:-1] + " __schema { __typename } }"
    async with gateway_on(connectors, deadline_ms=60_000) as gateway:
        refused = await gateway.ask(beside, {"ids": IDS, "first": 20})
        assert orders.calls == []
        given = await gateway.data(beside, {"ids": IDS[:30], "first": 30})
    assert refused["errors"][0]["extensions"]["code"] == "QUERY_TOO_EXPENSIVE"
    assert f"{MAX_UNPLANNED_NODES:,} are the most" in refused["errors"][0]["message"]
    assert len(given["customers"]) == 30


async def test_customers_leave_in_one_call_however_few_are_named_of_an_ambiguous_key():
    """Their keys find one each, so the bound on pages is none for them."""
    ids = [f"c{number}" for number in range(400)]
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {key: [r.Customer(id=key)] for key in ids}}, max_batch=400)
    (lookup,) = crm.lookups()
    assert RecordFetch(lookup, Ask(fields=Fields.from_paths("id"), first=CANDIDATES)).max_batch == 400

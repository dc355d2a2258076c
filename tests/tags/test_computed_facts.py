"""Facts that are asked for without a tag: of many customers, as of a moment."""

from datetime import timedelta

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.tags.computation import compute_facts
from gateway.tags.computed_tag import FactValue
from gateway.tags.pack import shipped_pack
from tests.support import shop
from tests.support.tag_shop import JUNE_ENDS, ShopClock, measured, services_on, sources_by_id, stitched

NAMES = ("orders_90d", "orders_all", "days_since_last_order")
TWO = {"c1": list(shop.ORDERS["c1"]), "c2": [shop.order(9, "c2", 3)]}


def values(facts: dict[str, FactValue]) -> dict[str, object]:
    return {name: fact.value for name, fact in facts.items()}


async def test_facts_of_several_customers_cost_one_call() -> None:
    """Each customer has each asked fact and no other, with its evidence, from one question to the source."""
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): TWO})
    people = {one: [r.Customer(id=one, email=f"{one}@example.com")] for one in TWO}
    sources = [MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}), orders]
    async with services_on(sources, clock=ShopClock()) as services:
        customers = await stitched(services, "c1", "c2")
        facts = await compute_facts(shipped_pack(), NAMES, customers, ShopClock())
    assert measured(orders) == 1
    assert {customer: set(own) for customer, own in facts.items()} == {"c1": set(NAMES), "c2": set(NAMES)}
    assert values(facts["c2"])["orders_all"] == 1
    windowed = facts["c1"]["orders_90d"]
    assert (windowed.sources, windowed.since, windowed.until) == (["orders"], JUNE_ENDS - timedelta(days=90), JUNE_ENDS)


async def test_facts_at_a_moment_know_nothing_after_it() -> None:
    """With a reference, records after it count in no fact, also in those of all time; its window ends there."""
    orders = sorted(order.placed_at for order in shop.ORDERS["c1"])
    reference = orders[2]
    async with services_on(sources_by_id(), clock=ShopClock()) as services:
        customers = await stitched(services, "c1")
        now = await compute_facts(shipped_pack(), NAMES, customers, ShopClock())
        then = await compute_facts(shipped_pack(), NAMES, customers, ShopClock(), reference=reference)
    assert now["c1"]["orders_all"].value == len(orders)
    assert then["c1"]["orders_all"].value == 2
    assert then["c1"]["days_since_last_order"].value == (reference - orders[1]).days
    assert then["c1"]["orders_90d"].until == then["c1"]["orders_all"].until == reference


async def test_no_customers_have_no_facts_and_unknown_names_are_errors() -> None:
    """Nothing is asked for nobody; a name that the pack does not have raises."""
    async with services_on(sources_by_id(), clock=ShopClock()) as services:
        assert await compute_facts(shipped_pack(), NAMES, [], ShopClock()) == {}
        with pytest.raises(KeyError, match="orders_never"):
            await compute_facts(shipped_pack(), ["orders_never"], await stitched(services, "c1"), ShopClock())

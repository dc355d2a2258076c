"""What is to be expected next, and the orders of a year by month."""

from pathlib import Path

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from tests.support import shop
from tests.support.browser import CHROMIUM
from tests.support.page_shop import CUSTOMER, DONE, page_sources, shown_demo, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

BARS = """[...document.querySelectorAll('.box-months tbody tr')].map(row =>
    [row.querySelector('th').innerText, Number(row.querySelector('.figure').innerText)])"""


async def test_a_day_that_a_tag_foretells_is_expected(tmp_path: Path):
    """With its words, and how far away it is."""
    async with shown_demo(tmp_path) as pages:
        await pages.open("/c/crm:c00001")
        shown = await pages.text(".box-expected")
        assert "Next purchase" in shown
        assert "2026" in shown


async def test_orders_stand_in_their_months():
    """Each of the last twelve has a bar, also one without orders; older orders have none."""
    sources = page_sources()
    orders = sources["orders"]
    held = orders.records[r.Order, KeyKind.CUSTOMER_ID]["c1"]
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER, f"{DONE} && document.querySelector('.box-months table')")
        bars = await pages.page.evaluate(BARS)
        assert await pages.text(".box-months caption") == "Orders of the last twelve months"
    in_year = [order for order in held if order.placed_at > shop.at(1).replace(year=2025, month=7)]
    assert len(bars) == 12
    assert sum(count for _, count in bars) == len(in_year) > 0

"""Records lead to the system that owns them: what an agent has to change is changed there."""

import pytest

from tests.support.browser import CHROMIUM
from tests.support.filled_people import sources_of_everything
from tests.support.page_shop import CUSTOMER, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]


async def test_tickets_orders_and_records_lead_to_their_systems():
    """In a tab of its own, which learns nothing of the page, and by a name that is read aloud."""
    sources = {source.name: source for source in sources_of_everything()}
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        links = """[...document.querySelectorAll('.owner-link')].map(each =>
            [each.closest('[data-region]').dataset.region, new URL(each.href).host, each.rel, each.ariaLabel])"""
        shown = await pages.page.evaluate(links)
        assert {(region, host) for region, host, *_ in shown} >= {
            ("tickets", "support.example.com"),
            ("last-order", "orders.example.com"),
            ("records", "crm.example.com"),
            ("records", "club.example.com"),
        }
        assert {rel for _, _, rel, _ in shown} == {"noopener noreferrer"}
        assert "Open in support, in a new tab" in [label for *_, label in shown]

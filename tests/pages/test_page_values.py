"""What is written for people: amounts with all of their digits, ages by the calendar, contacts that can be used."""

from datetime import UTC, datetime
from decimal import Decimal

import msgspec
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from tests.support import shop
from tests.support.browser import CHROMIUM
from tests.support.page_shop import CUSTOMER, page_sources, shown_shop

pytestmark = [pytest.mark.browser, pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")]

BY_CUSTOMER = (r.Order, KeyKind.CUSTOMER_ID)


@pytest.mark.parametrize(
    ("amount", "currency", "written"),
    [
        ("0.005", "EUR", "€0.005"),
        ("100.50", "JPY", "JP¥100.5"),
        ("12345678901234567.89", "EUR", "€12,345,678,901,234,567.89"),
        ("0.00012345", "XBT", "XBT 0.00012345"),
        ("7", "EUR", "€7.00"),
    ],
)
async def test_an_amount_has_all_of_its_digits(amount: str, currency: str, written: str):
    """No digit is rounded away by what its currency usually has."""
    sources = page_sources()
    money = r.Money(amount=Decimal(amount), currency=currency)
    sources["orders"].records[BY_CUSTOMER] = {"c1": [msgspec.structs.replace(shop.order(1, "c1", 1), total=money)]}
    async with shown_shop(sources) as pages:
        await pages.open(CUSTOMER)
        shown = await pages.text(".box-last-order .amount")
        assert shown.replace("\N{NO-BREAK SPACE}", " ") == written


@pytest.mark.parametrize(
    ("placed", "written"), [("30T03:00", "18 hours ago"), ("29T23:30", "yesterday"), ("28T22:00", "2 days ago")]
)
async def test_yesterday_is_the_day_before(placed: str, written: str):
    """At nine in the evening an order of this morning is of today."""
    sources = page_sources()
    at = datetime.fromisoformat(f"2026-06-{placed}").replace(tzinfo=UTC)
    sources["orders"].records[BY_CUSTOMER] = {"c1": [msgspec.structs.replace(shop.order(1, "c1", 1), placed_at=at)]}
    async with shown_shop(sources, clock={"pinned": "2026-06-30T21:00:00Z"}) as pages:
        await pages.page.call("Emulation.setTimezoneOverride", timezoneId="UTC")
        await pages.open(CUSTOMER)
        assert (await pages.text(".order-line")).splitlines()[0].endswith(written)

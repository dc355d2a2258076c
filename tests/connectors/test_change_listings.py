"""Databases tell whose rows changed since a time, where the settings name the column that says when they did."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from connectors.errors import ListingCursorError
from connectors.record_fields import Fields
from connectors.records import Order
from tests.support.sql_shop import connector_at

NOON = datetime(2026, 6, 30, 12, tzinfo=UTC)
OWNER = Fields.from_paths("id", "customer_id")
ORDER = {
    "query": "SELECT id, customer AS customer_id, placed AS placed_at, delivered FROM orders",
    "changed": "delivered",
    "keys": {"customer_id": "customer_id"},
}


def text(time: datetime) -> str:
    return time.isoformat().replace("+00:00", "Z")


async def opened_at(url, **changes):
    connector = connector_at(url, records={"order": ORDER | changes})
    await connector.open()
    return connector


async def changed(connector, since, first=100):
    (lister,) = connector.change_listings()
    assert lister.record is Order
    found, after = [], None
    while True:
        page = await lister.fetch(OWNER, since, after, first)
        found += [(row["id"], row["customerId"]) for row in msgspec.json.decode(page.records)]
        after = page.next
        if after is None:
            return found


@pytest.fixture
async def orders(shop):
    """Eight orders, the first of which changed at noon and each other one an hour before the last; one has no time."""
    times = [text(NOON - timedelta(hours=number)) for number in range(8)]
    rows = [(10 + number, f"c{number}", "PLACED", text(NOON), time, 1, "EUR") for number, time in enumerate(times)]
    await shop.fill(orders=[*rows, (99, "c99", "PLACED", text(NOON), None, 1, "EUR")])
    return shop


@pytest.mark.parametrize("first", [1, 2, 3, 100])
async def test_rows_since_a_time_are_listed_once(orders, first):
    """The time itself counts; the size of a page changes nothing."""
    connector = await opened_at(orders.url)
    try:
        found = await changed(connector, NOON - timedelta(hours=3), first)
        assert sorted(found) == [("10", "c0"), ("11", "c1"), ("12", "c2"), ("13", "c3")]
        assert await changed(connector, NOON + timedelta(seconds=1), first) == []
    finally:
        await connector.aclose()


async def test_a_cursor_of_something_else_is_refused(orders):
    connector = await opened_at(orders.url)
    try:
        with pytest.raises(ListingCursorError):
            await connector.change_listings()[0].fetch(OWNER, NOON, "nonsense", 10)
    finally:
        await connector.aclose()


async def test_who_does_not_say_when_rows_changed_tells_no_changes(orders):
    connector = await opened_at(orders.url, changed=None)
    assert connector.change_listings() == []
    await connector.aclose()


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({}, None),
        ({"changed": "deliverd"}, "the record's query has no column deliverd; did you mean 'delivered'?"),
        (
            {"query": "SELECT id, customer, placed AS placed_at, delivered FROM orders", "keys": {"customer_id": "customer"}},
            "no column says whose row has changed; add customer_id or customer_email to the query",
        ),
    ],
)
async def test_a_column_that_is_not_there_is_a_problem(orders, changes, problem):
    """The column of changes need not be a field, but it must be there, and so must that of the customer."""
    connector = await opened_at(orders.url, **changes)
    try:
        found = [own for own in await connector.check() if "changed" in own]
        assert found == ([] if problem is None else [f"sources.shop.records.order.changed: {problem}"])
    finally:
        await connector.aclose()

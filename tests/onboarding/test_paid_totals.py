"""The total of orders that have none: what was paid, where the items confirm it."""

from pathlib import Path

import pytest

from gateway.onboarding.proposal import RecordProposal
from tests.onboarding.test_recognition import columns_of, recognise

SHOP = (
    "CREATE TABLE customers (id INTEGER PRIMARY KEY, first_name TEXT, last_name TEXT, email TEXT UNIQUE)",
    "CREATE TABLE orders (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), status TEXT, placed_at DATE)",
    (
        "CREATE TABLE order_items (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), sku TEXT,"
        " price DECIMAL(10, 2), freight_value DECIMAL(10, 2))"
    ),
    "CREATE TABLE payments (id INTEGER PRIMARY KEY, order_id INTEGER REFERENCES orders (id), amount DECIMAL(10, 2), day DATE)",
    "INSERT INTO customers VALUES (1, 'Ana', 'Meyer', 'ana@example.com'), (2, 'Bo', 'Li', 'bo@example.com')",
)
NUMBERS = range(1, 9)


async def order_of(folder: Path, paid: str, count: int = 8) -> RecordProposal:
    """Recognise orders, each with two items of 10 and freight of 2, of whose payments the amount is given."""
    numbers = [number for number in NUMBERS if number <= count]
    orders = ", ".join(f"({number}, 1, 'paid', '2026-01-0{number}')" for number in numbers)
    items = ", ".join(f"({number * 2 + half}, {number}, 'S{half}', 10, 2)" for number in numbers for half in (0, 1))
    payments = ", ".join(f"({number}, {number}, {paid}, '2026-01-0{number}')" for number in numbers)
    proposal = await recognise(
        folder,
        *SHOP,
        f"INSERT INTO orders VALUES {orders}",
        f"INSERT INTO order_items VALUES {items}",
        f"INSERT INTO payments VALUES {payments}",
        currency="EUR",
    )
    order = proposal.record("order")
    assert order is not None
    return order


async def test_what_was_paid_is_the_total(tmp_path: Path) -> None:
    """Where payments are what the items and their freight add up to, their sum is the total."""
    columns = columns_of(await order_of(tmp_path, "24"))
    assert (columns["total_amount"], columns["total_currency"]) == ("=payment sum", "=EUR")


@pytest.mark.parametrize(("paid", "count"), [("20", 8), ("12", 8), ("24", 4)])
async def test_what_nothing_confirms_is_no_total(tmp_path: Path, paid: str, count: int) -> None:
    """Payments of another amount, parts of it, or of few orders, are no total."""
    assert "total_amount" not in columns_of(await order_of(tmp_path, paid, count))

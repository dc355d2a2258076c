"""The total of orders that have none: what was paid, where the items confirm it."""

import sqlite3
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from gateway.onboarding.proposal import Confidence, RecordProposal
from gateway.onboarding.source_proposal import propose_settings
from gateway.onboarding.source_recognition import RecognitionOptions
from gateway.onboarding.source_url import read_url
from tests.onboarding.test_recognition import columns_of, recognise
from tests.support.script_database import new_sqlite, run_script

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


async def test_the_total_is_of_the_own_order(tmp_path: Path) -> None:
    """Payments have an id of their own, which is not the order's: the sum that is written is of the order alone."""
    url = new_sqlite(tmp_path)
    orders = ", ".join(f"({number}, 1, 'paid', '2026-01-0{number}')" for number in NUMBERS)
    items = ", ".join(f"({number}, {number}, 'S', {number}0, 2)" for number in NUMBERS)
    payments = ", ".join(f"({100 + number}, {number}, {number}2, '2026-01-0{number}')" for number in NUMBERS)
    rows = [
        f"INSERT INTO {table} VALUES {own}"
        for table, own in (("orders", orders), ("order_items", items), ("payments", payments))
    ]
    await run_script(url, *SHOP, *rows)
    proposed = await propose_settings(read_url(url, {}), {}, RecognitionOptions("EUR"), (Confidence.SURE, Confidence.LIKELY))
    query = tomllib.loads(proposed.settings)["sources"]["own"]["records"]["order"]["query"]
    with closing(sqlite3.connect(tmp_path / "own.db")) as connection:
        found = connection.execute(f"SELECT id, total_amount FROM ({query}\n) ORDER BY id").fetchall()
    assert found == [(number, number * 10 + 2) for number in NUMBERS]

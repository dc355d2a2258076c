"""What is proved before it is written, on each kind of database."""

import re
from pathlib import Path

import pytest

from gateway.onboarding.proposal import Confidence
from gateway.onboarding.source_proposal import ProposedSettings, propose_settings
from gateway.onboarding.source_recognition import RecognitionOptions
from gateway.onboarding.source_url import read_url
from tests.onboarding.test_recognition import SHOP
from tests.support.script_database import new_sqlite, run_script

RUNS = (Confidence.SURE, Confidence.LIKELY)


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    return new_sqlite(tmp_path) if request.param == "sqlite" else str(request.getfixturevalue(f"{request.param}_database"))


async def propose(url: str, *script: str) -> ProposedSettings:
    """Fill a database and propose settings for it."""
    await run_script(url, *(re.sub(r"\bTEXT\b", "VARCHAR(90)", statement) for statement in script))
    return await propose_settings(read_url(url, {}, "shop"), {}, RecognitionOptions(), RUNS)


async def test_a_shop_is_proved_on_each_database(url: str) -> None:
    """Every lookup runs, and finds what the tables have. The busiest customer is the one to show."""
    proposed = await propose(url, *SHOP)
    assert {own.record: own.confidence for own in proposed.proposal.records} == {
        "customer": Confidence.SURE,
        "order": Confidence.SURE,
    }
    assert proposed.proofs == [
        "customer: 2 customers looked up, 2 found, as many as customers has.",
        "order: 2 customers looked up, 3 found, as many as orders has.",
    ]
    assert proposed.sample == "1"
    assert proposed.proposal.missing_indexes == []


async def test_deleted_rows_are_left_out(url: str) -> None:
    """A row with `deleted_at` is not read, and the condition stands in the query."""
    column = "ALTER TABLE orders ADD COLUMN deleted_at TIMESTAMP NULL"
    proposed = await propose(url, *SHOP, column, "UPDATE orders SET deleted_at = placed_at WHERE id = 3")
    assert "WHERE deleted_at IS NULL -- LIKELY: leaves out deleted rows" in proposed.settings
    assert proposed.proofs[1] == "order: 2 customers looked up, 2 found; conditions leave some of orders out."


async def test_cents_are_hundredths(url: str) -> None:
    """A whole number whose name says cents is divided, and its total is compared with the items."""
    script = [statement.replace("total DECIMAL(10, 2)", "total_cents INTEGER") for statement in SHOP]
    script = [statement.replace("20.00, 'EUR'", "2000, 'EUR'").replace("5.00, 'EUR'", "500, 'EUR'") for statement in script]
    script = [statement.replace("price DECIMAL(10, 2)", "unit_price_cents INTEGER") for statement in script]
    script = [statement.replace("10.00)", "1000)").replace("5.00)", "500)") for statement in script]
    proposed = await propose(url, *script)
    assert "round(total_cents / 100.0, 2) AS total_amount -- SURE: name, data" in proposed.settings


async def test_large_tables_without_an_index_are_named(tmp_path: Path) -> None:
    """The statement that makes a missing index is given, in the report and in the settings."""
    numbers = "WITH RECURSIVE n (i) AS (SELECT 4 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)"
    proposed = await propose(
        new_sqlite(tmp_path),
        *SHOP,
        f"INSERT INTO orders {numbers} SELECT i, 1 + i % 2, 'paid', '2026-02-01 10:00:00', 5, 'EUR' FROM n",
    )
    assert proposed.proposal.missing_indexes == ["CREATE INDEX orders_customer_id ON orders (customer_id)"]
    assert "# - A large table has no index for this: CREATE INDEX orders_customer_id" in proposed.settings


async def test_what_cannot_be_read_is_a_comment(tmp_path: Path) -> None:
    """A field whose values nobody can read does not run, and the reason stands beside it."""
    script = [statement.replace("created_at TIMESTAMP)", "created_at DATETIME)") for statement in SHOP]
    proposed = await propose(new_sqlite(tmp_path), *script, "UPDATE customers SET created_at = 'last spring'")
    assert ", created_at -- " not in re.sub(r"-- , .*", "", proposed.settings)
    assert proposed.proposal.record("customer") is not None


async def test_rentals_are_asked_about(tmp_path: Path) -> None:
    """Tables of rentals and payments are named in the questions, and read by nothing."""
    proposed = await propose(
        new_sqlite(tmp_path),
        SHOP[0],
        SHOP[3],
        "CREATE TABLE rental (id INTEGER PRIMARY KEY, customer_id INTEGER REFERENCES customers (id), rental_date TIMESTAMP)",
    )
    assert "rental: rows of customers without lines. If they are orders or events, write a record for them." in list(
        proposed.proposal.questions
    )
    assert "FROM rental" not in proposed.settings

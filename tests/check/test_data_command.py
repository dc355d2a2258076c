"""`profile-gateway check` looks at the data, as a user runs it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from connectors.inspection import MIN_INDEXED_ROWS
from tests.server.test_cli import run

CONFIG = """
[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:///{folder}/shop.db"
[sources.shop.records.customer]
query = "SELECT id, country AS address_country FROM people"
keys = {{ customer_id = "id" }}
[sources.shop.records.order]
query = "SELECT id, buyer AS customer_id, placed_at FROM orders"
keys = {{ customer_id = "customer_id" }}
"""
INDEX = "CREATE INDEX orders_buyer ON orders (buyer)"
SLOW = (
    "warning: gateway.toml:10:10: sources.shop.records.order.keys.customer_id: "
    f"orders has more than 5,000 rows, and each call reads all of them; {INDEX}\n"
)
GERMANY = (
    "gateway.toml:5:1: sources.shop.records.customer: address.country is malformed, once in {} records: it is null there; "
    "give the code of two letters, such as DE\n"
)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Settings of a shop whose 200th customer has a country by its name, and whose orders have no index."""
    path = tmp_path / "gateway.toml"
    path.write_text(CONFIG.format(folder=tmp_path), encoding="utf-8")
    people = [(f"c{number}", "Germany" if number == 200 else "DE") for number in range(1, 201)]
    orders = [(f"o{number}", f"c{number}", "2026-06-01") for number in range(1, MIN_INDEXED_ROWS + 2)]
    execute(path, "CREATE TABLE people (id TEXT PRIMARY KEY, country TEXT)")
    execute(path, "CREATE TABLE orders (id TEXT PRIMARY KEY, buyer TEXT, placed_at TEXT)")
    with closing(sqlite3.connect(tmp_path / "shop.db")) as connection, connection:
        connection.executemany("INSERT INTO people VALUES (?, ?)", people)
        connection.executemany("INSERT INTO orders VALUES (?, ?, ?)", orders)
    return path


def execute(config: Path, statement: str) -> None:
    with closing(sqlite3.connect(config.with_name("shop.db"))) as connection, connection:
        connection.execute(statement)


def test_warnings_alone_end_with_0(config: Path) -> None:
    """The statement in the warning mends it."""
    slow = run("check", "--config", str(config))
    assert (slow.returncode, slow.stderr) == (0, SLOW)
    assert "shop: customer by customer_id: 100 records of 100 keys\n" in slow.stdout
    assert "No problems found." in slow.stdout
    execute(config, INDEX)
    quick = run("check", "--config", str(config))
    assert (quick.returncode, quick.stderr) == (0, "")


def test_what_is_lost_ends_with_2(config: Path) -> None:
    """A deep look finds what is beyond the first hundred rows."""
    execute(config, INDEX)
    deep = run("check", "--deep", "--config", str(config))
    assert (deep.returncode, deep.stderr) == (2, GERMANY.format(200))
    assert "shop: order by customer_id: 1000 records of 1000 keys\n" in deep.stdout


def test_a_source_with_a_problem_is_not_sampled(config: Path) -> None:
    """Its settings come first."""
    config.write_text(config.read_text().replace("placed_at FROM", "placed FROM"), encoding="utf-8")
    found = run("check", "--config", str(config))
    assert found.returncode == 2
    assert "sources.shop.records.order.query" in found.stderr
    assert "records of" not in found.stdout

"""Indexes that lookups miss are named, of each kind of database, and none is that would be of no use."""

from collections.abc import Mapping
from typing import Any

from connectors.inspection import MIN_INDEXED_ROWS, MissingIndex
from connectors.sql import SqlConnector, SqlSettings
from tests.support.sql_shop import Shop

LARGE = MIN_INDEXED_ROWS + 1
ORDERS = "SELECT id, buyer AS customer_id, placed AS placed_at FROM orders"
ITEMS = "SELECT i.order_id AS parent, i.sku FROM order_lines AS i"
MAILS = "SELECT id, lower(mail) AS email FROM people"
DIGITS = "(" + " UNION ALL ".join(f"SELECT {digit} AS n" for digit in range(10)) + ")"


def rows(count: int) -> str:
    """A query of so many numbers."""
    return (
        f"(SELECT a.n + 10 * b.n + 100 * c.n + 1000 * d.n AS n FROM {DIGITS} a, {DIGITS} b, {DIGITS} c, {DIGITS} d) AS m"
        f" WHERE n < {count}"
    )


async def filled(shop: Shop, count: int = LARGE) -> None:
    await shop.execute(
        "CREATE TABLE orders (id INTEGER PRIMARY KEY, buyer VARCHAR(20), placed VARCHAR(30))",
        "CREATE TABLE order_lines (order_id INTEGER, sku VARCHAR(20))",
        "CREATE TABLE people (id VARCHAR(20) PRIMARY KEY, mail VARCHAR(50))",
        f"INSERT INTO orders SELECT n, 'c', '2026-01-01' FROM {rows(count)}",
        f"INSERT INTO order_lines SELECT n, 's' FROM {rows(count)}",
        f"INSERT INTO people SELECT n, 'x' FROM {rows(count)}",
    )


async def missing(shop: Shop, records: Mapping[str, Any]) -> list[MissingIndex]:
    connector = SqlConnector("shop", SqlSettings.model_validate({"url": shop.url, "records": records}))
    await connector.open()
    try:
        return list(await connector.missing_indexes())
    finally:
        await connector.aclose()


def order(query: str = ORDERS, items: str = ITEMS) -> dict[str, Any]:
    return {"order": {"query": query, "keys": {"customer_id": "customer_id"}, "lists": {"items": {"query": items}}}}


async def test_a_large_table_without_an_index_is_named_with_the_index_to_make(database_shop: Shop) -> None:
    """The table and the column are those of the database, whatever the query calls them. Each is named once."""
    await filled(database_shop)
    found = [
        MissingIndex(
            setting="records.order.keys.customer_id",
            table="orders",
            statement="CREATE INDEX orders_buyer ON orders (buyer)",
        ),
        MissingIndex(
            setting="records.order.lists.items",
            table="order_lines",
            statement="CREATE INDEX order_lines_order_id ON order_lines (order_id)",
        ),
    ]
    assert await missing(database_shop, order()) == found


async def test_the_statements_make_the_indexes_that_are_missing(database_shop: Shop) -> None:
    """After they have run, nothing is missing any more."""
    await filled(database_shop)
    await database_shop.execute(*(str(one.statement) for one in await missing(database_shop, order())))
    assert await missing(database_shop, order()) == []


async def test_small_tables_need_no_index(database_shop: Shop) -> None:
    """Up to the bound nothing is said."""
    await filled(database_shop, MIN_INDEXED_ROWS)
    assert await missing(database_shop, order()) == []


async def test_the_table_that_a_key_comes_from_by_a_join_is_named(database_shop: Shop) -> None:
    """The key's own column has an index, the column that joins has none."""
    await filled(database_shop)
    await database_shop.execute("CREATE INDEX orders_buyer ON orders (buyer)")
    joined = (
        "SELECT p.id, o.buyer AS customer_id, o.placed AS placed_at"
        " FROM orders o JOIN order_lines l ON l.order_id = o.id JOIN people p ON p.id = l.sku"
    )
    (found,) = await missing(database_shop, {"order": {"query": joined, "keys": {"customer_id": "customer_id"}}})
    assert found.table == "order_lines"
    assert found.statement in (None, "CREATE INDEX order_lines_order_id ON order_lines (order_id)")


async def test_no_index_is_advised_over_a_column_that_is_computed(database_shop: Shop) -> None:
    """PostgreSQL says the expression. Of the others the table is known."""
    await filled(database_shop)
    people = {"customer": {"query": MAILS, "keys": {"email": "email"}}}
    (found,) = await missing(database_shop, people)
    is_known = database_shop.backend == "postgresql"
    assert found == MissingIndex(
        setting="records.customer.keys.email",
        table="people",
        statement="CREATE INDEX people_lower_mail_text ON people ((lower((mail)::text)))" if is_known else None,
    )
    if is_known:
        await database_shop.execute(str(found.statement))
        assert await missing(database_shop, people) == []


async def test_pairs_and_the_record_behind_them_are_looked_at(database_shop: Shop) -> None:
    """The pairs are found by their key, the record by its id."""
    await filled(database_shop)
    key = "`key`" if database_shop.backend == "mysql" else "key"
    pairs = {"query": f"SELECT order_id AS id, sku AS {key} FROM order_lines"}
    found = await missing(database_shop, {"order": {"query": ORDERS, "keys": {"member_number": pairs}}})
    assert found == [
        MissingIndex(
            setting="records.order.keys.member_number",
            table="order_lines",
            statement="CREATE INDEX order_lines_sku ON order_lines (sku)",
        )
    ]


async def test_a_query_that_does_not_run_misses_no_index(database_shop: Shop) -> None:
    """The check of the query says what is wrong with it."""
    await filled(database_shop)
    assert await missing(database_shop, order("SELECT nothing FROM orders")) == [
        MissingIndex(
            setting="records.order.lists.items",
            table="order_lines",
            statement="CREATE INDEX order_lines_order_id ON order_lines (order_id)",
        ),
    ]

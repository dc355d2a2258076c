"""Keys reach the inside of the user's queries: what groups or unites reads the rows of the keys, and no others."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import text

from connectors.contract import Condition, KeyKind, Measure, MeasureOp, Position
from connectors.record_fields import Fields
from connectors.records import Customer, Order
from connectors.sql import SqlConnector
from connectors.sql import table as tables
from tests.support.sql_shop import Shop, connector_at, day, ids, shop_at

pytestmark = pytest.mark.cases
CUSTOMERS, BASKETS, LINES = 1000, 4, 5
"""Of each customer, of each basket."""
COLUMNS = "basket, customer, at, line, method, quantity"
METHODS = ("VOUCHER", "CARD", "VOUCHER", "CASH", "VOUCHER")

PAYMENTS = {
    "grouped": "SELECT basket AS parent, method, sum(quantity) AS amount_amount, 'EUR' AS amount_currency"
    " FROM bought GROUP BY basket, method",
    "united": "SELECT basket AS parent, method, quantity AS amount_amount, 'EUR' AS amount_currency"
    " FROM bought WHERE quantity = 1 UNION ALL SELECT basket, method, quantity, 'EUR' FROM bought WHERE quantity <> 1",
    "plain": "SELECT basket AS parent, method, quantity AS amount_amount, 'EUR' AS amount_currency FROM bought",
}
PAIRS = "SELECT customer AS id, address AS key FROM addresses"
COUNT, SUM, AVERAGE, MIN, MAX, TOP, LATEST, VALUES, COUNTS, _ = MeasureOp
CARD = (Condition("payments.method", ("CARD",)),)
NO_CASH = (Condition("payments.method", ("CASH",), negated=True),)
FIGURES = [
    Measure(op=COUNT),
    Measure(op=SUM, field="total"),
    Measure(op=SUM, field="payments.amount"),
    Measure(op=TOP, field="payments.method"),
    Measure(op=COUNT, where=CARD),
    Measure(op=COUNT, where=NO_CASH, since=day(2)),
    Measure(op=LATEST, field="placed_at"),
]
EVERYTHING = Fields.from_paths("id", "total.amount", "payments.method", "payments.amount.amount")


def records(payments: str) -> dict[str, Any]:
    """Orders and customers that are made of what was bought."""
    return {
        "order": {
            "query": "SELECT basket AS id, customer, min(at) AS placed_at, sum(quantity) AS total_amount,"
            " 'EUR' AS total_currency FROM bought GROUP BY basket, customer",
            "keys": {
                "customer_id": "customer",
                "email": {"query": "SELECT DISTINCT basket AS id, address AS key FROM bought JOIN addresses USING (customer)"},
            },
            "lists": {"payments": {"query": PAYMENTS[payments]}},
        },
        "customer": {
            "query": "SELECT customer AS id, min(method) AS name FROM bought GROUP BY customer",
            "keys": {"customer_id": "id", "email": {"query": PAIRS}},
        },
    }


def bought(customers: int) -> Iterator[tuple[str, str, str, int, str, int]]:
    for customer in range(customers):
        for basket in range(BASKETS):
            for line in range(LINES):
                at = f"2018-01-{basket + 1:02}T10:00:00Z"
                yield f"b{customer}-{basket}", f"c{customer}", at, line, METHODS[line], 1 + (customer + basket + line) % 3


async def filled(shop: Shop, customers: int, payments: str) -> None:
    """The shop with orders and customers of so many lines, and indexes on what they are looked up by."""
    await shop.connector.aclose()
    shop.connector = connector_at(shop.url, records=records(payments))
    await shop.connector.open()
    time = "TIMESTAMPTZ" if shop.backend == "postgresql" else "VARCHAR(20)"
    rows = [", ".join(f"'{value}'" for value in row) for row in bought(customers)]
    await shop.execute(
        f"CREATE TABLE bought (basket VARCHAR(20), customer VARCHAR(20), at {time}, line INTEGER, method VARCHAR(20),"
        " quantity INTEGER)",
        "CREATE TABLE addresses (customer VARCHAR(20), address VARCHAR(40))",
        *(f"INSERT INTO bought VALUES ({'), ('.join(rows[at : at + 1000])})" for at in range(0, len(rows), 1000)),
        "INSERT INTO addresses VALUES " + ", ".join(f"('c{n}', 'c{n}@shop.example')" for n in range(customers)),
        "CREATE INDEX by_customer ON bought (customer)",
        "CREATE INDEX by_basket ON bought (basket)",
        "CREATE INDEX by_address ON addresses (address)",
    )
    if shop.backend == "postgresql":
        await shop.execute("ANALYZE bought", "ANALYZE addresses")


async def rows_read(shop: Shop, statement: str, parameters: Any) -> list[str]:
    """What a statement reads of the tables in full, and on PostgreSQL what it reads too much of."""
    assert isinstance(shop.connector, SqlConnector)
    async with shop.connector.engine.connect() as connection:
        if shop.backend == "sqlite":
            plan = (await connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)).all()
            return [row.detail for row in plan if row.detail.startswith(("SCAN bought", "SCAN addresses"))]
        if shop.backend == "mysql":
            await connection.exec_driver_sql("FLUSH STATUS")
            await connection.exec_driver_sql(statement, parameters)
            reads = (await connection.exec_driver_sql("SHOW SESSION STATUS LIKE 'Handler_read%%'")).all()
            number = sum(int(value) for _, value in reads)
            return [f"{number} rows"] if number > CUSTOMERS * BASKETS else []
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"
        found = (await connection.exec_driver_sql(explain, parameters)).scalar_one()
    return [
        f"{node['Node Type']} {node['Relation Name']}"
        for node in nodes(found[0]["Plan"])
        if "Relation Name" in node
        and (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"] > 500
    ]


def nodes(plan: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from nodes(inner)


@pytest.mark.parametrize("payments", PAYMENTS)
async def test_no_more_is_read_than_the_rows_of_the_keys(database_shop: Shop, payments: str) -> None:
    """By each kind of key, of lists and of figures, with and without conditions on a nested list."""
    shop = database_shop
    if (shop.backend, payments) == ("mysql", "united"):
        pytest.skip("MariaDB has no LATERAL, and reads a list that unites whole")
    await filled(shop, CUSTOMERS, payments)
    assert isinstance(shop.connector, SqlConnector)
    sent: list[Any] = []
    for record in (Order, Customer):
        await shop.fetch(record, ["c7"], fields=Fields.from_paths("id"))
    shop.connector.database.listeners.append(lambda *seen: sent.append(seen))
    for kind, keys in ((KeyKind.CUSTOMER_ID, ["c7", "c8"]), (KeyKind.EMAIL, ["c7@shop.example"])):
        await shop.fetch(Customer, keys, kind)
        await shop.fetch(Order, keys, kind, fields=EVERYTHING, first=2, count=True)
        await shop.fetch(Order, keys, kind, fields=EVERYTHING, first=2, since=day(2))
        await shop.fetch(Order, keys, kind, fields=Fields.from_paths("id"), where=CARD)
        await shop.fetch(Order, keys, kind, fields=Fields.from_paths("id"), where=NO_CASH)
        await shop.aggregate(Order, kind).measure(keys, FIGURES)
        await shop.aggregate(Order, kind).measure(keys, [Measure(op=COUNT), Measure(op=SUM, field="total")])
        await shop.aggregate(Customer, kind).measure(keys, [Measure(op=COUNT), Measure(op=TOP, field="name")])
    assert len(sent) >= 16
    found = [(await rows_read(shop, *one), one[0]) for one in list(sent)]
    assert [one for one in found if one[0]] == []


@pytest.mark.parametrize("payments", PAYMENTS)
async def test_lists_and_figures_are_those_of_the_rows(
    database_shop: Shop, payments: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On each kind of database, and where ids are more than a statement can hold."""
    shop = database_shop
    await filled(shop, 5, payments)
    rows = [row for row in bought(5) if row[1] == "c3"]
    totals = Counter[str]()
    for basket, _, _, _, _, quantity in rows:
        totals[basket] += quantity
    newest_first = [f"b3-{n}" for n in reversed(range(BASKETS))]
    most_used = "CARD" if payments == "grouped" else "VOUCHER"
    for most in (tables.MAX_IDS, 1):
        monkeypatch.setattr(tables, "MAX_IDS", most)
        for kind, key, absent in (
            (KeyKind.CUSTOMER_ID, "c3", "c9"),
            (KeyKind.EMAIL, "c3@shop.example", "c9@shop.example"),
        ):
            found = await shop.fetch(Order, [key, absent], kind, fields=EVERYTHING)
            assert ids(found) == {key: newest_first}
            assert [order["total"]["amount"] for order in found[key]] == [f"{totals[basket]}.00" for basket in newest_first]
            paid = [sum(float(own["amount"]["amount"]) for own in order["payments"]) for order in found[key]]
            assert paid == [totals[basket] for basket in newest_first]
            after = Position(day(3, hour=10), "b3-2")
            assert ids(await shop.fetch(Order, [key], kind, fields=EVERYTHING, after=after, first=1)) == {key: ["b3-1"]}
            assert ids(await shop.fetch(Order, [key], kind, fields=EVERYTHING, where=CARD)) == {key: newest_first}
            assert await shop.fetch(Order, [key], kind, fields=EVERYTHING, where=NO_CASH) == {}
            assert await shop.fetch(Order, [absent], kind, fields=EVERYTHING, count=True) == {}
            total = [{"amount": f"{sum(totals.values())}.00", "currency": "EUR"}]
            assert await shop.aggregate(Order, kind).measure([key, absent], FIGURES) == {
                key: [
                    BASKETS,
                    total,
                    total,
                    most_used,
                    BASKETS,
                    0,
                    "2018-01-04T10:00:00Z",
                ],
                absent: [0, [], [], None, 0, 0, None],
            }
            assert ids(await shop.fetch(Customer, [key, absent], kind)) == {key: ["c3"]}


@pytest.mark.postgresql
async def test_postgresql_plans_a_statement_once(postgresql_url: str) -> None:
    """And not for the keys of each call, which would take as long as a short statement."""
    async with shop_at("postgresql", postgresql_url) as shop:
        assert [tuple(row) for row in await shop.connector.database.run(text("SHOW plan_cache_mode"), {})] == [
            ("force_generic_plan",)
        ]

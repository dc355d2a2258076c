"""What a query does not name is not read: seen in the statements that reach the databases, of either kind."""

import json
import re
from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from tests.support.demo_sources import PINNED, demo_rows, demo_shop, rows_of, sql_sources, statements_to
from tests.support.gateway_server import gateway_on

EMMA = "c00001"


@pytest.fixture
async def sources(sql_database, tmp_path):
    """By name."""
    urls = await demo_shop(*sql_database, tmp_path)
    return {source.name: source for source in sql_sources(urls)}


async def asked_of_orders(sources, query, variables=None):
    """The answer, and the only statement that the query costs the order source once its columns are known."""
    async with gateway_on(list(sources.values()), **PINNED) as gateway:
        await gateway.data('{ customer(by: {id: "c00060"}) { orders { nodes { id } } } }')
        with statements_to([sources["orders"]]) as seen:
            data = await gateway.data(query, variables)
        (statement,) = seen
        rows = await rows_of(sources["orders"].engine, statement)
    return data, statement, rows


def orders_of(customer):
    """The customer's orders as they stand in the database, newest first."""
    found = [row for row in demo_rows()["orders"] if row[1] == customer]
    return sorted(found, key=lambda row: (row[2], row[0]), reverse=True)


def ids(connection):
    assert all(node["id"].startswith("orders:") for node in connection["nodes"])
    return [node["id"].removeprefix("orders:") for node in connection["nodes"]]


def shown(statement):
    """The statement without the queries that the configuration wrote."""
    return re.sub(r"AS NOT MATERIALIZED\s*\(.*?\n\)", "", statement.text, flags=re.DOTALL)


async def test_a_source_that_is_not_selected_gets_no_statement_and_no_connection(sources):
    """Everything but orders, which costs the order database nothing at all."""
    connected = set()
    for name, source in sources.items():
        event.listen(source.engine.sync_engine, "do_connect", lambda *_, name=name: connected.add(name))
    async with gateway_on(list(sources.values()), **PINNED) as gateway:
        with statements_to(list(sources.values())) as seen:
            data = await gateway.data(
                """{ customer(by: {id: "c00001"}) { name deals { nodes { id } } tickets { nodes { id } } events { nodes { id } }
                    tags(keys: ["satisfaction", "open_complaint", "acquisition_source"]) { key value } } }"""
            )
    assert len(data["customer"]["tags"]) == 3
    assert {statement.source for statement in seen} == {"crm", "support", "behaviour"}
    assert connected == {"crm", "support", "behaviour"}


@pytest.mark.parametrize(
    ("selected", "names", "columns"),
    [
        ("status deliveredAt", ["deliveredAt", "id", "status"], {"status", "delivered_at"}),
        ("total { amount }", ["amount", "id", "total"], {"total_amount", "total_currency"}),
        ("id placedAt", ["id", "placedAt"], set()),
    ],
)
async def test_only_selected_columns_are_read(sources, selected, names, columns):
    """The JSON that the database builds has the id, the selected fields and no others.

    Beside their columns only the key and what orders the records is read. An amount counts where it has a currency.
    """
    _, statement, rows = await asked_of_orders(
        sources, f'{{ customer(by: {{id: "c00001"}}) {{ orders {{ nodes {{ {selected} }} }} }} }}'
    )
    as_row = re.findall(r' AS "(\w+)"', shown(statement))
    assert sorted(as_row or re.findall(r"'(\w+)',", shown(statement).partition("FROM (SELECT")[0])) == names
    assert set(re.findall(r"gateway_order\.`?(\w+)", shown(statement))) == {"customer_id", "id", "placed_at"} | columns
    assert "gateway_items" not in statement.text
    assert "gateway_payments" not in statement.text
    top = [name for name in names if name != "amount"]
    assert {tuple(sorted(json.loads(row[2]))) for row in rows} == {tuple(top)}


async def test_only_selected_parts_of_a_list_are_read(sources):
    """One field of the items, nothing of the payments."""
    _, statement, rows = await asked_of_orders(
        sources, '{ customer(by: {id: "c00001"}) { orders(first: 2) { nodes { items { sku } } } } }'
    )
    assert set(re.findall(r"gateway_items\.`?(\w+)", shown(statement))) == {"sku", "parent", "position"}
    assert "gateway_payments" not in statement.text
    bought = [item for item in demo_rows()["order_items"] if item[0] == "c00001-o01"]
    assert json.loads(rows[0][2]) == {"items": [{"sku": item[2]} for item in bought], "id": "c00001-o01"}


async def test_first_reads_one_row_more_per_customer(sources):
    """Three of each customer's orders are shown and at most four are read; totals are counted by the same statement."""
    customers = [f"c{number:05d}" for number in range(1, 21)]
    data, _, rows = await asked_of_orders(
        sources,
        """query ($ids: [ID!]!) { customers(ids: $ids) {
            orders(first: 3) { totalCount nodes { id } pageInfo { hasNextPage } } } }""",
        {"ids": customers},
    )
    held = {customer: [row[0] for row in orders_of(customer)] for customer in customers}
    read = {customer: [row[2] for row in rows if row[0] == customer] for customer in customers}
    assert {customer: len(found) for customer, found in read.items()} == {
        customer: min(4, len(orders)) for customer, orders in held.items()
    }
    for customer, own in zip(customers, data["customers"], strict=True):
        orders = held[customer]
        assert ids(own["orders"]) == orders[:3]
        assert own["orders"]["totalCount"] == len(orders)
        assert own["orders"]["pageInfo"] == {"hasNextPage": len(orders) > 3}
    assert max(map(len, held.values())) == 25


async def test_no_count_is_made_that_is_not_asked_for(sources):
    """Without `totalCount` the statement counts nothing."""
    _, statement, _ = await asked_of_orders(
        sources, '{ customer(by: {id: "c00001"}) { orders { nodes { id } pageInfo { hasNextPage } } } }'
    )
    assert "count(" not in shown(statement)


async def test_filter_window_order_and_cursor_are_applied_by_the_database(sources):
    """Of 25 orders the database gives the asked page and one more, in the asked order, and the total of the filter alone."""
    query = """query ($after: String) { customer(by: {id: "c00001"}) { orders(first: 3, after: $after, order: OLDEST_FIRST,
        filter: {since: "2025-01-01T00:00:00Z", until: "2026-06-11T00:00:00Z", status: [DELIVERED]}) {
            totalCount nodes { id } pageInfo { endCursor hasNextPage } } } }"""
    since, until = datetime(2025, 1, 1, tzinfo=UTC), datetime(2026, 6, 11, tzinfo=UTC)
    matching = [row[0] for row in reversed(orders_of(EMMA)) if since <= row[2] < until and row[3] == "DELIVERED"]
    first, _, first_rows = await asked_of_orders(sources, query)
    page = first["customer"]["orders"]
    second, _, second_rows = await asked_of_orders(sources, query, {"after": page["pageInfo"]["endCursor"]})
    assert len(matching) == 15
    assert [json.loads(row[2])["id"] for row in first_rows] == matching[:4]
    assert [json.loads(row[2])["id"] for row in second_rows if row[2]] == matching[3:7]
    assert ids(page) == matching[:3]
    assert ids(second["customer"]["orders"]) == matching[3:6]
    assert (page["totalCount"], second["customer"]["orders"]["totalCount"]) == (15, 15)


async def test_statistics_read_no_order(sources):
    """Figures over 24 orders, and one that is cancelled, come as one row of the database."""
    data, _, rows = await asked_of_orders(
        sources, '{ customer(by: {id: "c00001"}) { orderStatistics { count total { amount currency } } } }'
    )
    cents = sum(row[4] for row in orders_of(EMMA) if "CANCELLED" not in row)
    assert data["customer"]["orderStatistics"] == {
        "count": 24,
        "total": [{"amount": f"{cents // 100}.{cents % 100:02}", "currency": "GBP"}],
    }
    assert len(rows) == 2  # one for what has one value, one for the sum per currency

"""From a published database to a customer: each figure that callers see equals SQL that was written by hand."""

import sqlite3
from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import duckdb
import httpx2
import pytest
from sqlalchemy import make_url

from gateway.onboarding.source_url import read_url
from tests.onboarding.gold_mapping import Gold, database_path, read_gold
from tests.onboarding.test_gold_mappings import database_url
from tests.onboarding.test_gold_proposals import proposed
from tests.support.serve_process import serve_process

QUERY = """
query ($id: ID!) {
  customer(by: { id: $id }) {
    sourceId name givenName familyName email phone kind address { line city region postalCode country }
    orders(first: 100) {
      totalCount
      nodes {
        sourceId placedAt deliveredAt status total { amount currency } shipping { amount currency }
        items { quantity productId name category unitPrice { amount currency } }
        payments { method amount { amount currency } installments }
      }
    }
    orderStatistics { count total { amount currency } firstAt lastAt partial }
    surveys(first: 100) { nodes { score scale orderId at } }
  }
}
"""

Row = Sequence[Any]
Ask = Callable[[str, Any], list[Row]]


def rounded(value: Any) -> Decimal:
    return round(Decimal(str(value)), 2)


def day(text: Any) -> str:
    """A time of either side, to the second."""
    return str(text).replace(" ", "T")[:19]


def amounts(nodes: list[Any], field: str) -> Decimal:
    return sum((Decimal(node[field]["amount"]) for node in nodes), Decimal(0))


def compare_chinook(person: dict[str, Any], ask: Ask) -> None:
    id_ = person["sourceId"]
    ((first, last, email, phone, city, country),) = ask(
        'SELECT "FirstName", "LastName", "Email", "Phone", "City", "Country" FROM "Customer" WHERE "CustomerId" = ?', id_
    )
    assert (person["givenName"], person["familyName"], person["email"].lower()) == (first, last, email.lower())
    assert (person["phone"], person["address"]["city"]) == (phone, city)
    assert country in ("USA", "Canada") or person["address"]["country"] not in ("US", "CA")
    ((count, total, begun, ended),) = ask(
        'SELECT count(*), sum("Total"), min("InvoiceDate"), max("InvoiceDate") FROM "Invoice" WHERE "CustomerId" = ?', id_
    )
    figures = person["orderStatistics"]
    assert (person["orders"]["totalCount"], figures["count"], figures["partial"]) == (count, count, False)
    assert [(rounded(own["amount"]), own["currency"]) for own in figures["total"]] == [(rounded(total), "USD")]
    assert (day(figures["firstAt"]), day(figures["lastAt"])) == (day(begun), day(ended))
    lines = ask(
        'SELECT l."Quantity", t."Name", l."UnitPrice" FROM "InvoiceLine" l JOIN "Track" t ON t."TrackId" = l."TrackId"'
        ' JOIN "Invoice" i ON i."InvoiceId" = l."InvoiceId" WHERE i."CustomerId" = ?',
        id_,
    )
    items = [item for node in person["orders"]["nodes"] for item in node["items"]]
    assert Counter((own["quantity"], own["name"], rounded(own["unitPrice"]["amount"])) for own in items) == Counter(
        (quantity, name, rounded(price)) for quantity, name, price in lines
    )


def compare_northwind(person: dict[str, Any], ask: Ask) -> None:
    id_ = person["sourceId"]
    ((company, city, phone),) = ask("SELECT company_name, city, phone FROM customers WHERE customer_id = ?", id_)
    assert (person["kind"], person["name"], person["address"]["city"], person["phone"]) == ("COMPANY", company, city, phone)
    ((count, freight, begun, ended),) = ask(
        "SELECT count(*), sum(freight::numeric), min(order_date), max(order_date) FROM orders WHERE customer_id = ?", id_
    )
    figures, nodes = person["orderStatistics"], person["orders"]["nodes"]
    assert (person["orders"]["totalCount"], figures["count"], figures["total"]) == (count, count, [])
    assert abs(amounts(nodes, "shipping") - Decimal(freight or 0)) < Decimal("0.01") * (count + 1)
    if count:
        assert (day(figures["firstAt"])[:10], day(figures["lastAt"])[:10]) == (str(begun), str(ended))
    lines = ask(
        "SELECT d.quantity, p.product_name, d.unit_price FROM order_details d JOIN products p USING (product_id)"
        " JOIN orders o USING (order_id) WHERE o.customer_id = ?",
        id_,
    )
    items = [item for node in nodes for item in node["items"]]
    assert Counter((own["quantity"], own["name"], rounded(own["unitPrice"]["amount"])) for own in items) == Counter(
        (quantity, name, rounded(price)) for quantity, name, price in lines
    )


def compare_pagila(person: dict[str, Any], ask: Ask) -> None:
    ((first, last, email, line, city, phone),) = ask(
        "SELECT first_name, last_name, email, address.address, city.city, phone FROM customer JOIN address USING (address_id)"
        " JOIN city USING (city_id) WHERE customer_id = ?::integer",
        person["sourceId"],
    )
    assert (person["givenName"], person["familyName"], person["email"].lower()) == (first, last, email.lower())
    assert (person["address"]["line"], person["address"]["city"], person["phone"]) == (line, city, phone or None)
    assert person["orders"] is None


def compare_olist(person: dict[str, Any], ask: Ask) -> None:
    whose = "FROM orders JOIN customers USING (customer_id) WHERE customer_unique_id = ?"
    rows = ask(
        f"SELECT order_id, order_purchase_timestamp, order_delivered_customer_date, order_status {whose}", person["sourceId"]
    )
    nodes = {node["sourceId"]: node for node in person["orders"]["nodes"]}
    assert (person["orders"]["totalCount"], set(nodes)) == (len(rows), {row[0] for row in rows})
    for id_, placed, delivered, state in rows:
        node = nodes[id_]
        assert day(node["placedAt"]) == day(placed)
        assert (day(node["deliveredAt"]) if node["deliveredAt"] else None) == (day(delivered) if delivered else None)
        assert node["status"] != "DELIVERED" or state == "delivered"
        prices = ask("SELECT product_id, price FROM items WHERE order_id = ?", id_)
        assert Counter((own["productId"], rounded(own["unitPrice"]["amount"])) for own in node["items"]) == Counter(
            (product, rounded(price)) for product, price in prices
        )
        paid = ask("SELECT payment_value, payment_installments FROM payments WHERE order_id = ?", id_)
        assert Counter((rounded(own["amount"]["amount"]), own["installments"]) for own in node["payments"]) == Counter(
            (rounded(amount), int(installments)) for amount, installments in paid
        )
    ((total,),) = ask(
        f"SELECT sum(CAST(payment_value AS DECIMAL(18, 2))) FROM payments WHERE order_id IN (SELECT order_id {whose})",
        person["sourceId"],
    )
    assert [(rounded(own["amount"]), own["currency"]) for own in person["orderStatistics"]["total"]] == [
        (rounded(total), "BRL")
    ]
    scores = ask(
        f"SELECT order_id, review_score FROM reviews JOIN (SELECT order_id {whose}) USING (order_id)", person["sourceId"]
    )
    given = Counter((own["orderId"], int(own["score"])) for own in person["surveys"]["nodes"])
    assert given == Counter((order, int(score)) for order, score in scores)


COMPARED = {
    "chinook": (compare_chinook, ["1", "6", "59"]),
    "northwind": (compare_northwind, ["ALFKI", "SAVEA", "PARIS"]),
    "pagila": (compare_pagila, ["1", "599"]),
    "olist": (compare_olist, []),
}
"""Whom to compare beside the customer whose page `init` opens."""


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", COMPARED)
async def test_figures_are_those_of_sql(
    name: str, tmp_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Names, counts, sums, dates, lines and payments of the sample customer and others are as the database has them."""
    gold, (compare, others) = read_gold(name), COMPARED[name]
    files, written = tmp_path / "files", tmp_path / "written"
    files.mkdir()
    written.mkdir()
    with database_url(gold, files, request) as url:
        found, _ = await proposed(gold, url, written)
        (written / "tags.yaml").write_text(found.tags, encoding="utf-8")
        source = read_url(url.replace("+aiosqlite", "").replace("+asyncpg", ""), {}, "own")
        for variable, value in {**source.written, **source.variables, "GATEWAY_ENVIRONMENT": "development"}.items():
            monkeypatch.setenv(variable, value)
        assert found.sample is not None
        with serve_process(written / "gateway.toml") as gateway:
            gateway.wait_ready(1)
            for id_ in [found.sample, *others]:
                asked = {"query": QUERY, "variables": {"id": f"own:{id_}"}}
                answer = httpx2.post(f"{gateway.url}/graphql", json=asked, timeout=60).json()
                assert "errors" not in answer
                rows = await Answers(gold, url).gather(compare, answer["data"]["customer"])
                assert rows > 0


class Answers:
    """Answers of the database itself to SQL that was written by hand."""

    def __init__(self, gold: Gold, url: str) -> None:
        self._gold, self._url = gold, url
        self._asked = 0

    async def gather(self, compare: Callable[[dict[str, Any], Ask], None], person: dict[str, Any]) -> int:
        """Compare a customer with what the database says. Gives the number of rows that were read."""
        if self._gold.kind == "postgresql":
            return await self._with_postgresql(compare, person)
        if self._gold.kind == "sqlite":
            sqlite = sqlite3.connect(database_path(self._gold))
            compare(person, lambda text, value: self._counted(sqlite.execute(text, (value,)).fetchall()))
            sqlite.close()
        else:
            tables = duckdb.connect()
            for table, file in self._gold.tables.items():
                tables.execute(f"CREATE VIEW {table} AS FROM read_csv('{self._url}/{file}', all_varchar = true)")
            compare(person, lambda text, value: self._counted(tables.execute(text, [value]).fetchall()))
            tables.close()
        return self._asked

    def _counted(self, rows: Sequence[Row]) -> list[Row]:
        self._asked += len(rows)
        return list(rows)

    async def _with_postgresql(self, compare: Callable[[dict[str, Any], Ask], None], person: dict[str, Any]) -> int:
        """Learn which statements are asked, run them, and compare then: the driver is asynchronous, the comparison is not."""
        url = make_url(self._url)
        connection = await asyncpg.connect(url.set(drivername="postgresql").render_as_string(hide_password=False))
        answers: dict[str, list[Row]] = {}
        try:
            while True:
                try:
                    compare(person, lambda text, _: self._counted(answers[text]))
                except KeyError as missing:
                    text = missing.args[0]
                    rows = await connection.fetch(
                        text.replace("?::integer", "$1::text::integer").replace("?", "$1"), person["sourceId"]
                    )
                    answers[text] = [tuple(row.values()) for row in rows]
                else:
                    return self._asked
        finally:
            await connection.close()

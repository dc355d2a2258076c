"""One bad text or row costs no other, in every database; figures say that they are partial."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.record_fields import Fields
from connectors.records import Customer, Event, Order
from connectors.sql.postgresql import JSON_LEVELS
from tests.connectors.test_sql_odd_values import asks, money_rows, rows
from tests.support.gateway_server import gateway_on
from tests.support.sql_shop import Shop, connector_at, ids, sqlite_url

pytestmark = pytest.mark.cases


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"a": 1}', {"a": 1}),
        (
            ' {"a": [1, -2.5e3, "x\\\\"y", null, true, {}], "b": {"c": [[]]}} ',
            {"a": [1, -2.5e3, 'x"y', None, True, {}], "b": {"c": [[]]}},
        ),
        ("not json", "not json"),
        ('{"a": 1', '{"a": 1'),
        ('{"a": 01}', '{"a": 01}'),
        ('{"a" 1}', '{"a" 1}'),
        ("{a: 1}", "{a: 1}"),
        ('{"a": 1,}', '{"a": 1,}'),
        ("[1 2]", "[1 2]"),
    ],
)
async def test_json_of_text_is_read_or_stays_text(shop: Shop, text: str, expected: Any) -> None:
    """The rows beside it are read in either case."""
    if shop.backend == "files" and text == '{"a": 1,}':
        pytest.skip("DuckDB forgives a comma")
    written = text if shop.backend == "mysql" else text.replace("\\\\", "\\")
    query = rows(
        {"id": "'e1'", "customer": "'c1'", "at": "'2026-06-02'", "type": "'view'", "properties": f"'{written}'"},
        {"id": "'e2'", "customer": "'c1'", "at": "'2026-06-01'", "type": "'view'", "properties": "''"},
    )
    await asks(shop, "event", query.replace(" AS at", ' AS "at"') if shop.backend == "files" else query)
    found = (await shop.fetch(Event, ["c1"]))["c1"]
    assert [own["properties"] for own in found] == [expected, {}]


@pytest.mark.postgresql
async def test_json_of_text_may_be_deep(postgresql_database: str) -> None:
    """As deep as it is looked at."""
    shop = Shop("postgresql", postgresql_database)
    text = "[" * (JSON_LEVELS - 1) + "]" * (JSON_LEVELS - 1)
    event = {"id": "'e1'", "customer": "'c1'", "at": "'2026-06-02'", "type": "'view'", "properties": f"""'{{"a": {text}}}'"""}
    await asks(shop, "event", rows(event))
    (found,) = (await shop.fetch(Event, ["c1"]))["c1"]
    assert found["properties"] == {"a": msgspec.json.decode(text)}
    await shop.connector.aclose()


@pytest.mark.parametrize("backend", ["sqlite", pytest.param("postgresql", marks=pytest.mark.postgresql)])
async def test_half_a_character_becomes_a_mark(backend: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """In JSON of databases that keep it so; whole ones and what only looks so stay."""
    url = sqlite_url(tmp_path) if backend == "sqlite" else request.getfixturevalue("postgresql_database")
    shop = Shop(backend, url)
    json = r"""'{"a": "cut \ud83d", "b": "\ud83d\ude00", "c": "\\ud83d"}'"""
    properties = json if backend == "sqlite" else f"{json}::json"
    event = {"id": "'e1'", "customer": "'c1'", "at": "'2026-06-02'", "type": "'view'", "properties": properties}
    await asks(shop, "event", rows(event))
    (found,) = (await shop.fetch(Event, ["c1"]))["c1"]
    assert found["properties"] == {"a": "cut \ufffd", "b": "\U0001f600", "c": r"\ud83d"}
    await shop.connector.aclose()


async def test_sqlite_text_that_is_no_utf_8_costs_its_characters(tmp_path: Path) -> None:
    """The driver would fail with all rows."""
    shop = Shop("sqlite", sqlite_url(tmp_path))
    order = {"id": "CAST(x'e9' AS TEXT)", "customer": "'c1'", "placed_at": "'2026-06-01'"}
    await asks(shop, "order", rows(order), items="SELECT CAST(x'e9' AS TEXT) AS parent, CAST(x'636166e9' AS TEXT) AS name")
    (found,) = (await shop.fetch(Order, ["c1"]))["c1"]
    assert (found["id"], found["items"][0]["name"]) == ("\ufffd", "caf\ufffd")
    await shop.connector.aclose()


@pytest.mark.postgresql
async def test_a_bad_row_in_postgresql_costs_no_other(postgresql_database: str) -> None:
    """Lists in arrays, and texts that are no JSON, no amount, no time."""
    shop = Shop("postgresql", postgresql_database)
    await shop.execute(
        "CREATE TABLE c (id text, devs text[], props text, amt text, pl text)",
        "INSERT INTO c VALUES ('1', '{d1,d2}', '{\"a\": 1}', '12.30', '2026-06-01')",
        "INSERT INTO c VALUES ('1b', NULL, 'not json', '12,30', '0000-00-00')",
    )
    await asks(shop, "customer", "SELECT id, devs AS device_ids FROM c", "id")
    found = await shop.fetch(Customer, ["1", "1b"], fields=Fields.from_paths("id", "device_ids"))
    assert found == {"1": [{"id": "1", "deviceIds": ["d1", "d2"]}], "1b": [{"id": "1b", "deviceIds": []}]}
    await asks(
        shop, "order", "SELECT id, 'c' AS customer, pl AS placed_at, amt AS total_amount, 'EUR' AS total_currency FROM c"
    )
    good, bad = (await shop.fetch(Order, ["c"], fields=Fields.from_paths("placed_at", "total.amount")))["c"]
    assert good == {"placedAt": "2026-06-01T00:00:00Z", "total": {"amount": "12.30"}}
    assert bad == {"placedAt": "0000-00-00", "total": {"amount": "12,30"}}
    await asks(shop, "event", "SELECT id, 'c' AS customer, '2026-06-01' AS at, 'view' AS type, props AS properties FROM c")
    found = await shop.fetch(Event, ["c"], fields=Fields.from_paths("id", "properties"))
    assert found == {"c": [{"id": "1b", "properties": "not json"}, {"id": "1", "properties": {"a": 1}}]}
    await shop.connector.aclose()


@pytest.mark.mysql
async def test_a_date_of_zeros_in_mysql_is_none(mysql_database: str) -> None:
    """Old installations have them for what is not known, in whole and in part."""
    shop = Shop("mysql", mysql_database)
    await shop.execute(
        "SET SESSION sql_mode = ''",
        "CREATE TABLE o (id INT, placed DATETIME, day DATE, at DATETIME, big BIGINT UNSIGNED)",
        "INSERT INTO o VALUES (1, '2026-06-03', '0000-00-00', '0000-00-00 00:00:00', 18446744073709551615)",
        "INSERT INTO o VALUES (2, '2026-06-02', '2026-06-00', '2026-00-00 00:00:00', 7)",
        "INSERT INTO o VALUES (3, '0000-00-00', '2026-06-01', '2026-06-01 10:00:00', 7)",
    )
    for column in ("day", "at"):
        await asks(shop, "order", f"SELECT id, 'c1' AS customer, placed AS placed_at, {column} AS delivered_at FROM o")
        found = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "placed_at", "delivered_at")))["c1"]
        assert [(own["id"], own["deliveredAt"]) for own in found[:2]] == [("1", None), ("2", None)]
        assert (found[2]["placedAt"], found[2]["deliveredAt"][:10]) == (None, "2026-06-01")
    await asks(shop, "order", "SELECT id, big, placed AS placed_at FROM o", {"column": "big", "type": "integer"})
    assert ids(await shop.fetch(Order, ["18446744073709551615", "18446744073709551616"])) == {"18446744073709551615": ["1"]}
    await shop.connector.aclose()


FIGURES = """{ customer(by: {id: "c1"}) {
    orders(first: 10) { totalCount nodes { id total { amount } } sources { droppedRecords } }
    orderStatistics { count total { amount currency } partial }
} }"""


async def figures(shop: Shop, orders: str) -> dict[str, Any]:
    """What a caller gets of these orders of a customer."""
    await shop.connector.aclose()
    customer = {"query": "SELECT 'c1' AS id, 'Ann' AS name", "keys": {"customer_id": "id"}}
    order = {"query": orders, "keys": {"customer_id": "customer"}}
    tables: dict[str, Any] = {"tables": {}} if shop.backend == "files" else {}
    shop.connector = connector_at(shop.url, records={"customer": customer, "order": order}, **tables)
    async with gateway_on([shop.connector]) as gateway:
        found: dict[str, Any] = (await gateway.data(FIGURES))["customer"]
    return found


async def test_figures_are_those_of_the_list(shop: Shop) -> None:
    """Of orders that are all read nothing is left out."""
    found = await figures(shop, money_rows(shop, "text", "10", "20.5"))
    assert found["orders"]["totalCount"] == len(found["orders"]["nodes"]) == 2
    statistics = found["orderStatistics"]
    assert (statistics["count"], statistics["partial"]) == (2, False)
    assert [Decimal(own["amount"]) for own in statistics["total"]] == [Decimal("30.5")]


async def test_figures_of_what_cannot_be_read_say_that_they_are_partial(shop: Shop) -> None:
    """An amount with a comma is in no sum, as it is in no list."""
    statistics = (await figures(shop, money_rows(shop, "text", "10", "1,5", "abc")))["orderStatistics"]
    assert statistics["partial"]
    assert [Decimal(own["amount"]) for own in statistics["total"]] == [Decimal(10)]


async def test_figures_of_times_that_cannot_be_read_say_that_they_are_partial(shop: Shop) -> None:
    """Such an order is in no list, no total and no figure."""
    order = {"id": "'o1'", "customer": "'c1'", "placed_at": "'soon'"}
    found = await figures(shop, rows(order, order | {"id": "'o2'", "placed_at": "'2026-06-01'"}))
    assert found["orders"]["totalCount"] == len(found["orders"]["nodes"]) == 1
    assert found["orders"]["sources"] == [{"droppedRecords": 1}]
    assert found["orderStatistics"] == {"count": 1, "total": [], "partial": True}


async def test_figures_count_a_doubled_order_once(shop: Shop) -> None:
    """As lists do."""
    found = await figures(shop, " UNION ALL ".join([money_rows(shop, "text", "10", "20")] * 3))
    assert found["orders"]["totalCount"] == len(found["orders"]["nodes"]) == 2
    statistics = found["orderStatistics"]
    assert (statistics["count"], [Decimal(own["amount"]) for own in statistics["total"]]) == (2, [Decimal(30)])
    assert not statistics["partial"]

"""Ids that a database takes for the same, by a collation or a type: no record has the items or the keys of another."""

import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.contract import Ask, Condition, KeyKind, Measure, MeasureOp
from connectors.files import FilesConnector, FilesSettings
from connectors.record_fields import Fields
from connectors.records import Customer, Order
from connectors.sql import SqlConnector
from tests.support import citext
from tests.support.sql_shop import DATABASES, Shop, decoded, ids, settings, shop_at, sqlite_url

RECORDS: dict[str, Any] = {
    "order": {
        "query": "SELECT id, 'c1' AS customer, '2018-01-01T00:00:00Z' AS placed_at FROM records",
        "keys": {"customer_id": "customer"},
        "lists": {"items": {"query": "SELECT parent, sku FROM parts"}},
    },
    "customer": {
        "query": "SELECT id, owner FROM records",
        "keys": {"customer_id": "owner", "email": {"query": "SELECT parent AS id, sku AS key FROM parts"}},
    },
}
TWINS = {
    "case": ("VARCHAR(20){no_case}", "VARCHAR(20){no_case}", "A1", "a1"),
    "number beside texts": ("VARCHAR(20)", "BIGINT", "07", "7"),
    "text beside numbers": ("BIGINT", "VARCHAR(20)", "8", "7"),
    "beyond 2^53": ("BIGINT", "VARCHAR(20)", "9007199254740992", "9007199254740993"),
}
"""The types of an id and of what refers to it, and two ids."""
NUMBERS = ("BIGINT", "DECIMAL(9, 2)", "DOUBLE", "VARCHAR(20)")
FRACTIONS = [types for types in itertools.product(NUMBERS, NUMBERS) if types != ("DOUBLE", "VARCHAR(20)")]
"""The types of an id and of what refers to it. SQLite compares the number 7.0 with texts as 7.0."""


@asynccontextmanager
async def shop_without_case(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    backend = request.param
    url = sqlite_url(tmp_path) if backend == "sqlite" else request.getfixturevalue(f"{backend}_database")
    async with shop_at(backend, url) as shop:
        if backend == "postgresql":
            await shop.execute(*citext.statements())
        await shop.connector.aclose()
        shop.connector = SqlConnector("shop", settings(url, records=RECORDS))
        yield shop


@pytest.fixture(params=["sqlite", pytest.param("mysql", marks=pytest.mark.mysql)])
async def shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose texts know no case, and are compared with numbers."""
    async with shop_without_case(request, tmp_path) as shop:
        yield shop


@pytest.fixture(params=DATABASES)
async def any_shop(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Shop]:
    """A shop whose texts know no case."""
    async with shop_without_case(request, tmp_path) as shop:
        yield shop


async def fill(shop: Shop, id_type: str, parent_type: str, ids: tuple[str, str], parents: list[tuple[str, str]]) -> None:
    no_case = " COLLATE NOCASE" if shop.backend == "sqlite" else ""
    text = "CITEXT" if shop.backend == "postgresql" else f"VARCHAR(20){no_case}"
    id_type, parent_type = (text if "{" in own else own for own in (id_type, parent_type))
    types = [own.format(no_case=no_case) for own in (id_type, parent_type)]
    await shop.execute(
        f"CREATE TABLE records (id {types[0]}, owner {text})",
        f"CREATE TABLE parts (parent {types[1]}, sku {text})",
        *(f"INSERT INTO records VALUES ('{id_}', '{id_}')" for id_ in ids),
        *(f"INSERT INTO parts VALUES ('{parent}', '{sku}')" for parent, sku in parents),
    )


@pytest.mark.parametrize("twins", TWINS.values(), ids=TWINS)
async def test_a_record_has_its_own_items_and_keys(shop: Shop, twins: tuple[str, str, str, str]) -> None:
    """Neither the items of its neighbour, nor the key that finds him; conditions and figures agree."""
    id_type, parent_type, other, own = twins
    parents = [(own, "s1"), *([("07", "s2")] if parent_type != "BIGINT" and own == "7" else [])]
    await fill(shop, id_type, parent_type, (other, own), parents)
    found = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "items.sku")))["c1"]
    assert {order["id"]: order["items"] for order in found} == {other: [], own: [{"sku": "s1"}]}
    with_item = Condition("items.sku", ("s1",))
    assert ids(await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id"), where=(with_item,))) == {"c1": [own]}
    count = Measure(op=MeasureOp.COUNT, where=(with_item,))
    assert (await shop.aggregate(Order).measure(["c1"], [count]))["c1"] == [1]
    keys = ["s1", "s2"]
    assert ids(await shop.fetch(Customer, keys, KeyKind.EMAIL, fields=Fields.from_paths("id"))) == {"s1": [own]}


@pytest.mark.parametrize("types", [("{no_case}", "{no_case}"), ("VARCHAR(20)", "{no_case}"), ("{no_case}", "VARCHAR(20)")])
async def test_ids_that_differ_in_case_have_their_own_items(any_shop: Shop, types: tuple[str, str]) -> None:
    """Whichever of the two columns takes them for the same."""
    id_type, parent_type = ("VARCHAR(20){no_case}" if "{" in own else own for own in types)
    await fill(any_shop, id_type, parent_type, ("A1", "a1"), [("a1", "s1")])
    found = (await any_shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "items.sku")))["c1"]
    assert {order["id"]: order["items"] for order in found} == {"A1": [], "a1": [{"sku": "s1"}]}
    count = Measure(op=MeasureOp.COUNT, where=(Condition("items.sku", ("s1",)),))
    assert (await any_shop.aggregate(Order).measure(["c1"], [count]))["c1"] == [1]


async def test_keys_and_ids_that_differ_in_case_are_all_found(any_shop: Shop) -> None:
    """Pairs that a collation takes for the same are several, and each key has a page of its own."""
    shop = any_shop
    own = "VARCHAR(20){no_case}"
    await fill(shop, own, own, ("A1", "a1"), [("A1", "K"), ("a1", "K"), ("a1", "k"), ("a1", "k")])
    for page in ({}, {"first": 2}):
        found = await shop.fetch(Customer, ["K", "k"], KeyKind.EMAIL, fields=Fields.from_paths("id"), **page)
        assert ids(found) == {"K": ["A1", "a1"], "k": ["a1"]}
    found = await shop.fetch(Customer, ["A1", "a1"], fields=Fields.from_paths("id"), first=1, count=True)
    assert ids(found) == {"A1": ["A1"], "a1": ["a1"]}


@pytest.mark.parametrize("by", [KeyKind.CUSTOMER_ID, KeyKind.EMAIL])
async def test_ids_given_as_constants_are_in_all_their_spellings(shop: Shop, by: KeyKind) -> None:
    """A query that the database computes by itself is told the ids, and its column may know the case that the ids' does not."""
    exact, blind = {"sqlite": ("BINARY", "NOCASE"), "mysql": ("utf8mb4_bin", "utf8mb4_general_ci")}[shop.backend]
    await shop.execute(
        f"CREATE TABLE blind (id VARCHAR(20) COLLATE {blind}, owner VARCHAR(20))",
        f"CREATE TABLE exact (id VARCHAR(20) COLLATE {exact}, owner VARCHAR(20))",
        *(f"INSERT INTO {table} VALUES ('{id_}', 'c1')" for table in ("blind", "exact") for id_ in ("A1", "a1")),
    )
    pairs = {"query": "SELECT id, owner AS key FROM blind"}
    record = {
        "query": "SELECT id, owner FROM " + ("blind" if by is KeyKind.CUSTOMER_ID else "exact GROUP BY id, owner"),
        "keys": {"customer_id": "owner", "email": pairs},
        "lists": {"device_ids": {"query": "SELECT id AS parent, id AS value FROM exact GROUP BY id, id"}},
    }
    await shop.connector.aclose()
    shop.connector = SqlConnector("shop", settings(shop.url, records={"customer": record}))
    for page in ({}, {"first": 2}, {"count": True}):
        found = await shop.fetch(Customer, ["c1"], by, fields=Fields.from_paths("id", "device_ids"), **page)
        assert found == {"c1": [{"id": id_, "deviceIds": [id_]} for id_ in ("A1", "a1")]}


@pytest.mark.parametrize("types", FRACTIONS, ids=" ".join)
async def test_a_fraction_of_nothing_is_none(shop: Shop, types: tuple[str, str]) -> None:
    """Whatever an id and what refers to it are."""
    await fill(shop, *types, ("7", "8"), [("7", "s1")])
    found = (await shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "items.sku")))["c1"]
    assert {order["id"]: order["items"] for order in found} == {"7": [{"sku": "s1"}], "8": []}
    assert ids(await shop.fetch(Customer, ["s1"], KeyKind.EMAIL, fields=Fields.from_paths("id"))) == {"s1": ["7"]}


async def exported(folder: Path, records: str, parts: str) -> tuple[list[Any], dict[str, Any]]:
    """The items of the orders, and the customers by e-mail address, of two files."""
    duckdb.sql(f"COPY (SELECT id, '7' AS owner FROM ({records}) AS t(id)) TO '{folder}/records.parquet'")
    duckdb.sql(f"COPY (SELECT * FROM ({parts}) AS t(parent, sku)) TO '{folder}/parts.parquet'")
    tables = {name: f"{name}.parquet" for name in ("records", "parts")}
    connector = FilesConnector("exports", FilesSettings.model_validate({"path": folder, "tables": tables, "records": RECORDS}))
    await connector.open()
    lookups = {(own.record, own.by): own for own in connector.lookups()}
    orders = await lookups[Order, KeyKind.CUSTOMER_ID].fetch(["c1"], Ask(fields=Fields.from_paths("id", "items.sku")))
    customers = await lookups[Customer, KeyKind.EMAIL].fetch(["s1", "s2", "s3"], Ask(fields=Fields.from_paths("id")))
    await connector.aclose()
    return [order["items"] for order in decoded(orders)["c1"]], ids(decoded(customers))


@pytest.mark.parametrize("type_", ["BIGINT", "DOUBLE", "DECIMAL(9, 2)", "VARCHAR"])
async def test_items_of_files_are_tied_by_text(tmp_path: Path, type_: str) -> None:
    """A text that is no number does not cost the others their answer, and a fraction of nothing is none."""
    parts = "VALUES ('07', 's1'), ('7', 's2'), ('A2', 's3')"
    assert await exported(tmp_path, f"SELECT '7'::{type_}", parts) == (
        [[{"sku": "s2"}]],
        {"s2": ["7"]},
    )


@pytest.mark.parametrize("id_type", ["INTEGER", "DOUBLE", "VARCHAR"])
@pytest.mark.parametrize("type_", ["BIGINT", "DOUBLE", "DECIMAL(9, 2)"])
async def test_numbers_of_files_are_tied_to_ids_of_any_type(tmp_path: Path, id_type: str, type_: str) -> None:
    """A column of numbers, one of which was empty, has a fraction in one file and none in the other."""
    found = await exported(tmp_path, f"SELECT '7'::{id_type}", f"VALUES (7::{type_}, 's1'), (8, 's2')")
    assert found == ([[{"sku": "s1"}]], {"s1": ["7"]})


async def test_texts_of_files_that_look_like_fractions_are_ids(tmp_path: Path) -> None:
    """Version 7.0 is not version 7."""
    found = await exported(tmp_path, "VALUES ('7.0'), ('7')", "VALUES ('7.0', 's1'), ('7', 's2')")
    assert found == ([[{"sku": "s1"}], [{"sku": "s2"}]], {"s1": ["7.0"], "s2": ["7"]})

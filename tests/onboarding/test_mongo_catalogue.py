"""What is read of a MongoDB database: paths, arrays, indexes and samples."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import pytest_asyncio
from bson import Binary, Decimal128, Int64, ObjectId
from pymongo import AsyncMongoClient

from connectors.catalogue import MAX_SAMPLED_ROWS, CatalogueReader, ColumnKind
from connectors.errors import SourceError
from connectors.mongo.catalogue_reader import MongoCatalogueReader

pytestmark = pytest.mark.mongodb

PEOPLE = [ObjectId(f"{number:024x}") for number in (1, 2)]
AT = datetime(2026, 1, 2, 10, tzinfo=UTC)
ORDERS: list[dict[str, Any]] = [
    {
        "_id": number,
        "customerId": person,
        "placed": AT,
        "sum": {"value": Decimal128("12.50"), "currency": "EUR"},
        "tags": ["new", "web"],
        "lines": [
            {"sku": "tea", "pieces": 2, "price": {"cents": Int64(350)}},
            {"sku": "cup", "pieces": 1, "notes": [{"x": 1}]},
        ],
    }
    for number, person in ((1, PEOPLE[0]), (2, PEOPLE[0]), (3, PEOPLE[1]))
]


@pytest_asyncio.fixture
async def database(mongodb_uri: str, mongodb_database: str) -> AsyncIterator[Any]:
    """The test's own database, to write to."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri, uuidRepresentation="standard", timeoutMS=20_000) as client:
        yield client[mongodb_database]


@pytest_asyncio.fixture
async def reader(mongodb_uri: str, mongodb_database: str) -> AsyncIterator[CatalogueReader]:
    own: CatalogueReader = MongoCatalogueReader(mongodb_uri, mongodb_database)
    yield own
    await own.aclose()


async def test_collections_are_read(database: Any, reader: CatalogueReader) -> None:
    """Paths are columns with kinds, arrays of objects are tables, and secrets are not sampled."""
    await database.people.insert_many(
        [
            {"_id": PEOPLE[0], "contact": {"email": "ana@example.com", "phone": None}, "passwordHash": "canary", "vip": True},
            {"_id": PEOPLE[1], "contact": {"email": "bo@example.com"}, "passwordHash": "canary", "device": UUID(int=1)},
        ]
    )
    await database.orders.insert_many(ORDERS)
    await database.people.create_index("contact.email", unique=True)
    await database.orders.create_index([("customerId", 1), ("placed", -1)])
    await database.orders.create_index("lines.sku")
    await database.orders_backup.insert_one({"_id": 1})
    await database.schema_migrations.insert_one({"_id": 1})
    catalogue = await reader.read_catalogue()
    tables = {table.name: table for table in catalogue.tables}
    assert (catalogue.kind, catalogue.dialect, sorted(tables)) == ("mongo", "mongodb", ["orders", "orders.lines", "people"])
    assert catalogue.skipped == {"backup": ["orders_backup"], "of a tool": ["schema_migrations"]}
    people, orders, lines = tables["people"], tables["orders"], tables["orders.lines"]
    assert [(own.name, own.kind, own.nullable) for own in people.columns] == [
        ("_id", ColumnKind.OBJECT_ID, False),
        ("contact.email", ColumnKind.TEXT, False),
        ("passwordHash", ColumnKind.TEXT, False),
        ("vip", ColumnKind.BOOLEAN, True),
        ("device", ColumnKind.UUID, True),
    ]
    assert list(people.columns[1].samples) == ["ana@example.com", "bo@example.com"]
    assert people.columns[2].is_secret
    assert "canary" not in repr(catalogue)
    assert people.is_unique("_id")
    assert people.is_unique("contact.email")
    assert (people.rows, people.is_whole) == (2, True)
    assert [(own.name, own.kind, own.is_list) for own in orders.columns] == [
        ("_id", ColumnKind.INTEGER, False),
        ("customerId", ColumnKind.OBJECT_ID, False),
        ("placed", ColumnKind.ZONED_TIMESTAMP, False),
        ("sum.value", ColumnKind.DECIMAL, False),
        ("sum.currency", ColumnKind.TEXT, False),
        ("tags", ColumnKind.TEXT, True),
    ]
    assert orders.column("sum.value").values == [Decimal("12.50")] * 3  # type: ignore[union-attr]
    assert orders.column("placed").values == [AT] * 3  # type: ignore[union-attr]
    assert ("customerId", "placed") in [index.columns for index in orders.indexes]
    assert (lines.embedded_in, lines.path, lines.rows) == ("orders", "lines", 6)
    assert [(own.name, own.kind) for own in lines.columns] == [
        ("_parent", ColumnKind.INTEGER),
        ("sku", ColumnKind.TEXT),
        ("pieces", ColumnKind.INTEGER),
        ("price.cents", ColumnKind.INTEGER),
        ("notes", ColumnKind.JSON),
    ]
    assert [(key.columns, key.target, key.target_columns) for key in lines.foreign_keys] == [(("_parent",), "orders", ("_id",))]
    assert ("sku",) in [index.columns for index in lines.indexes]


async def test_rows_are_read_and_counted_by_keys(database: Any, reader: CatalogueReader) -> None:
    """Rows come by values of a path, of documents, of items and of an item's document, and are counted for each."""
    await database.orders.insert_many(ORDERS)
    await reader.read_catalogue()
    assert sorted(await reader.read_rows("orders", ["_id", "sum.value"], "customerId", [PEOPLE[0]])) == [
        (1, Decimal("12.50")),
        (2, Decimal("12.50")),
    ]
    assert len(await reader.read_rows("orders", ["_id"], "customerId", PEOPLE, limit=2)) == 2
    assert await reader.count_rows("orders", "customerId", [*PEOPLE, ObjectId()]) == {PEOPLE[0]: 2, PEOPLE[1]: 1}
    assert sorted(await reader.read_rows("orders.lines", ["_parent", "sku", "price.cents"], "_parent", [1])) == [
        (1, "cup", None),
        (1, "tea", 350),
    ]
    assert await reader.read_rows("orders.lines", ["pieces"], "sku", ["cup"]) == [(1,)] * 3
    assert await reader.count_rows("orders.lines", "_parent", [1, 3, 9]) == {1: 2, 3: 2}
    assert await reader.count_rows("orders.lines", "sku", ["tea"]) == {"tea": 3}
    assert await reader.count_rows("orders", "tags", ["web"]) == {"web": 3}
    assert await reader.read_rows("orders", ["_id"], "sum.value", [Decimal("12.50")]) == [(1,), (2,), (3,)]
    assert await reader.read_rows("orders", ["_id"], "_id", []) == []
    assert await reader.count_rows("orders", "_id", []) == {}


async def test_odd_documents_are_read(database: Any, reader: CatalogueReader) -> None:
    """Mixed types, empty collections, keys with dots, deep and binary values are read and not sampled."""
    deep: dict[str, Any] = {"end": 1}
    for _ in range(12):
        deep = {"a": deep}
    await database.odd.insert_many(
        [{"mixed": 1, "raw": Binary(b"x"), "deep": deep, "n": 1}, {"mixed": "x", "empty": [], "n": 2.5, "lists": [[1]]}]
    )
    await database.create_collection("empty")
    catalogue = await reader.read_catalogue()
    tables = {table.name: table for table in catalogue.tables}
    kinds = {column.name: (column.kind, list(column.samples)) for column in tables["odd"].columns}
    assert kinds["mixed"] == (ColumnKind.OTHER, [])
    assert kinds["raw"] == (ColumnKind.BINARY, [])
    assert kinds["n"] == (ColumnKind.FLOAT, [1, 2.5])
    assert kinds["deep.a.a.a.a.a.a"] == (ColumnKind.JSON, [])
    assert "empty" not in kinds
    assert (tables["empty"].columns, tables["empty"].is_whole) == ([], True)


async def test_large_collections_are_sampled_at_both_ends(database: Any, reader: CatalogueReader) -> None:
    """The oldest and the newest documents are among the samples, the same each time; text is cut."""
    await database.events.insert_many([{"_id": number, "text": "x" * 400} for number in range(2_000)])
    first, second = await reader.read_catalogue(), await reader.read_catalogue()
    (table,) = first.tables
    ids = list(table.columns[0].samples)
    assert first == second
    assert (len(ids), min(ids), max(ids), table.is_whole) == (MAX_SAMPLED_ROWS, 0, 1_999, False)
    assert {len(value) for value in table.columns[1].samples} == {256}


async def test_a_server_that_is_away_is_told(reader: CatalogueReader) -> None:
    """The reader raises our errors only."""
    own = MongoCatalogueReader("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200", "shop")
    with pytest.raises(SourceError):
        await own.read_catalogue()
    await own.aclose()

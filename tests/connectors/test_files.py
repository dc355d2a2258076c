"""The files kind: from raw exports to an answer, what is refused, and what is left running."""

import asyncio
import subprocess
import sys
import threading
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from connectors.contract import Ask, KeyKind
from connectors.errors import SourceError, SourceProtocolError, SourceTimeoutError, SourceUnavailableError
from connectors.files import FilesConnector
from connectors.files.failures import FOREIGN, source_error
from connectors.record_fields import Fields, all_fields
from connectors.records import Customer, Event, Order
from tests.connectors.test_sql_failures import subclasses
from tests.support.export_folder import ORDERS, RECORDS, TABLES, exports, one_order, write_exports
from tests.support.gateway_server import gateway_on
from tests.support.sql_shop import decoded

ID = Fields.from_paths("id")


@pytest.fixture
async def folder(tmp_path: Path) -> Path:
    write_exports(tmp_path)
    return tmp_path


@pytest.fixture
async def connector(folder: Path) -> AsyncIterator[FilesConnector]:
    connector = exports(folder)
    await connector.open()
    yield connector
    await connector.aclose()


async def fetch(connector: FilesConnector, record: Any, keys: list[str], **words: Any) -> dict[str, Any]:
    by = words.pop("by", KeyKind.CUSTOMER_ID)
    lookup = next(own for own in connector.lookups() if own.record is record and own.by == by)
    return decoded(await lookup.fetch(keys, Ask(**{"fields": all_fields(record)} | words)))


def names_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


async def rows_of(folder: Path, select: str, **changes: Any) -> list[Any]:
    """What orders whose status is a SELECT of one value give for it."""
    query = f"SELECT 1 AS id, 'c' AS customer, '2024-01-01' AS placed_at, ({select}) AS status"
    connector = exports(folder, records=one_order(query), **changes)
    try:
        found = await fetch(connector, Order, ["c"], fields=Fields.from_paths("status"))
    finally:
        await connector.aclose()
    return [order["status"] for order in found["c"]]


async def test_raw_exports_answer_a_query(connector: FilesConnector) -> None:
    """From a folder of CSV, gzip, Parquet and JSON to GraphQL, with what the shop's tools made of it."""
    query = """{ customer(by: {email: "zoe@example.com"}) { id name createdAt
        orders { totalCount nodes { id status placedAt total { amount currency }
                                    items { sku quantity unitPrice { amount } } } }
        events { nodes { id at properties } }
        orderStatistics { count total { amount currency } } } }"""
    assert await connector.check() == []
    async with gateway_on([connector]) as gateway:
        data = await gateway.data(query)
    assert data["customer"] == {
        "id": "exports:007",
        "name": "Zoë Müller",
        "createdAt": "2024-01-05T00:00:00Z",
        "orders": {
            "totalCount": 2,
            "nodes": [
                {
                    "id": "exports:3",
                    "status": "UNKNOWN",
                    "placedAt": "2025-01-31T23:00:00Z",
                    "total": {"amount": "100.00", "currency": "EUR"},
                    "items": [{"sku": "003", "quantity": 1, "unitPrice": {"amount": "100.00"}}],
                },
                {
                    "id": "exports:1",
                    "status": "DELIVERED",
                    "placedAt": "2024-05-01T10:00:00Z",
                    "total": {"amount": "19.90", "currency": "EUR"},
                    "items": [
                        {"sku": "002", "quantity": 2, "unitPrice": {"amount": "5.00"}},
                        {"sku": "001", "quantity": 1, "unitPrice": {"amount": "9.90"}},
                    ],
                },
            ],
        },
        "events": {"nodes": [{"id": "exports:e1", "at": "2025-02-01T10:00:00Z", "properties": {"page": "/a", "tags": ["x"]}}]},
        "orderStatistics": {"count": 2, "total": [{"amount": "119.90", "currency": "EUR"}]},
    }


async def test_changed_files_are_seen_by_the_next_call(connector: FilesConnector, folder: Path) -> None:
    """Rows that are added, and files that are replaced, added to a pattern or removed from it."""

    async def found() -> list[str]:
        return [order["id"] for order in (await fetch(connector, Order, ["007"], fields=ID)).get("007", [])]

    assert await found() == ["3", "1"]
    with (folder / "orders-2024.csv").open("a") as file:
        file.write("4,007,new,2026-01-01,1,\n")
    assert await found() == ["4", "3", "1"]
    (folder / "orders-2026.csv").write_text("order_no,customer_no,state,ordered,sum\n5,007,new,2026-02-01,1\n")
    assert await found() == ["5", "4", "3", "1"]
    (folder / "orders-2024.csv").unlink()
    assert await found() == ["5", "3"]


@pytest.mark.cases
async def test_the_form_of_csv_files_is_guessed_when_they_change_only(folder: Path) -> None:
    """Files of one pattern each have their own; columns that change places are found in their new ones."""
    connector = exports(folder)
    sent: list[str] = []
    connector.database.listeners.append(sent.append)

    async def totals() -> list[str]:
        found = await fetch(connector, Order, ["007", "0815"], fields=Fields.from_paths("total.amount"))
        return sorted(order["total"]["amount"] for orders in found.values() for order in orders)

    assert await totals() == ["100.00", "19.90", "5.00"]
    assert "auto_detect = false" in sent[-1]
    assert "union_by_name" not in sent[-1]
    (folder / "orders-2024.csv").write_text("sum;customer_no;ordered;state;order_no\n20;007;2024-05-01;delivered;1\n")
    assert await totals() == ["100.00", "20.00"]
    (folder / "orders-2024.csv").write_text("")
    assert await totals() == ["100.00"]
    assert "union_by_name" in sent[-1]
    (folder / "orders-2024.csv").unlink()
    assert await totals() == ["100.00"]
    await connector.aclose()


@pytest.mark.cases
async def test_a_file_that_changes_while_it_is_read_is_read_again(folder: Path) -> None:
    """Its columns may have changed places."""
    (folder / "odd.csv").write_text("id,customer,at\n1,c,2024-01-01\n")
    record = one_order('SELECT id, customer, "at" AS placed_at FROM odd')
    connector = exports(folder, tables={"odd": "odd.csv"}, records=record)
    assert await fetch(connector, Order, ["c"], fields=ID) == {"c": [{"id": "1"}]}

    def change(statement: str) -> None:
        if "auto_detect" in statement:
            connector.database.listeners.clear()
            (folder / "odd.csv").write_text("customer,id,at\nc,22,2024-01-01\n")

    connector.database.listeners.append(change)
    assert await fetch(connector, Order, ["c"], fields=ID) == {"c": [{"id": "22"}]}
    await connector.aclose()


async def test_positions_of_text_sort_as_numbers(folder: Path) -> None:
    """The tenth item of a CSV file comes after the second."""
    (folder / "lines.csv").write_text("id,n,sku\n1,10,j\n1,2,b\n1,1,a\n1,last,z\n")
    items = {"items": {"query": "SELECT id AS parent, n AS position, sku FROM lines"}}
    connector = exports(folder, tables=TABLES | {"lines": "lines.csv"}, records={"order": RECORDS["order"] | {"lists": items}})
    ((newest, *_), *_) = (
        await fetch(connector, Order, ["007"], oldest_first=True, fields=Fields.from_paths("items.sku"))
    ).values()
    assert [item["sku"] for item in newest["items"]] == ["a", "b", "j", "z"]
    await connector.aclose()


async def test_one_malformed_value_costs_its_record_only(folder: Path) -> None:
    """What is no number and no JSON is given as text, a record without a time that can be read as null."""
    (folder / "odd.csv").write_text("id,customer,at,n,json\n1,c,2024-01-01,x,{broken\n2,c,2024-01-01,2,\n3,c,yesterday,1,\n")
    record = {"query": 'SELECT id, customer, "at", type, json AS properties FROM odd', "keys": {"customer_id": "customer"}}
    record["query"] = record["query"].replace("type", "'view' AS type")
    connector = exports(folder, tables={"odd": "odd.csv"}, records={"event": record})
    assert (await fetch(connector, Event, ["c"], fields=Fields.from_paths("id", "properties")))["c"] == [
        {"id": "2", "properties": {}},
        {"id": "1", "properties": "{broken"},
        None,
    ]
    await connector.aclose()
    items = {"items": {"query": "SELECT id AS parent, n AS quantity FROM odd"}}
    query = "SELECT id, customer, '2024-01-01' AS placed_at FROM odd"
    order = {"query": query, "keys": {"customer_id": "customer"}, "lists": items}
    connector = exports(folder, tables={"odd": "odd.csv"}, records={"order": order})
    found = await fetch(connector, Order, ["c"], fields=Fields.from_paths("items.quantity"), oldest_first=True)
    assert [one["items"][0]["quantity"] for one in found["c"]] == ["x", 2, 1]
    await connector.aclose()


@pytest.mark.parametrize(
    "select",
    [
        "SELECT content FROM read_text('/etc/hostname')",
        "SELECT content FROM read_text('../secret.csv')",
        "SELECT content FROM '../secret.csv'",
        "SELECT count(*) FROM read_csv(['https://127.0.0.1/orders.csv'])",
        "SELECT count(*) FROM read_parquet(['s3://bucket/orders.parquet'])",
        "SELECT count(*) FROM glob('/etc/*')",
    ],
)
async def test_nothing_outside_of_the_folder_is_read(folder: Path, select: str) -> None:
    """Neither other folders nor the network, whatever a query says."""
    (folder.parent / "secret.csv").write_text("content\nsecret\n")
    with pytest.raises(SourceProtocolError, match="a file that a query names is not below path"):
        await rows_of(folder, select)


@pytest.mark.parametrize(
    "query",
    [
        "COPY (SELECT 1) TO 'written.csv'",
        "INSTALL httpfs",
        "ATTACH 'written.db'",
        "SET enable_external_access = true",
        "SELECT 1 AS id) AS x; COPY (SELECT 1) TO '{folder}/written.csv'; SELECT * FROM (SELECT 1 AS id",
        "SELECT 1 AS id) AS x; ATTACH '{folder}/written.db' AS w; SELECT * FROM (SELECT 1 AS id",
    ],
)
async def test_nothing_but_reading_is_done(folder: Path, query: str) -> None:
    """A query is one SELECT: no file appears, no extension is installed, no setting is changed."""
    before = names_in(folder)
    connector = exports(folder, records=one_order(query.format(folder=folder)))
    with pytest.raises(SourceProtocolError):
        await fetch(connector, Order, ["c"])
    await connector.aclose()
    assert names_in(folder) == before


async def test_a_cancelled_call_is_interrupted(folder: Path) -> None:
    """With one thread, the call after a cancelled one is answered at once, and closing does not wait for what was given up."""
    slow = """SELECT count(*) AS id, 'c' AS customer, TIMESTAMP '2024-01-01' AS "at", 'view' AS type
        FROM range(100000000) AS a(x), range(100000) AS b(y) WHERE (x + y) % 7 = 0"""
    records = {"order": RECORDS["order"], "event": {"query": slow, "keys": {"customer_id": "customer"}}}
    connector = exports(folder, records=records, pool_size=1)
    await fetch(connector, Order, ["007"], fields=ID)
    await connector.database.columns(slow)
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    connector.database.listeners.append(lambda _: loop.call_soon_threadsafe(asked.set))
    for _ in range(3):
        asked.clear()
        call = asyncio.create_task(fetch(connector, Event, ["c"]))
        await asked.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(60):
            assert await fetch(connector, Order, ["0815"], fields=ID) == {"0815": [{"id": "2"}]}
    async with asyncio.timeout(60):
        await connector.aclose()
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("files")] == []


async def test_closing_interrupts_what_is_under_way(folder: Path) -> None:
    """Who still waits gets a failure of the source."""
    slow = """SELECT count(*) AS id, 'c' AS customer, TIMESTAMP '2024-01-01' AS placed_at
        FROM range(100000000) AS a(x), range(100000) AS b(y) WHERE (x + y) % 7 = 0"""
    connector = exports(folder, records=one_order(slow))
    await connector.database.columns(slow)
    call = asyncio.create_task(fetch(connector, Order, ["c"]))
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    connector.database.listeners.append(lambda text: "key_" in text and loop.call_soon_threadsafe(asked.set))
    await asked.wait()
    async with asyncio.timeout(60):
        await connector.aclose()
        with pytest.raises(SourceError):
            await call


async def test_lines_that_differ_are_told(folder: Path) -> None:
    """Far behind the lines from which the file's form is guessed."""
    rows = "".join(f"{n},c,2024-01-01\n" for n in range(100_000))
    (folder / "long.csv").write_text(f"id,customer,placed_at\n{rows}1,2\n")
    connector = exports(folder, tables={"long": "long.csv"}, records=one_order("SELECT id, customer, placed_at FROM long"))
    fix = (
        "a lookup does not run: a file is not what its ending says, or its lines differ; correct the queries, or what they read"
    )
    assert await connector.check() == [f"sources.exports.records.order.keys.customer_id: {fix}"]
    await connector.aclose()


def test_no_extra_is_needed_by_other_kinds() -> None:
    """Without the libraries of all extras the gateway finds its kinds."""
    program = """if True:
        import sys
        sys.modules |= dict.fromkeys(["asyncmy", "duckdb"])
        from gateway.lookups.connector_registry import connector_kinds
        assert {"files", "http", "sql"} <= set(connector_kinds())
    """
    subprocess.run([sys.executable, "-c", program], check=True)


async def test_a_closed_connector_can_be_opened_again(connector: FilesConnector) -> None:
    """As a gateway that is restarted in its process does."""
    await fetch(connector, Customer, ["007"])
    await connector.aclose()
    with pytest.raises(SourceUnavailableError, match="the connector is closed"):
        await fetch(connector, Customer, ["007"])
    await connector.open()
    assert list(await fetch(connector, Customer, ["007"])) == ["007"]


async def test_a_folder_that_comes_later_costs_nothing_at_start(tmp_path: Path) -> None:
    """Opening does not look at it; a call says that it is unavailable until the files are there."""
    folder = tmp_path / "exports"
    connector = exports(folder)
    await connector.open()
    with pytest.raises(SourceUnavailableError):
        await fetch(connector, Customer, ["007"])
    folder.mkdir()
    write_exports(folder)
    assert list(await fetch(connector, Customer, ["007"])) == ["007"]
    await connector.aclose()


async def test_the_check_names_the_folder_that_is_missing(tmp_path: Path) -> None:
    """One problem, for the rest cannot be known."""
    connector = exports(tmp_path / "nowhere")
    assert await connector.check() == ["sources.exports.path: there is no such folder; give the one that has the files"]


async def test_the_check_names_every_table_without_files(folder: Path) -> None:
    """All at once, before the queries that need them."""
    (folder / "lines.json").unlink()
    for name in ORDERS:
        (folder / name).unlink()
    fix = "no file below path is named so; correct it, or export the file"
    assert await exports(folder).check() == [f"sources.exports.tables.orders: {fix}", f"sources.exports.tables.lines: {fix}"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT * FROM 'nothing.csv'", ': No files found that match the pattern "FOLDER/nothing.csv"'),
        (
            "SELECT note,\n  order_nr AS id FROM orders",
            ':2:3: Referenced column "order_nr" not found in FROM clause! Candidate bindings: "order_no", "ordered"',
        ),
        ("SELECT * FROM ordres", ":1:15: Table with name ordres does not exist!"),
        ("SELECT * FROM '/etc/passwd.csv'", ': Cannot access file "/etc/passwd.csv" - file system operations are disabled'),
        ("SELECT FROM WHERE", ':1:13: syntax error at or near "WHERE"'),
    ],
)
async def test_the_check_says_what_a_query_lacks(folder: Path, query: str, expected: str) -> None:
    """In DuckDB's own words, with line and column in the query, whatever stands around it in the statement."""
    connector = exports(folder, records=one_order(query))
    place, _, words = expected.replace("FOLDER", str(folder)).partition(": ")
    (problem,) = await connector.check()
    assert problem.startswith(f"sources.exports.records.order.query{place}: does not run: {words}")
    assert problem.endswith("; correct the query there")
    await connector.aclose()


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({"tables": {"a b": "a.csv"}}, "a b: a name has letters, digits and _ only"),
        ({"tables": {"a": "/etc/a.csv"}}, "a: is no file below path; give one, such as orders-*.csv"),
        ({"tables": {"a": "../a.csv"}}, "a: is no file below path; give one"),
        ({"tables": {"a": "a.xlsx"}}, "a: the file must end in one of csv, tsv, parquet, json, jsonl, ndjson"),
        ({"records": {"ordr": RECORDS["order"]}}, "'ordr' is no record; did you mean 'order'?"),
        ({"memory_mb": 1}, "memory_mb"),
    ],
)
def test_a_mistake_is_refused_with_the_allowed_values(tmp_path: Path, document: dict[str, Any], words: str) -> None:
    """Before any file is looked at."""
    with pytest.raises(ValidationError) as caught:
        exports(tmp_path, **document)
    assert words in str(caught.value)


def test_the_missing_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """At start, with what to install."""
    monkeypatch.setitem(sys.modules, "duckdb", None)
    with pytest.raises(ValidationError, match=r"files need an extra; install customer-profile-gateway\[files\]"):
        exports(tmp_path)


def test_no_error_of_duckdb_is_unmapped() -> None:
    """Every class becomes a SourceError, and nothing of its text is taken over."""
    kinds = set(subclasses(duckdb.Error))
    assert len(kinds) > 10
    for kind in kinds:
        assert issubclass(kind, FOREIGN)
        found = source_error(kind("secret"))
        assert isinstance(found, SourceError)
        assert "secret" not in str(found)
    assert type(source_error(duckdb.InterruptException())) is SourceTimeoutError
    assert type(source_error(duckdb.OutOfMemoryException())) is SourceUnavailableError

"""What is read of a database: tables, keys, indexes and samples, on each kind of database."""

import time
from pathlib import Path

import pytest

from connectors.catalogue import MAX_SAMPLED_ROWS, ColumnKind
from connectors.errors import SourceError
from connectors.sql.catalogue_reader import SqlCatalogueReader
from tests.support.script_database import new_sqlite, run_script

KEY = "FOREIGN KEY (person_id) REFERENCES people (id)"
SHOP = (
    "CREATE TABLE people (id INTEGER PRIMARY KEY, email VARCHAR(90) NOT NULL, password_hash VARCHAR(90), note VARCHAR(900))",
    f"CREATE TABLE orders (id INTEGER PRIMARY KEY, person_id INTEGER, total DECIMAL(10, 2), at DATE, {KEY})",
    "CREATE UNIQUE INDEX people_email ON people (email)",
    "CREATE INDEX orders_person ON orders (person_id)",
    "CREATE VIEW active_people AS SELECT id, email FROM people",
    "CREATE TABLE alembic_version (version_num VARCHAR(32))",
    "CREATE TABLE people_backup (id INTEGER)",
    "INSERT INTO people VALUES (1, 'ana@example.com', 'canary', 'x'), (2, 'bo@example.com', 'canary', NULL)",
    "INSERT INTO orders VALUES (1, 1, 12.50, '2026-01-02'), (2, 1, 3.00, '2026-01-03'), (3, 2, 9.99, '2026-01-04')",
)


@pytest.fixture(params=["sqlite", "postgresql", "mysql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of each kind."""
    if request.param == "sqlite":
        return new_sqlite(tmp_path)
    return str(request.getfixturevalue(f"{request.param}_database"))


async def test_a_catalogue_is_read(url: str) -> None:
    """Columns with kinds, keys, indexes and samples are read; secrets are not sampled, tools' tables are skipped."""
    await run_script(url, *SHOP)
    reader = SqlCatalogueReader(url)
    catalogue = await reader.read_catalogue()
    await reader.aclose()
    assert [(table.name, table.is_view) for table in catalogue.tables] == [
        ("active_people", True),
        ("orders", False),
        ("people", False),
    ]
    assert catalogue.skipped == {"of a tool": ["alembic_version"], "backup": ["people_backup"]}
    people, orders = catalogue.table("people"), catalogue.table("orders")
    assert people is not None
    assert orders is not None
    assert (people.primary_key, people.rows, people.is_whole) == (("id",), 2, True)
    assert people.is_unique("id")
    assert people.is_unique("email")
    assert not people.is_unique("note")
    assert {(key.columns, key.target, key.target_columns) for key in orders.foreign_keys} == {
        (("person_id",), "people", ("id",))
    }
    assert ("person_id",) in [index.columns for index in orders.indexes]
    kinds = [column.kind for column in orders.columns]
    assert kinds == [ColumnKind.INTEGER, ColumnKind.INTEGER, ColumnKind.DECIMAL, ColumnKind.DATE]
    assert [list(column.samples) for column in people.columns] == [
        [1, 2],
        ["ana@example.com", "bo@example.com"],
        [],
        ["x", None],
    ]
    assert "canary" not in repr(catalogue)


async def test_rows_are_read_and_counted_by_keys(url: str) -> None:
    """Rows come by values of a column, no more than asked for, and are counted for each."""
    await run_script(url, *SHOP)
    reader = SqlCatalogueReader(url)
    await reader.read_catalogue()
    assert sorted(await reader.read_rows("orders", ["id", "person_id"], "person_id", [1, 7])) == [(1, 1), (2, 1)]
    assert len(await reader.read_rows("orders", ["id"], "person_id", [1, 2], limit=2)) == 2
    assert await reader.count_rows("orders", "person_id", [1, 2, 3]) == {1: 2, 2: 1}
    assert await reader.read_rows("orders", ["id"], "id", []) == []
    await reader.aclose()


async def test_nothing_can_be_written(url: str) -> None:
    """A session of the reader refuses to write."""
    await run_script(url, *SHOP)
    reader = SqlCatalogueReader(url)
    connection = await reader._connected()
    with pytest.raises(Exception, match=r"(?i)read.?only"):
        await connection.exec_driver_sql("INSERT INTO people VALUES (9, 'x@example.com', '', '')")
    await reader.aclose()


async def test_a_large_table_is_sampled_from_all_of_it(tmp_path: Path) -> None:
    """A thousand rows are read, old and new ones, and a view that takes too long costs its samples and two seconds."""
    url = new_sqlite(tmp_path)
    numbers = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {}) SELECT i FROM n"
    await run_script(
        url,
        "CREATE TABLE log (id INTEGER PRIMARY KEY)",
        f"INSERT INTO log {numbers.format(50_000)}",
        f"CREATE VIEW slow AS SELECT sum(i) AS total FROM ({numbers.format(1_000_000_000)})",
    )
    reader = SqlCatalogueReader(url)
    began = time.monotonic()
    catalogue = await reader.read_catalogue()
    took = time.monotonic() - began
    await reader.aclose()
    log, slow = catalogue.table("log"), catalogue.table("slow")
    assert log is not None
    assert slow is not None
    samples = log.columns[0].samples
    assert (len(samples), log.is_whole) == (MAX_SAMPLED_ROWS, False)
    assert min(samples) == 1
    assert max(samples) > 45_000
    assert list(slow.columns[0].samples) == []
    assert took < 20


async def test_a_database_that_is_not_there_is_a_source_error(tmp_path: Path) -> None:
    """A file that is not there is not made, and the error is one of ours."""
    reader = SqlCatalogueReader(f"sqlite+aiosqlite:///{tmp_path}/none.db")
    with pytest.raises(SourceError):
        await reader.read_catalogue()
    await reader.aclose()
    assert not (tmp_path / "none.db").exists()


async def test_parts_of_partitioned_tables_are_skipped(postgresql_database: str) -> None:
    """The children of a partition are no tables of their own; the whole has their rows."""
    await run_script(
        postgresql_database,
        "CREATE TABLE pay (id integer, at date) PARTITION BY RANGE (at)",
        "CREATE TABLE pay_1 PARTITION OF pay FOR VALUES FROM ('2026-01-01') TO ('2026-02-01')",
        "INSERT INTO pay VALUES (1, '2026-01-05')",
        "CREATE SCHEMA crm",
        "CREATE TABLE crm.people (id integer PRIMARY KEY)",
    )
    reader = SqlCatalogueReader(postgresql_database)
    catalogue = await reader.read_catalogue()
    await reader.aclose()
    assert [(table.name, table.quoted, table.rows) for table in catalogue.tables] == [
        ("pay", "pay", 1),
        ("crm.people", "crm.people", 0),
    ]
    assert catalogue.skipped == {"part of a partitioned table": ["pay_1"]}

"""What is read of a folder of files: tables, columns, samples, and what is left out."""

import gzip
import time
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest

from connectors.catalogue import MAX_SAMPLED_ROWS, Catalogue, CatalogueReader, ColumnKind
from connectors.errors import SourceUnavailableError
from connectors.files.catalogue_reader import FilesCatalogueReader
from connectors.files.file_tables import list_tables
from connectors.files.settings import FilesSettings

PEOPLE = "id,email,password_hash,note\n007,ana@example.com,canary,x\n008,bo@example.com,canary,\n"


async def catalogue_of(folder: Path) -> Catalogue:
    reader: CatalogueReader = FilesCatalogueReader(folder)
    try:
        return await reader.read_catalogue()
    finally:
        await reader.aclose()


def exports(folder: Path) -> Path:
    """A folder with each kind of file, parts of a table, and what is no table."""
    (folder / "people.csv").write_text(PEOPLE, "utf-8-sig")
    (folder / "orders-2025.csv").write_text("id,person,total\n1,007,12.50\n")
    (folder / "orders-2026.csv.gz").write_bytes(gzip.compress(b"id,person,total\n2,007,3.00\n"))
    (folder / "2026 visits.jsonl").write_text(
        '{"at": "2026-01-02T10:00:00Z", "who": {"id": "007"}, "tags": ["a", "b"], "n": 3}\n'
    )
    parts = folder / "lines"
    parts.mkdir()
    for number in (1, 2):
        query = (
            "SELECT range AS line, range::DECIMAL(10,2) AS price, 'x' AS what, DATE '2026-01-02' AS day, 'b'::BLOB AS raw"
            " FROM range(3)"
        )
        duckdb.execute(f"COPY ({query}) TO '{parts}/part-000{number}.parquet'")
    (folder / "README.md").write_text("hello")
    (folder / "people_backup.csv").write_text("id\n1\n")
    (folder / "broken.parquet").write_text("no parquet")
    return folder


async def test_a_folder_is_read(tmp_path: Path) -> None:
    """Each kind of file is a table with kinds of columns and samples; parts are one; secrets are not sampled."""
    catalogue = await catalogue_of(exports(tmp_path))
    assert (catalogue.kind, catalogue.dialect) == ("files", "duckdb")
    assert [(table.name, table.path, table.rows, table.is_whole) for table in catalogue.tables] == [
        ("file_2026_visits", "2026 visits.jsonl", 1, True),
        ("lines", "lines/part-*.parquet", 6, True),
        ("orders_2025", "orders-2025.csv", 1, True),
        ("orders_2026", "orders-2026.csv.gz", 1, True),
        ("people", "people.csv", 2, True),
    ]
    assert catalogue.skipped == {
        "no CSV, JSON or Parquet": ["README.md"],
        "cannot be read": ["broken.parquet"],
        "backup": ["people_backup.csv"],
    }
    kinds = {(table.name, column.name): (column.kind, column.is_list) for table in catalogue.tables for column in table.columns}
    assert kinds["people", "id"] == kinds["orders_2025", "total"] == (ColumnKind.TEXT, False)
    assert kinds["lines", "line"] == (ColumnKind.INTEGER, False)
    assert kinds["lines", "price"] == (ColumnKind.DECIMAL, False)
    assert kinds["lines", "day"] == (ColumnKind.DATE, False)
    assert kinds["lines", "raw"] == (ColumnKind.BINARY, False)
    assert kinds["file_2026_visits", "at"] == (ColumnKind.ZONED_TIMESTAMP, False)
    assert list(catalogue.tables[0].columns[0].samples) == [datetime(2026, 1, 2, 10, tzinfo=UTC)]
    assert kinds["file_2026_visits", "tags"] == (ColumnKind.TEXT, True)
    assert kinds["file_2026_visits", "who"] == (ColumnKind.JSON, False)
    people = catalogue.table("people")
    assert people is not None
    assert [list(column.samples) for column in people.columns] == [
        ["007", "008"],
        ["ana@example.com", "bo@example.com"],
        [],
        ["x", None],
    ]
    assert "canary" not in repr(catalogue)


async def test_files_that_differ_by_numbers_are_one_table(tmp_path: Path) -> None:
    """They are, unless a pattern would take others with them; a digit behind letters is a part of the name."""
    for name in ("a-1.csv", "a-2.csv", "b-1.csv", "b-2.csv", "b-old.csv", "address1.csv", "address2.csv", "d/1.csv", "d/2.csv"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("id\n1\n")
    assert [(table.name, table.pattern) for table in list_tables(tmp_path).tables] == [
        ("a", "a-*.csv"),
        ("address1", "address1.csv"),
        ("address2", "address2.csv"),
        ("b_1", "b-1.csv"),
        ("b_2", "b-2.csv"),
        ("b_old", "b-old.csv"),
        ("d", "d/*.csv"),
    ]


async def test_tables_are_names_that_settings_take(tmp_path: Path) -> None:
    """Whatever files are called, each has a name of its own that `[sources.NAME.tables]` allows."""
    for name in ("été.csv", "1.csv", "a b.csv", "a_b.csv", "A-B.csv", "x'y.csv", "select.csv", "ok.v2.csv"):
        (tmp_path / name).write_text("id\n1\n")
    listing = list_tables(tmp_path)
    tables = {table.name: table.pattern for table in listing.tables}
    records = {"customer": {"query": "SELECT id FROM ok_v2", "keys": {"customer_id": "id"}}}
    FilesSettings.model_validate({"path": tmp_path, "tables": tables, "records": records})
    assert len({name.lower() for name in tables}) == 7
    assert listing.skipped == {"a name that settings cannot give": ["x'y.csv"]}


async def test_rows_are_read_and_counted_by_keys(tmp_path: Path) -> None:
    """Rows come by values of a column, no more than asked for, and are counted for each; names may be anything."""
    (tmp_path / "orders.csv").write_text('id,"the ""person""",total\n1,007,1\n2,007,2\n3,008,3\n')
    reader = FilesCatalogueReader(tmp_path)
    await reader.read_catalogue()
    by = 'the "person"'
    assert sorted(await reader.read_rows("orders", ["id", by], by, ["007", "x"])) == [("1", "007"), ("2", "007")]
    assert len(await reader.read_rows("orders", ["id"], by, ["007", "008"], limit=2)) == 2
    assert await reader.count_rows("orders", by, ["007", "008", "009"]) == {"007": 2, "008": 1}
    assert await reader.read_rows("orders", ["id"], "id", []) == []
    await reader.aclose()


async def test_large_files_are_sampled_from_all_of_them(tmp_path: Path) -> None:
    """A sample has rows from the beginning to the end, and is the same each time; text is cut."""
    rows = "\n".join(f"{number},{'x' * 500}" for number in range(20_000))
    (tmp_path / "events.csv").write_text(f"id,text\n{rows}\n")
    first, second = await catalogue_of(tmp_path), await catalogue_of(tmp_path)
    (table,) = first.tables
    numbers = [int(value) for value in table.columns[0].samples]
    assert first == second
    assert (len(numbers), table.rows, table.is_whole) == (MAX_SAMPLED_ROWS, 20_000, False)
    assert min(numbers) < 100
    assert max(numbers) > 19_900
    assert {len(value) for value in table.columns[1].samples} == {256}


async def test_a_slow_file_ends_in_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A statement is interrupted; its table is there without samples, and others are read after it."""
    monkeypatch.setattr("connectors.files.catalogue_reader.STATEMENT_S", 0.001)
    rows = "\n".join(f"{number},{'x' * 50}" for number in range(200_000))
    (tmp_path / "events.csv").write_text(f"id,text\n{rows}\n")
    begun = time.monotonic()
    catalogue = await catalogue_of(tmp_path)
    assert time.monotonic() - begun < 20
    assert [list(table.columns[0].samples) for table in catalogue.tables] == []
    assert catalogue.skipped == {"took too long": ["events.csv"]}


async def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """The error says what to give instead."""
    with pytest.raises(SourceUnavailableError, match="give the one that has the files"):
        await catalogue_of(tmp_path / "nothing")

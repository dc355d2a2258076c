"""Keys and ids of files whose types were guessed: whole numbers among fractions, texts among numbers."""

import json
from pathlib import Path
from typing import Any

import duckdb
import pytest

from connectors.contract import Ask, KeyKind, Page
from connectors.files import FilesConnector, FilesSettings
from connectors.record_fields import Fields, narrow
from connectors.records import Order
from gateway.lookups.source_call import validate_records
from tests.support.sql_shop import decoded

pytestmark = pytest.mark.cases

QUERY = "SELECT id, cid AS customer, day AS placed_at FROM orders"


async def found(folder: Path, file: str, key: str, **settings: Any) -> list[Any]:
    own = {"query": QUERY, "keys": {"customer_id": {"column": "customer"} | settings}}
    document = {"path": folder, "tables": {"orders": file}, "records": {"order": own}}
    connector = FilesConnector("exports", FilesSettings.model_validate(document))
    await connector.open()
    try:
        assert await connector.check() == []
        lookup = next(own for own in connector.lookups() if own.by is KeyKind.CUSTOMER_ID)
        answer = await lookup.fetch([key], Ask(fields=Fields.from_paths("id"), first=5, count=True))
        pages = [page for page in answer.values() if isinstance(page, Page)]
        assert all(page.total == len(decoded(answer)[key]) for page in pages)
        return [record["id"] for record in decoded(answer).get(key, [])]
    finally:
        await connector.aclose()


@pytest.mark.parametrize("type_", ["integer", "text"])
@pytest.mark.parametrize("column", ["DOUBLE", "DECIMAL(20, 2)", "BIGINT", "HUGEINT", "UBIGINT", "VARCHAR"])
async def test_keys_of_parquet_are_found_in_columns_of_any_type(tmp_path: Path, column: str, type_: str) -> None:
    """One row without a customer makes a column of whole numbers one of binary fractions."""
    numbers = [(1, 7), (2, 8), (3, "NULL")]
    values = ", ".join(f"({id_}::{column}, {customer}::{column}, DATE '2026-06-01')" for id_, customer in numbers)
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {values}) AS t(id, cid, day)) TO '{tmp_path}/orders.parquet'")
    assert await found(tmp_path, "orders.parquet", "7", type=type_) == ["1"]
    assert await found(tmp_path, "orders.parquet", "07", type=type_) == []


async def test_whole_numbers_of_csv_may_have_a_point(tmp_path: Path) -> None:
    """Where the key says that it is one; the names of columns may be in any case."""
    (tmp_path / "orders.csv").write_text("ID,Cid,DAY\n1.0,7.0,2026-06-01\n2.0,,2026-06-01\n")
    assert await found(tmp_path, "orders.csv", "7", type="integer") == ["1.0"]
    assert await found(tmp_path, "orders.csv", "7.0") == ["1.0"]


async def test_ids_of_json_may_be_numbers_and_texts(tmp_path: Path) -> None:
    """Side by side, without quotes."""
    rows = [{"id": 1, "cid": "7", "day": "2026-06-01"}, {"id": "a", "cid": 7, "day": "2026-06-02"}]
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert await found(tmp_path, "orders.jsonl", "7") == ["a", "1"]


async def test_long_numbers_of_json_keep_their_digits(tmp_path: Path) -> None:
    """As long as the longest whole numbers of databases."""
    rows = [{"id": id_, "cid": 7, "day": day} for id_, day in ((2**53 + 1, "2026-06-01"), (2**64 - 1, "2026-06-02"))]
    (tmp_path / "orders.jsonl").write_text("\n".join(map(json.dumps, rows)))
    assert await found(tmp_path, "orders.jsonl", "7") == ["18446744073709551615", "9007199254740993"]


async def test_numbers_of_json_that_lost_digits_are_unreadable(tmp_path: Path) -> None:
    """Beyond 64 bits whole numbers are binary ones in DuckDB: an amount is left out and counted, as is a record by its id."""
    big = 2**64 + 1
    rows = [
        {"id": 1, "cid": 7, "day": "2026-06-01", "total": big},
        {"id": 2, "cid": 7, "day": "2026-06-02", "total": 2**53 - 1},
        {"id": 3, "cid": 7, "day": "2026-06-03", "total": 12.5},
        {"id": 4, "cid": 7, "day": "2026-06-04", "total": -999_999_999_999_999},
    ]
    assert await amounts(tmp_path, rows) == (
        {"1": None, "2": "9007199254740991.00", "3": "12.50", "4": "-999999999999999.00"},
        0,
        1,
    )
    rows = [{"id": big, "cid": 7, "day": "2026-06-01", "total": 1}, {"id": 2, "cid": 7, "day": "2026-06-02", "total": 2}]
    assert await amounts(tmp_path, rows) == ({"2": "2.00"}, 1, 1)


async def amounts(folder: Path, rows: list[Any]) -> tuple[dict[str, Any], int, int]:
    """The amounts of orders by id, and how many records and values in all could not be read."""
    (folder / "orders.jsonl").write_text("\n".join(map(json.dumps, rows)))
    query = QUERY.replace("FROM", ", total AS total_amount, 'EUR' AS total_currency FROM")
    own = {"query": query, "keys": {"customer_id": {"column": "customer"}}}
    document = {"path": folder, "tables": {"orders": "orders.jsonl"}, "records": {"order": own}}
    connector = FilesConnector("exports", FilesSettings.model_validate(document))
    fields = Fields.from_paths("id", "placed_at", "total.amount", "total.currency")
    await connector.open()
    try:
        (lookup,) = connector.lookups()
        page = (await lookup.fetch(["7"], Ask(fields=fields)))["7"]
        assert isinstance(page, Page)
        found = validate_records(page.records, narrow(Order, fields))
    finally:
        await connector.aclose()
    return {one.id: one.total and str(one.total.amount) for one in found.records}, found.dropped, len(found.unreadable)


async def test_no_line_of_csv_is_a_comment(tmp_path: Path) -> None:
    """Order numbers of shops begin with `#`. A line above the names of the columns is passed over."""
    rows = "#1,c,2026-06-04,a\n2,c,2026-06-03,b #3\n#4,c,2026-06-02,d\n"
    for above in ("", "# made by a shop\n", "# made by\n# a shop\n"):
        (tmp_path / "orders.csv").write_text(f"{above}id,cid,day,note\n{rows}")
        assert await found(tmp_path, "orders.csv", "c") == ["#1", "2", "#4"]

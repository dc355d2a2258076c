"""A folder of exports as a shop's tools leave them: CSV with a sign at its start, gzip, Parquet, JSON."""

import gzip
import json
from pathlib import Path
from typing import Any

import duckdb

from connectors.files import FilesConnector, FilesSettings

CUSTOMERS = "\ufeffcustomer_no;name;mail;signed_up\n007;Zoë Müller;Zoe@Example.com;2024-01-05\n0815;Bo;bo@example.com;\n"
ORDERS = {
    "orders-2024.csv": "order_no,customer_no,state,ordered,sum,note\n"
    '1,007,delivered,2024-05-01 10:00:00,19.90,"two, ""quoted"""\n2,0815,shipped,2024-05-02 11:30:00,5,\n',
    # A year later there is a column more, and the time has an offset.
    "orders-2025.csv": "order_no,customer_no,state,ordered,sum,note,channel\n3,007,lost,2025-02-01T01:00:00+02:00,100,,web\n",
}
LINES = [
    {"order": "1", "at": 2, "sku": "001", "n": 1, "price": 9.9},
    {"order": "1", "at": 1, "sku": "002", "n": 2, "price": 5},
    {"order": "3", "at": 1, "sku": "003", "n": 1, "price": 100},
]
EVENTS = "('e1', '007', TIMESTAMPTZ '2025-02-01 10:00:00+00', 'view', {'page': '/a', 'tags': ['x']})"

TABLES = {"customers": "customers.csv.gz", "orders": "orders-*.csv", "lines": "lines.json", "events": "events.parquet"}
RECORDS: dict[str, Any] = {
    "customer": {
        "query": "SELECT customer_no AS id, name, lower(mail) AS email, signed_up AS created_at FROM customers",
        "keys": {"customer_id": "id", "email": "email", "text": {"columns": ["name"]}},
    },
    "order": {
        "query": "SELECT order_no AS id, customer_no, state AS status, ordered AS placed_at, sum AS total_amount,"
        " 'EUR' AS total_currency FROM orders",
        "keys": {"customer_id": "customer_no"},
        "lists": {
            "items": {
                "query": 'SELECT "order" AS parent, "at" AS position, sku, n AS quantity, price AS unit_price_amount,'
                " 'EUR' AS unit_price_currency FROM lines"
            }
        },
    },
    "event": {
        "query": "SELECT id, customer_no, happened AS \"at\", type, properties FROM 'events.parquet'",
        "keys": {"customer_id": "customer_no"},
    },
}


def write_exports(folder: Path) -> None:
    (folder / "customers.csv.gz").write_bytes(gzip.compress(CUSTOMERS.encode()))
    for name, text in ORDERS.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "lines.json").write_text(json.dumps(LINES), "utf-8")
    columns = "id, customer_no, happened, type, properties"
    duckdb.sql(f"COPY (SELECT * FROM (VALUES {EVENTS}) AS t({columns})) TO '{folder}/events.parquet'")


def exports(folder: Path, **changes: Any) -> FilesConnector:
    """A connector to the exports with something in its settings changed."""
    document = {"path": folder, "tables": TABLES, "records": RECORDS}
    return FilesConnector("exports", FilesSettings.model_validate(document | changes))


def one_order(query: str) -> dict[str, Any]:
    """Records with orders of this query alone."""
    return {"order": {"query": query, "keys": {"customer_id": "customer"}}}

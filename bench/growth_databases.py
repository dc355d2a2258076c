"""The customers and orders of the shop in databases, and the settings of a gateway over them."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
from pymongo import MongoClient

from bench import data
from bench.databases.postgresql import run_server
from bench.databases.settings import MONGO_DATABASE, write_mongo_settings
from bench.processes import Cores
from bench.tagged import serve_mongodb

_SETTINGS = """\
environment = "production"
deadline_ms = 20_000

[sources.shop]
kind = "sql"
url = "{url}"

[sources.shop.records.customer]
query = "SELECT id, name FROM customers"
keys.customer_id = "id"

[sources.shop.records.order]
query = "SELECT id, customer_id, placed_at, status, total AS total_amount, currency AS total_currency FROM orders"
keys.customer_id = "customer_id"
"""
_TABLES = """
CREATE TABLE customers (id text PRIMARY KEY, name text);
CREATE TABLE orders (id text PRIMARY KEY, customer_id text, placed_at timestamptz, status text, total numeric, currency text);
"""
_INDEX = "CREATE INDEX ON orders (customer_id, placed_at)"


@contextmanager
def serve_sql_shop(folder: Path, own: Path, cores: Cores) -> Iterator[Path]:
    """Give settings over a PostgreSQL server that runs beside the load driver."""
    with run_server(own, cores.load) as server:
        asyncio.run(_fill_postgresql(server.get_uri(), folder))
        url = server.get_uri().replace("postgresql://", "postgresql+asyncpg://")
        path = own / "gateway.toml"
        path.write_text(_SETTINGS.format(url=url))
        yield path


@contextmanager
def serve_mongo_shop(folder: Path, own: Path, cores: Cores) -> Iterator[Path]:
    """Give settings over SecantusDB, which is slower than a MongoDB server."""
    with serve_mongodb(cores) as uri:
        _fill_mongodb(uri, folder)
        yield write_mongo_settings(own / "gateway.toml", uri)


def _rows(folder: Path, kind: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each record behind its customer's id."""
    for number, rows in data.read(folder, kind, range(data.CUSTOMERS)).items():
        for row in rows:
            yield data.customer_id(number), row


async def _fill_postgresql(url: str, folder: Path) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(_TABLES)
        customers = ((row["id"], row["full_name"]) for _, row in _rows(folder, "crm"))
        orders = (
            (row["order_id"], own, datetime.fromisoformat(row["placed_at"]), row["status"], row["total"], row["currency"])
            for own, row in _rows(folder, "orders")
        )
        await connection.copy_records_to_table("customers", records=customers)
        await connection.copy_records_to_table("orders", records=orders)
        await connection.execute(_INDEX)
        await connection.execute("VACUUM ANALYZE")
    finally:
        await connection.close()


def _fill_mongodb(uri: str, folder: Path) -> None:
    with MongoClient[dict[str, Any]](uri) as client:
        shop = client[MONGO_DATABASE]
        shop["customers"].insert_many([{"_id": row["id"], "name": row["full_name"]} for _, row in _rows(folder, "crm")])
        shop["orders"].create_index([("customerId", 1), ("placedAt", -1)])
        shop["orders"].insert_many([_order(own, row) for own, row in _rows(folder, "orders")])


def _order(customer_id: str, row: dict[str, Any]) -> dict[str, Any]:
    return {
        "_id": row["order_id"],
        "customerId": customer_id,
        "placedAt": datetime.fromisoformat(row["placed_at"]),
        "status": row["status"],
        "total": {"amount": str(row["total"]), "currency": row["currency"]},
    }

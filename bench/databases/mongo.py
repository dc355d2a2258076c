"""The gateway and a hand-written endpoint over a MongoDB server that the caller names."""

import asyncio
import tempfile
from collections.abc import AsyncIterator, Sequence
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import msgspec
from bson.decimal128 import Decimal128
from pymongo import AsyncMongoClient
from pymongo.errors import PyMongoError

from bench.databases.comparison import Contest, run_contests
from bench.databases.postgresql import serve_postgresql
from bench.databases.queries import CUSTOMERS, customer_id
from bench.databases.servers import checked_lanes, serve
from bench.databases.settings import MONGO_DATABASE, write_mongo_settings
from bench.processes import BenchError, chosen_cores, need_all

SERVERS = ("gateway", "pymongo")
NEEDS_URI = "--uri is needed, the connection string of a MongoDB server: the embedded one is no measure of MongoDB"
_BATCH = 5_000
_MAX_SELECTION_MS = 5_000
_DOCUMENTS = {
    "customers": """SELECT json_build_object('_id', id, 'name', name, 'email', email, 'phone', phone,
  'memberNumber', member_number, 'createdAt', created_at, 'address', json_build_object('line', address_line,
  'postalCode', postal_code, 'city', city, 'country', country))::text FROM customers WHERE id <= $1""",
    "orders": """SELECT json_build_object('_id', o.id, 'customerId', o.customer_id, 'placedAt', o.placed_at,
  'status', o.status, 'total', json_build_object('amount', o.total::text, 'currency', o.currency), 'items', (
    SELECT json_agg(json_build_object('sku', i.sku, 'name', i.name, 'category', i.category, 'quantity', i.quantity,
      'unitPrice', json_build_object('amount', i.unit_price::text, 'currency', i.currency)) ORDER BY i.position)
    FROM order_items i WHERE i.order_id = o.id))::text FROM orders o WHERE o.customer_id <= $1""",
    "tickets": """SELECT json_build_object('_id', t.id, 'customerId', t.customer_id, 'createdAt', t.created_at,
  'subject', t.subject, 'status', t.status, 'priority', t.priority, 'messages', (
    SELECT json_agg(json_build_object('author', m.author, 'body', m.body, 'at', m.at) ORDER BY m.position)
    FROM messages m WHERE m.ticket_id = t.id))::text FROM tickets t WHERE t.customer_id <= $1""",
    "events": """SELECT json_build_object('_id', id, 'customerId', customer_id, 'at', at, 'type', type, 'page', page)::text
  FROM events WHERE customer_id <= $1""",
}
"""The documents of each collection, made of PostgreSQL's rows, so that both databases hold the same shop."""
_INDEXES = {
    "customers": ["email"],
    "orders": ["customerId", "placedAt"],
    "tickets": ["customerId", "createdAt"],
    "events": ["customerId", "at"],
}
_TIMES = {"createdAt", "placedAt", "at"}


def measure_mongo(
    uri: str,
    queries: Sequence[str],
    callers: Sequence[int],
    *,
    rounds: int,
    seconds: int,
    warm_up: int,
    customers: int = CUSTOMERS,
) -> list[Contest]:
    """Raises `BenchError` when something is missing, does not start, fails, or answers differently from PostgreSQL."""
    if not uri:
        raise BenchError(NEEDS_URI)
    need_all(["wrk"])
    cores = chosen_cores()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="bench-")))
        postgresql = stack.enter_context(serve_postgresql(cores))
        asyncio.run(_load(uri, postgresql.url, customers))
        settings = write_mongo_settings(folder / "gateway.toml", uri)
        servers = {name: stack.enter_context(serve(name, settings, uri, cores)) for name in SERVERS}
        right = {"handwritten": stack.enter_context(serve("handwritten", settings, postgresql.url, cores))}
        contests = []
        for query in queries:
            lanes = checked_lanes(query, {**right, **servers}, folder, customers)
            contests += [Contest(query, many, {name: lanes[name] for name in SERVERS}) for many in callers]
        run_contests(contests, None, cores, rounds=rounds, seconds=seconds, warm_up=warm_up)
    return contests


async def _load(uri: str, postgresql: str, customers: int) -> None:
    """Fill the database, where it does not hold these customers yet."""
    try:
        async with AsyncMongoClient[dict[str, Any]](uri, serverSelectionTimeoutMS=_MAX_SELECTION_MS) as client:
            database = client[MONGO_DATABASE]
            if await database.filled.find_one({"_id": customers}):
                return
            await client.drop_database(MONGO_DATABASE)
            for name, statement in _DOCUMENTS.items():
                async for documents in _read(postgresql, statement, customer_id(customers)):
                    await database[name].insert_many(documents, ordered=False)
                await database[name].create_index(_INDEXES[name])
            await database.filled.insert_one({"_id": customers})
    except PyMongoError as error:
        raise BenchError(f"the MongoDB of --uri cannot be filled: {type(error).__name__}") from None


async def _read(url: str, statement: str, last: str) -> AsyncIterator[list[dict[str, Any]]]:
    connection = await asyncpg.connect(url)
    try:
        async with connection.transaction():
            cursor = await connection.cursor(statement, last)
            while rows := await cursor.fetch(_BATCH):
                yield [_document(msgspec.json.decode(row[0])) for row in rows]
    finally:
        await connection.close()


def _document(value: Any, name: str = "") -> Any:
    """What JSON has no types for: times and exact amounts."""
    if isinstance(value, dict):
        return {inner: _document(one, inner) for inner, one in value.items()}
    if isinstance(value, list):
        return [_document(one) for one in value]
    if name in _TIMES:
        return datetime.fromisoformat(value)
    return Decimal128(value) if name == "amount" else value

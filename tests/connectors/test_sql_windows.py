"""Windows on PostgreSQL: where an index finds the rows of a key, no more are read than are given, of the same records."""

import random
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from connectors.contract import Answer, Ask, Condition, KeyKind, Page, Position
from connectors.record_fields import Fields
from connectors.records import Event
from connectors.sql import SqlConnector
from connectors.sql.settings import SqlSettings
from tests.support.sql_shop import Shop

pytestmark = pytest.mark.postgresql
KEYS = ("c1", "c2", "c3", "nobody")
RECORDS = {"event": {"query": "SELECT id, customer, at, type FROM happened", "keys": {"customer_id": "customer"}}}


def drawn_rows(drawing: random.Random) -> list[tuple[str | None, str, str | None, str]]:
    """Some have equal times, some none, some no id, and some come twice."""
    rows: list[tuple[str | None, str, str | None, str]] = []
    for number in range(40):
        id_ = drawing.choice([f"e{number}"] * 8 + ["e1", " ", None])
        at = None if drawing.random() < 0.2 else f"2026-06-0{drawing.randint(1, 4)} 10:00:00+00"
        row = (id_, drawing.choice(KEYS[:3]), at, "search" if len(id_ or "") < 3 else "purchase")
        rows += [row] * (2 if drawing.random() < 0.2 else 1)
    drawing.shuffle(rows)
    return rows


def readable(answer: Answer) -> dict[str, tuple[list[Any], bool]]:
    """The records of each key, and whether there are some that cannot be read."""
    pages = {}
    for key, page in answer.items():
        assert isinstance(page, Page)
        records = msgspec.json.decode(page.records)
        whole = [record for record in records if record is not None and record.get("at", "") is not None]
        pages[key] = (whole, len(whole) < len(records))
    return pages


async def connector_of(url: str, records: Any = RECORDS) -> SqlConnector:
    connector = SqlConnector("shop", SqlSettings.model_validate({"url": url, "records": records}))
    await connector.open()
    return connector


def asks(drawing: random.Random) -> list[Ask]:
    times = [datetime(2026, 6, day, 10, tzinfo=UTC) for day in (1, 2, 3, 4)]
    return [
        Ask(
            fields=drawing.choice([Fields.from_paths("id", "at", "type"), Fields.from_paths("id")]),
            first=drawing.randint(1, 12),
            oldest_first=drawing.random() < 0.5,
            since=drawing.choice([None, times[0]]),
            until=drawing.choice([None, times[3]]),
            after=drawing.choice([None, Position(drawing.choice(times), f"e{drawing.randint(0, 40)}")]),
            where=drawing.choice([(), (Condition("type", ("search",)),)]),
        )
        for _ in range(60)
    ]


@pytest.mark.parametrize("seed", range(3))
async def test_records_are_the_same_with_and_without_an_index(postgresql_database: str, seed: int) -> None:
    """Of every window, order and cursor, with rows that cannot be read and rows that are there twice."""
    drawing = random.Random(seed)
    shop = Shop("postgresql", postgresql_database)
    rows = ", ".join(
        "(" + ", ".join("NULL" if value is None else f"'{value}'" for value in row) + ")" for row in drawn_rows(drawing)
    )
    await shop.execute(
        "CREATE TABLE happened (id TEXT, customer TEXT, at TIMESTAMPTZ, type TEXT)", f"INSERT INTO happened VALUES {rows}"
    )
    plain = await connector_of(postgresql_database)
    given = {ask: readable(await plain.lookups()[0].fetch(KEYS, ask)) for ask in asks(drawing)}
    await plain.aclose()
    await shop.execute("CREATE INDEX by_customer ON happened (customer, at)")
    indexed = await connector_of(postgresql_database)
    sent: list[str] = []
    indexed.database.listeners.append(lambda text, _: sent.append(text))
    for ask, pages in given.items():
        assert readable(await indexed.lookups()[0].fetch(KEYS, ask)) == pages
    assert any("LATERAL" in text for text in sent)
    await indexed.aclose()
    await shop.connector.aclose()


@pytest.mark.parametrize(
    "index",
    ["(shop)", "(shop, customer)", "(at, customer)"],
)
async def test_an_index_that_does_not_begin_with_the_key_is_none(postgresql_database: str, index: str) -> None:
    """Each key would read what belongs to others again."""
    shop = Shop("postgresql", postgresql_database)
    await shop.execute(
        "CREATE TABLE happened (id TEXT, customer TEXT, at TIMESTAMPTZ, type TEXT, shop INTEGER)",
        "INSERT INTO happened SELECT n::text, 'c' || n % 500, TIMESTAMPTZ '2026-01-01' + n * INTERVAL '1 minute', 'search', "
        "n % 2 FROM generate_series(1, 20000) n",
        f"CREATE INDEX other ON happened {index}",
        "ANALYZE happened",
    )
    query = "SELECT id, customer, at, type FROM happened" + (" WHERE shop = 1" if index == "(shop)" else "")
    connector = await connector_of(postgresql_database, {"event": {"query": query, "keys": {"customer_id": "customer"}}})
    sent: list[str] = []
    connector.database.listeners.append(lambda text, _: sent.append(text))
    await connector.lookups()[0].fetch(["c1"], Ask(fields=Fields.from_paths("id"), first=1))
    assert "LATERAL" not in sent[-1]
    await connector.aclose()
    await shop.connector.aclose()


async def test_a_statement_that_the_server_has_forgotten_is_prepared_again(postgresql_database: str) -> None:
    """As after DISCARD ALL, by which some servers between clean a connection."""
    shop = Shop("postgresql", postgresql_database)
    await shop.execute("CREATE TABLE happened (id TEXT, customer TEXT, at TIMESTAMPTZ, type TEXT)")
    connector = await connector_of(postgresql_database)
    ask = Ask(fields=Fields.from_paths("id"))
    assert await connector.lookups()[0].fetch(["c1"], ask) == {}
    for pooled in connector.database.pool.idle:
        await pooled.driver.execute("DISCARD ALL")
    assert await connector.lookups()[0].fetch(["c1"], ask) == {}
    await connector.aclose()
    await shop.connector.aclose()


@pytest.mark.parametrize(
    ("query", "is_by_index"),
    [
        ("SELECT id, customer, at, type FROM happened", True),
        ("SELECT id, customer, at, type FROM happened WHERE type <> 'search' -- others", True),
        ("SELECT id, customer, at, type FROM happened UNION ALL SELECT id, customer, at, type FROM happened", True),
        ("SELECT h.id, h.customer, h.at, n.name AS type FROM happened h JOIN names n ON n.type = h.type", True),
        ("SELECT id, upper(customer) AS customer, at, type FROM happened", False),
        ("SELECT DISTINCT id, customer, at, type FROM happened", False),
        ("SELECT id, customer, max(at) AS at, max(type) AS type FROM happened GROUP BY id, customer", False),
        ("SELECT id, customer, at, type FROM happened ORDER BY at LIMIT 100", False),
    ],
)
async def test_each_key_is_asked_by_itself_where_an_index_finds_its_rows(
    postgresql_database: str, query: str, is_by_index: bool
) -> None:
    """And only there: what reads more than the rows of a key reads it once for all keys."""
    shop = Shop("postgresql", postgresql_database)
    await shop.execute(
        "CREATE TABLE happened (id TEXT, customer TEXT, at TIMESTAMPTZ, type TEXT)",
        "INSERT INTO happened VALUES ('e1', 'c1', '2026-06-01', 'search'), ('e2', 'c1', '2026-06-02', 'purchase')",
        "CREATE INDEX by_customer ON happened (customer, at)",
        "CREATE TABLE names (type TEXT PRIMARY KEY, name TEXT)",
        "INSERT INTO names VALUES ('search', 'Search'), ('purchase', 'Purchase')",
    )
    records = {"event": {"query": query, "keys": {"customer_id": "customer"}}}
    connector = await connector_of(postgresql_database, records)
    sent: list[str] = []
    connector.database.listeners.append(lambda text, _: sent.append(text))
    await connector.lookups()[0].fetch(["c1"], Ask(fields=Fields.from_paths("id"), first=1))
    assert ("LATERAL" in sent[-1]) == is_by_index
    await connector.aclose()
    await shop.connector.aclose()


async def test_no_more_rows_are_read_than_are_given(postgresql_database: str) -> None:
    """Of a thousand of a key, PostgreSQL reads a few more than the five that are asked for."""
    shop = Shop("postgresql", postgresql_database)
    await shop.execute(
        "CREATE TABLE happened (id TEXT, customer TEXT, at TIMESTAMPTZ, type TEXT)",
        "INSERT INTO happened SELECT 'e' || n, 'c' || n % 10, timestamptz '2026-01-01' + n * interval '1 minute', 'search'"
        " FROM generate_series(1, 10000) n",
        "CREATE INDEX by_customer ON happened (customer, at)",
        "ANALYZE happened",
    )
    connector = await connector_of(postgresql_database)
    sent: list[Any] = []
    connector.database.listeners.append(lambda *statement: sent.append(statement))
    ask = Ask(fields=Fields.from_paths("id"), first=5)
    await next(own for own in connector.lookups() if own.record is Event and own.by is KeyKind.CUSTOMER_ID).fetch(["c1"], ask)
    text, values = sent[-1]
    async with connector.engine.connect() as connection:
        explain = f"EXPLAIN (ANALYZE, FORMAT JSON) {text}"
        (plan,) = (await connection.exec_driver_sql(explain, values)).scalar_one()
    assert sum(rows_of(plan["Plan"])) < 100
    await connector.aclose()
    await shop.connector.aclose()


def rows_of(plan: dict[str, Any]) -> list[float]:
    """How many rows the tables gave."""
    own = [plan["Actual Rows"] * plan["Actual Loops"]] if "Relation Name" in plan else []
    return own + [rows for inner in plan.get("Plans", ()) for rows in rows_of(inner)]

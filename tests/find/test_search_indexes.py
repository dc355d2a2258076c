"""How large tables are searched: by the indexes that they have; what they have none for is said, and never looked for."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from pymongo import AsyncMongoClient
from sqlalchemy.ext.asyncio import create_async_engine

from connectors.contract import Connector, WordSearch
from connectors.inspection import MIN_INDEXED_ROWS
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.mongo.word_search import WordWay, matches_of_words
from connectors.sql import SqlConnector, SqlSettings
from tests.support.gateway_server import gateway_on

QUERY = "query ($text: String!) { find(text: $text) { matches { customer { sourceId } } unavailable notTried { how } } }"
ROWS = [("emma", "Emma Clarke"), ("harold", "Harold Whitfield"), *((f"n{n}", f"Xx{n} Yy{n}") for n in range(MIN_INDEXED_ROWS))]
WORDS = "CREATE INDEX ON people USING gin (to_tsvector('simple', name))"
LOWER = "CREATE INDEX ON people (lower(name) text_pattern_ops)"


def settings(url: str) -> SqlSettings:
    keys = {"customer_id": "id", "text": {"columns": ["name"]}}
    return SqlSettings.model_validate(
        {"url": url, "records": {"customer": {"query": "SELECT id, name FROM people", "keys": keys}}}
    )


async def found(connector: Connector[Any], *texts: str) -> tuple[list[list[str]], str]:
    """Who is found by each text, and what was not tried at last."""
    async with gateway_on([connector]) as gateway:
        answers = [(await gateway.data(QUERY, {"text": text}))["find"] for text in texts]
    assert all(answer["unavailable"] == [] for answer in answers)
    own = [[match["customer"]["sourceId"] for match in answer["matches"]] for answer in answers]
    return own, "; ".join(gap["how"] for gap in answers[-1]["notTried"])


TEXTS = ("emma", "clarke", "clrake", "Emma Clarke")


@pytest.mark.postgresql
@pytest.mark.parametrize(
    ("index", "ids", "said"),
    [
        (None, [[], [], [], []], "name is not looked in"),
        (
            LOWER,
            [["emma"], [], [], ["emma"]],
            "name is only found by the beginning in lower case, and nothing that is misspelled",
        ),
        (
            WORDS,
            [["emma"], ["emma"], [], ["emma"]],
            "found by an index for full-text search, and nothing that is misspelled",
        ),
    ],
)
async def test_postgresql_finds_by_what_it_has(postgresql_database: str, index: str | None, ids: list[Any], said: str):
    connection = await asyncpg.connect(postgresql_database.replace("+asyncpg", ""))
    try:
        await connection.execute("CREATE TABLE people (id text PRIMARY KEY, name text)")
        await connection.copy_records_to_table("people", records=ROWS)
        await connection.execute(f"{index or ''}; ANALYZE people")
    finally:
        await connection.close()
    own, gaps = await found(SqlConnector("crm", settings(postgresql_database)), *TEXTS)
    assert own == ids
    assert said in gaps
    assert "USING gin (name gin_trgm_ops)" in gaps
    connector = SqlConnector("crm", settings(postgresql_database))
    await connector.open()
    try:
        (missing,) = await connector.missing_indexes()
    finally:
        await connector.aclose()
    assert (missing.setting, missing.table) == ("records.customer.keys.text", "people")
    assert (missing.statement or "").endswith("CREATE INDEX ON people USING gin (name gin_trgm_ops)")


@pytest.mark.parametrize(
    ("index", "ids", "said"),
    [
        ("", [[], [], [], []], "name is not looked in"),
        ("CREATE INDEX by_name ON people (name COLLATE NOCASE)", [["emma"], [], [], ["emma"]], "by the beginning"),
    ],
)
async def test_sqlite_finds_beginnings_at_most(tmp_path: Path, index: str, ids: list[Any], said: str):
    with closing(sqlite3.connect(tmp_path / "crm.db")) as connection:
        connection.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO people VALUES (?, ?)", ROWS)
        connection.execute(index)
        connection.commit()
    own, gaps = await found(SqlConnector("crm", settings(f"sqlite+aiosqlite:///{tmp_path / 'crm.db'}")), *TEXTS)
    assert own == ids
    assert said in gaps


@asynccontextmanager
async def collection_at(uri: str, database: str) -> AsyncIterator[Any]:
    async with AsyncMongoClient(uri) as client:
        await client[database].people.insert_many([{"_id": id_, "name": name} for id_, name in ROWS])
        yield client[database].people


@pytest.mark.mongodb
@pytest.mark.parametrize(
    ("index", "ids", "said"),
    [
        (None, [[], [], [], []], "name is not looked in"),
        ({"name": 1}, [["emma"], [], [], ["emma"]], "name is only found by the beginning"),
    ],
)
async def test_mongodb_finds_by_what_it_has(mongodb_uri: str, mongodb_database: str, index: Any, ids: list[Any], said: str):
    keys = {"customer_id": "_id", "text": {"paths": ["name"]}}
    records = {"customer": {"collection": "people", "keys": keys}}
    source = {"url": mongodb_uri, "database": mongodb_database, "records": records}
    async with collection_at(mongodb_uri, mongodb_database) as people:
        if index is not None:
            await people.create_index(list(index.items()))
        own, gaps = await found(MongoConnector("crm", MongoSourceSettings.model_validate(source)), *TEXTS)
    assert own == ids
    assert said in gaps
    assert 'db.people.createIndex({"name": "text"})' in gaps


NAME_AND_EMAIL = {"name": "name", "mail": "email"}


@pytest.mark.parametrize(
    ("ways", "fields", "expected"),
    [
        ({"name": WordWay.WORDS, "mail": WordWay.WORDS}, None, [{"$text": {"$search": '"emma" "li"'}}]),
        ({"name": WordWay.WORDS, "mail": WordWay.WORDS}, ("name",), []),
        ({"name": WordWay.WORDS, "mail": WordWay.NONE}, ("name",), [{"$text": {"$search": '"emma" "li"'}}]),
        ({"name": WordWay.NONE}, None, []),
    ],
)
def test_an_index_of_words_is_used_as_a_whole(ways: dict[str, WordWay], fields: tuple[str, ...] | None, expected: list[Any]):
    """Who may not look in one of its paths looks in none, and nothing that is misspelled is looked for by it."""
    assert [*matches_of_words("Emma Li", WordSearch(fields), ways, NAME_AND_EMAIL)] == expected
    assert matches_of_words("Emma Li", WordSearch(fields, near=True), ways, NAME_AND_EMAIL) == ()


async def test_sqlite_reads_no_large_table_for_a_beginning(tmp_path: Path):
    """The statement that is sent uses the index, also for several words; a whole name is found by its beginning."""
    path, sent = tmp_path / "crm.db", list[tuple[str, Sequence[Any]]]()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO people VALUES (?, ?)", ROWS)
        connection.execute("CREATE INDEX by_name ON people (name COLLATE NOCASE)")
        connection.commit()
        connector = SqlConnector("crm", settings(f"sqlite+aiosqlite:///{path}"))
        connector.database.listeners.append(lambda text, values: sent.append((text, values)))  # type: ignore[attr-defined]
        own, _ = await found(connector, "emma", "emma clarke", "whitfield, harold", "emma whitfield")
        assert own == [["emma"], ["emma"], ["harold"], []]
        searches = [(text, values) for text, values in sent if "gateway_pairs" in text and " LIKE " in text]
        assert len(searches) >= 4
        for text, values in searches:
            plan = [step for *_, step in connection.execute(f"EXPLAIN QUERY PLAN {text}", values)]
            assert "SCAN people" not in plan, (text, plan)


@pytest.mark.mysql
async def test_mysql_reads_no_large_table_for_a_beginning(mysql_database: str):
    """The server counts the rows that it reads one after the other."""
    engine = create_async_engine(mysql_database)

    async def rows_read() -> int:
        async with engine.connect() as connection:
            return int((await connection.exec_driver_sql("SHOW GLOBAL STATUS LIKE 'Handler_read_rnd_next'")).one()[1])

    async with engine.begin() as connection:
        await connection.exec_driver_sql("CREATE TABLE people (id varchar(20) PRIMARY KEY, name varchar(80), INDEX (name))")
        await connection.exec_driver_sql("INSERT INTO people VALUES (%s, %s)", ROWS)
    connector = SqlConnector("crm", settings(mysql_database))
    async with gateway_on([connector]) as gateway:
        await gateway.data(QUERY, {"text": "somebody else"})  # learns the indexes
        for text, ids in (("emma", ["emma"]), ("emma clarke", ["emma"]), ("whitfield harold", ["harold"]), ("clarke", [])):
            before = await rows_read()
            answer = (await gateway.data(QUERY, {"text": text}))["find"]
            assert [match["customer"]["sourceId"] for match in answer["matches"]] == ids
            assert await rows_read() - before < MIN_INDEXED_ROWS, text
    await engine.dispose()


@pytest.mark.postgresql
async def test_postgresql_reads_no_large_table_for_a_beginning(postgresql_database: str):
    sent = list[tuple[str, Sequence[Any]]]()
    connection = await asyncpg.connect(postgresql_database.replace("+asyncpg", ""))
    try:
        await connection.execute("CREATE TABLE people (id text PRIMARY KEY, name text)")
        await connection.copy_records_to_table("people", records=ROWS)
        await connection.execute(f"{LOWER}; ANALYZE people")
        connector = SqlConnector("crm", settings(postgresql_database))
        connector.database.listeners.append(lambda text, values: sent.append((text, values)))  # type: ignore[attr-defined]
        own, _ = await found(connector, "emma", "emma clarke", "whitfield, harold", "emma whitfield")
        assert own == [["emma"], ["emma"], ["harold"], []]
        searches = [(text, values) for text, values in sent if "gateway_pairs" in text and " LIKE " in text]
        assert len(searches) >= 4
        await connection.execute("SET enable_seqscan = off")
        for text, values in searches:
            plan = "\n".join(row[0] for row in await connection.fetch(f"EXPLAIN {text}", *values))
            assert "Seq Scan on people" not in plan, plan
    finally:
        await connection.close()


async def test_indexes_are_known_before_somebody_searches(tmp_path: Path):
    """They are found out at start, so that no search is late for it."""
    path, sent = tmp_path / "crm.db", list[str]()
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE people (id TEXT PRIMARY KEY, name TEXT)")
        connection.executemany("INSERT INTO people VALUES (?, ?)", ROWS[:2])
        connection.commit()
    connector = SqlConnector("crm", settings(f"sqlite+aiosqlite:///{path}"))
    learnt = asyncio.Event()
    search_way = connector.database.search_way

    async def watched(query: str, column: str) -> Any:
        way = await search_way(query, column)
        sent.append(column)
        learnt.set()
        return way

    connector.database.search_way = watched  # type: ignore[method-assign]
    async with gateway_on([connector]) as gateway:
        await asyncio.wait_for(learnt.wait(), 30)
        found = (await gateway.data(QUERY, {"text": "emma clarke"}))["find"]
    assert [match["customer"]["sourceId"] for match in found["matches"]] == ["emma"]
    assert sent == ["name"]

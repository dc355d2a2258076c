"""How the sql kind fails: errors of the tree, nothing of the database's words, and a clean pool afterwards."""

import asyncio
import errno
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncmy.errors
import asyncpg
import pytest
from sqlalchemy import event, exc, make_url, text

from connectors.contract import Ask
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.record_fields import Fields
from connectors.records import Order
from connectors.sql import SqlConnector
from connectors.sql.failures import FOREIGN, source_error
from tests.support.sql_shop import RECORDS, Shop, connector_at, settings, shop_at, sqlite_url

ASK = Ask(fields=Fields.from_paths("id"))
ONE_ORDER = {"orders": [(1, "c1", "NEW", "2018-01-01T00:00:00Z", None, 1, "EUR")]}


DRIVERS = {"asyncmy", "asyncpg", "builtins", "socket", "sqlalchemy", "sqlite3", "ssl"}


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from subclasses(inner)


def sqlite_error(code: int) -> sqlite3.Error:
    error = sqlite3.OperationalError("text of the database")
    error.sqlite_errorcode = code
    return error


def wrapped(original: Exception) -> exc.DBAPIError:
    """As SQLAlchemy raises what asyncpg raised."""
    adapted = Exception("adapted")
    adapted.__cause__ = original
    return exc.DBAPIError("SELECT secret", {}, adapted)


def wrapped_mysql(code: int) -> exc.DBAPIError:
    """As SQLAlchemy raises what asyncmy raised."""
    return exc.DBAPIError("SELECT secret", {}, asyncmy.errors.OperationalError(code, "secret"))


@pytest.mark.parametrize(
    "family", [OSError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, asyncmy.errors.Error, exc.SQLAlchemyError]
)
def test_no_error_of_a_driver_is_unmapped(family: type[Exception]) -> None:
    """Every class of every library becomes a SourceError, also the ones that a newer version will add below these."""
    # Of the drivers alone: other libraries of the test run derive from OSError as well.
    kinds = {kind for kind in subclasses(family) if kind.__module__.partition(".")[0] in DRIVERS}
    assert len(kinds) > 3
    for kind in kinds:
        assert issubclass(kind, FOREIGN)
        assert isinstance(source_error(kind.__new__(kind)), SourceError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError(errno.ECONNREFUSED, "secret"), SourceUnavailableError),
        (TimeoutError(), SourceTimeoutError),
        (exc.TimeoutError("QueuePool limit"), SourceTimeoutError),
        (exc.CompileError("secret"), SourceProtocolError),
        (asyncpg.InvalidPasswordError("secret"), SourceAuthError),
        (wrapped(asyncpg.InsufficientPrivilegeError("secret")), SourceAuthError),
        (wrapped(asyncpg.UndefinedColumnError("secret")), SourceProtocolError),
        (wrapped(asyncpg.PostgresSyntaxError("secret")), SourceProtocolError),
        (wrapped(asyncpg.InvalidTextRepresentationError("secret")), SourceProtocolError),
        (wrapped(asyncpg.QueryCanceledError("secret")), SourceTimeoutError),
        (wrapped(asyncpg.AdminShutdownError("secret")), SourceUnavailableError),
        (wrapped(asyncpg.CannotConnectNowError("secret")), SourceUnavailableError),
        (wrapped(asyncpg.TooManyConnectionsError("secret")), SourceUnavailableError),
        (wrapped(asyncpg.DeadlockDetectedError("secret")), SourceUnavailableError),
        (wrapped(asyncpg.ConnectionDoesNotExistError("secret")), SourceUnavailableError),
        (wrapped(asyncpg.InterfaceError("secret")), SourceUnavailableError),
        (exc.OperationalError("SELECT secret", {}, sqlite_error(sqlite3.SQLITE_ERROR)), SourceProtocolError),
        (exc.OperationalError("SELECT secret", {}, sqlite_error(sqlite3.SQLITE_BUSY)), SourceUnavailableError),
        (exc.OperationalError("SELECT secret", {}, sqlite_error(sqlite3.SQLITE_BUSY_SNAPSHOT)), SourceUnavailableError),
        (exc.OperationalError("SELECT secret", {}, sqlite_error(sqlite3.SQLITE_CANTOPEN)), SourceUnavailableError),
        (exc.OperationalError("SELECT secret", {}, sqlite_error(sqlite3.SQLITE_INTERRUPT)), SourceTimeoutError),
        (sqlite_error(sqlite3.SQLITE_AUTH), SourceAuthError),
        (wrapped_mysql(1045), SourceAuthError),
        (wrapped_mysql(1142), SourceAuthError),
        (wrapped_mysql(1064), SourceProtocolError),
        (wrapped_mysql(1146), SourceProtocolError),
        (wrapped_mysql(1040), SourceUnavailableError),
        (wrapped_mysql(1213), SourceUnavailableError),
        (wrapped_mysql(2003), SourceUnavailableError),
        (wrapped_mysql(2013), SourceUnavailableError),
        (wrapped_mysql(1969), SourceTimeoutError),
        (wrapped_mysql(3024), SourceTimeoutError),
        (asyncmy.errors.InterfaceError("secret"), SourceProtocolError),
    ],
)
def test_errors_are_grouped_by_who_must_act(error: Exception, expected: type[SourceError]) -> None:
    """The most specific class decides, through SQLAlchemy's wrapping, and the database's text stays out."""
    found = source_error(error)
    assert type(found) is expected
    assert "secret" not in str(found)


async def test_bad_sql_is_the_authors_mistake(database_shop: Shop) -> None:
    """A missing table is a protocol error of the source; its cause is kept for the log, its text is not ours."""
    with pytest.raises(SourceProtocolError) as caught:
        await database_shop.lookup(Order).fetch(["c1"], ASK)
    assert str(caught.value) == "the source gave an answer that cannot be read"
    assert isinstance(caught.value.__cause__, exc.DBAPIError | asyncpg.PostgresError)


async def test_a_column_that_is_missing_is_named(shop: Shop) -> None:
    """The order needs its time; the error names the column of our own vocabulary."""
    await shop.fill()
    record = {"query": "SELECT id, customer FROM orders", "keys": {"customer_id": "customer"}}
    await replace_settings(shop, records={"order": record})
    with pytest.raises(SourceProtocolError, match="a query has no column placed_at"):
        await shop.lookup(Order).fetch(["c1"], ASK)


async def test_learning_is_tried_again_after_a_failure(database_shop: Shop) -> None:
    """The connector recovers when the database does, without a restart."""
    with pytest.raises(SourceProtocolError):
        await database_shop.lookup(Order).fetch(["c1"], ASK)
    await database_shop.fill(**ONE_ORDER)
    assert await database_shop.fetch(Order, ["c1"], fields=ASK.fields) == {"c1": [{"id": "1"}]}


async def test_columns_are_learnt_once(shop: Shop) -> None:
    """Twenty first calls at once ask for the columns of the query and of its two lists once, with nothing but LIMIT 0."""
    await shop.fill(**ONE_ORDER)
    await replace_settings(shop, records={"order": RECORDS["order"]})  # those that are searched in are learnt at start
    with shop.statements() as seen:
        await asyncio.gather(*(shop.fetch(Order, ["c1"], fields=ASK.fields) for _ in range(20)))
    learning = [statement for statement in seen if "LIMIT" in statement]
    assert len(learning) == 3
    plans = [statement for statement in seen if statement.startswith("EXPLAIN")]
    assert len(plans) == {"sqlite": 2, "postgresql": 1}.get(shop.backend, 0)
    assert len(seen) == 3 + len(plans) + 20


async def test_a_cancelled_first_call_leaves_the_learning_to_the_others(shop: Shop) -> None:
    """Who waits for the columns does not suffer from another's cancellation."""
    await shop.fill(**ONE_ORDER)
    first = asyncio.create_task(shop.fetch(Order, ["c1"]))
    second = asyncio.create_task(shop.fetch(Order, ["c1"], fields=ASK.fields))
    await asyncio.sleep(0)
    first.cancel()
    assert await second == {"c1": [{"id": "1"}]}
    with pytest.raises(asyncio.CancelledError):
        await first


async def test_opening_does_not_need_the_database(tmp_path: Path) -> None:
    """A source that is down costs nothing at start; a call says that it is unavailable, and no empty file is left."""
    path = tmp_path / "missing.db"
    connector = SqlConnector("shop", settings(f"sqlite+aiosqlite:///{path}"))
    await connector.open()
    with pytest.raises(SourceUnavailableError):
        await connector.lookups()[-1].fetch(["c1"], ASK)
    await connector.aclose()
    assert not path.exists()


@pytest.mark.postgresql
async def test_a_server_that_does_not_listen_is_unavailable(postgresql_url: str) -> None:
    """A refused connection is nobody's mistake and is retried."""
    url = make_url(postgresql_url).set(query={"host": "/nowhere"}).render_as_string(hide_password=False)
    connector = SqlConnector("shop", settings(url))
    with pytest.raises(SourceUnavailableError):
        await connector.lookups()[-1].fetch(["c1"], ASK)
    await connector.aclose()


@pytest.mark.postgresql
async def test_a_role_that_may_not_read_is_an_operators_task(postgresql_database: str) -> None:
    """An unknown role and a role without the right to read are both authorisation errors."""
    url = make_url(postgresql_database)
    shop = Shop("postgresql", postgresql_database)
    await shop.fill(**ONE_ORDER)
    await shop.execute(f"CREATE ROLE weak_{url.database} LOGIN")
    for role in (f"weak_{url.database}", "nobody"):
        connector = SqlConnector("shop", settings(url.set(username=role).render_as_string(hide_password=False)))
        with pytest.raises(SourceAuthError):
            await connector.lookups()[-2].fetch(["c1"], ASK)
        await connector.aclose()
    await shop.execute(f"DROP ROLE weak_{url.database}")


@pytest.mark.postgresql
@pytest.mark.parametrize(("options", "prepared"), [({}, 1), ({"prepared_statement_cache_size": "0"}, 0)])
async def test_statements_stay_prepared(postgresql_database: str, options: dict[str, str], prepared: int) -> None:
    """Each once for all its calls, unless the URL says that what stands between is confused by it."""
    url = make_url(postgresql_database).update_query_dict(options).render_as_string(hide_password=False)
    shop = Shop("postgresql", postgresql_database)
    await shop.fill(**ONE_ORDER)
    await shop.connector.aclose()
    async with shop_at("postgresql", url) as shop:
        for customer in ("c1", "c2", "c1"):
            await shop.fetch(Order, [customer], fields=ASK.fields)
        kept = text("SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%gateway_order%'")
        statements = await shop.connector.database.run(kept, {})
    assert len([statement for (statement,) in statements if "pg_prepared_statements" not in statement]) == prepared


async def test_nothing_can_be_written_to_sqlite(tmp_path: Path) -> None:
    """The connection itself refuses, whatever a query says."""
    shop = Shop("sqlite", sqlite_url(tmp_path))
    await shop.fill()
    async with shop.connector.engine.connect() as connection:
        with pytest.raises(exc.OperationalError, match="readonly"):
            await connection.exec_driver_sql("INSERT INTO devices VALUES ('c1', 'd1')")
    await shop.connector.aclose()


SLOW = {
    "sqlite": "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000) SELECT max(i) FROM n",
    "postgresql": "SELECT count(*) FROM generate_series(1, 20000000)",
    "mysql": "SELECT SLEEP(100)",
}


async def test_a_cancelled_call_leaves_a_clean_pool(database_shop: Shop) -> None:
    """With a pool of one, the call after a cancelled one gets its own answer, at once and not the other's."""
    await database_shop.fill(orders=[(n, f"c{n}", "NEW", "2018-01-01T00:00:00Z", None, 1, "EUR") for n in range(3)])
    slow = f"SELECT id, customer, placed AS placed_at, ({SLOW[database_shop.backend]}) AS status FROM orders"
    await replace_settings(database_shop, pool_size=1, records={"order": {"query": slow, "keys": {"customer_id": "customer"}}})
    await database_shop.fetch(Order, ["c0"], fields=ASK.fields)
    started = asyncio.Event()
    database_shop.connector.database.listeners.append(lambda *_: started.set())
    for _ in range(3):
        started.clear()
        call = asyncio.create_task(database_shop.fetch(Order, ["c1"], fields=Fields.from_paths("id", "status")))
        await started.wait()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(60):
            assert await database_shop.fetch(Order, ["c2"], fields=ASK.fields) == {"c2": [{"id": "2"}]}
    assert len(database_shop.connector.database.pool.idle) == 1


async def test_a_cancelled_call_stops_sqlite(tmp_path: Path) -> None:
    """SQLite has no one who would hang up; the statement is interrupted, and its thread does not count on."""
    ticks: list[int] = []
    running = asyncio.Event()
    loop = asyncio.get_running_loop()

    def tick(number: int) -> int:
        ticks.append(number)
        if number == 100:
            loop.call_soon_threadsafe(running.set)
        return 1

    shop = Shop("sqlite", sqlite_url(tmp_path))
    await shop.fill(**ONE_ORDER)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE tick(i)) SELECT max(i) FROM n"
    query = f"SELECT id, customer, placed AS placed_at, ({endless}) AS status FROM orders"
    await replace_settings(shop, records={"order": {"query": query, "keys": {"customer_id": "customer"}}})
    engine = shop.connector.engine.sync_engine
    event.listen(engine, "connect", lambda connection, _: connection.create_function("tick", 1, tick))
    call = asyncio.create_task(shop.fetch(Order, ["c1"], fields=Fields.from_paths("status")))
    await running.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    counted = len(ticks)
    assert await shop.fetch(Order, ["c1"], fields=ASK.fields) == {"c1": [{"id": "1"}]}
    assert len(ticks) == counted
    await shop.connector.aclose()


@pytest.mark.parametrize("turns", range(0, 24, 2))
async def test_a_call_that_is_cancelled_before_sqlite_begins_is_stopped(tmp_path: Path, turns: int) -> None:
    """An interruption is lost on a statement that has not begun, which would never end here."""
    shop = Shop("sqlite", sqlite_url(tmp_path))
    endless = text("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n")
    await shop.connector.database.run(text("SELECT 1"), {})
    call = asyncio.create_task(shop.connector.database.run(endless, {}))
    for _ in range(turns):
        await asyncio.sleep(0)
    call.cancel()
    async with asyncio.timeout(60):
        with pytest.raises(asyncio.CancelledError):
            await call
        assert await shop.connector.database.run(text("SELECT 1"), {}) == [(1,)]
    await shop.connector.aclose()


async def replace_settings(shop: Shop, **changes: Any) -> None:
    await shop.connector.aclose()
    shop.connector = connector_at(shop.url, **changes)

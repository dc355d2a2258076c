"""A source that is down or hangs costs its own fields and no time beyond the deadline, on real sockets.

The order source of the demo's shop is replaced: by a port where nobody listens, by a server that accepts and stays silent,
by a PostgreSQL whose table is locked. The others are the shop's own.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from inspect import isawaitable
from typing import Any

import asyncpg
import pytest

from connectors.contract import Connector
from connectors.http import HttpConnector, HttpSettings
from tests.support.clocks import DEADLINE_S, HURRIED, LoopClock, WatchedCalls, answer_at_deadline, ended_in_no_time, held_time
from tests.support.demo_sources import (
    PINNED,
    PINNED_AT,
    demo_rows,
    demo_shop,
    refused_port,
    sql_source,
    sql_sources,
    sqlite_shop,
    statements_to,
)
from tests.support.gateway_server import gateway_on, served, settings_for

CONSOLE = """{ customer(by: {id: "c00001"}) {
    name
    orders { nodes { id } }
    tickets { nodes { id } }
    timeline(first: 50) { unavailable nodes { __typename } }
    tags(keys: ["lifecycle_stage", "activity", "value_tier", "recency", "category_preference", "satisfaction", "open_complaint",
        "acquisition_source"]) { key value partial evidence { missing } }
    sources { name state errorCode }
} }"""
OTHERS = '{ customer(by: {id: "c00001"}) { name tickets { nodes { id } } } }'
WITHOUT_ORDERS = {
    "lifecycle_stage": None,
    "activity": None,
    "value_tier": None,
    "recency": None,
    "category_preference": None,
    "satisfaction": "HAPPY",
    "open_complaint": "YES",
    "acquisition_source": "google",
}
TICKETS = ["support:c00001-t1", "support:c00001-t2", "support:c00001-t3", "support:c00001-t4"]


class SilentServer:
    """Accepts connections, reads what comes and never says a word. `open` is how many are open."""

    def __init__(self) -> None:
        self.port = 0
        self.open = 0
        self.accepted = asyncio.Event()

    async def hold(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.open += 1
        self.accepted.set()
        try:
            while await reader.read(65_536):
                pass
        except ConnectionError:
            pass
        finally:
            self.open -= 1
            writer.close()


@asynccontextmanager
async def silent_server() -> AsyncIterator[SilentServer]:
    """Must be left by its clients: the end waits for their connections to be gone."""
    silent = SilentServer()
    server = await asyncio.start_server(silent.hold, "127.0.0.1", 0)
    silent.port = server.sockets[0].getsockname()[1]
    try:
        yield silent
    finally:
        server.close()
        await eventually(lambda: silent.open == 0)


async def eventually(holds: Callable[[], bool | Awaitable[bool]]) -> None:
    """Wait until it holds."""
    async with asyncio.timeout(60):
        while not (await found if isawaitable(found := holds()) else found):
            await asyncio.sleep(0.01)


def http_orders(port: int) -> Connector[Any]:
    lookup = {"path": "/orders?customers={keys}", "key": "customer"}
    records = {"order": {"keys": {"customer_id": lookup}}}
    return HttpConnector("orders", HttpSettings.model_validate({"base_url": f"http://127.0.0.1:{port}", "records": records}))


def postgresql_orders(port: int) -> Connector[Any]:
    return sql_source("orders", f"postgresql+asyncpg://gateway:secret@127.0.0.1:{port}/orders")


ORDERS = pytest.mark.parametrize("orders", [http_orders, postgresql_orders])


@pytest.fixture
def others(tmp_path):
    """The other three sources."""
    return sql_sources(sqlite_shop(tmp_path), "crm", "support", "behaviour")


@pytest.fixture
async def calls(others):
    """Those to the other three sources."""
    return WatchedCalls(others)


def assert_all_but_orders(answer, code):
    """Everything that does not need orders is there, and the answer says what is missing and why."""
    customer = answer["data"]["customer"]
    assert customer["name"] == "Emma Clarke"
    assert customer["orders"] is None
    assert [ticket["id"] for ticket in customer["tickets"]["nodes"]] == TICKETS
    assert customer["timeline"]["unavailable"] == ["orders"]
    assert {node["__typename"] for node in customer["timeline"]["nodes"]} == {"Ticket", "Event"}
    assert {tag["key"]: tag["value"] for tag in customer["tags"]} == WITHOUT_ORDERS
    assert {tag["key"] for tag in customer["tags"] if tag["partial"]} == {
        key for key, value in WITHOUT_ORDERS.items() if value is None
    }
    assert {fact["missing"] for tag in customer["tags"] for fact in tag["evidence"]} == {None, code}
    assert {one["name"]: (one["state"], one["errorCode"]) for one in customer["sources"]} == {
        "crm": ("FRESH", None),
        "orders": ("UNAVAILABLE", code),
        "support": ("FRESH", None),
        "behaviour": ("FRESH", None),
    }
    (error,) = answer["errors"]
    assert error["path"] == ["customer", "orders"]
    assert len(error["extensions"].pop("requestId")) == 32
    assert error["extensions"] == {"code": code, "source": "orders", "retryable": True}


@ORDERS
async def test_a_stopped_source_costs_its_own_fields(others, orders):
    """Where nobody listens the answer says SOURCE_UNAVAILABLE, and does not wait for the deadline."""
    before = asyncio.all_tasks()
    with refused_port() as port:
        async with gateway_on([*others, orders(port)], **PINNED) as gateway:
            answer = await gateway.ask(CONSOLE)
    assert_all_but_orders(answer, "SOURCE_UNAVAILABLE")
    assert asyncio.all_tasks() == before


@ORDERS
async def test_a_hanging_source_costs_its_own_fields_and_the_deadline(calls, orders):
    """A source that takes the call and stays silent is given up at the deadline; no task and no connection is left."""
    before = asyncio.all_tasks()
    async with silent_server() as silent:
        async with gateway_on([*calls.connectors, orders(silent.port)], with_clock=LoopClock(PINNED_AT)) as gateway:
            for _ in range(2):
                answer = await answer_at_deadline(gateway.ask(CONSOLE, **HURRIED), "c00001", calls)
                assert_all_but_orders(answer, "SOURCE_TIMEOUT")
        assert silent.accepted.is_set()
        await eventually(lambda: silent.open == 0)
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_without_a_setting_the_deadline_is_two_seconds(calls):
    """The default: not much sooner and not later."""
    async with (
        silent_server() as silent,
        gateway_on([*calls.connectors, http_orders(silent.port)], with_clock=LoopClock(PINNED_AT), deadline_ms=None) as gateway,
    ):
        answer = await answer_at_deadline(gateway.ask(CONSOLE), "c00001", calls, 2.0)
    assert_all_but_orders(answer, "SOURCE_TIMEOUT")


@asynccontextmanager
async def locked_orders(postgresql_url: str) -> AsyncIterator[None]:
    """Meanwhile every query of the order table waits."""
    connection = await asyncpg.connect(postgresql_url.replace("+asyncpg", ""))
    try:
        async with connection.transaction():
            await connection.execute("LOCK TABLE orders.orders IN ACCESS EXCLUSIVE MODE")
            yield
    finally:
        await connection.close()


async def until_one_waits(postgresql_url: str) -> None:
    """Until a query waits for the lock."""
    connection = await asyncpg.connect(postgresql_url.replace("+asyncpg", ""))
    try:
        while not await connection.fetchval("SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"):
            pass
    finally:
        await connection.close()


async def is_left_alone(postgresql_url: str) -> bool:
    """Whether the database has no connection beside the one that asks."""
    connection = await asyncpg.connect(postgresql_url.replace("+asyncpg", ""))
    try:
        others = await connection.fetchval(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    finally:
        await connection.close()
    return others == 0


@pytest.mark.postgresql
@pytest.mark.parametrize("columns_known", [True, False])
async def test_a_query_that_is_held_is_given_up_and_works_again(postgresql_database, tmp_path, columns_known):
    """While the table is locked orders are a timeout, also before its columns are known; afterwards they are there.

    The query that was given up ends at the server, too.
    """
    before = asyncio.all_tasks()
    crm, orders, *rest = sql_sources(await demo_shop("postgresql", postgresql_database, tmp_path))
    calls = WatchedCalls([crm, *rest])
    (crm, *rest) = calls.connectors
    async with gateway_on([crm, orders, *rest], with_clock=LoopClock(PINNED_AT)) as gateway:
        if columns_known:
            await gateway.data(CONSOLE)
        async with locked_orders(postgresql_database):
            one_waits = until_one_waits(postgresql_database)
            answer = await answer_at_deadline(gateway.ask(CONSOLE, **HURRIED), "c00001", calls, begun=one_waits)
        again = await gateway.data(CONSOLE)
    assert_all_but_orders(answer, "SOURCE_TIMEOUT")
    newest = [f"orders:{row[0]}" for row in demo_rows()["orders"] if row[1] == "c00001"][:20]
    assert [order["id"] for order in again["customer"]["orders"]["nodes"]] == newest
    await eventually(lambda: is_left_alone(postgresql_database))
    await eventually(lambda: asyncio.all_tasks() == before)


@ORDERS
async def test_a_cancelled_caller_leaves_the_gateway_usable(calls, orders):
    """Cancelled while a source hangs: the next answers are whole, and nothing is left when the gateway closes."""
    before = asyncio.all_tasks()
    async with silent_server() as silent:
        async with gateway_on([*calls.connectors, orders(silent.port)], with_clock=LoopClock(PINNED_AT)) as gateway:
            calling = asyncio.create_task(gateway.ask(CONSOLE))
            await silent.accepted.wait()
            calling.cancel()
            with pytest.raises(asyncio.CancelledError):
                await calling
            assert (await gateway.data(OTHERS))["customer"]["name"] == "Emma Clarke"
            answer = await answer_at_deadline(gateway.ask(CONSOLE, **HURRIED), "c00001", calls)
        assert_all_but_orders(answer, "SOURCE_TIMEOUT")
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_a_client_that_hangs_up_leaves_the_gateway_usable(calls):
    """Twenty clients close their connections while a source hangs; the next one has its answer by the deadline."""
    before = asyncio.all_tasks()
    async with silent_server() as silent:
        sources = [*calls.connectors, http_orders(silent.port)]
        settings = settings_for(sources, **PINNED)
        async with served(settings, connectors=sources, clock=LoopClock(PINNED_AT)) as gateway:
            of_another = CONSOLE.replace("c00001", "c00002")
            calling = [asyncio.create_task(gateway.ask(of_another, **HURRIED)) for _ in range(20)]
            await silent.accepted.wait()
            for call in calling:
                call.cancel()
            assert all(isinstance(end, BaseException) for end in await asyncio.gather(*calling, return_exceptions=True))
            answer = await answer_at_deadline(gateway.ask(CONSOLE, **HURRIED), "c00001", calls)
        assert_all_but_orders(answer, "SOURCE_TIMEOUT")
    await eventually(lambda: asyncio.all_tasks() == before)


async def test_a_source_is_not_asked_when_nothing_is_left_of_the_deadline(others):
    """The CRM takes it all: what comes after it is not asked for, and the answer comes by the deadline."""
    async with silent_server() as silent:
        lookup = {"path": "/customers?ids={keys}", "key": "id"}
        records = {"customer": {"keys": {"customer_id": lookup}}}
        settings = {"base_url": f"http://127.0.0.1:{silent.port}", "records": records}
        calls = WatchedCalls([HttpConnector("crm", HttpSettings.model_validate(settings))])
        sources = [*calls.connectors, *others[1:]]
        async with gateway_on(sources, with_clock=LoopClock(PINNED_AT)) as gateway:
            with statements_to(others[1:]) as seen:
                query = '{ customer(by: {id: "c00001"}) { id name tickets { nodes { id } } } }'
                began_s = asyncio.get_running_loop().time()
                asking = asyncio.create_task(gateway.ask(query, **HURRIED))
                await silent.accepted.wait()
                with held_time() as held:
                    await held.flow(began_s + DEADLINE_S - held.now_s)
                    answer = await ended_in_no_time(asking)
    assert answer["data"] == {"customer": {"id": "crm:c00001", "name": None, "tickets": None}}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"SOURCE_TIMEOUT"}
    assert seen == []

"""How the mongo kind fails: errors of the tree, nothing of the database's words, and calls that work again afterwards."""

import asyncio
import gc
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bson import errors as bson_errors
from pymongo import MongoClient, errors

from connectors.contract import Ask, Measure, MeasureOp
from connectors.errors import (
    SourceAuthError,
    SourceError,
    SourceProtocolError,
    SourceThrottledError,
    SourceTimeoutError,
    SourceUnavailableError,
)
from connectors.mongo import MongoConnector
from connectors.mongo.failures import FOREIGN, source_error
from connectors.record_fields import Fields
from connectors.records import Order
from gateway.store.embedded_mongodb import EmbeddedMongo
from tests.support.demo_sources import refused_port
from tests.support.faulty_server import listening, silence
from tests.support.mongo_shop import MongoShop, mongo_shop_at, settings
from tests.support.serve_process import free_port
from tests.support.sql_shop import day

pytestmark = pytest.mark.mongodb

ASK = Ask(fields=Fields.from_paths("id"), remaining_s=10)
ONE_ORDER = [{"_id": "1", "customer": "c1", "placed": day(1), "status": "NEW"}]


def subclasses(kind: type[Any]) -> Iterator[type[Any]]:
    yield kind
    for inner in kind.__subclasses__():
        yield from subclasses(inner)


@pytest.mark.parametrize("family", [errors.PyMongoError, bson_errors.BSONError])
def test_no_error_of_the_driver_is_unmapped(family: type[Exception]) -> None:
    """Every class becomes a SourceError, also the ones that a newer version will add below these."""
    kinds = list(subclasses(family))
    assert len(kinds) > 3
    for kind in kinds:
        assert issubclass(kind, FOREIGN)
        made = kind.__new__(kind)
        if isinstance(made, errors.OperationFailure):
            errors.OperationFailure.__init__(made, "secret")
        assert isinstance(source_error(made), SourceError)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ConnectionRefusedError("secret"), SourceUnavailableError),
        (TimeoutError("secret"), SourceTimeoutError),
        (errors.AutoReconnect("secret"), SourceUnavailableError),
        (errors.NotPrimaryError("secret"), SourceUnavailableError),
        (errors.ServerSelectionTimeoutError("secret"), SourceUnavailableError),
        (errors.ConfigurationError("no such host: secret"), SourceUnavailableError),
        (errors.InvalidOperation("secret"), SourceUnavailableError),
        (errors.NetworkTimeout("secret"), SourceTimeoutError),
        (errors.WaitQueueTimeoutError("secret"), SourceTimeoutError),
        (errors.ExecutionTimeout("secret", 50), SourceTimeoutError),
        (errors.CursorNotFound("secret", 43), SourceUnavailableError),
        (errors.OperationFailure("secret", 18), SourceAuthError),
        (errors.OperationFailure("secret", 13), SourceAuthError),
        (errors.OperationFailure("secret", 8000), SourceAuthError),
        (errors.OperationFailure("secret", 16500), SourceThrottledError),
        (errors.OperationFailure("secret", 262), SourceTimeoutError),
        (errors.OperationFailure("secret", 40324), SourceProtocolError),
        (errors.OperationFailure("secret"), SourceProtocolError),
        (bson_errors.InvalidBSON("secret"), SourceProtocolError),
    ],
)
def test_errors_are_grouped_by_who_must_act(error: Exception, expected: type[SourceError]) -> None:
    """The server's number decides, then the most specific class; the server's text stays out."""
    found = source_error(error)
    assert type(found) is expected
    assert "secret" not in str(found)


async def test_opening_does_not_need_the_database() -> None:
    """A source that is down costs nothing at start; a call says soon that it is unavailable, also one without haste."""
    with refused_port() as port:
        connector = MongoConnector("shop", settings(f"mongodb://127.0.0.1:{port}"))
        await connector.open()
        for _ in range(2):
            with pytest.raises(SourceUnavailableError):
                await connector.lookups()[-1].fetch(["c1"], ASK)
        with pytest.raises(SourceUnavailableError):
            await connector.aggregates()[-1].measure(["c1"], [Measure(op=MeasureOp.COUNT)])
        assert await connector.check() == [
            "sources.shop.url: cannot connect; is the database up, and are hosts, port and options right?"
        ]
        await connector.aclose()


async def test_nobody_waits_for_a_server_that_cannot_be_reached() -> None:
    """Ten calls in a row take less time than one would that looks for the server until its time is over."""
    async with asyncio.timeout(50):
        with refused_port() as port:
            connector = MongoConnector("shop", settings(f"mongodb://127.0.0.1:{port}"))
            await connector.open()
            for _ in range(10):
                with pytest.raises(SourceUnavailableError):
                    await connector.lookups()[-1].fetch(["c1"], Ask(fields=Fields.from_paths("id"), remaining_s=60))
            await connector.aclose()


async def test_a_failure_that_nobody_waits_for_is_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    """The caller is gone when the call fails; what the driver says about it goes nowhere."""
    async with listening(silence) as port:
        connector = MongoConnector("shop", settings(f"mongodb://127.0.0.1:{port}"))
        await connector.open()
        call = asyncio.create_task(connector.lookups()[-1].fetch(["c1"], Ask(fields=Fields.from_paths("id"), remaining_s=0.1)))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        await connector.aclose()
    gc.collect()
    assert caplog.records == []


async def test_a_closed_connector_does_not_connect_again(mongo_shop: MongoShop) -> None:
    """After `aclose` calls fail; `open` makes it usable once more."""
    await mongo_shop.fill(orders=ONE_ORDER)
    await mongo_shop.connector.aclose()
    with mongo_shop.commands() as sent, pytest.raises(SourceUnavailableError, match="the connector is closed"):
        await mongo_shop.fetch(Order, ["c1"])
    assert sent == []
    await mongo_shop.connector.open()
    assert await mongo_shop.fetch(Order, ["c1"], fields=ASK.fields) == {"c1": [{"id": "1"}]}


async def test_no_time_left_is_no_call(mongo_shop: MongoShop) -> None:
    """A deadline that is over is a timeout."""
    with mongo_shop.commands() as sent, pytest.raises(SourceTimeoutError):
        await mongo_shop.fetch(Order, ["c1"], remaining_s=0)
    assert sent == []


async def test_the_server_is_told_how_much_time_is_left(mongo_shop: MongoShop) -> None:
    """It need not work on what nobody waits for."""
    with mongo_shop.commands() as sent:
        await mongo_shop.fetch(Order, ["c1"], remaining_s=5)
        await mongo_shop.aggregate(Order).measure(["c1"], [Measure(op=MeasureOp.COUNT)], 5)
        await mongo_shop.aggregate(Order).measure(["c1"], [Measure(op=MeasureOp.COUNT)])
    fetched, measured, unbounded = (command["maxTimeMS"] for command in sent)
    assert 0 < fetched <= 5_000
    assert 0 < measured <= 5_000
    assert 50_000 < unbounded <= 60_000


@pytest.fixture
async def own_shop() -> Any:
    """A server of the test's own, to be ill-treated."""
    server = EmbeddedMongo(port=free_port())
    url = await server.start()
    async with mongo_shop_at(url, "shop") as shop:
        await shop.fill(orders=ONE_ORDER)
        yield server, shop
    await server.stop()


async def test_a_server_that_hangs_is_late_and_then_back(own_shop: Any) -> None:
    """A call ends with its time, the one after the standstill is answered."""
    server, shop = own_shop
    assert await shop.fetch(Order, ["c1"], fields=ASK.fields) == {"c1": [{"id": "1"}]}
    os.kill(server.pid, signal.SIGSTOP)
    await asyncio.to_thread(os.waitid, os.P_PID, server.pid, os.WSTOPPED | os.WNOWAIT)  # it was sent; now it is there
    started = time.monotonic()
    try:
        with pytest.raises(SourceTimeoutError):
            await shop.fetch(Order, ["c1", "c2"], first=1, remaining_s=0.3)
        assert 0.2 < time.monotonic() - started < 20  # the driver's own patience is 30 s
    finally:
        os.kill(server.pid, signal.SIGCONT)
    async with asyncio.timeout(60):
        assert await answered(shop) == {"c1": [{"id": "1"}]}


async def test_a_server_that_is_killed_is_unavailable_until_it_is_back(tmp_path: Path) -> None:
    """Nothing needs to be opened anew, and a closed connector ends in time."""
    first, second = EmbeddedMongo(tmp_path, free_port()), None
    url = await first.start()
    try:
        async with mongo_shop_at(url, "shop") as shop:
            await shop.fill(orders=ONE_ORDER)
            assert await shop.fetch(Order, ["c1"], fields=ASK.fields) == {"c1": [{"id": "1"}]}
            assert first.pid is not None
            os.kill(first.pid, signal.SIGKILL)
            await first.stop()
            for _ in range(2):
                started = time.monotonic()
                with pytest.raises(SourceUnavailableError):
                    await shop.fetch(Order, ["c1"], remaining_s=60)
            assert time.monotonic() - started < 25
            second = EmbeddedMongo(tmp_path, int(url.rpartition(":")[2]))
            await second.start()
            async with asyncio.timeout(60):
                await answered(shop)
    finally:
        if second is not None:
            await second.stop()


async def answered(shop: MongoShop) -> Any:
    """The answer as soon as there is one; the driver looks for its server every half second."""
    while True:
        try:
            return await shop.fetch(Order, ["c1"], fields=ASK.fields, remaining_s=5)
        except (SourceUnavailableError, SourceTimeoutError):
            continue


@contextmanager
def guarded_server(folder: Path, *words: str) -> Iterator[int]:
    """SecantusDB with words of the test's own; gives its port."""
    port = free_port()
    (folder / "secantusdb.toml").touch()
    flags = ["--config", str(folder / "secantusdb.toml"), "--port", str(port), "--storage-path", str(folder / "data")]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "-P", "-m", "secantus", *flags, *words], stdout=log, stderr=log)
    try:
        with MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}", serverSelectionTimeoutMS=30_000) as client:
            client.admin.command("ping")
        yield port
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def guarded_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """A server that knows a user `reader` with the password `right`, who may read `shop`."""
    folder = tmp_path_factory.mktemp("guarded")
    with guarded_server(folder) as port, MongoClient[dict[str, Any]](f"mongodb://127.0.0.1:{port}") as client:
        client.admin.command("createUser", "reader", pwd="right", roles=[{"role": "read", "db": "shop"}])
        client.shop.orders.insert_one(dict(ONE_ORDER[0]))
    with guarded_server(folder, "--auth") as port:
        yield port


@pytest.mark.parametrize(
    ("who", "database"), [("reader:wrong@", "shop"), ("nobody:right@", "shop"), ("", "shop"), ("reader:right@", "books")]
)
async def test_credentials_are_an_operators_task(guarded_port: int, who: str, database: str) -> None:
    """A wrong password, an unknown user, none, and one without the right: each call says so, and `check` too."""
    connector = MongoConnector("shop", settings(f"mongodb://{who}127.0.0.1:{guarded_port}/?authSource=admin", database))
    await connector.open()
    for _ in range(3):
        with pytest.raises(SourceAuthError):
            await connector.lookups()[-1].fetch(["c1"], ASK)
    (problem, *_) = await connector.check()
    assert "right" in problem or "password" in problem
    await connector.aclose()


async def test_a_user_who_may_only_read_is_enough(guarded_port: int) -> None:
    """The role `read` of the one database."""
    connector = MongoConnector("shop", settings(f"mongodb://reader:right@127.0.0.1:{guarded_port}/?authSource=admin"))
    await connector.open()
    answer = await next(one for one in connector.lookups() if one.record is Order).fetch(["c1"], ASK)
    assert list(answer) == ["c1"]
    assert not [problem for problem in await connector.check() if ".url" in problem]
    await connector.aclose()


async def test_a_cancelled_call_ends_by_itself_and_costs_no_connection(mongo_shop: MongoShop) -> None:
    """With one connection, the call after a cancelled one gets its own answer."""
    await mongo_shop.fill(orders=[{"_id": str(n), "customer": f"c{n}", "placed": day(1)} for n in range(3)])
    await mongo_shop.configured(pool_size=1)
    await mongo_shop.fetch(Order, ["c0"])
    for _ in range(3):
        call = asyncio.create_task(mongo_shop.fetch(Order, ["c1"], fields=ASK.fields))
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
        async with asyncio.timeout(60):
            assert await mongo_shop.fetch(Order, ["c2"], fields=ASK.fields) == {"c2": [{"id": "2"}]}

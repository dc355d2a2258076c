"""Test that a change that one worker hears of makes stale what all of them keep, also over a restart of MongoDB."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from gateway.store.embedded_mongodb import EmbeddedMongo
from tests.support.fleet import gateway_process
from tests.support.gateway_server import Gateway
from tests.support.serve_process import free_port
from tests.support.webhook_requests import hook, of, tell

pytestmark = pytest.mark.mongodb

BY_ID = 'customer(by: {id: "c1"}) { name }'
BY_EMAIL = 'customer(by: {email: "ana@shop.example"}) { name }'
KEPT_S = 3_600
"""For so long each worker gives again what it kept: nothing in these tests is fresh for its age."""


class Shop:
    """A database with one customer, whose name changes."""

    def __init__(self, folder: Path) -> None:
        self.file = folder / "shop.db"
        with sqlite3.connect(self.file) as connection:
            connection.execute("CREATE TABLE customers (id TEXT, email TEXT, name TEXT)")
            connection.execute("INSERT INTO customers VALUES ('c1', 'ana@shop.example', 'Ana')")

    def rename(self, name: str) -> None:
        with sqlite3.connect(self.file) as connection:
            connection.execute("UPDATE customers SET name = ?", [name])

    def settings(self, mongodb: dict[str, Any]) -> dict[str, Any]:
        keys = {"customer_id": "id", "email": "email"}
        record = {"query": "SELECT id, email, name FROM customers", "keys": keys}
        source = {
            "kind": "sql",
            "url": f"sqlite+aiosqlite:///{self.file}",
            "cache_s": {"customer": KEPT_S},
            "records": {"customer": record},
            "webhook": hook(),
        }
        return {"deadline_ms": 60_000, "sources": {"shop": source}, "mongodb": mongodb}


async def names(gateway: Gateway) -> tuple[str, str]:
    data = await gateway.data(f"{{ id: {BY_ID} email: {BY_EMAIL} }}")
    return data["id"]["name"], data["email"]["name"]


async def until_named(gateway: Gateway, name: str) -> None:
    """Wait until both keys give the name."""
    async with asyncio.timeout(50):
        while await names(gateway) != (name, name):
            await asyncio.sleep(0.02)


async def until_told(gateway: Gateway) -> list[int]:
    """Tell a change as sources do, again until it is taken. Gives all statuses."""
    statuses = [(await tell(gateway, "shop", of("c1"))).status_code]
    async with asyncio.timeout(50):
        while statuses[-1] == 503:
            await asyncio.sleep(0.1)
            statuses.append((await tell(gateway, "shop", of("c1"))).status_code)
    return statuses


@asynccontextmanager
async def two_workers(shop: Shop, uri: str) -> AsyncIterator[tuple[Gateway, Gateway]]:
    settings = shop.settings({"uri": uri, "timeout_ms": 5_000, "retry_after_ms": 100})
    async with gateway_process(settings) as one, gateway_process(settings) as other:
        assert await names(one) == await names(other) == ("Ana", "Ana")
        yield one, other


async def test_a_webhook_to_one_worker_is_heard_by_the_other(tmp_path: Path):
    """It is stale under all keys there, too. What nobody told of stays."""
    shop = Shop(tmp_path)
    async with EmbeddedMongo(port=free_port()) as uri, two_workers(shop, uri) as (one, other):
        shop.rename("Anna")
        assert await names(other) == ("Ana", "Ana")
        assert await until_told(one) == [204]
        assert await names(one) == ("Anna", "Anna")
        await until_named(other, "Anna")


async def test_nothing_is_missed_while_mongodb_restarts(tmp_path: Path):
    """What was written before it ended is heard of after it; what could not be written is told again."""
    shop, store = Shop(tmp_path), EmbeddedMongo(tmp_path / "mongodb", free_port())
    uri = await store.start()
    try:
        async with two_workers(shop, uri) as (one, other):
            shop.rename("Anna")
            assert await until_told(one) == [204]
            await store.stop()
            shop.rename("Anne")
            assert (await tell(one, "shop", of("c1"))).status_code == 503
            await store.start()
            statuses = await until_told(one)
            assert statuses[-1] == 204
            await until_named(other, "Anne")
            shop.rename("Anita")
            assert await until_told(other) == [204]
            await until_named(one, "Anita")
    finally:
        await store.stop()


async def test_a_worker_that_lost_the_log_keeps_nothing(tmp_path: Path):
    """A database that was dropped tells of nothing any more, so all that is kept is stale."""
    shop, store = Shop(tmp_path), EmbeddedMongo(tmp_path / "mongodb", free_port())
    uri = await store.start()
    other_store = EmbeddedMongo(tmp_path / "other", store_port(uri))
    try:
        async with two_workers(shop, uri) as (one, other):
            assert await until_told(one) == [204]
            shop.rename("Anna")
            await store.stop()
            await other_store.start()
            await until_named(other, "Anna")
    finally:
        await other_store.stop()
        await store.stop()


def store_port(uri: str) -> int:
    return int(uri.rpartition(":")[2].partition("/")[0])


async def test_answers_under_keys_of_before_are_stale(tmp_path: Path):
    """Who had an address until now is not found by it any more, in no worker: also when nobody has it, or he is gone."""
    shop, gone = Shop(tmp_path), 'query { customer(by: {email: "ana@shop.example"}) { name } }'
    async with EmbeddedMongo(port=free_port()) as uri, two_workers(shop, uri) as (one, other):
        with sqlite3.connect(shop.file) as connection:
            connection.execute("UPDATE customers SET email = 'anna@shop.example'")
        assert await until_told(one) == [204]
        assert (await one.data(gone))["customer"] is None
        async with asyncio.timeout(50):
            while (await other.data(gone))["customer"] is not None:
                await asyncio.sleep(0.02)
        by_new = gone.replace("ana@", "anna@")
        assert [(await own.data(by_new))["customer"] for own in (one, other)] == [{"name": "Ana"}] * 2
        with sqlite3.connect(shop.file) as connection:
            connection.execute("DELETE FROM customers")
        assert await until_told(other) == [204]
        assert (await other.data(by_new))["customer"] is None
        async with asyncio.timeout(50):
            while (await one.data(by_new))["customer"] is not None:
                await asyncio.sleep(0.02)

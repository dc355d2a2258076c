"""A database that is stopped and started again under load costs its own fields meanwhile, and nothing afterwards."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.records import Order
from tests.support.demo_sources import PINNED, demo_rows, demo_shop, sql_source, sql_sources
from tests.support.gateway_server import Gateway, served, settings_for
from tests.support.sql_shop import SERVERS, shop_at

ID = Fields.from_paths("id")
CALLERS = 16
PATIENCE_S = 60
DEADLINE_MS = 10_000
"""Longer than the default, for callers, gateway and servers share one machine here."""
QUERY = """query ($id: ID!) { customer(by: {id: $id}) {
    name
    orders(first: 3) { totalCount nodes { id items { sku } } }
    tickets { nodes { id } }
    orderStatistics { count }
} }"""
WORKING = {"SOURCE_UNAVAILABLE", "SOURCE_TIMEOUT"}
"""What may be said of a source that is away."""


class Callers:
    """Sixteen that ask all the time. Every answer is judged when it comes, by what was answered when all was well."""

    def __init__(self, gateway: Gateway, expected: dict[str, Any]) -> None:
        self._gateway = gateway
        self._expected = expected
        self._ended = False
        self._answered = asyncio.Condition()
        self.seen: Counter[str] = Counter()
        self.wrong: list[Any] = []

    async def ask(self, number: int) -> None:
        customers = list(self._expected)
        while not self._ended:
            number = (number + CALLERS) % len(customers)
            body = {"query": QUERY, "variables": {"id": customers[number]}}
            response = await self._gateway.client.post("/graphql", json=body)
            kind = self._judged(customers[number], response.status_code, response.json())
            if kind == "wrong":
                self.wrong.append((response.status_code, response.json()))
            async with self._answered:
                self.seen[kind] += 1
                self._answered.notify_all()

    def _judged(self, customer: str, status: int, answer: dict[str, Any]) -> str:
        expected, found = self._expected[customer], (answer.get("data") or {}).get("customer")
        if status == 200 and found == expected and "errors" not in answer:
            return "whole"
        if status != 200 or found is None:
            return "wrong"
        lost = {name for name in expected if found[name] != expected[name]}
        errors = [(error["path"], error["extensions"]) for error in answer["errors"]]
        told = {path[1] for path, said in errors if said["source"] == "orders" and said["code"] in WORKING}
        is_partial = (
            lost == told <= {"orders", "orderStatistics"} and len(errors) == len(lost) and not any(map(found.get, lost))
        )
        return "partial" if is_partial else "wrong"

    async def until(self, kind: str, more: int) -> None:
        """Until so many more answers were of this kind."""
        wanted = self.seen[kind] + more
        async with asyncio.timeout(PATIENCE_S), self._answered:
            await self._answered.wait_for(lambda: self.seen[kind] >= wanted or self.wrong)

    def end(self) -> None:
        self._ended = True


@asynccontextmanager
async def calling(gateway: Gateway, expected: dict[str, Any]) -> AsyncIterator[Callers]:
    callers = Callers(gateway, expected)
    tasks = [asyncio.create_task(callers.ask(number)) for number in range(CALLERS)]
    try:
        yield callers
    finally:
        callers.end()
        await asyncio.gather(*tasks)


async def keeps_serving(gateway: Gateway, stop: Callable[[], Any], start: Callable[[], Any]) -> None:
    customers = [row[0] for row in demo_rows()["customers"]]
    expected = {own: (await gateway.data(QUERY, {"id": own}))["customer"] for own in customers}
    async with calling(gateway, expected) as callers:
        await callers.until("whole", 2 * CALLERS)
        for _ in range(2):
            await asyncio.to_thread(stop)
            await callers.until("partial", 2 * CALLERS)
            await asyncio.to_thread(start)
            await callers.until("whole", 2 * CALLERS)
    assert callers.wrong == []
    # It is over: every answer is whole at the first try.
    async with calling(gateway, expected) as callers:
        await callers.until("whole", 3 * CALLERS)
    assert set(callers.seen) == {"whole"}


@pytest.mark.postgresql
@pytest.mark.timeout(300)
async def test_postgresql_is_restarted_under_load(own_postgresql, tmp_path):
    """No request fails wholly while it is away, twice, and the gateway need not be restarted."""
    urls = await demo_shop("postgresql", str(own_postgresql.get_uri(driver="asyncpg")), tmp_path)
    others = await demo_shop("sqlite", "", tmp_path)
    sources = [*sql_sources(others, "crm", "support"), sql_source("orders", urls["DEMO_ORDERS_URL"])]
    async with served(settings_for(sources, deadline_ms=DEADLINE_MS, **PINNED), connectors=sources) as gateway:
        await keeps_serving(gateway, own_postgresql.stop, own_postgresql.start)


@pytest.mark.mysql
@pytest.mark.timeout(300)
async def test_mariadb_is_restarted_under_load(own_mysql, tmp_path):
    """The same, on MariaDB."""
    own_mysql.sql("CREATE DATABASE shop CHARACTER SET utf8mb4")
    urls = await demo_shop("mysql", own_mysql.url("shop"), tmp_path)
    others = await demo_shop("sqlite", "", tmp_path)
    sources = [*sql_sources(others, "crm", "support"), sql_source("orders", urls["DEMO_ORDERS_URL"])]
    async with served(settings_for(sources, deadline_ms=DEADLINE_MS, **PINNED), connectors=sources) as gateway:
        await keeps_serving(gateway, own_mysql.stop, own_mysql.start)


@pytest.mark.parametrize("server", SERVERS)
async def test_the_first_calls_after_a_restart_are_answered(request, server):
    """Though the pool's connections are dead: those that a call met while the server was away, and those that nobody met."""
    own = request.getfixturevalue(f"own_{server}")
    if server == "mysql":
        own.sql("CREATE DATABASE shop CHARACTER SET utf8mb4")
    url = own.url("shop") if server == "mysql" else str(own.get_uri(driver="asyncpg"))
    async with shop_at(server, url) as shop:
        await shop.fill(orders=[(1, "c1", "NEW", "2018-01-01T00:00:00Z", None, 1, "EUR")])
        expected = [{"c1": [{"id": "1"}]}] * 8
        assert await asyncio.gather(*(shop.fetch(Order, ["c1"], fields=ID) for _ in range(8))) == expected
        await asyncio.to_thread(own.stop)
        with pytest.raises(SourceUnavailableError):
            await shop.fetch(Order, ["c1"], fields=ID)
        await asyncio.to_thread(own.start)
        assert await asyncio.gather(*(shop.fetch(Order, ["c1"], fields=ID) for _ in range(8))) == expected
        await asyncio.to_thread(own.stop)
        await asyncio.to_thread(own.start)
        assert await asyncio.gather(*(shop.fetch(Order, ["c1"], fields=ID) for _ in range(8))) == expected

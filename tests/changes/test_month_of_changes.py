"""Test that a partner who asks each hour for what has changed has, after a month, what the gateway answers.

Customers come and go, change, buy, become one and several again by their keys and by what people say, and are erased. Two
workers keep answers for a day, are replaced, and MongoDB goes away in between.
"""

from __future__ import annotations

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx2
import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.app import GatewayApplication, create_app
from gateway.errors import StoreError
from gateway.store.embedded_mongodb import EmbeddedMongo
from tests.support import shop
from tests.support.copying_partner import CopyingPartner, TryAgainError, read_rows
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, settings_for
from tests.support.known_people import knowing, person
from tests.support.serve_process import free_port
from tests.support.webhook_requests import hook, of, sources_with, tell

pytestmark = pytest.mark.mongodb

HOURS = 30 * 24
OPERATOR_KEY = "anna-key-0123456789-0123456789-0123"
OPERATOR = {"authorization": f"Bearer {OPERATOR_KEY}"}
KINDS = (KeyKind.CUSTOMER_ID, KeyKind.EMAIL)
SOURCES = ("crm", "shop", "desk")
KEPT_S = 86_400.0
TAGS = """\
facts:
  orders:
    label: Orders ever
    record: order
    measure: count
tags:
  buyer:
    label: Buyer
    description: How often a customer buys.
    owner: crm-team
    category: VALUE
    ttl: 30d
    version: 1
    words: By orders.
    values: [NEW, REGULAR]
    expression: "orders >= 2 ? 'REGULAR' : 'NEW'"
"""


class World:
    """What the sources know. `ids` are all that there ever were."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self.people: dict[str, dict[str, r.Customer]] = {name: {} for name in SOURCES}
        self.orders: dict[str, int] = {}
        self.ids: set[str] = set()
        self._connectors: list[MemoryConnector] = []
        for _ in range(12):
            self.add(self._random.choice(SOURCES))

    def connectors(self) -> list[MemoryConnector]:
        """Sources for one more worker, which closes them."""
        own = [knowing(name, [], KINDS, self._also(name)) for name in SOURCES]
        self._connectors += own
        for name in SOURCES:
            self._write(name)
        return own

    def add(self, source: str) -> str:
        """Somebody new, often with the address of another one."""
        own_id = f"{source[0]}{len(self.ids)}"
        self.ids.add(f"{source}:{own_id}")
        self._put(source, person(own_id, name=f"Name {own_id}", email=self._free_address(source)))
        return own_id

    def change(self, source: str, own_id: str) -> None:
        """Another name, or another address: he may become one with others, or cease to be."""
        own = self.people[source][own_id]
        if self._random.random() < 0.5:
            self._put(source, person(own_id, name=f"Name {self._random.random():.6f}", email=own.email))
        else:
            self._put(source, person(own_id, name=own.name, email=self._free_address(source)))

    def buy(self, own_id: str) -> None:
        """One more order in the shop."""
        self.orders[own_id] = self.orders.get(own_id, 0) + 1
        self._write("shop")

    def remove(self, source: str, own_id: str) -> None:
        """Nobody knows him there any more."""
        del self.people[source][own_id]
        self._write(source)

    def _put(self, source: str, own: r.Customer) -> None:
        self.people[source][own.id] = own
        self._write(source)

    def _free_address(self, source: str) -> str:
        """An address that no other one has in the source: else a key would be several people's."""
        taken = {own.email for own in self.people[source].values()}
        return self._random.choice([own for number in range(60) if (own := f"p{number}@shop.example") not in taken])

    def _also(self, source: str) -> dict[Any, Any]:
        orders = {
            own: [r.Order(id=f"{own}-{number}", customer_id=own, placed_at=shop.at(3)) for number in range(count)]
            for own, count in self.orders.items()
            if own in self.people["shop"]
        }
        return {(r.Order, KeyKind.CUSTOMER_ID): orders} if source == "shop" else {}

    def _write(self, source: str) -> None:
        for connector in self._connectors:
            if connector.name == source:
                connector.records = knowing(source, self.people[source].values(), KINDS, self._also(source)).records


class Month:
    """The gateway of a month: two workers, one after the other replaced, on one MongoDB."""

    def __init__(self, world: World, store: EmbeddedMongo, uri: str, tags: Path, clock: HandClock) -> None:
        self.world = world
        self.clock = clock
        self.history: list[str] = []
        self.workers: list[tuple[Gateway, GatewayApplication]] = []
        self._store = store
        self._stacks: list[AsyncExitStack] = []
        sources = sources_with(dict.fromkeys(SOURCES, hook()), {"customer": KEPT_S, "order": KEPT_S})
        self._words: dict[str, Any] = {
            "sources": sources,
            "mongodb": {"uri": uri, "timeout_ms": 5_000, "retry_after_ms": 100},
            "identity": {"secret": "what keys are digested with", "operators": {"anna": OPERATOR_KEY}},
            "erasure": {"key": "what erased keys are digested with, long"},
            "tags": {"file": str(tags)},
            "changes": {},
        }

    async def start_worker(self) -> None:
        connectors = self.world.connectors()
        app = create_app(settings_for(connectors, **self._words), connectors=connectors, clock=self.clock)
        stack = AsyncExitStack()
        await stack.enter_async_context(app.router.lifespan_context(app))
        transport = httpx2.ASGITransport(app=app)
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url="http://gateway"))
        self.workers.append((Gateway(client), app))
        self._stacks.append(stack)

    async def end_worker(self) -> None:
        """End the one that has been there for longest."""
        self.workers.pop(0)
        await self._stacks.pop(0).aclose()

    async def restart_mongodb(self) -> None:
        await self._store.stop()
        statuses = [(await tell(self.workers[0][0], "crm", of("nobody"))).status_code]
        await self._store.start()
        assert statuses == [503]

    async def tell(self, worker: int, source: str, own_id: str) -> None:
        """Tell a change as sources do, again until it is taken."""
        async with asyncio.timeout(60):
            while (await tell(self.workers[worker][0], source, of(own_id))).status_code != 204:
                await asyncio.sleep(0.05)

    async def operate(self, worker: int, mutation: str, **variables: Any) -> dict[str, Any]:
        """Change something as an operator. What cannot be changed so is no matter."""
        async with asyncio.timeout(60):
            while True:
                answer = await self.workers[worker][0].ask(mutation, variables, **OPERATOR)
                codes = {error["extensions"]["code"] for error in answer.get("errors", ())}
                if not codes & {"STORE_UNAVAILABLE", "ERASURES_UNKNOWN", "SOURCE_UNAVAILABLE"}:
                    return answer
                await asyncio.sleep(0.05)

    async def live(self) -> None:
        """Have the workers do what they do in an hour, however soon it is over: say that they live, hear of each other."""
        for _, app in self.workers:
            services = app.revision.services
            assert services.eraser is not None
            assert services.stale_follower is not None
            with suppress(StoreError):
                await services.eraser.worker.refresh()
                while await services.stale_follower.run_pass():
                    pass

    async def until_equal(self, partner: CopyingPartner) -> int:
        """Wait until the copy is what the gateway answers of all whom there ever were. Gives how many these are now."""
        for _turn in range(200):
            await catch_up(partner, self.workers[0][0])
            await partner.ask_refused(self.workers[0][0])
            answers, _ = await read_rows(self.workers[-1][0], self.world.ids)
            if partner.rows == answers:
                return len(answers)
            await asyncio.sleep(0.05)
        differing = {key for key in partner.rows.keys() | answers.keys() if partner.rows.get(key) != answers.get(key)}
        pytest.fail(f"{[(partner.rows.get(key), answers.get(key)) for key in sorted(differing)]} after {self.history[-40:]}")

    async def aclose(self) -> None:
        while self.workers:
            await self.end_worker()


@asynccontextmanager
async def month(folder: Path, seed: int) -> AsyncIterator[Month]:
    tags = folder / "tags.yaml"
    tags.write_text(TAGS)
    store = EmbeddedMongo(folder / "mongodb", free_port())
    own = Month(World(seed), store, await store.start(), tags, HandClock())
    try:
        for _ in range(2):
            await own.start_worker()
        yield own
    finally:
        await own.aclose()
        await store.stop()


LINK = """mutation ($records: [ID!]!) { linkCustomers(records: $records, reason: "of the test") { preview } }"""
CUT = """mutation ($records: [ID!]!) { unlinkCustomers(records: $records, reason: "of the test") { preview } }"""
ERASE = """mutation ($id: ID!) { eraseCustomer(id: $id, reason: "of the test") { id state } }"""
RECEIPT = "query ($id: ID!) { erasureReceipt(id: $id) { state } }"


async def catch_up(partner: CopyingPartner, gateway: Gateway) -> None:
    """Have the partner ask, again while the gateway cannot tell."""
    async with asyncio.timeout(60):
        while True:
            try:
                return await partner.catch_up(gateway)
            except TryAgainError:
                await asyncio.sleep(0.05)


async def erase(own: Month, worker: int, id_: str) -> bool:
    """Erase somebody, and wait until all workers have."""
    answer = await own.operate(worker, ERASE, id=id_)
    receipt = (answer.get("data") or {}).get("eraseCustomer")
    if receipt is None:
        return False
    async with asyncio.timeout(60):
        while (await own.operate(worker, RECEIPT, id=receipt["id"]))["data"]["erasureReceipt"]["state"] != "COMPLETE":
            await own.live()
    return True


async def change_something(own: Month, draw: random.Random) -> str:
    """Change something in the world, and tell it to one of the workers. Gives what it was."""
    world, worker = own.world, draw.randrange(2)
    source = draw.choice([name for name in SOURCES if world.people[name]])
    own_id = draw.choice(sorted(world.people[source]))
    ids = sorted(f"{name}:{key}" for name, people in world.people.items() for key in people)
    what = draw.choices(["add", "change", "buy", "remove", "link", "cut", "erase"], weights=[10, 34, 24, 6, 12, 10, 3])[0]
    match what:
        case "add":
            own_id = world.add(source)
        case "change":
            world.change(source, own_id)
        case "buy" if world.people["shop"]:
            source, own_id = "shop", draw.choice(sorted(world.people["shop"]))
            world.buy(own_id)
        case "remove" if len(ids) > 6:
            world.remove(source, own_id)
        case "link" | "cut" | "erase":
            chosen = draw.sample(ids, 2 if what == "link" else 1)
            own.history.append(f"{what} {chosen}")
            if what == "erase":
                return what * await erase(own, worker, chosen[0])
            return what * ("errors" not in await own.operate(worker, LINK if what == "link" else CUT, records=chosen))
        case _:
            return ""
    own.history.append(f"{what} {source}:{own_id}")
    await own.tell(worker, source, own_id)
    return what


async def test_a_copy_by_deltas_is_what_the_gateway_answers(tmp_path: Path):
    draw, partner, done = random.Random(7), CopyingPartner(), Counter[str]()
    async with month(tmp_path, seed=7) as own:
        await partner.begin(own.workers[0][0], own.world.ids)
        for hour in range(1, HOURS + 1):
            own.clock.advance(timedelta(hours=1))
            await own.live()
            if draw.random() < 0.4:
                done[await change_something(own, draw)] += 1
            if hour % 160 == 80:
                await own.start_worker()
                await own.end_worker()
            if hour % 240 == 120:
                await own.restart_mongodb()
            await catch_up(partner, own.workers[draw.randrange(2)][0])
            if hour % 24 == 0:
                await own.until_equal(partner)
        left = await own.until_equal(partner)
    assert all(done[what] for what in ("add", "change", "buy", "remove", "link", "cut", "erase")), done
    assert left > 6

"""One person in five systems of five kinds, each with other keys: found by every key of every system, with one answer."""

import asyncio
import json
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from aiohttp import web
from pymongo import AsyncMongoClient

from connectors.contract import Answer, Ask, Connector, ConnectorSettings, Keys, Lookup
from connectors.errors import SourceUnavailableError
from connectors.http import HttpConnector, HttpSettings
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.sql import SqlConnector
from connectors.sql.settings import SqlSettings
from connectors.vendors.zendesk import Zendesk
from tests.stitching.payments_api import answer_payments, pay
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.vendors.zendesk import AGENT, TOKEN, ZendeskApi

pytestmark = [pytest.mark.mongodb, pytest.mark.vendors, pytest.mark.journey]

UNPLANNED = " __schema { queryType { name } } }"
QUERY = """{ customer(by: BY) { id name email phone memberNumber locale
    records { source sourceId } identity { complete reason }
    orders { nodes { id total { amount } } partial } tickets { totalCount nodes { id } } orderStatistics { count partial } } """
PHONE = "+44 20 7946 0000"
KEYS = [
    '{id: "crm:7"}', '{id: "shop:s42"}', '{id: "club:m1"}', '{id: "pay:p9"}', '{id: "desk:11"}', '{email: "ann@example.com"}',
    '{email: "Bills@Ann.example"}', f'{{phone: "{PHONE}"}}', '{memberNumber: "M-7"}',
    '{externalId: {source: "desk", id: "11"}}', '{externalId: {source: "pay", id: "p9"}}',
]  # fmt: skip
ALL = [("crm", "7"), ("shop", "s42"), ("club", "m1"), ("pay", "p9"), ("desk", "11")]
WHOLE = {
    "id": "crm:7",
    "name": "Ann Archer",
    "email": "ann@example.com",
    "phone": "+442079460000",
    "memberNumber": "M-7",
    "locale": "en-GB",
    "records": [{"source": source, "sourceId": id_} for source, id_ in ALL],
    "identity": {"complete": True, "reason": None},
    "orders": {
        "nodes": [{"id": "pay:i1", "total": {"amount": "5.00"}}, {"id": "shop:o1", "total": {"amount": "9.90"}}],
        "partial": False,
    },
    "tickets": {"totalCount": 3, "nodes": [{"id": "desk:503"}, {"id": "desk:502"}, {"id": "desk:501"}]},
    "orderStatistics": {"count": 2, "partial": False},
}
OTHER: dict[str, dict[str, Any]] = {
    "crm": {"id": "shop:s42", "memberNumber": None},
    "shop": {"locale": "en-US"},
    "club": {},
    "pay": {},
    "desk": {"tickets": None},
}
"""What is otherwise while a system is down: what only it knows is missing; of a field that two know, the other value counts."""


class Counted(Connector[ConnectorSettings]):
    """Another connector whose calls are counted, and fail while it is `down`."""

    kind = "counted"
    settings_type = ConnectorSettings

    def __init__(self, inner: Connector[Any]) -> None:
        super().__init__(inner.name, ConnectorSettings())
        self.inner = inner
        self.any_case = inner.any_case
        self.down = False
        self.calls: list[tuple[str, int]] = []

    async def open(self) -> None:
        await self.inner.open()

    async def aclose(self) -> None:
        await self.inner.aclose()

    def lookups(self) -> Sequence[Lookup]:
        return [msgspec.structs.replace(lookup, fetch=self._counting(lookup)) for lookup in self.inner.lookups()]

    def _counting(self, lookup: Lookup) -> Any:
        async def fetch(keys: Keys, ask: Ask) -> Answer:
            self.calls.append((f"{lookup.record.__name__} by {lookup.by}", len(keys)))
            if self.down:
                raise SourceUnavailableError
            return await lookup.fetch(keys, ask)

        return fetch


def crm(folder: Path) -> SqlConnector:
    """By id, address, number and card."""
    path = folder / "crm.db"
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("CREATE TABLE contacts (id TEXT, name TEXT, mail TEXT, phone TEXT, card TEXT)")
        database.execute("INSERT INTO contacts VALUES ('7', 'Ann Archer', 'ann@example.com', '+442079460000', 'M-7')")
        database.execute("INSERT INTO contacts VALUES ('8', 'Bo', 'bo@example.com', NULL, NULL)")
    query = "SELECT id, name, mail AS email, phone, card AS member_number FROM contacts"
    keys = {"customer_id": "id", "email": "email", "phone": "phone", "member_number": "member_number"}
    settings = {"url": f"sqlite+aiosqlite:///{path}", "records": {"customer": {"query": query, "keys": keys}}}
    return SqlConnector("crm", SqlSettings.model_validate(settings))


def shop(url: str) -> HttpConnector:
    """By id and address; with orders."""
    fields = {"id": "no", "email": "mail", "locale": "language"}
    keys = {"customer_id": {"path": "/accounts/{key}"}, "email": {"path": "/accounts?mail={key}"}}
    order = {
        "fields": {"placed_at": "at", "total.amount": "sum", "total.currency": "'EUR'"},
        "list": "rows",
        "keys": {"customer_id": {"path": "/accounts/{key}/orders"}},
    }
    records = {"customer": {"fields": fields, "list": "rows", "keys": keys}, "order": order}
    return HttpConnector("shop", HttpSettings.model_validate({"base_url": url, "records": records}))


async def answer_shop(request: web.Request) -> web.Response:
    account = {"no": "s42", "mail": "ann@example.com", "language": "en-GB"}
    match request.path.strip("/").split("/"):
        case ["accounts", "s42", "orders"]:
            return web.json_response({"rows": [{"id": "o1", "at": "2026-06-01T10:00:00Z", "sum": "9.90"}]})
        case ["accounts", "s42"]:
            return web.json_response({"rows": [account]})
        case ["accounts"] if request.query["mail"] == account["mail"]:
            return web.json_response({"rows": [account]})
    return web.json_response({"rows": []})


async def club(uri: str, database: str) -> MongoConnector:
    """By id, card and number."""
    async with AsyncMongoClient(uri, timeoutMS=20_000) as client:
        await client[database].members.insert_one({"_id": "m1", "card": "M-7", "mobile": "+442079460000"})
    customer = {
        "collection": "members",
        "fields": {"member_number": "card", "phone": "mobile"},
        "keys": {"customer_id": "_id", "member_number": "card", "phone": "mobile"},
    }
    settings = {"url": uri, "database": database, "records": {"customer": customer}}
    return MongoConnector("club", MongoSourceSettings.model_validate(settings))


def desk(url: str) -> Zendesk:
    """By id and address; with tickets."""
    keys = {"customer": ["customer_id", "external_id", "email"], "ticket": ["customer_id"]}
    settings = {"base_url": url, "token": TOKEN, "email": AGENT, "keys": keys}
    return Zendesk("desk", Zendesk.settings_type.model_validate(settings))


@pytest_asyncio.fixture
async def systems(tmp_path: Path, mongodb_uri: str, mongodb_database: str) -> AsyncIterator[dict[str, Counted]]:
    async with AsyncExitStack() as stack:
        answers = (answer_shop, answer_payments, ZendeskApi().answer)
        shop_url, pay_url, desk_url = [await stack.enter_async_context(serving(answer)) for answer in answers]
        connectors = [crm(tmp_path), shop(shop_url), await club(mongodb_uri, mongodb_database), pay(pay_url), desk(desk_url)]
        yield {connector.name: Counted(connector) for connector in connectors}


@asynccontextmanager
async def asking(systems: dict[str, Counted], **words: Any) -> AsyncIterator[Any]:
    async with gateway_on([*systems.values()], identity={"max_turns": 4}, **words) as gateway:
        yield gateway


@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_every_key_of_every_system_gives_one_answer(systems: dict[str, Counted], end: str):
    """Eleven keys, of five kinds, and the answer to each is the same."""
    async with asking(systems) as gateway:
        answers = [(await gateway.data(QUERY.replace("BY", by) + end))["customer"] for by in KEYS]
    assert answers == [WHOLE] * len(KEYS)


async def test_calls_are_sources_by_kinds_in_each_turn(systems: dict[str, Counted]):
    """As many for a hundred customers as for one, but for the shop, which takes one address a call."""
    async with asking(systems) as gateway:
        await gateway.data('{ customer(by: {id: "crm:7"}) { records { source } } }')
        alone = {name: [kind for kind, _ in system.calls] for name, system in systems.items()}
        for system in systems.values():
            system.calls.clear()
        ids = json.dumps(["crm:7", "crm:8", *(f"crm:x{n}" for n in range(98))])
        data = await gateway.data(f"{{ customers(ids: {ids}) {{ id records {{ source }} }} }}")
    assert alone == {
        "crm": [
            "Customer by customer_id",
            "Customer by member_number",
            "Customer by email",
            "Customer by phone",
            "Customer by email",
        ],
        "shop": ["Customer by email"] * 2,
        "club": ["Customer by member_number", "Customer by phone"],
        "pay": ["Customer by member_number", "Customer by email", "Customer by email"],
        "desk": ["Customer by external_id", "Customer by email", "Customer by external_id", "Customer by email"],
    }
    together = {name: [kind for kind, _ in system.calls] for name, system in systems.items()}
    assert together == alone | {"shop": ["Customer by email"] * 3}
    assert [one and one["id"] for one in data["customers"]] == ["crm:7", "crm:8", *[None] * 98]


async def test_a_hundred_keys_of_mixed_kinds_share_their_calls(systems: dict[str, Counted]):
    """The order's owner is found first; then each source is asked once for each kind in each of two turns."""
    known = [
        '{orderNumber: "R-1"}', '{id: "crm:7"}', '{id: "shop:s42"}', '{id: "pay:p9"}', '{id: "club:m1"}', '{id: "desk:11"}',
        '{email: "ann@example.com"}', '{email: "bills@ann.example"}', f'{{phone: "{PHONE}"}}', '{memberNumber: "M-7"}',
    ]  # fmt: skip
    unknown = [
        text for n in range(30) for text in (f'{{id: "pay:x{n}"}}', f'{{memberNumber: "X{n}"}}', f'{{orderNumber: "X{n}"}}')
    ]
    async with asking(systems) as gateway:
        data = await gateway.data(f"{{ customers(by: [{', '.join(known + unknown)}]) {{ id records {{ source }} }} }}")
    assert [one and one["id"] for one in data["customers"]] == ["crm:7"] * 10 + [None] * 90
    for name, system in systems.items():
        kinds = [kind for kind, _ in system.calls]
        assert name == "shop" or max(map(kinds.count, kinds)) <= 2, system.calls
    assert systems["pay"].calls[0] == ("Order by order_number", 31)
    assert systems["pay"].calls.count(("Customer by customer_id", 31)) == 1
    assert systems["pay"].calls.count(("Customer by member_number", 31)) == 1
    assert [one and one["records"] for one in data["customers"]] == [[{"source": name} for name, _ in ALL]] * 10 + [None] * 90


async def until_stored(uri: str, database: str, customers: int) -> None:
    """Wait until so many customers are stored."""
    async with AsyncMongoClient(uri, timeoutMS=20_000) as client, asyncio.timeout(60):
        while await client[database].identity_components.count_documents({}) < customers:
            await asyncio.sleep(0.01)


@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_what_is_stored_gives_the_same_answer_in_one_turn(
    systems: dict[str, Counted], mongodb_uri: str, mongodb_database: str, end: str
):
    """From every key, and each source is called once for each kind: for a hundred customers as for one."""
    identity = {"max_turns": 4, "secret": "what keys are digested with"}
    mongodb: dict[str, Any] = {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000}
    async with gateway_on([*systems.values()], identity=identity, mongodb=mongodb) as gateway:
        await gateway.data('{ customers(ids: ["crm:7", "crm:8"]) { records { source } } }')
        await until_stored(mongodb_uri, mongodb_database, 2)
        answers = [(await gateway.data(QUERY.replace("BY", by) + end))["customer"] for by in KEYS]
        calls = []
        for ids in (["crm:7"], ["crm:7", "crm:8", *(f"crm:x{n}" for n in range(98))]):
            for system in systems.values():
                system.calls.clear()
            await gateway.data(f"{{ customers(ids: {json.dumps(ids)}) {{ id records {{ source }} }} }}")
            calls.append({name: sorted(kind for kind, _ in system.calls) for name, system in systems.items()})
    assert answers == [WHOLE] * len(KEYS)
    one_turn = {
        "crm": ["Customer by customer_id"],
        "shop": ["Customer by customer_id"],
        "club": ["Customer by customer_id"],
        "pay": ["Customer by customer_id"],
        "desk": ["Customer by customer_id", "Customer by external_id"],
    }
    assert calls == [one_turn, one_turn]


@pytest.mark.parametrize("down", [name for name, _ in ALL])
@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_a_system_that_is_down_costs_what_only_it_knows(systems: dict[str, Counted], down: str, end: str):
    """The records that the others lead to are there, and it is said that there may be more."""
    systems[down].down = True
    by = '{email: "ann@example.com"}'
    async with asking(systems) as gateway:
        customer = (await gateway.ask(QUERY.replace("BY", by) + end))["data"]["customer"]
    # Only the CRM leads from the address to the card.
    reached = [own for own in ALL if own[0] != down and (down != "crm" or own[0] in ("shop", "desk"))]
    assert customer["records"] == [{"source": source, "sourceId": id_} for source, id_ in reached]
    assert customer["identity"] == {"complete": False, "reason": "SOURCE_UNAVAILABLE"}
    assert customer["orderStatistics"]["partial"]
    lists = {"records", "identity", "orders", "orderStatistics"}
    assert {name: customer[name] for name in customer.keys() - lists} == {
        name: value for name, value in (WHOLE | OTHER[down]).items() if name not in lists
    }
    invoices = [] if down in ("crm", "pay") else ["pay:i1"]
    assert [node["id"] for node in customer["orders"]["nodes"]] == [*invoices, *([] if down == "shop" else ["shop:o1"])]
    assert customer["orders"]["partial"]

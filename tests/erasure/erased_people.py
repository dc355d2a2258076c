"""People in three sources, gateways that store what they find of them, and what there is to be seen of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from gateway.store.store import Store
from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.known_people import ALL_KINDS, ANA_CRM, ANA_DESK, ANA_SHOP, LI, knowing, order

OPERATOR_KEY = "anna-key-0123456789-0123456789-0123"
OPERATOR = {"authorization": f"Bearer {OPERATOR_KEY}"}
ERASURE_KEY = "what erased keys are digested with, long"
SETTINGS: dict[str, Any] = {
    "identity": {"secret": "what keys are digested with", "max_turns": 4, "operators": {"anna": OPERATOR_KEY}},
    "erasure": {"key": ERASURE_KEY},
}
ANA = ("crm:7", "desk:u1", "shop:42")
VALUES = ("ana@example.com", "ana.work@example.org", "+442079460000", "Souza", "crm:7", "shop:42", "desk:u1")

ERASE = """mutation ($id: ID!) { eraseCustomer(id: $id, reason: "she asked for it") {
    id state waiting stores { name removed } sourcesStillHold { source records } incomplete recipientsKnown notPromised } }"""
WHO = "query ($by: CustomerKey!) { customer(by: $by) { id name email orders { nodes { id } } tags { key value } } }"
"""What callers ask of a customer."""

any_driver = pytest.mark.parametrize("mongodb_settings", ["pymongo"], indirect=True)
"""Once: what is tested is not the driver."""


def people(**more: Sequence[r.Customer]) -> list[MemoryConnector]:
    """Ana in a CRM, a shop and a help desk, Li in the CRM, and whoever else is named by source."""
    crm = knowing("crm", [ANA_CRM, LI, *more.get("crm", ())])
    orders = {(r.Order, KeyKind.CUSTOMER_ID): {"42": [order("shop")], "7": [order("other")]}}
    by_id = {(r.Order, KeyKind.ORDER_ID): {"o-shop": [r.Order(id="o-shop", customer_id="42", placed_at=shop.at(3))]}}
    own = knowing("shop", [ANA_SHOP, *more.get("shop", ())], ALL_KINDS, {**orders, **by_id})
    tickets = {(r.Ticket, KeyKind.CUSTOMER_ID): {"u1": [r.Ticket(id="t", created_at=shop.at(4))]}}
    return [crm, own, knowing("desk", [ANA_DESK, *more.get("desk", ())], ALL_KINDS, tickets)]


@asynccontextmanager
async def gateway_of(connectors: Sequence[MemoryConnector], mongodb: MongoSettings, **words: Any) -> AsyncIterator[Gateway]:
    """A worker with a store, in which somebody may be erased."""
    async with gateway_on(connectors, **{"mongodb": mongodb.model_dump(), **SETTINGS, **words}) as gateway:
        yield gateway


async def erase(gateway: Gateway, id_: str = "crm:7") -> dict[str, Any]:
    """Erase a customer, and give the receipt."""
    answer = await gateway.ask(ERASE, {"id": id_}, **OPERATOR)
    assert "errors" not in answer, answer
    receipt: dict[str, Any] = answer["data"]["eraseCustomer"]
    return receipt


async def code_of(gateway: Gateway, by: dict[str, str]) -> str | None:
    """The code of the error that a customer is asked for with; None where he is shown."""
    answer = await gateway.ask(WHO, {"by": by})
    if "errors" not in answer:
        assert answer["data"]["customer"] is not None
        return None
    assert answer["data"] == {"customer": None}
    (code,) = {error["extensions"]["code"] for error in answer["errors"]}
    return str(code)


async def documents(store: Store) -> dict[str, list[dict[str, Any]]]:
    """Every document of the database, by collection."""

    async def read(database: Any) -> dict[str, list[dict[str, Any]]]:
        return {name: await database[name].find().to_list(None) for name in sorted(await database.list_collection_names())}

    return await store.mongo.run(read)


async def stored_of_both(gateway: Gateway, store: Store) -> None:
    """Have all stored that a gateway stores of both customers."""
    for id_ in ("crm:7", "crm:8"):
        assert await code_of(gateway, {"id": id_}) is None
    link = 'mutation { linkCustomers(records: ["crm:7", "shop:42"], reason: "she called") { preview } }'
    assert "errors" not in await gateway.ask(link, **OPERATOR)
    async with asyncio.timeout(30):
        while not {"tags", "identity_components"} <= {name for name, own in (await documents(store)).items() if len(own) >= 2}:
            await asyncio.sleep(0.02)


def values_in(stored: object) -> list[str]:
    """The values of Ana that stand in something."""
    text = str(stored)
    return [value for value in VALUES if value in text]

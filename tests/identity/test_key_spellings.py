"""Keys that sources spell in several ways: whoever asks by one spelling gets the same customer, with the same records."""

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from connectors import records as r
from connectors.contract import Connector, KeyKind
from connectors.errors import SourceRejectedError, SourceUnavailableError
from connectors.http import HttpConnector, HttpSettings
from connectors.sql import SqlConnector, SqlSettings
from connectors.testing import MemoryConnector
from connectors.vendors.stripe import Stripe, StripeSettings
from gateway.clock import Clock
from gateway.lookups.outcome import Failed, Found, merge_spellings
from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.http_source import serving
from tests.support.webhook_requests import hook, sources_with, tell
from tests.vendors import stripe

pytestmark = pytest.mark.cases

PHONES = [
    ("+5215512345678", "+52 55 1234 5678"),
    ("+525512345678", "+52 1 55 1234 5678"),
    ("+5491123456789", "+54 11 2345-6789"),
    ("+541123456789", "+54 9 11 2345-6789"),
    ("+551187654321", "+55 11 98765-4321"),
    ("+5511987654321", "+55 11 8765-4321"),
    ("+4420794600", "+44 20 7946 00"),
]
EMAILS = [
    ("info@company.local", "Info@Company.local "),
    ("user@localhost", "user@localhost"),
    ("a..b@docomo.example", "A..B@docomo.example"),
    ("user@xn--bcher-kva.example", "user@b\u00fccher.example"),
    ("user@b\u00fccher.example", "user@XN--BCHER-KVA.example"),
]
HELD = [(KeyKind.PHONE, *one) for one in PHONES] + [(KeyKind.EMAIL, *one) for one in EMAILS]
FIND = """query Find($one: CustomerKey!, $other: CustomerKey!) {
    one: customer(by: $one) { ...found } other: customer(by: $other) { ...found }
}
fragment found on Customer { id tickets { totalCount unavailable nodes { id } } orderStatistics { count partial } }"""
TIME = "2026-06-01T00:00:00Z"


def in_memory(kind: KeyKind, held: str, folder: Path) -> Connector[Any]:
    del folder
    order = r.Order(id="o1", placed_at=shop.at(1))
    return MemoryConnector(
        "shop",
        {
            (r.Customer, kind): {held: [r.Customer(id="c1", **{kind.value: held})]},
            (r.Ticket, kind): {held: [r.Ticket(id="t1", created_at=shop.at(1))]},
            (r.Order, kind): {held: [order]},
        },
    )


def in_a_database(kind: KeyKind, held: str, folder: Path) -> Connector[Any]:
    with sqlite3.connect(folder / "shop.db") as database:
        database.execute(f"CREATE TABLE rows AS SELECT '1' AS id, 'c1' AS customer, ? AS held, '{TIME}' AS at", (held,))
    database.close()
    records = {
        "customer": {"query": f"SELECT customer AS id, held AS {kind.value} FROM rows", "keys": {kind.value: kind.value}},
        "ticket": {"query": "SELECT 't' || id AS id, held, at AS created_at FROM rows", "keys": {kind.value: "held"}},
        "order": {
            "query": "SELECT 'o' || id AS id, held, at AS placed_at, 1 AS total_amount, 'EUR' AS total_currency FROM rows",
            "keys": {kind.value: "held"},
        },
    }
    return SqlConnector(
        "shop", SqlSettings.model_validate({"url": f"sqlite+aiosqlite:///{folder / 'shop.db'}", "records": records})
    )


@pytest.mark.parametrize("source", [in_memory, in_a_database])
@pytest.mark.parametrize(("kind", "held", "asked"), HELD)
async def test_a_customer_is_found_by_each_form_of_a_key(kind: KeyKind, held: str, asked: str, source: Any, tmp_path: Path):
    """As the source has it and in another form, with what other sources know by the key: one answer."""
    async with gateway_on([source(kind, held, tmp_path)]) as gateway:
        data = await gateway.data(FIND, {"one": {kind.value: held}, "other": {kind.value: asked}})
    assert data["one"] == data["other"]
    assert data["one"] == {
        "id": "shop:c1",
        "tickets": {"totalCount": 1, "unavailable": [], "nodes": [{"id": "shop:t1"}]},
        "orderStatistics": {"count": 1, "partial": False},
    }


@pytest.mark.parametrize(("kind", "held", "asked"), HELD)
async def test_what_other_systems_have_is_found_by_each_form_of_a_key(kind: KeyKind, held: str, asked: str):
    """The customer's record and an API of tickets spell the key differently."""
    asked_for: list[str] = []

    async def tickets(request: web.Request) -> web.Response:
        asked_for.append(request.query["key"])
        return web.json_response([{"id": "t1", "createdAt": TIME}] if request.query["key"] == held else [])

    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [r.Customer(id="c1", **{kind.value: asked})]}})
    async with serving(tickets) as base:
        lookup = {"path": "/tickets?key={key}"}
        settings = {"base_url": base, "records": {"ticket": {"keys": {kind.value: lookup}}}}
        support = HttpConnector("support", HttpSettings.model_validate(settings))
        async with gateway_on([crm, support]) as gateway:
            data = await gateway.data('{ customer(by: {id: "c1"}) { tickets { nodes { id } } } }')
    assert data["customer"]["tickets"]["nodes"] == [{"id": "support:t1"}]
    assert len(asked_for) == len(set(asked_for))


async def test_a_key_of_two_spellings_may_mean_two_customers():
    """Which is said, never guessed."""
    held = {"+525512345678": [r.Customer(id="c1")], "+5215512345678": [r.Customer(id="c2"), r.Customer(id="c1")]}
    async with gateway_on([MemoryConnector("crm", {(r.Customer, KeyKind.PHONE): held})]) as gateway:
        answer = await gateway.ask('{ customer(by: {phone: "+52 55 1234 5678"}) { id } }')
    extensions = answer["errors"][0]["extensions"]
    assert (extensions["code"], extensions["candidates"]) == ("AMBIGUOUS_IDENTITY", ["crm:c1", "crm:c2"])


def test_a_failure_counts_unless_the_source_refuses_a_spelling():
    """What may hide a customer is a failure; a spelling that a source does not take hides none."""
    common: dict[str, Any] = {"source": "crm", "as_of": Clock().now(), "latency_ms": 1.0}
    found = Found(records=[r.Customer(id="c1")], **common)
    refused, down = (Failed(error=error, **common) for error in (SourceRejectedError(), SourceUnavailableError()))
    assert merge_spellings([found, refused]) == found
    assert merge_spellings([refused, refused]) == refused
    assert merge_spellings([found, refused, down]) == down


async def test_a_vendor_is_asked_in_the_letters_of_the_record():
    """Stripe compares the case of letters: the address as the record has it goes out beside the one in lower case."""
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [r.Customer(id="c1", email="Cleo@Example.com")]}})
    api = stripe.StripeApi()
    api.charges = [stripe.charge("ch_1", "cus_Cleo", 1, 100)]
    async with serving(api.answer) as base:
        settings = StripeSettings.model_validate({"token": stripe.TOKEN, "base_url": base, "keys": {"order": ["email"]}})
        async with gateway_on([crm, Stripe("payments", settings)]) as gateway:
            data = await gateway.data('{ customer(by: {id: "c1"}) { orders { nodes { id } } orderStatistics { count } } }')
    assert data["customer"] == {"orders": {"nodes": [{"id": "payments:ch_1"}]}, "orderStatistics": {"count": 1}}


@pytest.mark.parametrize(("any_case", "asked"), [(False, ["ana@example.com", "Ana@Example.com"]), (True, ["ana@example.com"])])
async def test_a_source_that_knows_no_case_is_asked_once(any_case: bool, asked: list[str]):
    """It says so; what both spellings find is there once."""
    tickets = [r.Ticket(id="t1", created_at=shop.at(1))]
    support = MemoryConnector("support", {(r.Ticket, KeyKind.EMAIL): {"ana@example.com": tickets, "Ana@Example.com": tickets}})
    support.any_case = any_case
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [r.Customer(id="c1", email=" Ana@Example.com ")]}})
    async with gateway_on([crm, support]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { tickets { nodes { id } } } }')
    assert [key for call in support.calls for key in call[2]] == asked
    assert data["customer"]["tickets"]["nodes"] == [{"id": "support:t1"}]


@pytest.mark.parametrize(
    ("kind", "held", "told"),
    [
        (KeyKind.EMAIL, "Ana@Example.com", "ana@example.com"),
        (KeyKind.EMAIL, "ana@xn--bcher-kva.example", "ana@b\u00fccher.example"),
        (KeyKind.PHONE, "+5215512345678", "+52 55 1234 5678"),
    ],
)
async def test_a_change_is_told_in_any_spelling(kind: KeyKind, held: str, told: str):
    """What is kept under the others is fresh no longer."""
    tickets = {held: [r.Ticket(id="t1", created_at=shop.at(1))]}
    support = MemoryConnector("support", {(r.Ticket, kind): tickets})
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [r.Customer(id="c1", **{kind.value: held})]}})
    settings = sources_with({"support": hook(key="who", by=kind.value)}, {"ticket": 60}, "crm")
    async with gateway_on([crm, support], sources=settings) as gateway:
        assert await _tickets(gateway) == ["support:t1"]
        tickets[held] = [r.Ticket(id="t2", created_at=shop.at(1))]
        assert await _tickets(gateway) == ["support:t1"]
        assert (await tell(gateway, "support", {"who": told})).status_code == 204
        assert await _tickets(gateway) == ["support:t2"]


async def _tickets(gateway: Gateway) -> list[str]:
    data = await gateway.data('{ customer(by: {id: "c1"}) { tickets { nodes { id } } } }')
    return [one["id"] for one in data["customer"]["tickets"]["nodes"]]


@pytest.mark.parametrize("kind", [KeyKind.DEVICE_ID, KeyKind.EXTERNAL_ID])
async def test_more_than_fifty_keys_of_any_kind_are_reported(kind: KeyKind):
    """In the list, and as partial in figures."""
    customer = r.Customer(
        id="c1",
        device_ids=[f"d{n}" for n in range(51)],
        external_ids=[r.ExternalId(source="s", id=f"{n}") for n in range(51)],
    )
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [customer]}})
    orders = MemoryConnector("orders", {(r.Order, kind): {}})
    async with gateway_on([crm, orders]) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "c1"}) { orders { unavailable totalCount } orderStatistics { count partial } } }'
        )
    assert data["customer"] == {
        "orders": {"unavailable": ["orders"], "totalCount": None},
        "orderStatistics": {"count": 0, "partial": True},
    }
    assert {len(call[2]) for call in orders.calls} == {50}


@pytest.mark.parametrize("key", ["01", "1.0", "+1", "-0", " 001"])
async def test_another_number_is_another_id(key: str, tmp_path: Path):
    """Also where the column is a number: an id is a text, and comes back as it went out."""
    with sqlite3.connect(tmp_path / "shop.db") as database:
        database.execute("CREATE TABLE customers AS SELECT 0 AS id UNION SELECT 1")
    database.close()
    records = {"customer": {"query": "SELECT id FROM customers", "keys": {"customer_id": {"column": "id", "type": "integer"}}}}
    source = SqlConnector(
        "crm", SqlSettings.model_validate({"url": f"sqlite+aiosqlite:///{tmp_path / 'shop.db'}", "records": records})
    )
    async with gateway_on([source]) as gateway:
        data = await gateway.data("query($ids: [ID!]!) { customers(ids: $ids) { id } }", {"ids": [key, "1", "0"]})
    assert data["customers"] == [None, {"id": "crm:1"}, {"id": "crm:0"}]

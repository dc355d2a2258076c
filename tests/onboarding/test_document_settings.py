"""Settings that are written for collections of documents: they run, and give what the documents hold."""

import tomllib
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
import pytest_asyncio
from bson import Decimal128, ObjectId
from pymongo import AsyncMongoClient

from connectors.contract import KeyKind
from connectors.mongo.catalogue_reader import MongoCatalogueReader
from connectors.records import RECORDS
from connectors.testing.fetches import fetch_records
from gateway.onboarding.proposal import Confidence
from gateway.onboarding.settings_writer import write_settings
from gateway.onboarding.source_proposal import propose_settings
from gateway.onboarding.source_recognition import RecognitionOptions, recognise_source
from gateway.onboarding.source_url import read_url
from tests.onboarding.gold_score import build_source

pytestmark = pytest.mark.mongodb

ANA, BO = ObjectId(f"{1:024x}"), ObjectId(f"{2:024x}")
AT = datetime(2026, 1, 2, 10, tzinfo=UTC)
PEOPLE = [
    {
        "_id": ANA,
        "firstName": "Ana",
        "lastName": "Meyer",
        "contact": {"email": "ana@example.com"},
        "address": {"street": "High Street 1", "city": "London", "countryCode": "GB"},
        "createdAt": AT,
        "passwordHash": "$2b$12$" + "c" * 53,
    },
    {"_id": BO, "firstName": "Bo", "lastName": "Li", "contact": {"email": "bo@example.com"}, "createdAt": AT},
]


def order(number: int, person: ObjectId, state: str) -> dict[str, Any]:
    return {
        "_id": number,
        "customerId": person,
        "orderNumber": f"A-{number}",
        "placedAt": AT,
        "status": state,
        "totalCents": 2050,
        "currency": "EUR",
        "discount": 0.1,
        "lines": [
            {"sku": "tea", "quantity": 2, "unitPrice": Decimal128("7.50")},
            {"sku": "cup", "quantity": 1, "unitPrice": Decimal128("5.50")},
        ],
    }


@pytest_asyncio.fixture
async def shop(mongodb_uri: str, mongodb_database: str) -> None:
    """A shop of documents."""
    async with AsyncMongoClient[dict[str, Any]](mongodb_uri, timeoutMS=20_000) as client:
        database = client[mongodb_database]
        await database.customers.insert_many(PEOPLE)
        await database.orders.insert_many([order(1, ANA, "dispatched"), order(2, ANA, "paid"), order(3, BO, "strange")])
        await database.tickets.insert_many(
            [
                {
                    "_id": ObjectId(),
                    "customerId": ANA,
                    "subject": "Where is my tea?",
                    "status": "open",
                    "createdAt": AT,
                    "comments": [{"body": "I wait.", "createdAt": AT, "author": "customer"}],
                }
            ]
        )


@pytest_asyncio.fixture
async def written(shop: None, mongodb_uri: str, mongodb_database: str) -> str:
    """What is written for it."""
    reader = MongoCatalogueReader(mongodb_uri, mongodb_database)
    catalogue = await reader.read_catalogue()
    graph, proposal = await recognise_source(catalogue, reader, "shop", RecognitionOptions())
    await reader.aclose()
    connection = {"kind": "mongo", "url": mongodb_uri, "database": mongodb_database}
    return write_settings(graph, proposal, connection, (Confidence.SURE, Confidence.LIKELY))


async def test_documents_are_read_as_written(written: str) -> None:
    """Customers, orders with items and tickets with messages come by the keys that are written, with the right values."""
    source = build_source(tomllib.loads(written)["sources"]["shop"])
    await source.open()
    lookups = {(own.record, own.by): own for own in source.lookups()}

    async def found(record: str, kind: KeyKind, key: str) -> list[Any]:
        return (await fetch_records(lookups[RECORDS[record], kind], [key]))[key]

    (ana,) = await found("customer", KeyKind.CUSTOMER_ID, str(ANA))
    assert (ana.given_name, ana.family_name, ana.email, ana.kind) == ("Ana", "Meyer", "ana@example.com", "PERSON")
    assert (ana.address.line, ana.address.city, ana.address.country) == ("High Street 1", "London", "GB")
    assert (await found("customer", KeyKind.EMAIL, "bo@example.com"))[0].id == str(BO)
    orders = {own.id: own for own in await found("order", KeyKind.CUSTOMER_ID, str(ANA))}
    assert {id_: (own.status, own.number, own.placed_at) for id_, own in orders.items()} == {
        "1": ("SHIPPED", "A-1", AT),
        "2": ("CONFIRMED", "A-2", AT),
    }
    assert (orders["1"].total.amount, orders["1"].total.currency) == (Decimal("20.50"), "EUR")
    assert orders["1"].discount is None
    assert [(own.sku, own.quantity, own.unit_price.amount, own.unit_price.currency) for own in orders["1"].items] == [
        ("tea", 2, Decimal("7.50"), "EUR"),
        ("cup", 1, Decimal("5.50"), "EUR"),
    ]
    assert [own.id for own in await found("order", KeyKind.ORDER_ID, "3")] == ["3"]
    (ticket,) = await found("ticket", KeyKind.CUSTOMER_ID, str(ANA))
    assert (ticket.subject, ticket.status, [own.body for own in ticket.messages]) == ("Where is my tea?", "OPEN", ["I wait."])
    assert await source.check() == []
    await source.aclose()


async def test_no_value_is_written(written: str) -> None:
    """Names, addresses, texts and hashes of the documents are nowhere in the file; a word without a meaning is told."""
    for text in ("Ana", "Meyer", "example.com", "High Street", "Where is my tea", "$2b$12"):
        assert text not in written
    assert "strange (1)" in written


async def test_what_is_written_is_proved(shop: None, mongodb_uri: str, mongodb_database: str) -> None:
    """All of it runs for sampled customers, and finds as much as there is; one of them is shown."""
    source = read_url(f"{mongodb_uri.rstrip('/')}/{mongodb_database}", {}, "shop")
    found = await propose_settings(source, {}, RecognitionOptions(), (Confidence.SURE, Confidence.LIKELY))
    assert found.sample == str(ANA)
    assert [own.record for own in found.proposal.records if own.confidence is not Confidence.UNSURE] == [
        "customer",
        "order",
        "ticket",
    ]
    assert list(found.proofs) == [
        "customer: 2 customers looked up, 2 found, as many as customers has.",
        "order: 2 customers looked up, 3 found, as many as orders has.",
        "ticket: 2 customers looked up, 1 found, as many as tickets has.",
    ]

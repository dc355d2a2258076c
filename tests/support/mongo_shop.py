"""A little shop in MongoDB, what is sent to it, and the demo's shop as documents."""

from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import lru_cache
from typing import Any

import msgspec
from pymongo import AsyncMongoClient, monitoring

from connectors.contract import Aggregate, Answer, Ask, KeyKind, Lookup, Page
from connectors.mongo import MongoConnector, MongoSourceSettings
from connectors.record_fields import all_fields
from connectors.records import Record
from tests.support.demo_sources import demo_rows

RECORDS: dict[str, Any] = {
    "customer": {
        "collection": "customers",
        "fields": {"address": "home", "address.country": {"value": "IT"}, "device_ids": "devices.id", "email": "contact.email"},
        "lists": {"contact_points": {"path": "contact.points", "fields": {"primary": "main"}}},
        "keys": {
            "customer_id": "_id",
            "external_id": {"path": "token", "type": "uuid"},
            "member_number": {"path": "member", "type": "integer"},
            "email": "contact.points.value",
            "phone": {"path": "ref", "type": "objectid", "prefix": "+"},
            "device_id": "devices.id",
            "text": {"paths": ["name", "contact.email"]},
        },
    },
    "order": {
        "collection": "orders",
        "fields": {"placed_at": "placed", "total": {"amount": "total", "currency": "currency"}},
        "values": {"status": {"gone": "SHIPPED", "pending": "UNKNOWN", "7": "CANCELLED"}},
        "lists": {
            "items": {
                "path": "lines",
                "fields": {"unit_price.amount": {"path": "cents", "scale": 2}},
                "outer": {"unit_price.currency": "currency"},
            }
        },
        "keys": {"customer_id": "customer"},
    },
    "event": {"collection": "events", "fields": {"type": "what"}, "keys": {"customer_id": "customer"}},
}


class _Sent(monitoring.CommandListener):
    """The commands that reach the databases which a test watches."""

    def __init__(self) -> None:
        self.watched: dict[str, list[Mapping[str, Any]]] = {}

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name in self.watched:
            self.watched[event.database_name].append(event.command)

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None: ...

    def failed(self, event: monitoring.CommandFailedEvent) -> None: ...


_sent = _Sent()
monitoring.register(_sent)


@contextmanager
def commands_to(database: str) -> Iterator[list[Mapping[str, Any]]]:
    """The commands that reach a database meanwhile."""
    _sent.watched[database] = seen = []
    yield seen
    del _sent.watched[database]


def settings(url: str, database: str = "shop", **changes: Any) -> MongoSourceSettings:
    return MongoSourceSettings.model_validate({"url": url, "database": database, "records": RECORDS} | changes)


class MongoShop:
    """A database that a test fills, and a connector to it."""

    def __init__(self, url: str, database: str) -> None:
        self.url = url
        self.name = database
        self.client: AsyncMongoClient[dict[str, Any]] = AsyncMongoClient(url, uuidRepresentation="standard", timeoutMS=20_000)
        self.database = self.client[database]
        self.connector = MongoConnector("shop", settings(url, database))

    async def fill(self, **documents: Sequence[Mapping[str, Any]]) -> None:
        """Add documents to collections."""
        for collection, own in documents.items():
            if own:
                await self.database[collection].insert_many([dict(one) for one in own])

    async def configured(self, **changes: Any) -> None:
        """Go on with other settings."""
        await self.connector.aclose()
        self.connector = MongoConnector("shop", settings(self.url, self.name, **changes))
        await self.connector.open()

    def lookup(self, record: type[Record], by: KeyKind = KeyKind.CUSTOMER_ID) -> Lookup:
        return next(own for own in self.connector.lookups() if own.record is record and own.by == by)

    def aggregate(self, record: type[Record], by: KeyKind = KeyKind.CUSTOMER_ID) -> Aggregate:
        return next(own for own in self.connector.aggregates() if own.record is record and own.by == by)

    async def fetch(
        self, record: type[Record], keys: Sequence[str], by: KeyKind = KeyKind.CUSTOMER_ID, **words: Any
    ) -> dict[str, list[dict[str, Any]]]:
        """The JSON of the records of each key that found any."""
        return decoded(await self.lookup(record, by).fetch(keys, Ask(**({"fields": all_fields(record)} | words))))

    def commands(self) -> AbstractContextManager[list[Mapping[str, Any]]]:
        """The commands that reach the database meanwhile."""
        return commands_to(self.name)


@asynccontextmanager
async def mongo_shop_at(url: str, database: str) -> AsyncIterator[MongoShop]:
    shop = MongoShop(url, database)
    await shop.connector.open()
    try:
        yield shop
    finally:
        await shop.connector.aclose()
        await shop.client.close()


def decoded(answer: Answer) -> dict[str, list[dict[str, Any]]]:
    found = {}
    for key, page in answer.items():
        assert isinstance(page, Page)
        assert isinstance(page.records, bytes)
        found[key] = msgspec.json.decode(page.records)
    return found


# The demo's shop: as its tables have it, with what belongs to a document inside of it.

_CUSTOMER = (
    "_id kind name givenName familyName email phone memberNumber locale createdAt address.line address.postalCode address.city "
    "address.region address.country company.name company.account company.industry acquisition.source acquisition.campaign "
    "acquisition.landingPage acquisition.leadId acquisition.at gender jobTitle company.role company.roleName"
)
DEMO: dict[str, dict[str, Any]] = {
    "crm": {
        "customer": {
            "collection": "customers",
            "fields": {"device_ids": "devices", "industry": "company.industry"},
            "keys": {
                "customer_id": "_id",
                "external_id": "keys.external",
                "member_number": "memberNumber",
                "email": "keys.email",
                "phone": "keys.phone",
                "device_id": "devices",
                "account": "company.account",
                "text": {"paths": ["name", "email", "phone"]},
            },
        },
        "account": {"collection": "companies", "keys": {"account": "_id", "parent_account": "parentId"}},
        "deal": {"collection": "deals", "keys": {"customer_id": "customerId", "deal_id": "_id"}},
    },
    "orders": {
        "order": {
            "collection": "orders",
            "fields": {
                "total": {"amount": {"path": "cents", "scale": 2}, "currency": "currency"},
                "discount": {"amount": "discount", "currency": "currency"},
                "number": "_id",
            },
            "lists": {
                "items": {
                    "fields": {"unit_price.amount": {"path": "cents", "scale": 2}},
                    "outer": {"unit_price.currency": "currency"},
                },
                "payments": {
                    "fields": {"amount.amount": {"path": "cents", "scale": 2}},
                    "outer": {"amount.currency": "currency"},
                },
            },
            "keys": {"customer_id": "customerId", "order_id": "_id", "order_number": "_id"},
        }
    },
    "support": {
        "ticket": {
            "collection": "tickets",
            "fields": {"number": "_id", "customer_email": "requester"},
            "keys": {"email": "requester", "ticket_id": "_id", "ticket_number": "_id"},
        }
    },
    "behaviour": {
        "event": {
            "collection": "events",
            "names": "snake",
            "fields": {"device_id": "device"},
            "keys": {"device_id": "device", "event_id": "_id"},
        }
    },
}


@lru_cache(maxsize=1)
def demo_documents() -> dict[str, list[dict[str, Any]]]:
    """The rows of the demo's tables as documents, by collection."""
    rows = demo_rows()

    def of(table: str, parent: str, names: str, at: int = 0) -> list[dict[str, Any]]:
        return [_document(row, names) for row in rows[table] if row[at] == parent]

    customers = [_document(row, _CUSTOMER) for row in rows["customers"]]
    for one in customers:
        points = of("contact_points", one["_id"], "- - kind value match primary")
        external = of("external_ids", one["_id"], "- - source id")
        keys = {kind.lower(): [own.pop("match") for own in points if own["kind"] == kind] for kind in ("EMAIL", "PHONE")}
        one["contactPoints"], one["externalIds"] = points, external
        one["keys"] = keys | {"external": [f"{own['source']}:{own['id']}" for own in external]}
        one["touches"] = of("touches", one["_id"], "- - channel source medium campaign at")
        one["devices"] = [row[2] for row in rows["devices"] if row[0] == one["_id"]]
    orders = [_document(row, "_id customerId placedAt status cents currency deliveredAt") for row in rows["orders"]]
    for one in orders:
        one["discount"] = 0
        one["items"] = of("order_items", one["_id"], "- - sku name category quantity cents -")
        one["payments"] = of("payments", one["_id"], "- - method cents - installments")
    names = "_id requester createdAt subject kind status priority channel satisfaction orderId solvedAt"
    tickets = [_document(row, names) for row in rows["tickets"]]
    for one in tickets:
        one["messages"] = of("messages", one["_id"], "- - author body at")
    events = [_document(row, "_id device session_id at type page properties") for row in rows["events"]]
    for one in events:
        one["properties"] = msgspec.json.decode(one["properties"])
    companies = [_document(row, "_id name industry size website parentId createdAt") for row in rows["companies"]]
    begun = {one["_id"]: one["createdAt"] for one in customers}
    deals = [_document(row, "_id customerId stage segment closedAt") for row in rows["deals"]]
    deals = [one | {"createdAt": begun[one["customerId"]]} for one in deals]
    crm = {"customers": customers, "companies": companies, "deals": deals}
    return {**crm, "orders": orders, "tickets": tickets, "events": events}


def demo_sources(url: str, database: str) -> list[MongoConnector]:
    """The demo's four sources, all in one database."""
    return [MongoConnector(name, settings(url, database, records=records)) for name, records in DEMO.items()]


def _document(row: Sequence[Any], names: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for path, value in zip(names.split(), row, strict=True):
        *around, name = path.split(".")
        here = found
        for one in around:
            here = here.setdefault(one, {})
        if value is not None and name != "-":
            here[name] = str(value) if isinstance(value, str) else value
    return found

"""A peer: Strawberry as its documentation shows it, with typed classes, data loaders over SQLAlchemy and both of its caches."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from decimal import Decimal

import strawberry
from starlette.applications import Starlette

from bench.databases.peers.loaders import ENGINE, Loaders
from bench.databases.peers.tables import CustomerRow, OrderRow, TicketRow
from bench.peers.strawberry_app import Info, create_app, create_schema


@strawberry.type
class Item:
    sku: str
    name: str
    quantity: int
    unit_price: Decimal


@strawberry.type
class Order:
    id: strawberry.ID
    status: str
    total: Decimal
    currency: str
    placed_at: datetime

    @classmethod
    def of(cls, row: OrderRow) -> "Order":
        return cls(id=strawberry.ID(row.id), status=row.status, total=row.total, currency=row.currency, placed_at=row.placed_at)

    @strawberry.field
    async def items(self, info: Info) -> list[Item]:
        rows = await info.context["loaders"].items.load(self.id)
        return [Item(sku=row.sku, name=row.name, quantity=row.quantity, unit_price=row.unit_price) for row in rows]


@strawberry.type
class Message:
    author: str
    body: str
    at: datetime


@strawberry.type
class Ticket:
    id: strawberry.ID
    subject: str
    status: str
    priority: str
    created_at: datetime

    @classmethod
    def of(cls, row: TicketRow) -> "Ticket":
        return cls(
            id=strawberry.ID(row.id),
            subject=row.subject,
            status=row.status,
            priority=row.priority,
            created_at=row.created_at,
        )

    @strawberry.field
    async def messages(self, info: Info) -> list[Message]:
        rows = await info.context["loaders"].messages.load(self.id)
        return [Message(author=row.author, body=row.body, at=row.at) for row in rows]


@strawberry.type
class Event:
    type: str
    page: str
    at: datetime


@strawberry.type
class Address:
    line: str
    postal_code: str
    city: str
    country: str


@strawberry.type
class OrderStatistics:
    count: int
    total: Decimal | None
    currency: str | None
    first_at: datetime | None
    last_at: datetime | None


@strawberry.type
class Customer:
    id: strawberry.ID
    name: str
    email: str
    phone: str
    member_number: str
    address: Address

    @classmethod
    def of(cls, row: CustomerRow) -> "Customer":
        return cls(
            id=strawberry.ID(row.id),
            name=row.name,
            email=row.email,
            phone=row.phone,
            member_number=row.member_number,
            address=Address(line=row.address_line, postal_code=row.postal_code, city=row.city, country=row.country),
        )

    @strawberry.field
    async def orders(self, info: Info, first: int = 20) -> list[Order]:
        return [Order.of(row) for row in await info.context["loaders"].orders.load((self.id, first))]

    @strawberry.field
    async def tickets(self, info: Info, first: int = 10) -> list[Ticket]:
        return [Ticket.of(row) for row in await info.context["loaders"].tickets.load((self.id, first))]

    @strawberry.field
    async def events(self, info: Info, first: int = 20) -> list[Event]:
        rows = await info.context["loaders"].events.load((self.id, first))
        return [Event(type=row.type, page=row.page, at=row.at) for row in rows]

    @strawberry.field
    async def order_statistics(self, info: Info) -> OrderStatistics | None:
        row = await info.context["loaders"].statistics.load(self.id)
        return row and OrderStatistics(
            count=row.orders, total=row.total, currency=row.currency, first_at=row.first_at, last_at=row.last_at
        )


@strawberry.type
class Query:
    @strawberry.field
    async def customer(self, info: Info, id: strawberry.ID) -> Customer | None:  # noqa: A002  # the argument's name
        row = await info.context["loaders"].customers.load(id)
        return Customer.of(row) if row else None

    @strawberry.field
    async def customer_by_email(self, info: Info, email: str) -> Customer | None:
        row = await info.context["loaders"].customers_by_email.load(email)
        return Customer.of(row) if row else None

    @strawberry.field
    async def customers(self, info: Info, ids: list[strawberry.ID]) -> list[Customer | None]:
        rows = await info.context["loaders"].customers.load_many(ids)
        return [Customer.of(row) if row else None for row in rows]


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    yield
    await ENGINE.dispose()


schema = create_schema(Query)
app = create_app(schema, Loaders, lifespan)

"""A peer: Strawberry as its documentation shows it, with typed classes, data loaders and both of its caches."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import strawberry
from starlette.applications import Starlette
from strawberry.dataloader import DataLoader

from bench.peers.connectors import Connectors, Row
from bench.peers.strawberry_app import Info, create_app, create_schema

SOURCES = Connectors()

Page = tuple[str, int]
"""Of which customer, and how many records."""


def _pages_of(kind: str) -> Callable[[list[Page]], Awaitable[list[list[Row]]]]:
    async def load(pages: list[Page]) -> list[list[Row]]:
        limits = {limit for _, limit in pages}
        if len(limits) == 1:
            return await SOURCES.lists(kind, [customer for customer, _ in pages], limits.pop())
        found = {}
        for limit in limits:
            ids = [customer for customer, one in pages if one == limit]
            for customer, rows in zip(ids, await SOURCES.lists(kind, ids, limit), strict=True):
                found[customer, limit] = rows
        return [found[page] for page in pages]

    return load


class Loaders:
    """Those of one request."""

    def __init__(self) -> None:
        self.customers = DataLoader[str, Row | None](load_fn=SOURCES.customers)
        self.orders = DataLoader[Page, list[Row]](load_fn=_pages_of("orders"))
        self.tickets = DataLoader[Page, list[Row]](load_fn=_pages_of("tickets"))
        self.events = DataLoader[Page, list[Row]](load_fn=_pages_of("events"))


@strawberry.type
class OrderItem:
    sku: str
    name: str
    quantity: int
    unit_price: float


@strawberry.type
class Order:
    id: strawberry.ID
    status: str
    total: float
    currency: str
    placed_at: str
    items: list[OrderItem]

    @classmethod
    def of(cls, row: Row) -> "Order":
        items = [
            OrderItem(sku=item["sku"], name=item["name"], quantity=item["quantity"], unit_price=item["unit_price"])
            for item in row["items"]
        ]
        return cls(
            id=row["order_id"],
            status=row["status"],
            total=row["total"],
            currency=row["currency"],
            placed_at=row["placed_at"],
            items=items,
        )


@strawberry.type
class Message:
    author: str
    body: str
    created_at: str


@strawberry.type
class Ticket:
    id: strawberry.ID
    subject: str
    status: str
    priority: str
    created_at: str
    messages: list[Message]

    @classmethod
    def of(cls, row: Row) -> "Ticket":
        return cls(
            id=row["ticket_id"],
            subject=row["subject"],
            status=row["status"],
            priority=row["priority"],
            created_at=row["created_at"],
            messages=[Message(author=one["author"], body=one["body"], created_at=one["created_at"]) for one in row["messages"]],
        )


@strawberry.type
class Event:
    type: str
    page: str
    at: str


@strawberry.type
class Customer:
    id: strawberry.ID
    name: str
    email: str | None
    phone: str | None
    lifecycle_stage: str

    @classmethod
    def of(cls, row: Row) -> "Customer":
        return cls(
            id=row["id"],
            name=row["full_name"],
            email=row["email"],
            phone=row["phone"],
            lifecycle_stage=row["lifecycle_stage"],
        )

    @strawberry.field
    async def orders(self, info: Info, first: int = 20) -> list[Order]:
        return [Order.of(row) for row in await info.context["loaders"].orders.load((self.id, first))]

    @strawberry.field
    async def tickets(self, info: Info, first: int = 10) -> list[Ticket]:
        return [Ticket.of(row) for row in await info.context["loaders"].tickets.load((self.id, first))]

    @strawberry.field
    async def recent_events(self, info: Info, first: int = 20) -> list[Event]:
        rows = await info.context["loaders"].events.load((self.id, first))
        return [Event(type=row["type"], page=row["page"], at=row["at"]) for row in rows]


@strawberry.type
class Query:
    @strawberry.field
    async def customer(self, info: Info, id: strawberry.ID) -> Customer | None:  # noqa: A002  # the argument's name
        row = await info.context["loaders"].customers.load(id)
        return Customer.of(row) if row else None

    @strawberry.field
    async def customers(self, info: Info, ids: list[strawberry.ID]) -> list[Customer | None]:
        rows = await info.context["loaders"].customers.load_many(ids)
        return [Customer.of(row) if row else None for row in rows]


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    await SOURCES.open()
    yield
    await SOURCES.aclose()


schema = create_schema(Query)
app = create_app(schema, Loaders, lifespan)

"""A GraphQL API as its owner might have built it, served on loopback, and the configuration that reads it."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, TypeVar

import strawberry
from aiohttp import web
from graphql import GraphQLError
from strawberry.aiohttp.views import GraphQLView

from connectors.graphql import GraphQLConnector, GraphQLSettings

T = TypeVar("T")


def at(day: int, hour: int = 8) -> datetime:
    return datetime(2024, 5, day, hour, tzinfo=UTC)


@strawberry.type
class PageInfo:
    has_next_page: bool
    end_cursor: str | None


@strawberry.type
class Price:
    amount: str
    currency_code: str


@strawberry.type
class Line:
    code: str
    title: str
    price: str | None


@strawberry.type
class Lines:
    nodes: list[Line]


@strawberry.type
class Purchase:
    id: strawberry.ID
    created_at: datetime
    state: str
    cancelled_at: datetime | None
    price: strawberry.Private[str | None]
    lines: strawberry.Private[list[Line]]

    @strawberry.field
    def total_price(self) -> Price | None:
        return None if self.price is None else Price(amount=self.price, currency_code="EUR")

    @strawberry.field
    def line_items(self, first: int) -> Lines:
        return Lines(nodes=self.lines[:first])


@strawberry.type
class Purchases:
    total_count: int
    nodes: list[Purchase | None]


@strawberry.type
class Shopper:
    id: strawberry.ID
    mail: str
    full_name: str
    bought: strawberry.Private[list[Purchase]]

    @strawberry.field
    def orders(self, first: int | None = None, since: datetime | None = None) -> Purchases:
        if self.id == "c4":
            raise GraphQLError("secret", extensions={"code": "FORBIDDEN"})
        found = [one for one in self.bought if since is None or one.created_at >= since]
        return Purchases(total_count=len(found), nodes=list(found[:first]))


@strawberry.type
class Requester:
    mail: str


@strawberry.type
class Case:
    number: int
    opened: datetime
    title: str
    requester: Requester


@strawberry.type
class CaseEdge:
    node: Case


@strawberry.type
class Cases:
    edges: list[CaseEdge]
    page_info: PageInfo


@strawberry.type
class Happening:
    id: strawberry.ID
    at: datetime
    name: str


@strawberry.type
class Happenings:
    nodes: list[Happening]
    page_info: PageInfo


@strawberry.type
class Device:
    seen: strawberry.Private[list[Happening]]

    @strawberry.field
    def events(self, first: int = 2, after: str | None = None) -> Happenings:
        nodes, page_info = page(self.seen, min(first, 3), after)
        return Happenings(nodes=nodes, page_info=page_info)


def page(found: Sequence[T], first: int, after: str | None) -> tuple[list[T], PageInfo]:
    start = int(after or 0)
    more = start + first < len(found)
    return list(found[start : start + first]), PageInfo(has_next_page=more, end_cursor=str(start + first) if more else None)


def purchase(number: int, day: int, state: str = "paid", price: str | None = "10.50") -> Purchase:
    lines = [Line(code=f"s{number}", title="A book", price="5.25"), Line(code="gift", title="A gift", price=None)]
    cancelled = at(day, 9) if state == "void" else None
    return Purchase(
        id=strawberry.ID(f"o{number}"), created_at=at(day), state=state, cancelled_at=cancelled, price=price, lines=lines
    )


SHOPPERS = [
    Shopper(id=strawberry.ID(key), mail=mail, full_name=name, bought=bought)
    for key, mail, name, bought in [
        (
            "c1",
            "Ann@Example.com",
            "Ann",
            [purchase(5, 6), purchase(4, 5, "void"), purchase(3, 4), purchase(2, 4), purchase(1, 1)],
        ),
        ("c2", "bob@example.com", "Bob", [purchase(9, 2, "packing", None)]),
        ("c3", "cy@example.com", "Cy", []),
        ("c4", "dee@example.com", "Dee", []),
    ]
]
CASES = [
    Case(number=number, opened=at(day), title=f"Case {number}", requester=Requester(mail=mail))
    for number, day, mail in [
        (1, 1, "Ann@Example.com"),
        (2, 2, "bob@example.com"),
        (3, 2, "Ann@Example.com"),
        (4, 9, "Ann@Example.com"),
    ]
]
HAPPENINGS = {
    "d1": [Happening(id=strawberry.ID(f"e{n}"), at=at(9, 20 - n), name="view") for n in range(8)],
    "d2": [Happening(id=strawberry.ID("e9"), at=at(9), name="cart")],
}


@strawberry.type
class Query:
    @strawberry.field
    def shoppers(self, ids: list[strawberry.ID]) -> list[Shopper | None]:
        return [next((one for one in SHOPPERS if one.id == key), None) for key in ids]

    @strawberry.field
    def shopper(self, mail: str) -> Shopper | None:
        if mail.startswith("down"):
            raise GraphQLError("secret", extensions={"code": "INTERNAL_SERVER_ERROR"})
        if mail.startswith("gone"):
            raise GraphQLError("secret", extensions={"code": "NOT_FOUND"})
        return next((one for one in SHOPPERS if one.mail.lower() == mail), None)

    @strawberry.field
    def cases(self, mails: list[str], after: str | None = None) -> Cases:
        nodes, page_info = page([one for one in CASES if one.requester.mail.lower() in mails], 2, after)
        return Cases(edges=[CaseEdge(node=one) for one in nodes], page_info=page_info)

    @strawberry.field
    def case(self, number: strawberry.ID) -> Case | None:
        return next((one for one in CASES if str(one.number) == number), None)

    @strawberry.field
    def purchase(self, of: strawberry.ID) -> Purchase | None:
        return next((one for shopper in SHOPPERS for one in shopper.bought if one.id == of), None)

    @strawberry.field
    def device(self, serial: strawberry.ID) -> Device | None:
        return Device(seen=HAPPENINGS[serial]) if serial in HAPPENINGS else None


SCHEMA = strawberry.Schema(Query)


class ShopApi:
    """Orders of many shoppers, shoppers by e-mail, cases of many e-mails in pages, events of a device in pages."""

    def __init__(self) -> None:
        self.bodies: list[dict[str, Any]] = []
        self._view: Callable[[web.Request], Any] = GraphQLView(schema=SCHEMA)

    @property
    def queries(self) -> list[str]:
        return [body["query"] for body in self.bodies]

    @property
    def variables(self) -> list[dict[str, Any]]:
        return [body["variables"] for body in self.bodies]

    async def answer(self, request: web.Request) -> web.StreamResponse:
        if request.method == "POST":
            self.bodies.append(await request.json())
        if request.headers.get("Authorization") != "Bearer secret":
            return web.json_response({"errors": [{"message": "who are you"}]}, status=401)
        response: web.StreamResponse = await self._view(request)
        return response


ORDERS_OF_MANY = """
query Orders($keys: [ID!]!, $first: Int, $since: DateTime) {
  shoppers(ids: $keys) { key: id orders(first: $first, since: $since) { total: totalCount nodes { ...fields } } }
}
"""
SHOPPER_BY_MAIL = "query ($key: String!) { shopper(mail: $key) { ...fields } }"
CASES_OF_MANY = """
query ($keys: [String!]!, $after: String) {
  cases(mails: $keys, after: $after) { edges { node { requester { key: mail } ...fields } } }
}
"""
EVENTS_OF_ONE = "{ device(serial: $key) { events(first: $first, after: $after) { nodes { ...fields } } } }"
RECORDS: dict[str, Any] = {
    "order": {
        "order": "newest_first",
        "fields": {
            "placed_at": "createdAt",
            "status": "cancelledAt && 'CANCELLED' || state",
            "total.amount": "totalPrice.amount",
            "total.currency": "totalPrice.currencyCode",
        },
        "values": {"status": {"paid": "CONFIRMED"}},
        "lists": {
            "items": {
                "list": "lineItems(first: 50).nodes",
                "fields": {"sku": "code", "name": "title", "unit_price.amount": "price"},
                "outer": {"unit_price.currency": "totalPrice.currencyCode"},
            }
        },
        "keys": {
            "customer_id": {"query": ORDERS_OF_MANY},
            "order_id": {"query": "{ purchase(of: $key) { ...fields } }"},
        },
    },
    "customer": {"fields": {"name": "fullName", "email": "mail"}, "keys": {"email": {"query": SHOPPER_BY_MAIL}}},
    "ticket": {
        "fields": {"id": "number", "number": "number", "created_at": "opened", "subject": "title"},
        "keys": {
            "email": {"query": CASES_OF_MANY},
            "ticket_number": {"query": "query ($key: ID!) { case(number: $key) { ...fields } }"},
        },
    },
    "event": {
        "order": "newest_first",
        "fields": {"at": "at", "type": "name"},
        "keys": {"device_id": {"query": EVENTS_OF_ONE, "page_size": 3, "max_batch": 4}},
    },
}


def shop_settings(base_url: str, **changes: Any) -> GraphQLSettings:
    """The configuration that an operator would write for `ShopApi`."""
    return GraphQLSettings.model_validate(
        {"base_url": base_url, "headers": {"Authorization": "Bearer secret"}, "records": RECORDS} | changes
    )


@asynccontextmanager
async def opened(settings: GraphQLSettings) -> AsyncIterator[GraphQLConnector]:
    connector = GraphQLConnector("shop", settings)
    await connector.open()
    try:
        yield connector
    finally:
        await connector.aclose()

"""The GraphQL API of a payment system: a payer and an invoice, each found by lists of keys."""

import strawberry
from aiohttp import web

from connectors.graphql import GraphQLConnector, GraphQLSettings


@strawberry.type
class Payer:
    no: str
    mail: str
    card: str


@strawberry.type
class Invoice:
    id: str
    number: str
    payer: str
    day: str
    sum: str
    currency: str


PAYER = Payer(no="p9", mail="bills@ann.example", card="M-7")
INVOICE = Invoice(id="i1", number="R-1", payer="p9", day="2026-06-05T10:00:00Z", sum="5.00", currency="EUR")


@strawberry.type
class Query:
    @strawberry.field
    def payers(self, no: list[str] | None = None, mail: list[str] | None = None, card: list[str] | None = None) -> list[Payer]:
        found = PAYER.no in (no or ()) or PAYER.mail in (mail or ()) or PAYER.card in (card or ())
        return [PAYER] if found else []

    @strawberry.field
    def invoices(self, payer: list[str] | None = None, number: list[str] | None = None) -> list[Invoice]:
        return [INVOICE] if INVOICE.payer in (payer or ()) or INVOICE.number in (number or ()) else []


SCHEMA = strawberry.Schema(Query)


async def answer_payments(request: web.Request) -> web.Response:
    """Run a document as a GraphQL server does."""
    body = await request.json()
    result = await SCHEMA.execute(body["query"], body.get("variables"))
    errors = {"errors": [error.formatted for error in result.errors]} if result.errors else {}
    return web.json_response({"data": result.data, **errors})


def pay(url: str) -> GraphQLConnector:
    """By id, card, and an address of its own; with invoices, which are found by number, too."""

    def keys(field: str, **columns: str) -> dict[str, dict[str, str]]:
        document = "query ($keys: [String!]!) {{ {field}({column}: $keys) {{ key: {column} ...fields }} }}"
        return {kind: {"query": document.format(field=field, column=column)} for kind, column in columns.items()}

    customer = {
        "fields": {"id": "no", "email": "mail", "member_number": "card"},
        "keys": keys("payers", customer_id="no", email="mail", member_number="card"),
    }
    order = {
        "fields": {
            "customer_id": "payer",
            "number": "number",
            "placed_at": "day",
            "total.amount": "sum",
            "total.currency": "currency",
        },
        "keys": keys("invoices", customer_id="payer", order_number="number"),
    }
    settings = {"base_url": url, "records": {"customer": customer, "order": order}}
    return GraphQLConnector("pay", GraphQLSettings.model_validate(settings))

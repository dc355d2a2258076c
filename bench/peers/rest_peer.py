"""A peer: the endpoint that a team would write by hand for just these three pages, without GraphQL.

It takes the body of a GraphQL request and looks at `operationName` and `variables` only.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.peers.connectors import Connectors, Row

SOURCES = Connectors()


def _order(row: Row) -> Row:
    return {
        "id": row["order_id"],
        "status": row["status"],
        "total": row["total"],
        "currency": row["currency"],
        "placedAt": row["placed_at"],
        "items": [
            {"sku": item["sku"], "name": item["name"], "quantity": item["quantity"], "unitPrice": item["unit_price"]}
            for item in row["items"]
        ],
    }


def _ticket(row: Row) -> Row:
    return {
        "id": row["ticket_id"],
        "subject": row["subject"],
        "status": row["status"],
        "priority": row["priority"],
        "createdAt": row["created_at"],
        "messages": [{"author": one["author"], "body": one["body"], "createdAt": one["created_at"]} for one in row["messages"]],
    }


async def console(variables: dict[str, Any]) -> Row:
    ids = [variables["id"]]
    (customer,), (orders,), (tickets,), (events,) = await asyncio.gather(
        SOURCES.customers(ids),
        SOURCES.lists("orders", ids, 20),
        SOURCES.lists("tickets", ids, 10),
        SOURCES.lists("events", ids, 20),
    )
    if customer is None:
        return {"customer": None}
    return {
        "customer": {
            "id": customer["id"],
            "name": customer["full_name"],
            "email": customer["email"],
            "phone": customer["phone"],
            "lifecycleStage": customer["lifecycle_stage"],
            "orders": [_order(row) for row in orders],
            "tickets": [_ticket(row) for row in tickets],
            "recentEvents": [{"type": row["type"], "page": row["page"], "at": row["at"]} for row in events],
        }
    }


async def header(variables: dict[str, Any]) -> Row:
    (customer,) = await SOURCES.customers([variables["id"]])
    return {"customer": customer and {"id": customer["id"], "name": customer["full_name"]}}


async def overview(variables: dict[str, Any]) -> Row:
    ids = variables["ids"]
    customers, lists = await asyncio.gather(SOURCES.customers(ids), SOURCES.lists("orders", ids, 5))
    return {
        "customers": [
            customer
            and {
                "id": customer["id"],
                "name": customer["full_name"],
                "email": customer["email"],
                "orders": [
                    {
                        "id": row["order_id"],
                        "total": row["total"],
                        "status": row["status"],
                        "items": [{"sku": item["sku"], "quantity": item["quantity"]} for item in row["items"]],
                    }
                    for row in orders
                ],
            }
            for customer, orders in zip(customers, lists, strict=True)
        ]
    }


PAGES = {"Q1": console, "Q2": header, "Q3": overview}


async def endpoint(request: Request) -> Response:
    body = orjson.loads(await request.body())
    data = await PAGES[body["operationName"]](body["variables"])
    return Response(orjson.dumps({"data": data}), media_type="application/json")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    await SOURCES.open()
    yield
    await SOURCES.aclose()


app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])], lifespan=lifespan)

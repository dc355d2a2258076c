"""A peer over MongoDB: the endpoint that a team would write by hand for just these pages, with PyMongo.

It takes the body of a GraphQL request and looks at `operationName` and `variables` only.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC
from typing import Any

import orjson
from bson.decimal128 import Decimal128
from pymongo import AsyncMongoClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from bench.databases.settings import MONGO_DATABASE

Row = dict[str, Any]

CLIENT: AsyncMongoClient[Row] = AsyncMongoClient(os.environ["BENCH_DATABASE"], tz_aware=True, tzinfo=UTC)
SHOP = CLIENT[MONGO_DATABASE]


def _newest(time: str, first: int) -> list[Row]:
    return [{"$sort": {time: -1, "_id": -1}}, {"$limit": first}]


def _rows(found: Row, *names: str) -> Row:
    return {"id": found["_id"], **{name: found[name] for name in names}}


def _order(found: Row, *names: str, items: tuple[str, ...]) -> Row:
    lines = [{name: _amount(item[name]) for name in items} for item in found["items"]]
    return {**_rows(found, "status", *names), "total": _amount(found["total"]), "items": lines}


def _amount(value: Any) -> Any:
    return value["amount"] if isinstance(value, dict) else value


async def console(variables: Row) -> Row:
    number = variables["id"]
    customer, orders, tickets, events = await asyncio.gather(
        SHOP.customers.find_one({"_id": number}),
        SHOP.orders.find({"customerId": number}).sort([("placedAt", -1), ("_id", -1)]).limit(20).to_list(),
        SHOP.tickets.find({"customerId": number}).sort([("createdAt", -1), ("_id", -1)]).limit(10).to_list(),
        SHOP.events.find({"customerId": number}).sort([("at", -1), ("_id", -1)]).limit(20).to_list(),
    )
    if customer is None:
        return {"customer": None}
    items = ("sku", "name", "quantity", "unitPrice")
    return {
        "customer": {
            **_rows(customer, "name", "email", "phone", "memberNumber"),
            "orders": [{**_order(row, "placedAt", items=items), "currency": row["total"]["currency"]} for row in orders],
            "tickets": [_rows(row, "subject", "status", "priority", "createdAt", "messages") for row in tickets],
            "events": [{name: row[name] for name in ("type", "page", "at")} for row in events],
        }
    }


async def card(variables: Row) -> Row:
    return {"customer": await SHOP.customers.find_one({"email": variables["email"]}, {"_id": 0, "name": 1, "address": 1})}


async def overview(variables: Row) -> Row:
    orders = {"from": "orders", "localField": "_id", "foreignField": "customerId", "as": "orders"}
    found = SHOP.customers.aggregate(
        [{"$match": {"_id": {"$in": variables["ids"]}}}, {"$lookup": {**orders, "pipeline": _newest("placedAt", 5)}}]
    )
    return {
        "customers": [
            {
                **_rows(row, "name", "email"),
                "orders": [_order(order, items=("sku", "quantity")) for order in row["orders"]],
            }
            async for row in await found
        ]
    }


async def figures(variables: Row) -> Row:
    ids = variables["ids"]
    group = {
        "_id": "$customerId",
        "count": {"$sum": 1},
        "total": {"$sum": "$total.amount"},
        "currency": {"$min": "$total.currency"},
        "firstAt": {"$min": "$placedAt"},
        "lastAt": {"$max": "$placedAt"},
    }
    kept = {"customerId": {"$in": ids}, "status": {"$ne": "CANCELLED"}}
    customers, grouped = await asyncio.gather(
        SHOP.customers.find({"_id": {"$in": ids}}, {"name": 1}).to_list(),
        (await SHOP.orders.aggregate([{"$match": kept}, {"$group": group}])).to_list(),
    )
    of_customer = {row.pop("_id"): row for row in grouped}
    return {"customers": [{**_rows(row, "name"), "orderStatistics": of_customer[row["_id"]]} for row in customers]}


PAGES = {"Q1": console, "Q2": card, "Q3": overview, "Q4": figures}


def _written(value: Any) -> Any:
    if isinstance(value, Decimal128):
        return str(value)
    raise TypeError(type(value).__name__)


async def endpoint(request: Request) -> Response:
    body = orjson.loads(await request.body())
    data = await PAGES[body["operationName"]](body["variables"])
    content = orjson.dumps({"data": data}, _written, option=orjson.OPT_UTC_Z)
    return Response(content, media_type="application/json")


@asynccontextmanager
async def lifespan(_app: Starlette) -> AsyncIterator[None]:
    yield
    await CLIENT.close()


app = Starlette(routes=[Route("/graphql", endpoint, methods=["POST"])], lifespan=lifespan)

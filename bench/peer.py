"""The peer: an endpoint written by hand for one page, with SQL of its own over the same files, as without a gateway.

It answers `GET /card/{customer id}` with what the query `CARD` asks of the gateway.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiosqlite
import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

CARD = """query ($id: ID!) { customer(by: {id: $id}) { name kind email orders(first: 20) { nodes {
    id status placedAt total { amount currency } items { sku name quantity unitPrice { amount currency } } } } } }"""


def _money(cents: int, currency: str) -> dict[str, str]:
    return {"amount": f"{cents / 100:.2f}", "currency": currency}


async def card(request: Request) -> Response:
    crm, orders = request.app.state.crm, request.app.state.orders
    customer = request.path_params["customer"]
    found = await crm.execute_fetchall("SELECT name, kind, email FROM customers WHERE id = ?", (customer,))
    if not found:
        return Response(b'{"data":{"customer":null}}', media_type="application/json")
    rows = await orders.execute_fetchall(
        "SELECT id, status, placed_at, total_cents, currency FROM orders WHERE customer_id = ?"
        " ORDER BY placed_at DESC, id DESC LIMIT 20",
        (customer,),
    )
    marks = ",".join("?" * len(rows))
    lines = await orders.execute_fetchall(
        "SELECT order_id, sku, name, quantity, unit_price_cents, currency FROM order_items"
        f" WHERE order_id IN ({marks}) ORDER BY order_id, position",
        [row[0] for row in rows],
    )
    items: dict[str, list[Any]] = {}
    for order, sku, name, quantity, cents, currency in lines:
        line = {"sku": sku, "name": name, "quantity": quantity, "unitPrice": _money(cents, currency)}
        items.setdefault(order, []).append(line)
    nodes = [
        {
            "id": order,
            "status": status,
            "placedAt": placed_at,
            "total": _money(cents, currency),
            "items": items.get(order, []),
        }
        for order, status, placed_at, cents, currency in rows
    ]
    ((name, kind, email),) = found
    data = {"data": {"customer": {"name": name, "kind": kind, "email": email, "orders": {"nodes": nodes}}}}
    return Response(msgspec.json.encode(data), media_type="application/json")


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    folder = Path(os.environ["BENCH_FOLDER"])
    async with aiosqlite.connect(folder / "crm.db") as crm, aiosqlite.connect(folder / "orders.db") as orders:
        app.state.crm, app.state.orders = crm, orders
        yield


def create() -> Starlette:
    return Starlette(routes=[Route("/card/{customer}", card)], lifespan=lifespan)

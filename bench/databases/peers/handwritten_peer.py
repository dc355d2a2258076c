"""A peer: the endpoint that a team would write by hand for just these pages. PostgreSQL builds the JSON, by one statement each.

It takes the body of a GraphQL request and looks at `operationName` and `variables` only.
"""

import os
from typing import Any

import asyncpg
import orjson

_ITEMS = """(SELECT coalesce(json_agg(json_build_object({leaves}) ORDER BY i.position), '[]') FROM order_items i
  WHERE i.order_id = o.id)"""
_ORDERS = """(SELECT coalesce(json_agg(json_build_object({leaves}, 'items', {items})
    ORDER BY o.placed_at DESC, o.id DESC), '[]')
  FROM (SELECT * FROM orders WHERE customer_id = c.id ORDER BY placed_at DESC, id DESC LIMIT {first}) o)"""
_CONSOLE_ORDERS = _ORDERS.format(
    leaves="'id', o.id, 'status', o.status, 'total', o.total, 'currency', o.currency, 'placedAt', o.placed_at",
    items=_ITEMS.format(leaves="'sku', i.sku, 'name', i.name, 'quantity', i.quantity, 'unitPrice', i.unit_price"),
    first=20,
)
_FIRST_ORDERS = _ORDERS.format(
    leaves="'id', o.id, 'status', o.status, 'total', o.total",
    items=_ITEMS.format(leaves="'sku', i.sku, 'quantity', i.quantity"),
    first=5,
)
_TICKETS = """(SELECT coalesce(json_agg(json_build_object('id', t.id, 'subject', t.subject, 'status', t.status,
    'priority', t.priority, 'createdAt', t.created_at, 'messages', (
      SELECT coalesce(json_agg(json_build_object('author', m.author, 'body', m.body, 'at', m.at) ORDER BY m.position), '[]')
      FROM messages m WHERE m.ticket_id = t.id)) ORDER BY t.created_at DESC, t.id DESC), '[]')
  FROM (SELECT * FROM tickets WHERE customer_id = c.id ORDER BY created_at DESC, id DESC LIMIT 10) t)"""
_EVENTS = """(SELECT coalesce(json_agg(json_build_object('type', e.type, 'page', e.page, 'at', e.at)
    ORDER BY e.at DESC, e.id DESC), '[]')
  FROM (SELECT * FROM events WHERE customer_id = c.id ORDER BY at DESC, id DESC LIMIT 20) e)"""
_STATISTICS = """(SELECT json_build_object('count', count(*), 'total', sum(o.total), 'currency', min(o.currency),
    'firstAt', min(o.placed_at), 'lastAt', max(o.placed_at)) FROM orders o
  WHERE o.customer_id = c.id AND o.status <> 'CANCELLED')"""
_MANY = """SELECT json_agg(json_build_object({leaves}) ORDER BY k.place)::text
  FROM unnest($1::text[]) WITH ORDINALITY k(id, place) JOIN customers c ON c.id = k.id"""

PAGES = {
    "Q1": (
        "id",
        f"""SELECT json_build_object('id', c.id, 'name', c.name, 'email', c.email, 'phone', c.phone,
  'memberNumber', c.member_number, 'orders', {_CONSOLE_ORDERS}, 'tickets', {_TICKETS}, 'events', {_EVENTS})::text
  FROM customers c WHERE c.id = $1""",
    ),
    "Q2": (
        "email",
        """SELECT json_build_object('name', c.name, 'address', json_build_object('line', c.address_line,
  'postalCode', c.postal_code, 'city', c.city, 'country', c.country))::text FROM customers c WHERE c.email = $1""",
    ),
    "Q3": ("ids", _MANY.format(leaves=f"'id', c.id, 'name', c.name, 'email', c.email, 'orders', {_FIRST_ORDERS}")),
    "Q4": ("ids", _MANY.format(leaves=f"'id', c.id, 'name', c.name, 'orderStatistics', {_STATISTICS}")),
}
"""The variable of each page, and its statement."""


class _Pool:
    """That of the process, while it serves."""

    opened: "asyncpg.Pool[asyncpg.Record]"


async def _keep(_connection: Any) -> None:
    """Leave a connection as it is: these statements change nothing in it, so nothing is to be reset."""


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Without a framework, for two kinds of messages need none."""
    if scope["type"] == "lifespan":
        await _live(receive, send)
        return
    content = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            break
    status, answer = (200, await _answer(orjson.loads(content))) if content else (404, b"")
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(answer)).encode())]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": answer})


async def _answer(body: dict[str, Any]) -> bytes:
    variable, statement = PAGES[body["operationName"]]
    found = await _Pool.opened.fetchval(statement, body["variables"][variable])
    name = b"customers" if variable == "ids" else b"customer"
    return b'{"data":{"%s":%s}}' % (name, found.encode() if found else b"null")


async def _live(receive: Any, send: Any) -> None:
    await receive()
    _Pool.opened = await asyncpg.create_pool(os.environ["BENCH_DATABASE"], reset=_keep)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await _Pool.opened.close()
    await send({"type": "lifespan.shutdown.complete"})

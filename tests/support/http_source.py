"""A JSON API as its owner might have built it, served on loopback, and the configuration that reads it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web

from connectors.http import HttpConnector, HttpSettings

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

TICKETS = [
    {
        "ticket_id": number,
        "subject": f"Ticket {number}",
        "created": f"2024-05-{day:02} 10:00:00",
        "status": "waiting" if number % 2 else "solved",
        "requester": {"email": email},
        "comments": [{"text": f"Hello from {number}", "created": 1714557600 + number, "author": "customer"}],
    }
    for number, day, email in [
        (1, 1, "Ann@Example.com"),
        (2, 2, "Ann@Example.com"),
        (3, 2, "Ann@Example.com"),
        (4, 9, "Ann@Example.com"),
        (5, 3, "bob@example.com"),
    ]
]
ORDERS = {
    "c1": [
        {"id": 70 + day, "placedAt": f"2024-05-{day:02}T08:00:00+02:00", "price": 10.5 * day, "status": "delivered"}
        for day in (6, 5, 4, 3, 1)
    ],
    "c2": [{"id": 90, "placedAt": "2024-05-02T08:00:00+02:00", "price": None, "status": "lost in space"}],
}
EVENTS = {
    "d1": [{"id": f"e{n}", "at": 1714557600 + n, "type": "view", "page": f"/p{n}"} for n in range(5)],
    "d2": [{"id": "e9", "at": 1714557609.5, "type": "cart", "device_id": "d2"}],
}


class SupportApi:
    """Tickets for many e-mails, orders of one customer in linked pages, customers by id, events of devices by POST."""

    def __init__(self) -> None:
        self.requests: list[str] = []
        self.bodies: list[Any] = []

    async def answer(self, request: web.Request) -> web.Response:
        self.requests.append(f"{request.method} {request.raw_path}")
        if request.headers.get("Authorization") != "Bearer secret":
            return web.json_response({"error": "who are you"}, status=401)
        match request.path.strip("/").split("/"):
            case ["api", "tickets"]:
                return self._tickets(request)
            case ["api", "customers", key]:
                known = key in ORDERS
                return web.json_response(
                    {"id": key, "fullName": f"Customer {key}"} if known else {}, status=200 if known else 404
                )
            case ["api", "customers", key, "orders"]:
                return self._orders(request, key)
            case ["api", "orders", key]:
                return _one("orders", [row for rows in ORDERS.values() for row in rows if str(row["id"]) == key])
            case ["api", "tickets", key]:
                return _one("tickets", [row for row in TICKETS if str(row["ticket_id"]) == key])
            case ["api", "events"]:
                self.bodies.append(await request.json())
                return self._events(request, self.bodies[-1])
        return web.json_response({}, status=404)

    def _tickets(self, request: web.Request) -> web.Response:
        found: list[Any] = []
        for email in request.query["emails"].split(","):
            own = [row for row in TICKETS if row["requester"]["email"].lower() == email.lower()]
            own = [row for row in own if _zulu(row["created"]) >= request.query.get("since", "")]
            own.sort(key=lambda row: (row["created"], row["ticket_id"]), reverse=True)
            found += own[: int(request.query.get("limit", 1000))]
        return web.json_response({"tickets": found})

    def _orders(self, request: web.Request, key: str) -> web.Response:
        if key not in ORDERS:
            return web.json_response({"error": "no such customer"}, status=404)
        start, size = int(request.query.get("start", 0)), min(2, int(request.query.get("limit", 2)))
        rows = ORDERS[key][start : start + size]
        more = start + size < len(ORDERS[key])
        link = f"/api/customers/{key}/orders?start={start + size}&limit={size}" if more else None
        return web.json_response({"count": len(ORDERS[key]), "orders": rows, "links": {"next": link}})

    def _events(self, request: web.Request, body: Any) -> web.Response:
        start = int(request.query.get("page[after]", 0))
        groups = [{"device": key, "events": EVENTS[key][start : start + 3]} for key in body["devices"] if key in EVENTS]
        more = any(len(EVENTS.get(key, [])) > start + 3 for key in body["devices"])
        return web.json_response({"groups": groups, "meta": {"after": start + 3 if more else None}})


def _one(name: str, rows: list[Any]) -> web.Response:
    return web.json_response({name: rows[:1]}, status=200 if rows else 404)


def _zulu(created: str) -> str:
    return created.replace(" ", "T") + "Z"


def support_settings(base_url: str, **changes: Any) -> HttpSettings:
    """The configuration that an operator would write for `SupportApi`."""
    return HttpSettings.model_validate(
        {
            "base_url": f"{base_url}/api",
            "headers": {"Authorization": "Bearer secret"},
            "records": {
                "ticket": {
                    "list": "tickets",
                    "order": "newest_first",
                    "fields": {"id": "ticket_id", "created_at": "created"},
                    "values": {"status": {"waiting": "PENDING"}},
                    "lists": {"messages": {"list": "comments", "fields": {"body": "text", "at": "created"}}},
                    "keys": {
                        "email": {
                            "path": "/tickets?emails={keys}&limit={first}&since={since}",
                            "key": "requester.email",
                            "max_batch": 50,
                        },
                        "ticket_id": {"path": "/tickets/{key}"},
                    },
                },
                "order": {
                    "list": "orders",
                    "order": "newest_first",
                    "fields": {"total.amount": "price", "total.currency": "'EUR'"},
                    "keys": {
                        "customer_id": {
                            "path": "/customers/{key}/orders?limit={first}",
                            "next": "links.next",
                            "total": "count",
                            "max_batch": 5,
                        },
                        "order_id": {"path": "/orders/{key}"},
                    },
                },
                "customer": {
                    "fields": {"name": "fullName"},
                    "keys": {"customer_id": {"path": "/customers/{key}"}},
                },
                "event": {
                    "list": "groups",
                    "keys": {
                        "device_id": {
                            "path": "/events",
                            "method": "POST",
                            "body": {"devices": "{keys}", "limit": "{first}"},
                            "key": "device",
                            "records": "events",
                            "next_cursor": "meta.after",
                            "cursor_parameter": "page[after]",
                        }
                    },
                },
            },
        }
        | changes
    )


@asynccontextmanager
async def serving(handler: Handler) -> AsyncIterator[str]:
    """A server on a free port that gives every request to `handler`; the address."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def opened(settings: HttpSettings) -> AsyncIterator[HttpConnector]:
    connector = HttpConnector("support", settings)
    await connector.open()
    try:
        yield connector
    finally:
        await connector.aclose()

"""What callers and sources say is in no log, metric or trace of a real gateway, wherever in requests and answers it stands."""

import asyncio
import json
import socket
import sqlite3
from pathlib import Path
from typing import Any

import httpx2
from aiohttp import web

from tests.support.http_source import serving
from tests.support.otlp_receiver import otlp_receiver
from tests.support.serve_process import ServeProcess, serve_process

MARK = "zq7needle"
PHONE = "+4930998877665"
ADDRESS = f"{MARK}@example.com"
PROFILE = """{ name email orders(first: 3) { nodes { id number total { amount } } } tickets(first: 3) { nodes { id subject } }
  origins { field source others { source value } } records { source sourceId } identity { complete links { records } }
  tags { key value } sources { name state unreadableValues } }"""
BY: list[dict[str, Any]] = [
    {"id": MARK},
    {"id": f"crm:{MARK}"},
    {"email": ADDRESS},
    {"email": f"{MARK} is no address"},
    {"phone": PHONE},
    {"phone": f"{MARK}{PHONE}"},
    {"externalId": {"source": "crm", "id": MARK}},
    {"externalId": {"source": MARK, "id": MARK}},
    {"deviceId": MARK},
    {"memberNumber": MARK},
    {"account": MARK},
    {"orderNumber": MARK},
    {"ticketNumber": MARK},
]
DOCUMENTS = [
    f"{{ {MARK} }}",
    f'{{ customer(by: {{id: "{MARK}"}}) {{ {MARK}: name }} }}',
    f'query {MARK} {{ customer(by: {{email: "{ADDRESS}"}}) {{ name }} }}',
    f"query {MARK}($a: {MARK}) {{ customer(by: {{id: $a}}) {{ name }} }}",
    f'{{ customer(by: {{id: "c1"}}) {{ name @{MARK} }} }}',
    f'{{ customer(by: {{id: "c1"}}) {{ ...{MARK} }} }}',
    f'{{ customer(by: {{id: "c1", {MARK}: 1}}) {{ name }} }}',
    f'{{ customer(by: {{id: "c1"}}) {{ orders(filter: {{status: {MARK}}}) {{ nodes {{ id }} }} }} }}',
    f'{{ customer(by: {{id: "c1"}}) {{ orders(after: "{MARK}") {{ nodes {{ id }} }} }} }}',
    f'{{ customer(by: {{id: "c1"}}) {{ orders(filter: {{since: "{MARK}"}}) {{ nodes {{ id }} }} }} }}',
    f'{{ customers(ids: ["{MARK}", "orders:{MARK}"]) {{ name }} }}',
    f'{{ node(id: "{MARK}") {{ id }} }}',
    f'{{ order(id: "shop:{MARK}") {{ id }} }}',
    f'{{ searchCustomers(text: "{MARK}") {{ nodes {{ id }} }} }}',
    f'{{ find(text: "{MARK} 7") {{ matches {{ exact }} notTried {{ how }} }} }}',
    f'{{ customer(by: {{id: "{MARK}',
    f"# {MARK}",
    f'mutation {MARK} {{ linkCustomers(records: ["{MARK}", "c1"], reason: "{MARK}") {{ __typename }} }}',
]

EVENTS = {
    "request",
    "slow_request",
    "value_unreadable",
    "source_failed",
    "breaker_opened",
    "operation_not_planned",
    "webhook_refused",
}


async def _answer(request: web.Request) -> web.Response:
    """Customers whose values cannot be read, tickets behind an error that says all that it knows."""
    if request.path.startswith("/customers"):
        people = [
            {"id": key, "name": f"Name {MARK}", "email": [MARK], "since": MARK} for key in request.query["ids"].split(",")
        ]
        return web.json_response([*people, {"id": {"$": MARK}}, MARK])
    return web.Response(
        status=int(request.path.strip("/").split("/")[1]), text=f"{MARK} {PHONE}", reason=MARK, headers={"X-Note": MARK}
    )


def _settings(folder: Path, api: str, collector: str) -> Path:
    with sqlite3.connect(folder / "shop.db") as shop:
        shop.execute("CREATE TABLE orders (id, customer, number, placed_at, total_amount, total_currency)")
        times = [f"{MARK}", "2024-05-01T10:00:00Z", "2024-05-02T10:00:00Z"]
        shop.executemany(
            "INSERT INTO orders VALUES (?, ?, ?, ?, ?, ?)",
            [(f"{MARK}{n}", MARK, MARK, at, f"{MARK}" if n else "1.50", MARK) for n, at in enumerate(times)],
        )
    shop.close()
    file = folder / "gateway.toml"
    file.write_text(
        f"""
[telemetry]
request_log = true
slow_request_ms = 1
operations = ["Known"]

[telemetry.traces]
endpoint = "{collector}"
sample = 1.0

[sources.crm]
kind = "http"
base_url = "{api}"
webhook = {{ secret = "whsec_of_the_tests", key = "customer.id", by = "customer_id" }}
records.customer.keys.customer_id = {{ path = "/customers?ids={{keys}}", key = "id" }}
records.customer.keys.email = {{ path = "/customers?ids={{keys}}", key = "id" }}
records.customer.keys.phone = {{ path = "/customers?ids={{keys}}", key = "id" }}

[sources.desk]
kind = "http"
base_url = "{api}"
records.ticket.keys.customer_id = {{ path = "/tickets/500?ids={{keys}}", key = "customer" }}
records.ticket.keys.ticket_number = {{ path = "/tickets/403?ids={{keys}}", key = "customer" }}

[sources.shop]
kind = "sql"
url = "sqlite+aiosqlite:///{folder / "shop.db"}"
records.order.query = "SELECT * FROM orders"
records.order.keys = {{ customer_id = "customer", order_number = "number" }}
"""
    )
    return file


def _ask_everything(gateway: ServeProcess) -> list[str]:
    """Send the marks in every place of a request, and give the answers."""
    headers = {
        "user-agent": MARK,
        "authorization": f"Bearer {MARK}",
        "cookie": f"a={MARK}",
        "referer": f"https://example.com/{MARK}",
        "x-forwarded-for": MARK,
        "x-request-id": f"{MARK} is not an id",
        "traceparent": MARK,
        "baggage": f"customer={MARK}",
        MARK: MARK,
    }
    answers = []
    with httpx2.Client(base_url=gateway.url, headers=headers, timeout=90) as client:

        def send(method: str, path: str, **request: Any) -> None:
            answers.append(client.request(method, path, **request).text)

        for by in BY:
            send(
                "POST",
                "/graphql",
                json={"query": f"query Known($by: CustomerKey!) {{ customer(by: $by) {PROFILE} }}", "variables": {"by": by}},
            )
            ((kind, key),) = by.items()
            literal = json.dumps(key) if isinstance(key, str) else f'{{source: "{key["source"]}", id: "{key["id"]}"}}'
            send("POST", "/graphql", json={"query": f"{{ customer(by: {{{kind}: {literal}}}) {PROFILE} }}"})
        for document in DOCUMENTS:
            send("POST", "/graphql", json={"query": document})
            send("GET", "/graphql", params={"query": document})
        for body in [
            {"query": "{ sources { name } }", "operationName": MARK},
            {"query": "query ($a: Int) { sources { name } }", "variables": {"a": MARK}},
            {"query": "query ($by: CustomerKey!) { customer(by: $by) { id } }", "variables": {"by": {MARK: MARK}}},
            {"query": {"a": MARK}},
            {"query": "{ sources { name } }", "variables": MARK},
            {"query": "{ sources { name } }", "extensions": {"persistedQuery": {"version": 1, "sha256Hash": MARK}}},
            [MARK],
        ]:
            send("POST", "/graphql", json=body)
        send("POST", "/graphql", content=f'{{"query": "{MARK}', headers={"content-type": "application/json"})
        send("POST", "/graphql", content=MARK.encode() + b"\xff", headers={"content-type": "application/json"})
        send("POST", "/graphql", content="{}", headers={"content-type": f"text/{MARK}"})
        send("POST", "/graphql", json={"query": "{ sources { name } }"}, headers={"accept": f"text/{MARK}"})
        send("GET", f"/{MARK}?{MARK}={MARK}")
        send("POST", f"/webhooks/{MARK}", json={"customer": {"id": MARK}})
        send("POST", "/webhooks/crm", json={"customer": {"id": MARK}}, headers={"x-signature": MARK})
    for start in (
        b"%s / HTTP/1.1\r\n",
        b"GET /%s HTTP/7.7\r\n",
        b"GET / HTTP/1.1\r\n%s\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: %s\r\n",
    ):
        with socket.create_connection(("127.0.0.1", gateway.port), timeout=90) as caller:
            caller.sendall(start.replace(b"%s", MARK.encode()) + b"host: x\r\n\r\n")
            answers.append(caller.recv(65_536).decode())
    return answers


def _marks(text: str) -> list[str]:
    """List the marks in a text, in any case of letters, with what stands around them."""
    low = text.lower()
    return [text[max(at - 80, 0) : at + 40] for mark in (MARK, PHONE[1:]) if (at := low.find(mark)) >= 0]


async def test_marks_in_requests_and_answers_are_in_no_log_metric_or_trace(tmp_path: Path):
    """Eighty requests and what sources say to them, with marks. Callers see them again; lines, series, spans have none."""
    with otlp_receiver() as collector:
        async with serving(_answer) as api:
            with serve_process(_settings(tmp_path, api, collector.endpoint)) as gateway:
                await asyncio.to_thread(gateway.wait_ready, 1)
                answers = await asyncio.to_thread(_ask_everything, gateway)
                metrics = (await asyncio.to_thread(gateway.admin.get, "/metrics")).text
                assert await asyncio.to_thread(gateway.end) == 0
                lines = gateway.lines
    assert len(answers) == 2 * len(BY) + 2 * len(DOCUMENTS) + 18
    assert sum(MARK in answer for answer in answers) == 31
    assert {line["event"] for line in lines} >= EVENTS
    assert len([line for line in lines if line["event"] == "request"]) > 60
    assert {"query Known", "crm customer", "shop order", "desk ticket"} <= {span.name for span in collector.spans}
    assert "gateway_source_unreadable_values_total{" in metrics
    assert _marks(json.dumps(lines, ensure_ascii=False)) == []
    assert _marks(metrics) == []
    assert _marks(collector.raw.decode("latin-1")) == []

"""Answers in parts over HTTP: the first one does not wait for a slow source, in the forms that clients read."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx2
import pytest

from gateway.app import create_app
from gateway.execution.planner import MAX_LATE
from gateway.http.endpoint import ABANDONED
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.gateway_server import Gateway, served, settings_for

DEFER, NEW = "multipart/mixed;deferSpec=20220824", "multipart/mixed;incrementalSpec=v0.2"
QUERY = """query Page($late: Boolean! = true) {
  customer(by: {id: "c1"}) {
    name
    ... @defer(if: $late, label: "orders") { orders(first: 1) { totalCount } }
    ... @defer(label: "tickets") { tickets(first: 1) { totalCount } }
  }
}"""
ORDERS, TICKETS = {"orders": {"totalCount": 5}}, {"tickets": {"totalCount": 2}}


class Parts:
    """The payloads of a response, each when it is here."""

    def __init__(self, response: httpx2.Response) -> None:
        self.response = response
        self._bytes = response.aiter_bytes()
        self._read = b""

    async def next(self) -> dict[str, Any]:
        while self._read.count(b"---") < 2:
            self._read += await anext(self._bytes)
        before, part, rest = self._read.split(b"---", 2)
        assert before in (b"\r\n", b"")
        self._read = b"---" + rest
        head, content = part.split(b"\r\n\r\n", 1)
        assert head == b"\r\ncontent-type: application/json; charset=utf-8"
        payload: dict[str, Any] = json.loads(content)
        return payload

    async def rest(self) -> bytes:
        return self._read + b"".join([own async for own in self._bytes])


@asynccontextmanager
async def asked(
    gateway: Gateway, accept: str, query: str = QUERY, *, method: str = "POST", **words: Any
) -> AsyncIterator[Parts]:
    given: Any = {"json": {"query": query, **words}} if method == "POST" else {"params": {"query": query}}
    async with gateway.client.stream(method, "/graphql", headers={"accept": accept}, **given) as response:
        yield Parts(response)


@asynccontextmanager
async def with_orders_held(metrics: Metrics | None = None, **words: Any) -> AsyncIterator[tuple[Gateway, asyncio.Event]]:
    """A gateway whose orders hang until the event."""
    connectors = [shop.crm(), shop.orders(), shop.support()]
    let_go = connectors[1].hang = asyncio.Event()
    async with served(settings_for(connectors, **words), connectors=connectors, metrics=metrics or Metrics()) as gateway:
        try:
            yield gateway, let_go
        finally:
            let_go.set()


async def test_the_first_payload_waits_for_no_slow_source():
    """It is here while orders are held, and so is the part with the tickets; both with their paths and labels."""
    async with with_orders_held() as (gateway, let_go), asked(gateway, DEFER) as parts:
        assert parts.response.headers["content-type"] == 'multipart/mixed; boundary="-"; deferSpec=20220824'
        assert "content-length" not in parts.response.headers
        assert await parts.next() == {"data": {"customer": {"name": "Ana Souza"}}, "hasNext": True}
        tickets = {"data": TICKETS, "path": ["customer"], "label": "tickets"}
        assert await parts.next() == {"incremental": [tickets], "hasNext": True}
        assert not let_go.is_set()
        let_go.set()
        late = {"data": ORDERS, "path": ["customer"], "label": "orders"}
        assert await parts.next() == {"incremental": [late], "hasNext": False}
        assert await parts.rest() == b"-----\r\n"


async def test_parts_are_announced_in_the_newer_form():
    async with with_orders_held() as (gateway, let_go), asked(gateway, NEW) as parts:
        assert parts.response.headers["content-type"] == 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
        pending = [{"id": "0", "path": ["customer"], "label": "orders"}, {"id": "1", "path": ["customer"], "label": "tickets"}]
        first = {"data": {"customer": {"name": "Ana Souza"}}, "pending": pending, "hasNext": True}
        assert await parts.next() == first
        one = {"incremental": [{"id": "1", "data": TICKETS}], "completed": [{"id": "1"}], "hasNext": True}
        assert await parts.next() == one
        let_go.set()
        last = {"incremental": [{"id": "0", "data": ORDERS}], "completed": [{"id": "0"}], "hasNext": False}
        assert await parts.next() == last


async def test_parts_are_whole_by_asgi():
    """A query of a URL is answered to its last chunk, though its source takes longer than the first payload."""
    async with with_orders_held() as (gateway, let_go), asked(gateway, DEFER, method="GET") as parts:
        assert (await parts.next())["hasNext"]
        assert (await parts.next())["incremental"][0]["label"] == "tickets"
        let_go.set()
        assert (await parts.next())["incremental"][0]["data"] == ORDERS
        assert await parts.rest() == b"-----\r\n"


async def test_a_caller_of_http_1_0_gets_one_answer():
    """He reads no chunks."""
    async with with_orders_held() as (gateway, let_go):
        let_go.set()
        url = gateway.client.base_url
        reader, writer = await asyncio.open_connection(url.host, url.port)
        body = json.dumps({"query": QUERY}).encode()
        head = ["POST /graphql HTTP/1.0", "content-type: application/json", f"accept: {DEFER}", f"content-length: {len(body)}"]
        writer.write("\r\n".join([*head, "", ""]).encode() + body)
        answer = await reader.read()
        writer.close()
    assert b"transfer-encoding" not in answer
    assert json.loads(answer.split(b"\r\n\r\n", 1)[1])["data"]["customer"] == {"name": "Ana Souza", **ORDERS, **TICKETS}


async def test_only_so_many_parts_leave_later():
    """Each adds its path and label for every object: what is deferred beyond them comes with what is around it."""
    fragments = [f'... @defer(label: "l{n}") {{ o{n}: orders(first: {n + 1}) {{ totalCount }} }}' for n in range(MAX_LATE + 5)]
    query = f'{{ customer(by: {{id: "c1"}}) {{ id {" ".join(fragments)} ... @defer {{ ... @defer {{ name }} }} }} }}'
    async with with_orders_held() as (gateway, let_go):
        let_go.set()
        async with asked(gateway, NEW, query) as parts:
            first = await parts.next()
    assert [own["label"] for own in first["pending"]] == [f"l{n}" for n in range(MAX_LATE)]
    assert first["data"]["customer"].keys() == {"id", "name", *(f"o{n}" for n in range(MAX_LATE, MAX_LATE + 5))}


async def test_a_caller_who_goes_away_before_the_first_payload_leaves_nothing():
    """By ASGI, where nothing can be written any more."""
    connectors = [shop.crm(), shop.orders(), shop.support()]
    connectors[1].hang = asyncio.Event()
    app = create_app(settings_for(connectors), connectors=connectors, metrics=Metrics())
    query = f"query={quote(QUERY)}".encode()
    headers = [(b"host", b"gateway"), (b"accept", DEFER.encode())]
    scope = {
        "type": "http",
        "method": "GET",
        "path": "/graphql",
        "headers": headers,
        "query_string": query,
        "http_version": "1.1",
    }

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        raise ConnectionResetError

    async with app.router.lifespan_context(app):
        with pytest.raises(ConnectionResetError):
            await app(scope, receive, send)  # type: ignore[arg-type]
        assert (app.admission.under_way, app.revision.under_way) == (0, 0)


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, multipart/mixed;q=0.5"])
async def test_who_takes_json_gets_one_answer(accept: str):
    async with with_orders_held() as (gateway, let_go):
        let_go.set()
        async with asked(gateway, accept) as parts:
            answer = json.loads(await parts.rest())
    assert answer == {"data": {"customer": {"name": "Ana Souza", **ORDERS, **TICKETS}}}


async def test_a_variable_says_whether_a_part_is_late():
    async with with_orders_held() as (gateway, let_go):
        let_go.set()
        async with asked(gateway, DEFER, variables={"late": False}) as parts:
            assert await parts.next() == {"data": {"customer": {"name": "Ana Souza", **ORDERS}}, "hasNext": True}


async def test_who_reads_parts_gets_others_whole():
    """A query without late parts, and one whose customer is not there, are answered as JSON."""
    async with with_orders_held() as (gateway, _):
        for query in ("{ viewer { caller } }", QUERY.replace("c1", "c99")):
            async with asked(gateway, DEFER, query) as parts:
                assert parts.response.headers["content-type"].startswith("application/graphql-response+json")
                assert json.loads(await parts.rest())["data"] in ({"viewer": {"caller": None}}, {"customer": None})


async def test_an_error_stands_in_its_part():
    """The source is given up by the deadline of the request; the first payload says nothing of it."""
    async with with_orders_held(deadline_ms=300) as (gateway, _), asked(gateway, NEW) as parts:
        first = await parts.next()
        assert "errors" not in first
        payloads = []
        while not payloads or payloads[-1]["hasNext"]:
            payloads.append(await parts.next())
    (late,) = [own for payload in payloads for own in payload["incremental"] if own["id"] == "0"]
    assert late["data"] == {"orders": None}
    (error,) = late["errors"]
    assert (error["path"], error["extensions"]["source"]) == (["customer", "orders"], "orders")


@pytest.mark.parametrize("method", ["POST", "GET"])
async def test_who_goes_away_waits_for_nothing(method: str):
    """The request ends with its caller, though its source does not answer: on the short way, and by ASGI."""
    metrics = Metrics()
    async with with_orders_held(metrics=metrics) as (gateway, let_go):
        async with asked(gateway, DEFER, method=method) as parts:
            await parts.next()
            assert under_way(metrics) == 1
        while under_way(metrics):
            await asyncio.sleep(0)
        assert not let_go.is_set()
        assert [labels[1] for name, labels in metrics.samples() if name == "gateway_requests_total"] == [ABANDONED]


def under_way(metrics: Metrics) -> int:
    return int(sum(sum(own) for (name, _), own in metrics.samples().items() if name == "gateway_requests_under_way"))


async def test_a_connection_serves_the_next_request():
    """Parts end with their last chunk, and the next answer follows."""
    async with with_orders_held() as (gateway, let_go):
        let_go.set()
        for _ in range(3):
            async with asked(gateway, DEFER) as parts:
                await parts.rest()
            assert await gateway.data("{ viewer { caller } }") == {"viewer": {"caller": None}}
        assert len(gateway.client._transport._pool.connections) == 1


async def test_lists_are_streamed():
    """The first item is here, the others follow with their places; of a list that is shorter nothing follows."""
    query = """{ customers(ids: ["c1", "c2"]) @stream(initialCount: 1, label: "s") { id orders(first: 1) { totalCount } } }"""
    async with with_orders_held() as (gateway, let_go):
        let_go.set()
        async with asked(gateway, DEFER, query) as parts:
            assert [own["id"] for own in (await parts.next())["data"]["customers"]] == ["crm:c1"]
            last = await parts.next()
    (items,) = last["incremental"]
    assert (items["path"], items["label"], last["hasNext"]) == (["customers", 1], "s", False)
    assert [own["id"] for own in items["items"]] == ["crm:c2"]


async def test_a_report_tells_of_late_parts_as_well(tmp_path: Path):
    """In the last payload: of whom the caller would not be told, where rights are only reported on."""
    keys, access = await keys_in(tmp_path, ["row"])
    words = {"callers": {"row": {"customers": ["crm:c1"]}}, "access": {**access, "mode": "report"}}
    query = """{ viewer { caller } ... @defer { customer(by: {id: "c2"}) { id } } }"""
    connectors = [shop.crm(), shop.orders()]
    async with served(settings_for(connectors, **words), connectors=connectors) as gateway:
        gateway.client.headers["authorization"] = f"Bearer {keys['row']}"
        async with asked(gateway, DEFER, query) as parts:
            assert "access" not in (await parts.next()).get("extensions", {})
            told = (await parts.next())["extensions"]["access"]
    assert {"customers": 1, "is": "withheld"} in told

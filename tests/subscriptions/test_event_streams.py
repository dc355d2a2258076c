"""Server-sent events with a connection for each operation: as graphql-sse documents them, over real sockets."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from gateway.subscriptions.event_stream_registry import KEEP_ALIVE_S
from gateway.telemetry.metrics import Metrics
from tests.support import shop
from tests.support.caller_keys import keys_in
from tests.support.changing_shop import CHANGED
from tests.support.event_stream_client import ANA, EVENTS, NAME, Event, PausedClock, code_of, streaming_shop

LINK = 'mutation { linkCustomers(records: ["crm:c1", "crm:c2"], reason: "a test", preview: true) { __typename } }'
PARTS = '{ customer(by: {id: "c1"}) { name ... @defer(label: "orders") { orders { totalCount } } } }'


async def test_a_query_is_one_result_and_the_end():
    async with streaming_shop() as gateway, gateway.open("POST", json={"query": NAME}) as events:
        headers = events.response.headers
        assert await events.rest() == [Event("next", ANA), Event("complete")]
        assert events.retry_ms is not None
        await gateway.wait_until(0)
    assert headers["content-type"] == "text/event-stream; charset=utf-8"
    assert "no-cache" in headers["cache-control"]
    assert headers["x-accel-buffering"] == "no"
    assert "content-length" not in headers
    assert headers["x-content-type-options"] == "nosniff"


async def test_a_query_by_url_is_answered_the_same():
    variables = json.dumps({"id": "c1"})
    query = "query ($id: ID!) { customer(by: {id: $id}) { name } }"
    async with streaming_shop() as gateway, gateway.open(params={"query": query, "variables": variables}) as events:
        assert await events.rest() == [Event("next", ANA), Event("complete")]


async def test_streams_are_not_compressed():
    """A compressor holds events back. The same answer is compressed at /graphql."""
    fields = "orders { nodes { id number status placedAt total { amount currency } items { sku name category } } }"
    sent = {"query": f'{{ a: customers(ids: ["c1", "c2"]) {{ {fields} }} b: customers(ids: ["c1", "c2"]) {{ {fields} }} }}'}
    async with streaming_shop(gzip=True) as gateway:
        assert (await gateway.client.post("/graphql", json=sent)).headers["content-encoding"] == "gzip"
        async with gateway.open("POST", json=sent) as events:
            assert "content-encoding" not in events.response.headers
            assert len((await events.data())["data"]["a"][0]["orders"]["nodes"]) == 5


@pytest.mark.parametrize(
    ("query", "code"), [("{ nothing }", "GRAPHQL_VALIDATION_FAILED"), ("{ customer(", "GRAPHQL_PARSE_FAILED")]
)
async def test_a_document_that_is_wrong_is_told_as_an_event(query: str, code: str):
    """A native EventSource shows its page no body of another status."""
    async with streaming_shop() as gateway, gateway.open("POST", json={"query": query}) as events:
        result, end = await events.rest()
        assert (result.name, end) == ("next", Event("complete"))
        assert "data" not in result.data
        assert result.data["errors"][0]["extensions"]["code"] == code


@pytest.mark.parametrize(
    ("method", "words", "expected"),
    [
        ("POST", {"content": b"{", "headers": {"content-type": "application/json"}}, (400, "BAD_REQUEST")),
        ("POST", {"content": b"{}", "headers": {"content-type": "text/plain"}}, (415, "BAD_REQUEST")),
        ("POST", {"json": {"query": " " * (1 << 20)}}, (413, "BAD_REQUEST")),
        ("GET", {"params": {"query": NAME, "variables": "["}}, (400, "BAD_REQUEST")),
        ("GET", {"params": {"query": LINK}}, (405, "BAD_REQUEST")),
        ("PATCH", {}, (405, "BAD_REQUEST")),
        ("HEAD", {}, (405, "")),
        ("POST", {"json": {"query": NAME}, "headers": {"accept": "application/json"}}, (406, "BAD_REQUEST")),
        ("POST", {"json": {"query": NAME}, "headers": {"x-deadline-ms": "soon"}}, (200, "INVALID_ARGUMENT")),
    ],
)
async def test_a_request_that_is_wrong_is_refused(method: str, words: dict[str, Any], expected: tuple[int, str]):
    async with streaming_shop() as gateway:
        answer = await gateway.send(method, **words | {"headers": EVENTS | words.get("headers", {})})
        if answer.headers["content-type"].startswith("text/event-stream"):
            assert expected[1] in answer.text
        elif method != "HEAD":
            assert code_of(answer) == expected
            assert answer.headers["x-request-id"] == answer.json()["errors"][0]["extensions"]["requestId"]
        assert answer.status_code == expected[0]
        assert len(gateway.app.event_streams.registry) == 0


async def test_clients_of_http_1_0_are_told_what_to_do():
    async with streaming_shop() as gateway:
        reader, writer = await asyncio.open_connection("127.0.0.1", gateway.port)
        body = json.dumps({"query": NAME}).encode()
        head = b"POST /graphql/stream HTTP/1.0\r\ncontent-type: application/json\r\naccept: text/event-stream\r\n"
        writer.write(head + b"content-length: %d\r\n\r\n%b" % (len(body), body))
        answer = await reader.read()
        writer.close()
    assert answer.startswith(b"HTTP/1.1 505 ")
    assert b"proxy_http_version 1.1" in answer


async def test_who_is_nobody_is_refused_before_his_body_is_read(tmp_path: Path):
    _, access = await keys_in(tmp_path, ["partner"])
    async with streaming_shop(access=access, callers={"partner": {}}) as gateway:
        answers = [
            await gateway.send(method, json={"query": NAME}, headers=EVENTS | headers)
            for method in ("POST", "PUT", "DELETE", "GET")
            for headers in ({}, {"authorization": "Bearer pgw_nobody"})
        ]
        assert {code_of(answer) for answer in answers} == {(401, "UNAUTHENTICATED")}
        assert all(answer.headers["www-authenticate"] == "Bearer" for answer in answers)


async def test_a_subscription_has_an_event_for_each_change():
    async with streaming_shop() as gateway, gateway.following() as events:
        for source, records in (("crm", ["Customer"]), ("orders", ["Order"])):
            await gateway.tell(source)
            event = await events.next()
            assert event is not None
            told = event.data["data"]["customerChanged"]
            assert (told["records"], told["customer"]["name"]) == (records, "Ana Souza")
            assert event.id == told["cursor"]


async def test_a_native_event_source_subscribes_by_url():
    params = {"query": CHANGED, "variables": json.dumps({"ids": ["c1"]})}
    async with streaming_shop() as gateway, gateway.open(params=params) as events:
        await gateway.tell("crm")
        assert (await events.data())["data"]["customerChanged"]["records"] == ["Customer"]


async def test_who_comes_back_goes_on_behind_the_last_event():
    """By `Last-Event-ID`, which a native EventSource sends by itself: nothing is told twice, nothing left out."""
    async with streaming_shop() as gateway:
        async with gateway.following() as events:
            await gateway.tell("crm")
            last = await events.next()
        assert last is not None
        assert last.id is not None
        await gateway.wait_followers(0)
        for source in ("orders", "support"):
            await gateway.tell(source)
        async with gateway.following(**{"last-event-id": last.id}) as events:
            heard = [(await events.data())["data"]["customerChanged"]["records"] for _ in range(2)]
        assert heard == [["Order"], ["Ticket"]]


async def test_an_id_that_is_no_cursor_is_an_error():
    async with streaming_shop() as gateway, gateway.following(**{"last-event-id": "nothing"}) as events:
        result, end = await events.rest()
        assert result.data["errors"][0]["extensions"]["code"] == "INVALID_ARGUMENT"
        assert end.name == "complete"


async def test_parts_are_events_while_a_source_hangs():
    """Where the client names their form. Without that the answer comes whole, as at /graphql."""
    connectors = [shop.crm(), shop.orders(), shop.support()]
    let_go = connectors[1].hang = asyncio.Event()
    accept = "text/event-stream, multipart/mixed;incrementalSpec=v0.2"
    async with streaming_shop(connectors=connectors) as gateway:
        async with gateway.open("POST", json={"query": PARTS}, headers={"accept": accept}) as events:
            first = await events.data()
            assert (first["data"], first["hasNext"]) == (ANA["data"], True)
            let_go.set()
            later, end = await events.rest()
            assert (later.data["incremental"][0]["data"], later.data["hasNext"]) == ({"orders": {"totalCount": 5}}, False)
            assert end.name == "complete"
        async with gateway.open("POST", json={"query": PARTS}) as events:
            whole, end = await events.rest()
            assert whole.data["data"]["customer"]["orders"] == {"totalCount": 5}


async def test_who_leaves_ends_his_operation():
    connectors = [shop.crm(), shop.orders(), shop.support()]
    async with streaming_shop(connectors=connectors) as gateway:
        async with gateway.following(), gateway.following():
            await gateway.wait_followers(2)
        await gateway.wait_followers(0)
        await gateway.wait_until(0)
        connectors[0].hang = asyncio.Event()
        asking = asyncio.create_task(gateway.send("POST", json={"query": NAME}, headers=EVENTS))
        while not connectors[0].calls:
            await asyncio.sleep(0)
        await gateway.wait_until(1)
        asking.cancel()
        await gateway.wait_until(0)


async def test_a_silent_stream_says_something_every_fifteen_seconds():
    clock = PausedClock()
    async with streaming_shop(clock) as gateway, gateway.following() as events:
        for _ in range(3):
            await clock.wait_sleepers(KEEP_ALIVE_S)
            await clock.advance(KEEP_ALIVE_S)
            await events.next_comment()
        assert events.comments == 3


CROSS = {"sec-fetch-site": "cross-site"}


@pytest.mark.parametrize("headers", [CROSS, {"origin": "https://evil.example"}, CROSS | {"origin": "https://evil.example"}])
@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE"])
async def test_pages_of_other_origins_are_refused(method: str, headers: dict[str, str]):
    async with streaming_shop() as gateway:
        params = {"query": NAME} if method == "GET" else {}
        answer = await gateway.send(method, params=params, json={"query": NAME}, headers=EVENTS | headers)
        assert code_of(answer) == (403, "CROSS_ORIGIN_REFUSED")
        assert "access-control-allow-origin" not in answer.headers


async def test_pages_of_named_origins_ask():
    origin = "https://console.example.com"
    async with streaming_shop(cors={"origins": [origin]}) as gateway:
        asked = {"origin": origin, "access-control-request-method": "PUT"}
        preflight = await gateway.send("OPTIONS", headers=asked)
        assert preflight.status_code == 204
        assert preflight.headers["access-control-allow-methods"] == "GET, POST, PUT, DELETE"
        assert {"last-event-id", "x-graphql-event-stream-token"} <= {
            name.strip() for name in preflight.headers["access-control-allow-headers"].split(",")
        }
        sent = {"origin": origin, "sec-fetch-site": "cross-site"}
        async with gateway.open("POST", json={"query": NAME}, headers=sent) as events:
            assert events.response.headers["access-control-allow-origin"] == origin
            assert (await events.rest())[0].data == ANA
        refused = await gateway.send("POST", json={"query": NAME}, headers=sent | {"accept": "text/html"})
        assert (refused.status_code, refused.headers["access-control-allow-origin"]) == (406, origin)


async def test_results_and_refusals_are_counted_once_each():
    metrics = Metrics()
    async with streaming_shop(metrics=metrics) as gateway:
        async with gateway.following() as events:
            await gateway.tell("crm")
            await events.data()
        await gateway.send("POST", json={"query": NAME})
        await gateway.send("GET", headers=EVENTS | {"x-graphql-event-stream-token": "none"})
        counts = {labels[1]: count for (name, labels), count in metrics.samples().items() if name == "gateway_requests_total"}
    assert counts == {"OK": [2], "BAD_REQUEST": [2]}  # the beginning and one change; two refusals

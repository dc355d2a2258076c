"""An operation as a stream: a query is one result, its parts are several, and what is refused ends it."""

from __future__ import annotations

import json
from typing import Any

from gateway.app import create_app
from gateway.http.request_head import Head
from gateway.subscriptions.operation_streams import OperationStreams, StreamedResult
from tests.support import shop
from tests.support.gateway_server import settings_for

JSON = (b"accept", b"application/graphql-response+json")
PARTS = (b"accept", b"multipart/mixed;incrementalSpec=v0.2, application/graphql-response+json;q=0.9")


async def _results(query: str, accept: tuple[bytes, bytes] = JSON, *, is_closed: bool = False) -> list[StreamedResult]:
    connectors = [shop.crm(), shop.orders()]
    app = create_app(settings_for(connectors), connectors=connectors)
    async with app.router.lifespan_context(app):
        streams = OperationStreams(app.endpoint)
        if is_closed:
            streams.close()
        headers, body = [accept, (b"content-type", b"application/json")], json.dumps({"query": query}).encode()
        return [result async for result in streams.answer(lambda: Head("POST", headers, b""), body)]


def _read(result: StreamedResult) -> Any:
    return json.loads(result.body)


async def test_a_query_is_one_result():
    (result,) = await _results('{ customer(by: {id: "c1"}) { name } }')
    assert (_read(result)["data"], result.status) == ({"customer": {"name": "Ana Souza"}}, 200)
    assert not result.is_refused


async def test_parts_are_results_of_their_own():
    first, *later = await _results('{ customer(by: {id: "c1"}) { name ... @defer { orders { nodes { id } } } } }', PARTS)
    assert _read(first)["data"] == {"customer": {"name": "Ana Souza"}}
    assert _read(first)["hasNext"]
    assert [_read(own)["hasNext"] for own in later][-1] is False
    assert _read(later[0])["incremental"][0]["data"]["orders"]["nodes"]


async def test_what_does_not_validate_is_refused():
    (result,) = await _results("{ nothing }")
    assert result.is_refused
    assert result.status == 400
    assert "data" not in _read(result)


async def test_a_worker_that_ends_refuses():
    (result,) = await _results("{ sources { name } }", is_closed=True)
    assert (result.status, _read(result)["errors"][0]["extensions"]["code"]) == (503, "OVERLOADED")

"""Which sources are told of a trace: those whose settings say so, and no other."""

import pytest
from aiohttp import web

from connectors.graphql import GraphQLConnector, GraphQLSettings
from connectors.http import HttpConnector, HttpSettings
from connectors.toolkit.vendor_connector import VendorSettings
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.support.traced import Traced

QUERY = "query Name($id: ID!) { customer(by: {id: $id}) { name } }"
HTTP = {"fields": {"name": "fullName"}, "keys": {"customer_id": {"path": "/customers/{key}"}}}
ASKED = "query ($key: String!) { person(id: $key) { ...fields } }"
GRAPHQL = {"fields": {"name": "fullName"}, "keys": {"customer_id": {"query": ASKED}}}


def connector(kind: str, url: str, **settings):
    if kind == "http":
        given = {"base_url": url, "records": {"customer": HTTP}} | settings
        return HttpConnector("crm", HttpSettings.model_validate(given))
    return GraphQLConnector(
        "crm", GraphQLSettings.model_validate({"base_url": url, "records": {"customer": GRAPHQL}} | settings)
    )


async def sent_headers(kind: str, traced: Traced, **settings) -> dict[str, str]:
    """The headers of the only call that a request makes, names in lower case."""
    received = []

    async def answer(request: web.Request) -> web.Response:
        received.append({name.lower(): value for name, value in request.headers.items()})
        row = {"id": "c1", "fullName": "Ana"}
        return web.json_response(row if kind == "http" else {"data": {"person": row}})

    async with (
        serving(answer) as url,
        gateway_on([connector(kind, url, **settings)], with_traces=traced.traces) as gateway,
    ):
        assert (await gateway.data(QUERY, {"id": "c1"})) == {"customer": {"name": "Ana"}}
    (headers,) = received
    return headers


@pytest.mark.parametrize("kind", ["http", "graphql"])
async def test_a_source_is_told_of_the_call_where_its_settings_say_so(kind):
    """Its spans are then children of the call's."""
    traced = Traced()
    headers = await sent_headers(kind, traced, propagate_traces=True)
    (call,) = [span for span in await traced.spans() if span.kind.name == "CLIENT"]
    assert headers["traceparent"] == f"00-{call.context.trace_id:032x}-{call.context.span_id:016x}-01"


@pytest.mark.parametrize("kind", ["http", "graphql"])
async def test_no_source_is_told_of_it_by_itself(kind):
    """Nor by a source that is told, when the request is not sampled."""
    traced, unsampled = Traced(), Traced(0.9)
    assert "traceparent" not in await sent_headers(kind, traced)
    assert "traceparent" not in await sent_headers(kind, unsampled, propagate_traces=True)
    assert len(await traced.spans()) == 2
    assert await unsampled.spans() == []


def test_vendors_cannot_be_told():
    """Presets have no such setting."""
    assert "propagate_traces" not in VendorSettings.model_fields

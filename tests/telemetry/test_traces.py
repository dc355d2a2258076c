"""Traces: a span for each sampled request, one for each call with links to all that share it, and never a value."""

import asyncio
import logging
import socket

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.clocks import turns
from tests.support.gateway_server import gateway_on, served, settings_for
from tests.support.otlp_receiver import otlp_receiver
from tests.support.tag_shop import until
from tests.support.traced import Traced

QUERY = "query Orders($id: ID!) { customer(by: {id: $id}) { name orders(first: 2) { nodes { id } } } }"
STRANGER = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}
UNSAMPLED = {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-00"}


@pytest.fixture
def sources():
    """By name."""
    return {source.name: source for source in (shop.crm(), shop.orders())}


def by_name(spans):
    return {span.name: span for span in spans}


def ids_of(links):
    return {(link.context.trace_id, link.context.span_id) for link in links}


def id_of(span):
    return span.context.trace_id, span.context.span_id


async def test_a_request_and_its_calls_are_spans(sources):
    """The server's span has the operation's name and type, a call's the source, record and number of keys."""
    traced = Traced()
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
    spans = by_name(await traced.spans())
    assert spans.keys() == {"query Orders", "crm customer", "orders order"}
    request, call = spans["query Orders"], spans["orders order"]
    assert dict(request.attributes) == {
        "graphql.operation.type": "query",
        "graphql.operation.name": "Orders",
    }
    assert dict(call.attributes) == {
        "gateway.source": "orders",
        "gateway.record": "order",
        "gateway.key_kind": "customer_id",
        "gateway.keys": 1,
    }
    assert (request.kind.name, call.kind.name) == ("SERVER", "CLIENT")
    assert request.parent is None
    assert call.parent.span_id == request.context.span_id
    assert ids_of(call.links) == {id_of(request)}
    assert request.start_time <= call.start_time <= call.end_time <= request.end_time


@pytest.mark.parametrize(
    ("query", "calls"),
    [
        ('query One { order(id: "orders:oc12") { id } }', {"orders order": "order_id"}),
        ('query One { ticket(id: "support:t1") { id } }', {"support ticket": "ticket_id"}),
        ('query One { node(id: "orders:oc12") { id ... on Order { number } } }', {"orders order": "order_id"}),
        (
            'query One { customer(by: {orderNumber: "#2"}) { name } }',
            {"orders order": "order_number", "crm customer": "customer_id"},
        ),
    ],
)
async def test_records_by_their_own_keys_are_spans(query, calls):
    """Named as others are, with the kind of the key and never the key."""
    traced = Traced()
    async with gateway_on([*shop.sources_by_own_keys().values()], with_traces=traced.traces) as gateway:
        await gateway.data(query)
    spans = by_name(await traced.spans())
    assert spans.keys() == {"query One", *calls}
    assert {name: spans[name].attributes["gateway.key_kind"] for name in calls} == calls
    assert not any(key in str(span.attributes) for span in spans.values() for key in ("oc12", "t1", "#2"))


async def test_a_call_is_linked_to_all_requests_that_share_it(sources):
    """Also to one that joins while it is under way; a request that is not sampled has no span, and no link."""
    sources["orders"].hang = asyncio.Event()
    traced = Traced(0.0, 0.9, 0.0)
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        asking = []
        for _ in range(3):
            asking.append(asyncio.ensure_future(gateway.data(QUERY, {"id": "c1"})))
            await until(lambda: len(sources["crm"].calls) == len(asking) and bool(sources["orders"].calls))
            await turns()  # in which it asks for orders, too
        sources["orders"].hang.set()
        await asyncio.gather(*asking)
    spans = await traced.spans()
    requests = [span for span in spans if span.name == "query Orders"]
    (call,) = [span for span in spans if span.name == "orders order"]
    assert len(requests) == 2
    assert ids_of(call.links) == set(map(id_of, requests))


async def test_a_call_that_a_sampled_request_joined_late_has_a_span(sources):
    """The request that began the call was not sampled."""
    sources["orders"].hang = asyncio.Event()
    traced = Traced(0.9, 0.0)
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        asking = []
        for _ in range(2):
            asking.append(asyncio.ensure_future(gateway.data(QUERY, {"id": "c1"})))
            await until(lambda: len(sources["crm"].calls) == len(asking) and bool(sources["orders"].calls))
            await turns()  # in which it asks for orders, too
        sources["orders"].hang.set()
        await asyncio.gather(*asking)
    spans = by_name(await traced.spans())
    request, call = spans["query Orders"], spans["orders order"]
    assert ids_of(call.links) == {id_of(request)}
    assert call.start_time < call.end_time


async def test_requests_that_are_not_sampled_make_no_span(sources):
    """Neither for themselves nor for their calls."""
    traced = Traced(0.9, 0.9)
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        await gateway.data(QUERY, {"id": "c1"})
        await gateway.ask("{ customer")
    assert await traced.spans() == []


async def test_a_stranger_is_linked_and_no_parent(sources):
    """Who names a trace does not decide what is sampled, and does not put spans into that trace."""
    traced = Traced(0.0, 0.9)
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        await gateway.ask(QUERY, {"id": "c1"}, **STRANGER)
        await gateway.ask(QUERY, {"id": "c1"}, **STRANGER)
    (request,) = [span for span in await traced.spans() if span.kind.name == "SERVER"]
    (link,) = request.links
    assert request.parent is None
    assert f"{request.context.trace_id:032x}" != "0af7651916cd43dd8448eb211c80319c"
    assert f"{link.context.trace_id:032x}-{link.context.span_id:016x}" == "0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331"


async def test_a_trusted_parent_decides(sources):
    """Its sampled requests are its children whatever is drawn; the others have no span."""
    traced = Traced(0.9, 0.0, trust_parent=True)
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        await gateway.ask(QUERY, {"id": "c1"}, **STRANGER)
        await gateway.ask(QUERY, {"id": "c1"}, **UNSAMPLED)
    spans = await traced.spans()
    (request,) = [span for span in spans if span.kind.name == "SERVER"]
    assert {f"{span.context.trace_id:032x}" for span in spans} == {"0af7651916cd43dd8448eb211c80319c"}
    assert f"{request.parent.span_id:016x}" == "b7ad6b7169203331"
    assert list(request.links) == []


@pytest.mark.parametrize("broken", ["", "00-0-0-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01", "x" * 3000])
async def test_a_broken_traceparent_is_none(sources, broken):
    """The request is traced as if it had not been sent."""
    traced = Traced()
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        await gateway.ask(QUERY, {"id": "c1"}, traceparent=broken)
    (request,) = [span for span in await traced.spans() if span.kind.name == "SERVER"]
    assert (request.parent, list(request.links)) == (None, [])


async def test_failures_have_their_code(sources):
    """A source that is down is an error of its call and of the request, a mistake of the caller's is none of ours."""
    sources["orders"].failure = SourceUnavailableError()
    traced = Traced()
    async with gateway_on(list(sources.values()), with_traces=traced.traces) as gateway:
        await gateway.ask(QUERY, {"id": "c1"})
        await gateway.ask("{ customer")
    spans = by_name(await traced.spans())
    found = {name: (span.attributes.get("error.type"), span.status.status_code.name) for name, span in spans.items()}
    assert found == {
        "query Orders": ("SOURCE_UNAVAILABLE", "ERROR"),
        "crm customer": (None, "UNSET"),
        "orders order": ("SOURCE_UNAVAILABLE", "ERROR"),
        "GraphQL": ("GRAPHQL_PARSE_FAILED", "UNSET"),
    }


async def test_one_call_of_many_keys_is_one_span():
    """It says how many keys it has, and names none."""
    held = {f"n{number}": [r.Customer(id=f"n{number}", name="N")] for number in range(50)}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): held})
    traced = Traced()
    async with gateway_on([crm], with_traces=traced.traces) as gateway:
        await gateway.data("query Many($ids: [ID!]!) { customers(ids: $ids) { name } }", {"ids": list(held)})
    (call,) = [span for span in await traced.spans() if span.name == "crm customer"]
    assert call.attributes["gateway.keys"] == 50


async def test_spans_arrive_at_a_collector_and_hold_no_value(sources):
    """Over a socket to a gateway, by OTLP to a receiver, with the headers of the settings."""
    query = 'query Secret { customer(by: {email: "ana@example.com"}) { name phone orders(first: 2) { nodes { id } } } }'
    with otlp_receiver() as receiver, capture_logs() as logs:
        traces = {"endpoint": receiver.endpoint, "sample": 1.0, "headers": {"x-token": "t0ken"}}
        settings = settings_for(list(sources.values()), telemetry={"traces": traces})
        async with served(settings, connectors=list(sources.values())) as gateway:
            answer = await gateway.data(query)
    assert answer["customer"]["name"] == "Ana Souza"
    assert receiver.headers[0]["x-token"] == "t0ken"
    (request,) = receiver.named("query Secret")
    (call,) = receiver.named("orders order")
    assert (request.kind, call.kind) == ("SERVER", "CLIENT")
    assert (call.trace_id, call.parent_id) == (request.trace_id, request.span_id)
    assert call.links == [(request.trace_id, request.span_id)]
    assert request.resource["service.name"] == "profile-gateway"
    assert logs == []
    for value in (b"ana@example.com", b"Ana Souza", b"551191", b"c1\x12", b"t0ken", b"email: "):
        assert value not in receiver.raw


async def test_a_collector_that_is_away_costs_one_line(sources):
    """No address and no traceback in the log, and the gateway ends all the same."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    traces = {"endpoint": f"http://127.0.0.1:{port}/v1/traces", "sample": 1.0}
    with capture_logs() as logs:
        async with gateway_on(list(sources.values()), telemetry={"traces": traces}) as gateway:
            await gateway.data(QUERY, {"id": "c1"})
    assert [line for line in logs if line["event"] == "traces_not_sent"] == [
        {"event": "traces_not_sent", "log_level": "warning", "problems": 1}
    ]
    assert logging.getLogger("opentelemetry").propagate

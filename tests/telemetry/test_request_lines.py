"""Lines about requests: slow ones, or all, with names and times, and never a value."""

import asyncio
import json

import pytest
from structlog.testing import capture_logs

from connectors.errors import SourceUnavailableError
from gateway.http.request_head import Head
from gateway.telemetry.request_log import MAX_SLOW_LINES_PER_S, RequestLog
from tests.support import shop
from tests.support.clocks import SteppedClock
from tests.support.gateway_server import gateway_on

QUERY = "query Orders($id: ID!) { customer(by: {id: $id}) { name orders(first: 2) { nodes { id } } } }"


@pytest.fixture
def sources():
    """By name."""
    return {source.name: source for source in (shop.crm(), shop.orders())}


def lines(logs, event):
    return [line for line in logs if line["event"] == event]


async def test_no_request_has_a_line_by_default(sources):
    """Neither a good one nor one that fails."""
    with capture_logs() as logs:
        async with gateway_on(list(sources.values())) as gateway:
            await gateway.data(QUERY, {"id": "c1"})
            await gateway.ask("{ customer")
    assert lines(logs, "request") + lines(logs, "slow_request") == []


async def test_every_request_has_a_line_by_choice(sources):
    """With the sources that were asked; the caller finds it by the id of the request."""
    sources["orders"].failure = SourceUnavailableError()
    with capture_logs() as logs:
        async with gateway_on(list(sources.values()), telemetry={"request_log": True}) as gateway:
            await gateway.ask(QUERY, {"id": "c1"}, **{"x-request-id": "r1"})
            await gateway.ask('{ customer(by: {email: "ana@example.com"}) ')
    one, other = lines(logs, "request")
    assert {name: value for name, value in one.items() if name not in {"ms", "sources"}} == {
        "event": "request",
        "log_level": "info",
        "operation": "Orders",
        "code": "SOURCE_UNAVAILABLE",
        "request_id": "r1",
    }
    assert one["ms"] > 0
    assert one["sources"].keys() == {"crm", "orders"}
    assert (other["operation"], other["code"], other["sources"]) == ("none", "GRAPHQL_PARSE_FAILED", {})
    assert "ana@example.com" not in json.dumps(logs)


async def test_a_slow_request_says_which_source_it_waited_for(sources):
    """The time of one that answered, none of one that had not when the deadline came."""
    sources["orders"].hang = asyncio.Event()
    words = {"deadline_ms": 300, "telemetry": {"slow_request_ms": 100}}
    with capture_logs() as logs:
        async with gateway_on(list(sources.values()), **words) as gateway:
            await gateway.ask(QUERY, {"id": "c1"})
            sources["orders"].hang.set()
    (line,) = lines(logs, "slow_request")
    assert (line["operation"], line["code"], line["skipped"]) == ("Orders", "SOURCE_TIMEOUT", 0)
    assert line["sources"]["orders"] is None
    assert line["sources"]["crm"] >= 0


def test_slow_lines_are_few_when_everything_is_slow():
    """Ten in a second; the next one says how many had none."""
    clock = SteppedClock()
    log = RequestLog(clock, 100, logs_all=False)
    head = Head("POST", [], b"")
    with capture_logs() as logs:
        for _ in range(MAX_SLOW_LINES_PER_S + 7):
            log.write(head, "Orders", "OK", 0.2)
        clock.passed_s += 1
        log.write(head, "Orders", "OK", 0.2)
    assert [line["skipped"] for line in logs] == [0] * MAX_SLOW_LINES_PER_S + [7]

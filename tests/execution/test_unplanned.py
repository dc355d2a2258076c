"""Operations that run on graphql-core, because no plan can do them, say so."""

from typing import Any

import pytest
from graphql import OperationDefinitionNode, parse
from structlog.testing import capture_logs

from gateway.app import create_services, opened
from gateway.context import RequestContext
from gateway.execution.executor import Executor
from gateway.execution.schema_types import core_schema
from gateway.log import MIN_LOG_GAP_S
from gateway.operations import Limits, Operation, Operations
from resolvers.schema import schema
from tests.support import shop
from tests.support.browser import CHROMIUM, browser_page
from tests.support.clocks import SteppedClock
from tests.support.gateway_server import gateway_on, served, settings_for

INTROSPECTION = "{ __schema { queryType { name } } }"
BESIDE = '{ customer(by: {id: "c1"}) { name } __type(name: "Money") { name } }'
SAID = {"execution": {"planned": False, "reason": "introspection"}}


async def test_in_development_the_answer_says_why_it_was_not_planned():
    """Introspection is named as the reason, also beside other fields; the answer of a plan says nothing of it."""
    async with gateway_on(list(shop.sources().values()), environment="development") as gateway:
        assert await gateway.ask(INTROSPECTION) == {"data": {"__schema": {"queryType": {"name": "Query"}}}, "extensions": SAID}
        beside = await gateway.ask(BESIDE)
        assert beside["data"] == {"customer": {"name": "Ana Souza"}, "__type": {"name": "Money"}}
        assert beside["extensions"] == SAID | {"trace": beside["extensions"]["trace"]}
        assert await gateway.ask("{ __typename }") == {"data": {"__typename": "Query"}}


async def test_in_production_the_answer_does_not_say_it():
    """The answer is the same without extensions."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        assert await gateway.ask(INTROSPECTION) == {"data": {"__schema": {"queryType": {"name": "Query"}}}}


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no Chromium on the path")
async def test_graphiql_reads_the_schema_from_an_answer_that_says_so():
    """The page asks for the schema first; its explorer then shows the root fields, and nothing is complained of."""
    connectors = list(shop.sources().values())
    settings = settings_for(connectors, environment="development")
    async with served(settings, connectors=connectors) as gateway, browser_page() as page:
        await page.open(str(gateway.client.base_url.join("/graphql")))
        await page.until("!!document.querySelector('.CodeMirror') && !document.querySelector('.graphiql-spinner')")
        await page.click("button[aria-label='Show GraphiQL Explorer']")
        await page.until("document.querySelector('.graphiql-plugin').innerText.includes('searchCustomers')")
        assert page.problems == []


async def test_runs_without_a_plan_are_counted_by_their_reason():
    """Each run counts, though a reason is logged once a minute, whatever the documents; runs of plans do not."""
    clock = SteppedClock()
    executor = Executor(schema, suggestions=False, clock=clock)
    operations = Operations(core_schema(schema), limits=Limits())
    connectors = list(shop.sources().values())
    async with opened(create_services(settings_for(connectors), connectors=connectors)) as services:
        with capture_logs() as logs:
            for text in (INTROSPECTION, INTROSPECTION, BESIDE, "{ sources { name } }"):
                await executor.run(operations.prepare(text, None), {}, RequestContext(services, "a", services.stitcher()))
            assert [entry["reason"] for entry in logs] == ["introspection"]
            clock.passed_s += MIN_LOG_GAP_S
            again = operations.prepare("{ __schema { description } }", None)
            await executor.run(again, {}, RequestContext(services, "a", services.stitcher()))
    assert [entry["reason"] for entry in logs] == ["introspection", "introspection"]
    assert executor.unplanned == {"introspection": 4}


BAD = [
    ("{ customer(by: {}) { id } }", {}),
    ('{ customer(by: {id: "c1", email: "b"}) { id } sources { name } }', {}),
    ("{ customer(by: 1) { id } node(id: true) { id } }", {}),
    ('{ customer(by: {id: "c1"}) { name orders(first: "x") { nodes { id } } tickets(first: 1) { nodes { id } } } }', {}),
    ('{ customer(by: {id: "c1"}) { name orders(filter: {since: "soon"}) { nodes { id } } tag(key: null) { key } } }', {}),
    ('query ($on: Boolean = true) { customer(by: {id: "c1"}) { id name @skip(if: $on) } sources { name } }', {"on": None}),
    ("query ($on: Boolean = true) { sources @include(if: $on) { name } }", {"on": None}),
]


@pytest.mark.cases
@pytest.mark.parametrize(("text", "variables"), BAD)
async def test_a_constant_that_cannot_be_read_costs_its_field(text: str, variables: dict[str, Any]):
    """Were it to pass validation, its error would be that of graphql-core, with its path, and cost the same."""
    document = parse(text)
    (definition,) = document.definitions
    assert isinstance(definition, OperationDefinitionNode)
    operation = Operation(document, definition)
    executor = Executor(schema, suggestions=False)
    connectors = list(shop.sources().values())
    async with opened(create_services(settings_for(connectors), connectors=connectors)) as services:
        planned = await executor.run(operation, variables, RequestContext(services, "a", services.stitcher()))
        walked = await executor.run_unplanned(operation, variables, RequestContext(services, "b", services.stitcher()))
    assert planned.errors
    assert planned.formatted == walked.formatted

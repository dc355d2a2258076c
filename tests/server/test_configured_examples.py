"""The queries that GraphiQL opens with where nobody wrote any."""

import json
import re
from typing import Any

import pytest

from connectors.contract import Connector
from tests.support import shop
from tests.support.gateway_server import served, settings_for

ALL = ["Sources", "Find", "Card", "Console", "Segment"]
TIMELINE = "timeline(first: 10) { unavailable nodes { __typename "


def tabs_of(page: str) -> list[dict[str, Any]]:
    """The tabs of a page; their variables are texts."""
    (text,) = re.findall(r'<script id="examples" type="application/json"[^>]*>(.*?)</script>', page, re.DOTALL)
    return json.loads(text)


@pytest.mark.parametrize(
    ("connectors", "names", "asked", "not_asked"),
    [
        ([*shop.sources().values()], ALL, ["orders(", "tickets(", "events("], []),
        ([shop.crm()], ALL, ["contactPoints"], ["orders(", "timeline("]),
        (
            [shop.crm(), shop.support()],
            ALL,
            [f"{TIMELINE}... on Ticket"],
            ["orders("],
        ),
        ([shop.orders()], ["Sources"], [], ["customer("]),
    ],
)
async def test_examples_fit_what_is_configured(
    connectors: list[Connector[Any]], names: list[str], asked: list[str], not_asked: list[str]
):
    """Each is answered without an error, asks for all lists that a source has and for no other."""
    async with served(settings_for(connectors, environment="development"), connectors=connectors) as gateway:
        page = await gateway.client.get("/graphql", headers={"accept": "text/html"})
        tabs = tabs_of(page.text)
        bodies = [tab | {"variables": json.loads(tab["variables"])} for tab in tabs]
        answers = [(await gateway.client.post("/graphql", json=body)).json() for body in bodies]
    assert [re.findall(r"query (\w+)", tab["query"])[0] for tab in tabs] == names
    assert [answer.get("errors") for answer in answers] == [None] * len(names)
    text = "".join(tab["query"] for tab in tabs)
    assert [word for word in asked if word not in text] == []
    assert [word for word in not_asked if word in text] == []


async def test_a_page_knows_whether_callers_are_named():
    """A command that is copied has the place of a key then, and no key stands in the page."""
    for callers in (None, {"desk": {}}):
        access = callers and {"anonymous": "desk"}
        own = settings_for([shop.crm()], environment="development", callers=callers, access=access)
        async with served(own, connectors=[shop.crm()]) as gateway:
            page = await gateway.client.get("/graphql", headers={"accept": "text/html"})
        assert re.findall('data-names-callers="([a-z]+)"', page.text) == ["true" if callers else "false"]


async def test_production_opens_no_editor():
    """There a link to a query is answered as any request is."""
    async with served(settings_for([shop.crm()]), connectors=[shop.crm()]) as gateway:
        params, headers = {"query": "{ sources { name } }"}, {"accept": "text/html,*/*"}
        answer = await gateway.client.get("/graphql", params=params, headers=headers)
    assert answer.json() == {"data": {"sources": [{"name": "crm"}]}}

"""What an answer says of its sources: per customer and per list, in a header, and as a waterfall in development."""

import asyncio
import re

import pytest

from connectors.errors import ConfigurationError, SourceUnavailableError
from gateway.settings import parse_settings
from tests.support import shop
from tests.support.clocks import LoopClock, SteppedClock, WatchedCalls, answer_at_deadline
from tests.support.gateway_server import gateway_on, settings_for

QUERY = """{ customer(by: {id: "c1"}) { orders(first: 1) { nodes { id } sources { name state records ageMs attempts hedged
    fromCache droppedRecords errorCode } } tickets(first: 1) { nodes { id } sources { name state errorCode } } } }"""
ORDERS = {
    "name": "orders",
    "state": "FRESH",
    "records": ["ORDER"],
    "ageMs": 0,
    "attempts": 1,
    "hedged": False,
    "fromCache": False,
    "droppedRecords": 0,
    "errorCode": None,
}


async def test_a_list_says_what_its_sources_contributed():
    """Its own sources alone, not those of other lists."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        customer = (await gateway.data(QUERY))["customer"]
    assert customer["orders"]["sources"] == [ORDERS]
    assert customer["tickets"]["sources"] == [{"name": "support", "state": "FRESH", "errorCode": None}]


async def test_a_second_try_is_said():
    """The first call failed, the second did not: the answer is whole, and says that there were two."""
    sources = shop.sources()
    sources["orders"].failure = SourceUnavailableError()

    class Recovering(SteppedClock):
        async def sleep(self, seconds):
            sources["orders"].failure = None

    async with gateway_on(list(sources.values()), called={"retries": 2}, with_clock=Recovering()) as gateway:
        customer = (await gateway.data(QUERY))["customer"]
    assert customer["orders"]["sources"] == [ORDERS | {"attempts": 2}]


async def test_a_stale_list_says_how_old_it_is_and_why():
    """An hour after it was kept the source is down: the orders are there, without an error."""
    sources, clock = shop.sources(), SteppedClock()
    called = {"retries": 0, "stale_s": {"order": 86_400}}
    async with gateway_on(list(sources.values()), called=called, with_clock=clock) as gateway:
        fresh = (await gateway.data(QUERY))["customer"]["orders"]
        clock.passed_s += 3600
        sources["orders"].failure = SourceUnavailableError()
        stale = (await gateway.data(QUERY))["customer"]["orders"]
    assert stale["nodes"] == fresh["nodes"]
    expected = {"state": "STALE", "ageMs": 3_600_000, "fromCache": True, "errorCode": "SOURCE_UNAVAILABLE"}
    assert stale["sources"] == [ORDERS | expected]


async def test_a_timeline_names_the_source_that_failed():
    """With those that did not."""
    sources = shop.sources()
    sources["support"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.data('{ customer(by: {id: "c1"}) { timeline(first: 3) { sources { name state } } } }')
    assert {one["name"]: one["state"] for one in answer["customer"]["timeline"]["sources"]} == {
        "orders": "FRESH",
        "support": "UNAVAILABLE",
        "behaviour": "FRESH",
    }


async def test_a_tag_names_its_sources():
    """Those of its facts, each once."""
    async with gateway_on(list(shop.sources().values()), **shop.PINNED) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "c1"}) { tag(key: "lifecycle_stage") { sources evidence { sources } } } }'
        )
    tag = data["customer"]["tag"]
    assert tag["sources"] == ["orders"]
    assert {name for fact in tag["evidence"] for name in fact["sources"]} == {"orders"}


async def test_development_shows_the_waterfall():
    """The customer first, then tickets by its e-mail addresses; what is cached, failed or measured says so."""
    sources = shop.sources()
    sources["support"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values()), environment="development") as gateway:
        answer = await gateway.ask(
            '{ customer(by: {id: "c1"}) { name orders(first: 1) { nodes { id } } tickets { nodes { id } } } }'
        )
    trace = {one["source"]: one for one in answer["extensions"]["trace"]}
    assert [trace[name]["asks"] for name in ("crm", "orders", "support")] == ["records"] * 3
    assert (trace["crm"]["record"], trace["crm"]["by"], trace["crm"]["keys"]) == ("customer", "customer_id", 1)
    assert trace["support"]["by"] == "email"
    assert trace["support"]["startMs"] >= trace["crm"]["startMs"] + trace["crm"]["durationMs"]
    assert (trace["support"]["errorCode"], trace["orders"]["errorCode"]) == ("SOURCE_UNAVAILABLE", None)


@pytest.mark.parametrize(
    ("settings", "is_there"),
    [
        ({}, False),
        ({"server_timing": True}, True),
        ({"environment": "development"}, True),
        ({"environment": "development", "server_timing": False}, False),
    ],
)
async def test_a_header_says_how_long_each_source_took(settings, is_there):
    """Where the settings say so, else in development only; the waterfall is for development alone."""
    async with gateway_on(list(shop.sources().values()), **settings) as gateway:
        response = await gateway.client.post("/graphql", json={"query": QUERY})
    timings = response.headers.get("server-timing", "").split(", ")
    if is_there:
        assert [re.sub(r"[\d.]+$", "T", one) for one in timings] == ["orders;dur=T", "crm;dur=T", "support;dur=T"]
    else:
        assert timings == [""]
    assert ("trace" in response.json().get("extensions", {})) is (settings == {"environment": "development"})


async def test_the_header_says_which_source_was_away():
    """By a description."""
    sources = shop.sources()
    sources["orders"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values()), server_timing=True) as gateway:
        response = await gateway.client.post("/graphql", json={"query": QUERY})
    assert 'desc="unavailable"' in response.headers["server-timing"].split(", ")[0]


@pytest.mark.parametrize(
    ("asked", "settings", "ends_s"),
    [
        ("2000", {}, 2.0),
        ("60000", {"deadline_ms": 2000}, 2.0),
        ("9000", {"deadline_ms": 3000, "max_deadline_ms": 4000}, 4.0),
    ],
)
async def test_a_caller_may_shorten_his_deadline(asked, settings, ends_s):
    """And lengthen it up to what the settings allow: a source that hangs costs its own field by then."""
    sources = shop.sources()
    sources["orders"].hang = asyncio.Event()
    calls = WatchedCalls(source for name, source in sources.items() if name != "orders")
    connectors = [*calls.connectors, sources["orders"]]
    async with gateway_on(connectors, with_clock=LoopClock(), **settings) as gateway:
        answer = await answer_at_deadline(gateway.ask(QUERY, **{"x-deadline-ms": asked}), "c1", calls, ends_s)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_TIMEOUT"]
    assert answer["data"]["customer"]["tickets"] is not None


@pytest.mark.parametrize("asked", ["0", "-1", "1.5", "soon", "1e3", "", "9" * 10, " "])
async def test_a_deadline_that_is_no_number_is_refused(asked):
    """The error names the header and what it must be; nothing is asked."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        answer = await gateway.ask(QUERY, **{"x-deadline-ms": asked})
    (error,) = answer["errors"]
    assert error["message"] == "X-Deadline-Ms: must be a whole number of milliseconds, 1 or more"
    assert error["extensions"]["code"] == "INVALID_ARGUMENT"
    assert [source.calls for source in sources.values()] == [[], [], [], []]


def test_the_most_that_may_be_asked_for_is_no_less_than_the_usual():
    """The problem names both settings."""
    with pytest.raises(ConfigurationError, match="max_deadline_ms: is less than deadline_ms"):
        settings_for(list(shop.sources().values()), deadline_ms=2000, max_deadline_ms=1000)


def test_the_name_of_a_source_is_a_word():
    """It stands in headers, addresses and logs."""
    with pytest.raises(ConfigurationError, match="sources"):
        parse_settings({"sources": {"the shop": {"kind": "memory"}}})


REPORTS = """{ several: customers(ids: ["c1", "nobody", "c2"]) { id tickets { nodes { id } } said: sources { name state } }
    one: customer(by: {id: "c1"}) { orders { nodes { id } } sources { name } } %s }"""


@pytest.mark.cases
@pytest.mark.parametrize("beside", ["", "__schema { description }"], ids=["plan", "graphql-core"])
async def test_what_sources_contributed_is_also_beside_the_data(beside: str):
    """By the path of the field: a cache that keeps one customer from two answers keeps one of the two there."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        answer = await gateway.ask(REPORTS % beside)
    data = answer["data"]
    assert answer["extensions"]["sources"] == [
        {"path": ["one", "sources"], "sources": data["one"]["sources"]},
        {"path": ["several", 0, "said"], "sources": data["several"][0]["said"]},
        {"path": ["several", 2, "said"], "sources": data["several"][2]["said"]},
    ]
    assert {one["name"] for one in data["one"]["sources"]} == {"crm", "orders"}


@pytest.mark.cases
@pytest.mark.parametrize("beside", ["", "__schema { description }"], ids=["plan", "graphql-core"])
@pytest.mark.parametrize("fields", ["id", "orders { sources { name } }"])
async def test_nothing_is_beside_the_data_that_was_not_asked_for(fields: str, beside: str):
    """Nor are the sources of a list, which stand in it."""
    async with gateway_on(list(shop.sources().values())) as gateway:
        nobody = 'nobody: customer(by: {id: "x"}) { sources { name } }'
        answer = await gateway.ask(f'{{ customer(by: {{id: "c1"}}) {{ {fields} }} {nobody} {beside} }}')
    assert "sources" not in answer.get("extensions", {})

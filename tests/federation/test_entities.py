"""Entities by their representations: found together, in order, through the same plans, views and rules as everything."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.cli import app
from gateway.federation.entities import MAX_REPRESENTATIONS
from tests.support import shop
from tests.support.caller_keys import SECRET
from tests.support.gateway_server import gateway_on

UNPLANNED = " __schema { queryType { name } } }"
"""The end of an operation that graphql-core runs."""
ENDS = pytest.mark.parametrize("end", ["}", UNPLANNED])
SUBGRAPH = {"federation": {"enabled": True}}
QUERY = """query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Customer { id name }
    ... on Order { id number } ... on Ticket { id subject } ... on Survey { id score } } """


def of(kind: str, **key: Any) -> dict[str, Any]:
    """A representation."""
    return {"__typename": kind, **key}


def survey_source() -> MemoryConnector:
    return MemoryConnector("sales", {(r.Survey, KeyKind.SURVEY_ID): {"n1": [r.Survey(id="n1", at=shop.at(4), score=9)]}})


def shop_sources() -> dict[str, MemoryConnector]:
    return {**shop.sources_by_own_keys(), "sales": survey_source()}


def fifty() -> MemoryConnector:
    people = {f"c{n}": [r.Customer(id=f"c{n}", name=f"Person {n}", email=f"p{n}@example.com")] for n in range(50)}
    by_email = {found[0].email: found for found in people.values()}
    return MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people, (r.Customer, KeyKind.EMAIL): by_email})


def codes(answer: Mapping[str, Any]) -> dict[int, str]:
    """The code of each error, by the place of its entity."""
    return {error["path"][1]: error["extensions"]["code"] for error in answer.get("errors", ())}


@ENDS
async def test_entities_of_all_types_come_in_order(end: str):
    """Twice the same one as well, null for those that nobody has, each with the fields of its own type."""
    asked = [
        of("Order", id="orders:oc12"),
        of("Customer", id="crm:c1"),
        of("Ticket", id="support:t1"),
        of("Customer", id="crm:none"),
        of("Survey", id="sales:n1"),
        of("Customer", email="LI@example.com"),
        of("Customer", id="crm:c1"),
        of("Customer", id="c2"),
        of("Order", id="orders:none"),
    ]
    async with gateway_on([*shop_sources().values()], **SUBGRAPH) as gateway:
        data = await gateway.data(QUERY + end, {"r": asked})
    ana = {"__typename": "Customer", "id": "crm:c1", "name": "Ana Souza"}
    li = {"__typename": "Customer", "id": "crm:c2", "name": "李娜"}
    assert data["_entities"] == [
        {"__typename": "Order", "id": "orders:oc12", "number": "#2"},
        ana,
        {"__typename": "Ticket", "id": "support:t1", "subject": "Where is it?"},
        None,
        {"__typename": "Survey", "id": "sales:n1", "score": 9},
        li,
        ana,
        li,
        None,
    ]


@pytest.mark.parametrize("key", ["id", "email"])
async def test_fifty_customers_are_one_call(key: str):
    """The source of customers is asked once, by all keys, whichever kind they are of."""
    crm = fifty()
    values = [f"crm:c{n}" if key == "id" else f"p{n}@example.com" for n in range(50)]
    async with gateway_on([crm], **SUBGRAPH) as gateway:
        data = await gateway.data(QUERY + "}", {"r": [of("Customer", **{key: value}) for value in values]})
    assert [own["name"] for own in data["_entities"]] == [f"Person {n}" for n in range(50)]
    assert [len(keys) for _, _, keys, *_ in crm.calls] == [50]


async def test_lists_of_entities_are_asked_for_with_them():
    """The orders of customers who are named by id leave in one call, as for `customers(ids:)`."""
    sources = shop.sources()
    query = """query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { orders { totalCount } } } }"""
    async with gateway_on([*sources.values()], **SUBGRAPH) as gateway:
        data = await gateway.data(query, {"r": [of("Customer", id="crm:c1"), of("Customer", id="crm:c2")]})
    assert [own["orders"]["totalCount"] for own in data["_entities"]] == [5, 1]
    assert [keys for _, _, keys, *_ in sources["orders"].calls] == [("c1", "c2")]


async def test_types_of_which_nothing_is_selected_are_not_looked_for():
    """Their entities are null, and their sources are not asked."""
    sources = shop_sources()
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Order { number } } }"
    async with gateway_on([*sources.values()], **SUBGRAPH) as gateway:
        data = await gateway.data(query, {"r": [of("Customer", id="crm:c1"), of("Order", id="orders:oc12")]})
    assert data["_entities"] == [None, {"number": "#2"}]
    assert sources["crm"].calls == []


@ENDS
async def test_a_wrong_representation_costs_itself(end: str):
    """No other one: each has its error in its place, which says what is wrong."""
    wrong: Sequence[Any] = [of("Deal", id="sales:d1"), of("Order"), "crm:c1", of("Customer", id=True), of("Order", number="#2")]
    async with gateway_on([*shop_sources().values()], **SUBGRAPH) as gateway:
        answer = await gateway.ask(QUERY + end, {"r": [*wrong, of("Customer", id="crm:c1")]})
    assert [own and own["name"] for own in answer["data"]["_entities"]] == [None] * 5 + ["Ana Souza"]
    assert codes(answer) == dict.fromkeys(range(5), "INVALID_ARGUMENT")
    assert "one of Customer, Order, Ticket, Survey" in answer["errors"][0]["message"]
    assert "needs id" in answer["errors"][1]["message"]


async def test_a_source_that_fails_costs_its_own_entities():
    """A customer stays, as always, without what his source owns; a ticket is an error in its place; orders are there."""
    sources = shop_sources()
    sources["crm"].failure = sources["support"].failure = SourceUnavailableError("down")
    asked = [
        of("Customer", id="crm:c1"),
        of("Order", id="orders:oc12"),
        of("Ticket", id="support:t1"),
        of("Ticket", id="support:t2"),
    ]
    async with gateway_on([*sources.values()], **SUBGRAPH) as gateway:
        answer = await gateway.ask(QUERY + "}", {"r": asked})
    assert answer["data"]["_entities"] == [
        {"__typename": "Customer", "id": "crm:c1", "name": None},
        {"__typename": "Order", "id": "orders:oc12", "number": "#2"},
        None,
        None,
    ]
    assert codes(answer) == {0: "SOURCE_UNAVAILABLE", 2: "SOURCE_UNAVAILABLE", 3: "SOURCE_UNAVAILABLE"}


async def test_too_many_representations_are_refused():
    crm = fifty()
    asked = [of("Customer", id=f"c{n}") for n in range(MAX_REPRESENTATIONS + 1)]
    async with gateway_on([crm], **SUBGRAPH) as gateway:
        answer = await gateway.ask(QUERY + "}", {"r": asked})
    assert answer["errors"][0]["extensions"]["code"] == "INVALID_ARGUMENT"
    assert answer["data"] is None
    assert crm.calls == []


async def test_entities_cost_what_they_are():
    """The price has a node for each representation, and the calls of the types that are selected alone."""
    crm = fifty()
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name } } }"
    async with gateway_on([crm], **SUBGRAPH) as gateway:
        answer = await gateway.ask(query, {"r": [of("Customer", id=f"c{n}") for n in range(40)]}, **{"x-cost": "1"})
    assert answer["extensions"]["cost"] == {"estimate": {"nodes": 40, "calls": 2}, "actual": {"nodes": 40, "calls": 2}}


CALLERS: dict[str, Any] = {
    "partner": {"sees": {"identifying": "shown", "personal": "shown", "commercial": "shown"}, "find_by": ["customer_id"]},
    "mailer": {"sees": {"contact": "shown", "personal": "shown", "commercial": "shown"}, "find_by": ["email"]},
    "one": {"customers": ["crm:c1"]},
    "hashing": {"sees": {"identifying": "hashed", "commercial": "hashed", "personal": "shown"}, "find_by": ["customer_id"]},
}


def as_caller(name: str) -> dict[str, Any]:
    return SUBGRAPH | {"access": {"anonymous": name, "hash_secret": SECRET}, "callers": CALLERS}


@ENDS
async def test_keys_are_those_that_a_caller_may_find_by(end: str):
    """Others are refused in their place, and nobody is asked for them."""
    asked = [of("Customer", id="crm:c1"), of("Customer", email="li@example.com"), of("Order", id="orders:oc12")]
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name } ... on Order { channel } } " + end
    sources = shop_sources()
    async with gateway_on([*sources.values()], **as_caller("partner")) as gateway:
        answer = await gateway.ask(query, {"r": asked})
    assert answer["data"]["_entities"] == [{"name": "Ana Souza"}, None, None]
    assert codes(answer) == {1: "FORBIDDEN", 2: "FORBIDDEN"}
    assert [(kind, keys) for _, kind, keys, *_ in sources["crm"].calls] == [(KeyKind.CUSTOMER_ID, ("c1",))]
    assert sources["orders"].calls == []


async def test_of_two_keys_the_one_counts_that_a_caller_may_find_by():
    """Also where lists of the customer are asked for: nothing is asked ahead by an id that the caller may not give."""
    sources = shop_sources()
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name orders { totalCount } } } }"
    async with gateway_on([*sources.values()], **as_caller("mailer")) as gateway:
        answer = await gateway.ask(
            query, {"r": [of("Customer", id="crm:c1", email="li@example.com"), of("Customer", id="crm:c1")]}
        )
    assert answer["data"]["_entities"] == [{"name": "李娜", "orders": {"totalCount": 1}}, None]
    assert [keys for _, _, keys, *_ in sources["orders"].calls] == [("c2",)]
    assert codes(answer) == {1: "FORBIDDEN"}
    assert [(kind, keys) for _, kind, keys, *_ in sources["crm"].calls] == [(KeyKind.EMAIL, ("li@example.com",))]


@ENDS
async def test_only_those_whom_a_caller_may_be_told_of_are_entities(end: str):
    """Others are null, as if there were none, and so are their orders."""
    asked = [of("Customer", id="crm:c2"), of("Customer", id="crm:c1")]
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name } } " + end
    sources = shop_sources()
    async with gateway_on([*sources.values()], **as_caller("one")) as gateway:
        answer = await gateway.ask(query, {"r": asked})
    assert (answer["data"]["_entities"], answer.get("errors")) == ([None, {"name": "Ana Souza"}], None)
    assert [keys for _, _, keys, *_ in sources["crm"].calls] == [("c1",)]


@ENDS
async def test_records_are_entities_where_their_customer_may_be_told_of(end: str):
    """An order of another customer is null, as if there were none."""
    one = {"customers": ["crm:c1"], "find_by": ["customer_id", "order_id"]}
    settings = SUBGRAPH | {"access": {"anonymous": "one"}, "callers": {"one": one}}
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Order { number } } " + end
    async with gateway_on([*shop_sources().values()], **settings) as gateway:
        answer = await gateway.ask(query, {"r": [of("Order", id="orders:oc21"), of("Order", id="orders:oc12")]})
    assert (answer["data"]["_entities"], answer.get("errors")) == ([None, {"number": "#2"}], None)


@ENDS
async def test_a_purpose_decides_on_each_entity(end: str):
    """Who has not consented is an error in his place."""
    yes = r.Consent(purpose="marketing", state=r.ConsentState.GRANTED)
    people = {"c1": [r.Customer(id="c1", name="Ana", consents=[yes])], "c2": [r.Customer(id="c2", name="Li")]}
    settings = SUBGRAPH | {
        "access": {"anonymous": "news"},
        "callers": {"news": {"purposes": ["news"]}},
        "purposes": {"news": {"basis": "consent", "consent": "marketing"}},
    }
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name } } " + end
    async with gateway_on([MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people})], **settings) as gateway:
        answer = await gateway.ask(query, {"r": [of("Customer", id="c2"), of("Customer", id="c1")]})
    assert answer["data"]["_entities"] == [None, {"name": "Ana"}]
    assert codes(answer) == {0: "WITHHELD_PURPOSE"}


async def test_types_that_a_caller_does_not_see_are_no_entities():
    """Where the time of tickets is withheld, that there is one is, too."""
    sources = shop_sources()
    settings = as_caller("all") | {
        "callers": {"all": {"sees": CALLERS["partner"]["sees"], "find_by": ["customer_id", "order_id", "ticket_id"]}}
    }
    asked = [of("Ticket", id="support:t1"), of("Order", id="orders:oc12")]
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Ticket { source } ... on Order { number } } }"
    async with gateway_on([*sources.values()], **settings) as gateway:
        answer = await gateway.ask(query, {"r": asked})
    assert answer["data"]["_entities"] == [None, {"number": "#2"}]
    assert sources["support"].calls == []


PLANNED = """
[federation]
enabled = true
[sources.crm]
kind = "sql"
url = "sqlite+aiosqlite:///crm.db"
[sources.crm.records.customer]
query = "SELECT 1 AS id"
keys = { customer_id = "id" }
[sources.crm.records.order]
query = "SELECT 1 AS id, 1 AS customer_id"
keys = { customer_id = "customer_id" }
"""


def test_a_plan_of_entities_can_be_printed(tmp_path: Path):
    """It says what is asked of the types that are selected, and that lists of customers are asked for with them."""
    (tmp_path / "gateway.toml").write_text(PLANNED, "utf-8")
    query = "query ($r: [_Any!]!) { _entities(representations: $r) { ... on Customer { name orders { totalCount } } } }"
    variables = '{"r": [{"__typename": "Customer", "id": "c1"}]}'
    words = ["plan", query, "--variables", variables, "--config", str(tmp_path / "gateway.toml")]
    done = CliRunner().invoke(app, words, env={"COLUMNS": "200"})
    assert done.exit_code == 0, done.output
    lines = [" ".join(line.split()) for line in done.output.splitlines()]
    assert "_entities resolved; finds records by their ids" in lines
    assert "(of customer) name id" in lines
    assert "(from) crm by customer_id, ahead" in lines
    assert not any("ticket" in line for line in lines)


async def test_without_the_setting_there_is_nothing_of_it():
    async with gateway_on([*shop_sources().values()]) as gateway:
        for query in ("{ _service { sdl } }", "{ _entities(representations: []) { __typename } }"):
            answer = await gateway.ask(query)
            assert answer["errors"][0]["extensions"]["code"] == "GRAPHQL_VALIDATION_FAILED"

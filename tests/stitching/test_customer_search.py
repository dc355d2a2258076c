"""Pages of those whom a text finds: who is on them, in which order, and what they say of who is not."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind, Push
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.stitching.customer_find import MAX_RECORDS
from gateway.stitching.position import RecordPosition
from resolvers.cursor import cursor_of
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ENDS, knowing, person

QUERY = """query Search($after: String, $first: Int) { page: searchCustomers(text: "zed", first: $first, after: $after) {
    totalCount unavailable partial nodes { id name identity { records } } sources { name state }
    pageInfo { hasNextPage hasPreviousPage endCursor } }"""
RANK = {"priority": ["crm", "shop"]}
PUSHES = frozenset({Push.FIRST, Push.AFTER, Push.COUNT, Push.ORDER})


def searching(name: str, *people: r.Customer, found: int | None = None) -> MemoryConnector:
    """A source that finds these people by text, or the first of them, and all by id and address."""
    texts: dict[Any, Any] = {(r.Customer, KeyKind.TEXT): {"zed": people[:found]}}
    own = knowing(name, people, [KeyKind.CUSTOMER_ID, KeyKind.EMAIL], also=texts)
    own._pushdown = PUSHES
    return own


def mailed(id_: str, who: str) -> r.Customer:
    return person(id_, name=f"Zed {who}", email=f"{who}@example.com")


def three_systems() -> list[MemoryConnector]:
    """Nine people. Of some of those whom several know, the ids come in another order, and one is not found by text."""
    shop = searching("shop", *(mailed(f"s{n}", who) for n, who in enumerate(["eve", "dan", "ida", "joe", "ann", "lea"])))
    crm = searching("crm", *(mailed(f"c{n}", who) for n, who in enumerate(["ann", "bob", "dan", "eve", "kim"])), found=4)
    desk = searching("desk", *(mailed(f"d{n}", who) for n, who in enumerate(["kim", "ida", "bob", "gus"])))
    return [shop, crm, desk]


ALL = ["crm:c0", "crm:c1", "crm:c2", "crm:c3", "shop:s2", "shop:s3", "shop:s5", "crm:c4", "desk:d3"]
"""All are as near to the text: by the rank of their source. The desk alone finds kim, whose first record is in the CRM."""


async def pages(gateway: Any, first: int, end: str = "}") -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []
    after = None
    while not given or given[-1]["pageInfo"]["hasNextPage"]:
        given.append((await gateway.data(QUERY + end, {"first": first, "after": after}))["page"])
        after = given[-1]["pageInfo"]["endCursor"]
    return given


@ENDS
@pytest.mark.parametrize("first", [1, 2, 4, 8, 9, 10])
async def test_each_customer_comes_once_however_long_the_pages_are(first: int, end: str):
    """Each page says how many customers there are, and has as many as were asked for."""
    async with gateway_on(three_systems(), customer=RANK) as gateway:
        given = await pages(gateway, first, end)
    assert [node["id"] for page in given for node in page["nodes"]] == ALL
    assert [len(page["nodes"]) for page in given] == [first] * (9 // first) + ([9 % first] if 9 % first else [])
    assert {page["totalCount"] for page in given} == {9}
    assert given[0]["nodes"][0] == {"id": "crm:c0", "name": "Zed ann", "identity": {"records": ["crm:c0", "shop:s4"]}}
    assert {(page["partial"], *page["unavailable"]) for page in given} == {(False,)}
    assert [page["pageInfo"]["hasPreviousPage"] for page in given] == [False] + [True] * (len(given) - 1)


async def test_the_likeliest_come_first():
    """As `find` says it: whose whole name was typed before whose name begins with it, whatever their source."""
    crm, shop = searching("crm", mailed("1", "ann")), searching("shop", person("2", name="Zed", email="z@example.com"))
    async with gateway_on([crm, shop], customer=RANK) as gateway:
        (page,) = await pages(gateway, 9)
        found = await gateway.data('{ find(text: "zed") { matches { customer { id } } } }')
    assert [node["id"] for node in page["nodes"]] == ["shop:2", "crm:1"]
    assert [match["customer"]["id"] for match in found["find"]["matches"]] == ["shop:2", "crm:1"]


async def test_a_source_that_is_down_costs_its_own_hits():
    """The others' customers are there; what is missing is named, and nothing is counted."""
    shop, crm, desk = three_systems()
    crm.failure = SourceUnavailableError()
    async with gateway_on([shop, crm, desk], customer=RANK) as gateway:
        (page,) = await pages(gateway, 20)
    assert [node["id"] for node in page["nodes"]] == [f"shop:s{n}" for n in range(6)] + ["desk:d0", "desk:d2", "desk:d3"]
    assert (page["totalCount"], page["partial"], page["unavailable"]) == (None, True, ["crm"])
    states = {own["name"]: own["state"] for own in page["sources"]}
    assert states == {"crm": "UNAVAILABLE", "shop": "FRESH", "desk": "FRESH"}


async def test_a_search_fails_where_no_source_can_be_asked():
    """There is no page of nothing."""
    systems = three_systems()
    for system in systems:
        system.failure = SourceUnavailableError()
    async with gateway_on(systems, customer=RANK) as gateway:
        answer = await gateway.ask('{ searchCustomers(text: "zed") { nodes { id } } }')
    assert answer["data"] == {"searchCustomers": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_UNAVAILABLE"]


async def test_a_letter_is_refused():
    """It would find everybody; no source is asked."""
    (crm,) = systems = [searching("crm", mailed("1", "ann"))]
    async with gateway_on(systems) as gateway:
        answer = await gateway.ask('{ searchCustomers(text: "z") { nodes { id } } }')
    assert answer["data"] == {"searchCustomers": None}
    (error,) = answer["errors"]
    assert error["extensions"]["code"] == "INVALID_ARGUMENT"
    assert error["message"] == "text: one letter finds everybody; look for two or more"
    assert crm.calls == []


async def test_pages_end_where_no_more_are_ranked():
    """Who is behind that is looked for by more words; the pages say that there are others."""
    crm = searching("crm", *(mailed(f"{n:03}", f"a{n:03}") for n in range(MAX_RECORDS + 3)))
    async with gateway_on([crm]) as gateway:
        given = await pages(gateway, 25)
    assert [len(page["nodes"]) for page in given] == [25, 25, MAX_RECORDS - 50]
    assert {(page["totalCount"], page["partial"]) for page in given} == {(None, True)}


async def test_a_cursor_of_somebody_who_is_not_found_any_more():
    """Its page is empty, and says that it is not all."""
    after = cursor_of(RecordPosition(None, "9", record="customer", source="crm"))
    async with gateway_on([searching("crm", mailed("1", "ann"))]) as gateway:
        page = (await gateway.data(QUERY + "}", {"first": 5, "after": after}))["page"]
    assert (page["nodes"], page["partial"], page["pageInfo"]["hasNextPage"]) == ([], True, False)


async def test_a_source_that_only_searches_is_asked_too():
    """It comes last unless the settings rank it; its records stand alone, for no id finds them."""
    index = MemoryConnector("index", {(r.Customer, KeyKind.TEXT): {"zed": [person("i1", name="Zed Ida")]}})
    crm, shop = searching("crm", mailed("1", "ann")), searching("shop", mailed("2", "bob"))
    async with gateway_on([index, crm, shop], customer=RANK) as gateway:
        (page,) = await pages(gateway, 9)
    assert ([node["id"] for node in page["nodes"]], page["totalCount"]) == (["crm:1", "shop:2", "index:i1"], 3)

"""Searching at several sources of customers: who is found, in which order, on which page, and what is counted."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import Ask, KeyKind, Position, Push
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from connectors.testing.memory import Call
from gateway.stitching.customer_search import MAX_COUNTED, MAX_HITS
from gateway.stitching.position import RecordPosition
from resolvers.cursor import cursor_of
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ENDS, calls_of, knowing, person

QUERY = """query Search($after: String, $first: Int) { page: searchCustomers(text: "a", first: $first, after: $after) {
    totalCount unavailable partial nodes { id name identity { records } } sources { name state }
    pageInfo { hasNextPage endCursor } }"""
RANK = {"priority": ["crm", "shop"]}
PUSHES = frozenset({Push.FIRST, Push.AFTER, Push.COUNT, Push.ORDER})


def searching(name: str, *people: r.Customer, found: int | None = None) -> MemoryConnector:
    """A source that finds these people by text, or the first of them, and all by id and address."""
    own = knowing(name, people, [KeyKind.CUSTOMER_ID, KeyKind.EMAIL], also={(r.Customer, KeyKind.TEXT): {"a": people[:found]}})
    own._pushdown = PUSHES
    return own


def mailed(id_: str, who: str) -> r.Customer:
    return person(id_, name=f"{who} {id_}", email=f"{who}@example.com")


def three_systems() -> list[MemoryConnector]:
    """Nine people. Of some of those whom several know, the ids come in another order, and one is not found by text."""
    shop = searching("shop", *(mailed(f"s{n}", who) for n, who in enumerate(["eve", "dan", "ida", "joe", "ann", "lea"])))
    crm = searching("crm", *(mailed(f"c{n}", who) for n, who in enumerate(["ann", "bob", "dan", "eve", "kim"])), found=4)
    desk = searching("desk", *(mailed(f"d{n}", who) for n, who in enumerate(["kim", "ida", "bob", "gus"])))
    return [shop, crm, desk]


ALL = ["crm:c0", "crm:c1", "crm:c2", "crm:c3", "shop:s2", "shop:s3", "shop:s5", "crm:c4", "desk:d3"]
"""Found in the CRM, then in the shop, then at the desk, which alone finds kim by text, whose first record is in the CRM."""


async def pages(gateway: Any, first: int, end: str = "}", after: str | None = None) -> list[dict[str, Any]]:
    given: list[dict[str, Any]] = []
    while not given or given[-1]["pageInfo"]["hasNextPage"]:
        given.append((await gateway.data(QUERY + end, {"first": first, "after": after}))["page"])
        after = given[-1]["pageInfo"]["endCursor"]
    return given


@ENDS
@pytest.mark.parametrize("first", [1, 2, 3, 4, 8, 9, 10])
async def test_each_customer_comes_once_however_long_the_pages_are(first: int, end: str):
    """In the order of sources; each page says how many customers there are, and has as many as were asked for."""
    async with gateway_on(three_systems(), customer=RANK) as gateway:
        given = await pages(gateway, first, end)
    assert [node["id"] for page in given for node in page["nodes"]] == ALL
    assert [len(page["nodes"]) for page in given] == [first] * (9 // first) + ([9 % first] if 9 % first else [])
    assert {page["totalCount"] for page in given} == {9}
    assert given[0]["nodes"][0] == {"id": "crm:c0", "name": "ann c0", "identity": {"records": ["crm:c0", "shop:s4"]}}
    assert {(page["partial"], *page["unavailable"]) for page in given} == {(False,)}


async def test_a_search_asks_each_source_once_and_walks_for_its_page_alone():
    """A source that does not search is left out; what nobody counts is not walked for."""
    shop, crm, desk = three_systems()
    del desk.records[r.Customer, KeyKind.TEXT]  # type: ignore[attr-defined]
    async with gateway_on([shop, crm, desk], customer=RANK) as gateway:
        found = await gateway.data('{ searchCustomers(text: "a", first: 1) { nodes { id name } pageInfo { hasNextPage } } }')
    assert found["searchCustomers"] == {"nodes": [{"id": "crm:c0", "name": "ann c0"}], "pageInfo": {"hasNextPage": True}}
    mails = ("ann@example.com", "bob@example.com")
    assert calls_of(shop, crm, desk) == [
        [("text", ("a",)), ("email", mails)],
        [("text", ("a",)), ("customer_id", ("c0", "c1")), ("email", mails)],
        [("email", mails)],
    ]


async def test_what_the_first_source_gives_alone_needs_no_walk():
    """Its own ids: nothing but the search is asked, where no other source has found anybody."""
    crm, shop = searching("crm", mailed("1", "ann"), mailed("2", "bob")), searching("shop", mailed("7", "ann"), found=0)
    async with gateway_on([crm, shop]) as gateway:
        found = await gateway.data('{ searchCustomers(text: "a") { totalCount nodes { sourceId } } }')
    assert found["searchCustomers"] == {"totalCount": 2, "nodes": [{"sourceId": "1"}, {"sourceId": "2"}]}
    assert calls_of(crm, shop) == [[("text", ("a",))], [("text", ("a",))]]


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


class Keyless(MemoryConnector):
    """A source that searches, and fails where it is asked by address."""

    async def _receive(self, call: Call) -> None:
        await super()._receive(call)
        if call[1] is KeyKind.EMAIL:
            raise SourceUnavailableError


async def test_a_page_says_that_a_customer_may_come_twice():
    """Both sources have searched, and one could not be asked whose address it is."""
    ann, souza = mailed("7", "ann"), mailed("42", "ann")
    shop = knowing("shop", [souza], [KeyKind.CUSTOMER_ID], {(r.Customer, KeyKind.TEXT): {"a": [souza]}})
    crm = knowing("crm", [ann], [KeyKind.CUSTOMER_ID, KeyKind.EMAIL], {(r.Customer, KeyKind.TEXT): {"a": [ann]}}, Keyless)
    async with gateway_on([crm, shop], identity={"trusts": {"shop": ["email"]}}) as gateway:
        page = await gateway.data('{ searchCustomers(text: "a") { partial unavailable nodes { id name } } }')
    assert page["searchCustomers"] == {
        "partial": True,
        "unavailable": [],
        "nodes": [{"id": "crm:7", "name": "ann 7"}, {"id": "shop:42", "name": "ann 42"}],
    }


async def test_a_search_fails_where_no_source_can_be_asked():
    """There is no page of nothing."""
    systems = three_systems()
    for system in systems:
        system.failure = SourceUnavailableError()
    async with gateway_on(systems, customer=RANK) as gateway:
        answer = await gateway.ask('{ searchCustomers(text: "a") { nodes { id } } }')
    assert answer["data"] == {"searchCustomers": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_UNAVAILABLE"]


async def test_many_records_of_several_sources_are_not_counted():
    """Some may be of the same customer; to tell, all would have to be found."""
    count = MAX_COUNTED // 2
    crm = searching("crm", *(mailed(f"{n:03}", f"a{n}") for n in range(count)))
    shop = searching("shop", *(mailed(f"{n:03}", f"b{n}") for n in range(count + 1)))
    async with gateway_on([crm, shop]) as gateway:
        page = (await gateway.data(QUERY + "}", {"first": 1}))["page"]
        shop.records[r.Customer, KeyKind.TEXT]["a"] = []  # type: ignore[index]
        other = (await gateway.data(QUERY + "}", {"first": 1}))["page"]
    assert (page["totalCount"], other["totalCount"]) == (None, count)


async def test_pages_go_on_behind_what_is_read_at_once():
    """A source that has more is asked again, from the cursor on; the next one comes behind its end, and costs no customer."""
    crm = searching("crm", *(mailed(f"{n:04}", f"a{n}") for n in range(MAX_HITS + 3)))
    shop = searching("shop", mailed("6", "a0"), mailed("7", "a998"), mailed("8", "a2"), mailed("9", "b9"))
    after = cursor_of(RecordPosition(None, f"{MAX_HITS - 4:04}", record="customer", source="crm"))
    async with gateway_on([crm, shop]) as gateway:
        begin = (await gateway.data(QUERY + "}", {"first": 1}))["page"]
        given = await pages(gateway, 2, after=after)
    assert [node["identity"]["records"] for node in begin["nodes"]] == [["crm:0000", "shop:6"]]
    assert [[node["id"] for node in page["nodes"]] for page in given] == [
        ["crm:0997", "crm:0998"],
        ["crm:0999", "crm:1000"],
        ["crm:1001", "crm:1002"],
        ["shop:9"],
    ]
    asked = [call[3].after for call in crm.calls if call[1] is KeyKind.TEXT and isinstance(call[3], Ask)]
    assert asked == [None, None, None, Position(None, "0998"), None, Position(None, "1000"), None, Position(None, "1002")]


async def test_records_of_earlier_customers_are_left_out_in_few_turns():
    """A page that begins behind the first source looks at more records of the next one each time: 2, 4, 8 and so on."""
    crm = searching("crm", *(mailed(f"{n:03}", f"a{n}") for n in range(MAX_COUNTED)))
    shop = searching("shop", *(mailed(f"{n:03}", f"a{n}") for n in range(MAX_COUNTED)), mailed("999", "b"))
    after = cursor_of(RecordPosition(None, f"{MAX_COUNTED - 1:03}", record="customer", source="crm"))
    async with gateway_on([crm, shop]) as gateway:
        page = (await gateway.data(QUERY + "}", {"first": 1, "after": after}))["page"]
    assert [node["id"] for node in page["nodes"]] == ["shop:999"]
    walked = [len(call[2]) for call in shop.calls if call[1] is KeyKind.CUSTOMER_ID]
    assert walked == [2, 4, 8, 16, 32, 39]


async def test_a_source_that_only_searches_is_asked_too():
    """It comes last unless the settings rank it; its records stand alone, for no id finds them."""
    index = MemoryConnector("index", {(r.Customer, KeyKind.TEXT): {"a": [person("i1", name="Ida")]}})
    crm, shop = searching("crm", mailed("1", "ann")), searching("shop", mailed("2", "bob"))
    async with gateway_on([index, crm, shop], customer=RANK) as gateway:
        found = await gateway.data('{ searchCustomers(text: "a") { totalCount nodes { id } } }')
    nodes = [{"id": "crm:1"}, {"id": "shop:2"}, {"id": "index:i1"}]
    assert found["searchCustomers"] == {"totalCount": 3, "nodes": nodes}

"""Pages of several sources and types: each record once, whatever times and ids they share."""

from base64 import urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime
from itertools import product
from random import Random
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import Ask, KeyKind, Position, Push
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.stitching.position import RecordPosition, ask_of_source
from resolvers.cursor import cursor_of, position_of
from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on

pytestmark = pytest.mark.cases

TIMES = [shop.at(day) for day in (1, 2)] + [shop.at(2).replace(microsecond=1)]
LIST = """query ($after: String, $first: Int!, $order: SortOrder!) { customer(by: {id: "c1"}) {
    page: orders(first: $first, after: $after, order: $order) {
        edges { cursor } pageInfo { endCursor hasNextPage } nodes { id placedAt status } sources { name } } } }"""
TIMELINE = """query ($after: String, $first: Int!) { customer(by: {id: "c1"}) {
    page: timeline(first: $first, after: $after) { edges { cursor } pageInfo { endCursor hasNextPage } nodes {
        __typename ... on Order { id placedAt status } ... on Ticket { id createdAt subject } ... on Event { id at type }
    } } } }"""


def base64_of(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def drawn(drawing: Random, source: str) -> dict[type[r.Record], list[r.Record]]:
    """Orders, tickets and events of one source: few ids, few times, so that most are shared; `source` is told by a field."""
    status = {"a": r.OrderStatus.PENDING, "b": r.OrderStatus.SHIPPED, "c": r.OrderStatus.DELIVERED}[source]
    found: dict[type[r.Record], list[r.Record]] = {r.Order: [], r.Ticket: [], r.Event: []}
    for record_id in "123":
        time = drawing.choice(TIMES)
        made: Sequence[r.Record] = (
            r.Order(id=record_id, placed_at=time, status=status),
            r.Ticket(id=record_id, created_at=time, subject=source),
            r.Event(id=record_id, at=time, type=source),
        )
        for record in made:
            if drawing.random() < 0.8:
                found[type(record)].append(record)
    return found


def sources_of(drawing: Random) -> list[MemoryConnector]:
    """One to three sources, each of which applies some parts of an ask itself."""
    pushdowns: list[set[Push]] = [set(Push), set(), {Push.FIRST, Push.ORDER}, {Push.AFTER, Push.ORDER}]
    return [
        MemoryConnector(
            name,
            {(kind, KeyKind.CUSTOMER_ID): {"c1": records} for kind, records in drawn(drawing, name).items()},
            pushdown=drawing.choice(pushdowns),
        )
        for name in drawing.sample("abc", drawing.randint(1, 3))
    ]


async def pages_of(gateway: Gateway, query: str, **words: Any) -> list[dict[str, Any]]:
    """All nodes, page after page; the cursor of each edge is the one to go on from."""
    nodes: list[dict[str, Any]] = []
    after = None
    for _ in range(100):
        page = (await gateway.data(query, {"after": after, **words}))["customer"]["page"]
        nodes += page["nodes"]
        if page["nodes"]:
            assert page["pageInfo"]["endCursor"] == page["edges"][-1]["cursor"]
        if not page["pageInfo"]["hasNextPage"]:
            return nodes
        after = page["pageInfo"]["endCursor"]
    raise AssertionError("pages without an end")


def of(connectors: Sequence[MemoryConnector], *kinds: type[r.Record]) -> list[tuple[str, ...]]:
    """What sources hold, as sorted texts."""
    records = [
        (f"{source.name}:{one.id}", one)
        for source in connectors
        for kind in kinds
        for one in source.records[kind, KeyKind.CUSTOMER_ID]["c1"]
    ]
    return sorted(
        (node_id, one.status.value)
        if isinstance(one, r.Order)
        else (node_id, type(one).__name__, getattr(one, "subject", None) or getattr(one, "type", ""))
        for node_id, one in records
    )


@pytest.mark.parametrize("seed", range(10))
async def test_every_record_is_given_once_whatever_the_size_of_a_page(seed: int):
    """Lists of up to three sources in both orders, and timelines of three types: the same records for every page size."""
    drawing = Random(seed)
    connectors = sources_of(drawing)
    async with gateway_on([shop.crm(), *connectors]) as gateway:
        for first, order in product((1, 2, 3, 20), ("NEWEST_FIRST", "OLDEST_FIRST")):
            nodes = await pages_of(gateway, LIST, first=first, order=order)
            assert sorted((one["id"], one["status"]) for one in nodes) == of(connectors, r.Order)
            times = [datetime.fromisoformat(one["placedAt"]) for one in nodes]
            assert times == sorted(times, reverse=order == "NEWEST_FIRST")
            if first == 1:
                whole = await pages_of(gateway, LIST, first=100, order=order)
                assert nodes == whole
        whole = await pages_of(gateway, TIMELINE, first=100)
        for first in (1, 2, 3):
            assert await pages_of(gateway, TIMELINE, first=first) == whole
        named = [
            (one["id"], one["status"]) if "status" in one else (one["id"], one["__typename"], one.get("subject") or one["type"])
            for one in whole
        ]
        assert sorted(named) == of(connectors, r.Order, r.Ticket, r.Event)


async def test_two_keys_of_one_source_that_share_records_page_without_repeat():
    """Records that two addresses find, of one time, one by one."""
    tickets = [r.Ticket(id=str(n), created_at=TIMES[0], subject="a") for n in range(4)]
    support = MemoryConnector(
        "support", {(r.Ticket, KeyKind.EMAIL): {"ana@example.com": tickets[:3], "ana.work@example.org": tickets[1:]}}
    )
    query = """query ($after: String, $first: Int!) { customer(by: {id: "c1"}) {
        page: tickets(first: $first, after: $after) { edges { cursor } pageInfo { endCursor hasNextPage } nodes { id } } } }"""
    async with gateway_on([shop.crm(), support]) as gateway:
        assert [one["id"] for one in await pages_of(gateway, query, first=1)] == [f"support:{n}" for n in (3, 2, 1, 0)]


@pytest.mark.parametrize("text", ['["2026-06-01T00:00:00Z","o1"]', '["2026-06-01T00:00:00Z","o1","order","a"]'])
async def test_a_cursor_of_time_and_id_alone_is_still_one(text: str):
    """Those that clients hold from before point after that time and id in every source; those of today name the source."""
    orders = [r.Order(id=f"o{n}", placed_at=shop.at(1, 0)) for n in range(3)]
    connectors = [MemoryConnector(name, {(r.Order, KeyKind.CUSTOMER_ID): {"c1": orders}}) for name in "ab"]
    after = base64_of(text)
    async with gateway_on([shop.crm(), *connectors]) as gateway:
        page = (await gateway.data(LIST, {"after": after, "first": 9, "order": "NEWEST_FIRST"}))["customer"]["page"]
    assert [one["id"] for one in page["nodes"]] == (["a:o0"] if "order" in text else ["b:o0", "a:o0"])


@pytest.mark.parametrize(
    "text",
    [
        '["2026-06-01T00:00:00Z","o1","order"]',
        '["2026-06-01T00:00:00Z","o1","nothing","a"]',
        '["2026-06-01T00:00:00Z","o1","order","a","b"]',
        '[null,"o1","order","a"]',
        '["2026-06-01T00:00:00Z"]',
        "{}",
        f'["2026-06-01T00:00:00Z","{"o" * 3_000}"]',
    ],
)
async def test_what_is_no_cursor_is_refused(text: str):
    """A part too few or too many, another type, no time where records have one: INVALID_ARGUMENT, and nothing is asked.

    Nor may it be longer than any of ours: what is asked is remembered with it.
    """
    orders = MemoryConnector("a", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": []}})
    async with gateway_on([shop.crm(), orders]) as gateway:
        answer = await gateway.ask(LIST, {"after": base64_of(text), "first": 9, "order": "NEWEST_FIRST"})
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_ARGUMENT"]
    assert orders.calls == []


def test_a_cursor_is_read_as_it_was_written():
    """Time, type, source and id, also those that JSON escapes."""
    place = RecordPosition(TIMES[2], 'ö"\\', record="order", source="shop-1")
    assert position_of(cursor_of(place), r.Order) == place


@pytest.mark.parametrize(
    ("source", "oldest_first", "after"),
    [
        ("b", False, Position(TIMES[0], "7")),
        ("a", False, Position(TIMES[0].replace(microsecond=1), "")),
        ("c", False, Position(TIMES[0], "")),
        ("b", True, Position(TIMES[0], "7")),
        ("a", True, Position(TIMES[0].replace(microsecond=1), "")),
        ("c", True, Position(TIMES[0], "")),
    ],
)
def test_each_source_goes_on_where_the_page_ended(source: str, oldest_first: bool, after: Position):
    """Its own source after that id; before it in the order after that time, behind it from that time on."""
    place = RecordPosition(TIMES[0], "7", record="order", source="b")
    ask = Ask(fields=Fields.from_paths("id"), after=place, oldest_first=oldest_first)
    assert ask_of_source(ask, r.Order, source).after == after


async def test_a_search_goes_on_after_its_cursor():
    """Customers have no time: a cursor is one of them."""
    found = [r.Customer(id=f"c{n}", name="Ana") for n in range(3)]
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.TEXT): {"ana": found}})
    query = """query ($after: String, $first: Int!) { page: searchCustomers(text: "ana", first: $first, after: $after) {
        edges { cursor } pageInfo { endCursor hasNextPage } nodes { id } } }"""
    async with gateway_on([crm]) as gateway:
        one = (await gateway.data(query, {"first": 1}))["page"]
        two = (await gateway.data(query, {"first": 5, "after": one["pageInfo"]["endCursor"]}))["page"]
    assert [node["id"] for page in (one, two) for node in page["nodes"]] == ["crm:c0", "crm:c1", "crm:c2"]


def test_the_end_of_time_has_nothing_behind_it():
    """A tick after the last time there is: newest first everything follows, oldest first nothing of that time."""
    place = RecordPosition(datetime.max.replace(tzinfo=UTC), "7", record="order", source="b")
    newest, oldest = (Ask(fields=Fields.from_paths("id"), after=place, oldest_first=oldest) for oldest in (False, True))
    assert ask_of_source(newest, r.Order, "a").after is None
    assert ask_of_source(oldest, r.Order, "a").after == Position(place.time, "\U0010ffff")

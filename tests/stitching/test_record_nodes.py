"""Orders, tickets and events by id: `order`, `ticket`, and `node` for any type."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.sql import SqlSettings
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import gateway_on

UNPLANNED = " __schema { queryType { name } } }"
"""The end of an operation that graphql-core runs."""
ENDS = pytest.mark.parametrize("end", ["}", UNPLANNED])


def everything(name: str) -> MemoryConnector:
    """A source that has a customer, an order, a ticket and an event of the id 7, and an order 8."""
    records: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): {"7": [r.Customer(id="7", name="Seven")]},
        (r.Order, KeyKind.ORDER_ID): {n: [r.Order(id=n, placed_at=shop.at(1))] for n in ("7", "8")},
        (r.Ticket, KeyKind.TICKET_ID): {"7": [r.Ticket(id="7", created_at=shop.at(1), subject="Help")]},
        (r.Event, KeyKind.EVENT_ID): {"7": [r.Event(id="7", at=shop.at(1), type="view")]},
    }
    return MemoryConnector(name, records)


def asked_types(source: MemoryConnector) -> list[str]:
    return sorted(record.__name__ for record, *_ in source.calls)


@ENDS
async def test_a_node_is_of_any_type(end: str):
    """Each by the id that lists show, with its own fields."""
    query = f"""query ($id: ID!) {{ node(id: $id) {{ __typename id
        ... on Customer {{ name }} ... on Order {{ number items {{ sku }} }} ... on Ticket {{ source subject }}
        ... on Event {{ sourceId type }} }} {end}"""
    async with gateway_on([*shop.sources_by_own_keys().values()]) as gateway:
        nodes = [
            (await gateway.data(query, {"id": id_}))["node"]
            for id_ in ("crm:c1", "orders:oc12", "support:t2", "behaviour:e1", "orders:none", "support:oc12", "oc12", "c2")
        ]
    assert nodes == [
        {"__typename": "Customer", "id": "crm:c1", "name": "Ana Souza"},
        {"__typename": "Order", "id": "orders:oc12", "number": "#2", "items": [{"sku": "s2"}]},
        {"__typename": "Ticket", "id": "support:t2", "source": "support", "subject": "Broken"},
        {"__typename": "Event", "id": "behaviour:e1", "sourceId": "e1", "type": "page_view"},
        None,
        None,
        None,
        {"__typename": "Customer", "id": "crm:c2", "name": "李娜"},
    ]


@ENDS
async def test_order_and_ticket_are_of_their_type(end: str):
    """With or without their source; null when there is none."""
    query = f"""{{ a: order(id: "orders:oc11") {{ id total {{ amount currency }} placedAt }} b: order(id: "oc21") {{ id }}
        c: order(id: "support:t1") {{ id }} d: order(id: "orders:none") {{ id }} e: ticket(id: "t1") {{ id number subject }}
        f: ticket(id: "support:none") {{ id }} {end}"""
    async with gateway_on([*shop.sources_by_own_keys().values()]) as gateway:
        data = await gateway.data(query)
    assert [data[key] for key in "abcdef"] == [
        {"id": "orders:oc11", "total": {"amount": "10.00", "currency": "EUR"}, "placedAt": "2026-06-01T12:00:00Z"},
        {"id": "orders:oc21"},
        None,
        None,
        {"id": "support:t1", "number": "T-1", "subject": "Where is it?"},
        None,
    ]


@ENDS
@pytest.mark.parametrize(
    ("selected", "node"),
    [
        ("", {"__typename": "Customer"}),
        ("... on Ticket { subject }", {"__typename": "Ticket", "subject": "Help"}),
        ("... on Event { type } ... on Order { sourceId }", {"__typename": "Order", "sourceId": "7"}),
        ("... on Node { id }", {"__typename": "Customer", "id": "all:7"}),
    ],
)
async def test_an_id_of_several_types_is_of_the_type_that_is_expected(end: str, selected: str, node: dict[str, str]):
    """The first in order of which the selection asks for more than any node has; all are asked at once."""
    source = everything("all")
    async with gateway_on([source]) as gateway:
        data = await gateway.data(f'{{ node(id: "all:7") {{ __typename {selected} }} {end}')
    assert data["node"] == node
    assert asked_types(source) == ["Customer", "Event", "Order", "Ticket"]


@ENDS
async def test_an_id_of_another_type_than_expected_is_found(end: str):
    """A fragment says what is expected, and not what there may be."""
    async with gateway_on([everything("all")]) as gateway:
        data = await gateway.data(f'{{ node(id: "all:8") {{ __typename id ... on Ticket {{ subject }} }} {end}')
    assert data["node"] == {"__typename": "Order", "id": "all:8"}


@ENDS
async def test_an_id_without_a_source_is_a_customers(end: str):
    """No other type is asked."""
    source = everything("all")
    async with gateway_on([source]) as gateway:
        data = await gateway.data(f'{{ node(id: "7") {{ id }} {end}')
    assert (data["node"], asked_types(source)) == ({"id": "all:7"}, ["Customer"])


@ENDS
async def test_a_source_that_is_down_costs_its_nodes(end: str):
    """Each is null with the error; what may be of several types is not called a customer."""
    sources = [shop.sources_by_own_keys()["orders"], everything("all")]
    for source in sources:
        source.failure = SourceUnavailableError()
    query = f'{{ a: order(id: "orders:oc11") {{ id }} b: node(id: "all:7") {{ id }} c: node(id: "orders:oc11") {{ id }} {end}'
    async with gateway_on(sources) as gateway:
        answer = await gateway.ask(query)
    assert [answer["data"][key] for key in "abc"] == [None, None, None]
    errors = {error["path"][0]: (error["extensions"]["source"], error["extensions"]["code"]) for error in answer["errors"]}
    assert errors == {key: (name, "SOURCE_UNAVAILABLE") for key, name in (("a", "orders"), ("b", "all"), ("c", "orders"))}


@ENDS
async def test_no_source_that_finds_records_by_id_is_said(end: str):
    """It is no order that is missing, but a setting."""
    async with gateway_on([shop.crm(), shop.orders()]) as gateway:
        answer = await gateway.ask(f'{{ order(id: "orders:oc11") {{ id }} node(id: "orders:oc11") {{ id }} {end}')
    (error,) = answer["errors"]
    assert (answer["data"]["order"], answer["data"]["node"]) == (None, None)
    assert (error["message"], error["extensions"]["code"]) == ("no source finds records of order by id", "INVALID_KEY")


async def test_an_id_in_other_letters_is_another_record():
    """A database that compares in any case of letters finds one that the caller did not ask for."""
    orders = MemoryConnector("orders", {(r.Order, KeyKind.ORDER_ID): {"OC11": shop.ORDERS["c1"][:1]}})
    async with gateway_on([orders]) as gateway:
        assert await gateway.data('{ order(id: "orders:OC11") { id } }') == {"order": None}


async def test_records_by_their_own_keys_are_not_kept():
    """A change tells the customer's key, which says nothing of the order's id."""
    sources = shop.sources_by_own_keys()
    called = {"retries": 0, "cache_s": {"order": 60, "customer": 60}}
    async with gateway_on([*sources.values()], called=called) as gateway:
        for _ in range(2):
            await gateway.data('{ order(id: "oc11") { id } customer(by: {id: "c1"}) { orders { nodes { id } } } }')
    assert sorted(by.value for _, by, *_ in sources["orders"].calls) == ["customer_id", "order_id", "order_id"]


async def test_own_keys_find_no_records_of_a_customer():
    """A source that finds orders by id alone has none in lists, and says so."""
    orders = MemoryConnector("orders", {(r.Order, KeyKind.ORDER_ID): {}, (r.Order, KeyKind.ORDER_NUMBER): {}})
    async with gateway_on([shop.crm(), orders]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orders { nodes { id } } sources { name state } } }')
    assert data["customer"]["orders"] is None
    assert data["customer"]["sources"] == [{"name": "crm", "state": "FRESH"}, {"name": None, "state": "NOT_CONFIGURED"}]
    assert orders.calls == []


@pytest.mark.parametrize("kind", ["order_id", "event_id"])
def test_a_key_of_another_record_is_refused(kind: str):
    """Settings that find tickets by ids of orders or events are a mistake."""
    record = {"query": "SELECT id, created_at FROM tickets", "keys": {kind: "id"}}
    with pytest.raises(ValueError, match=rf"ticket\.keys\.{kind}: it finds records of {kind[:5]}, not of ticket"):
        SqlSettings.model_validate({"url": "sqlite+aiosqlite:///shop.db", "records": {"ticket": record}})

"""Ids in the schema: `SOURCE:ID`, unique in their type, read with and without their source."""

from collections.abc import Mapping
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.explain import explained
from gateway.identity.node_ids import NodeIds, node_id, node_id_expression
from tests.support import shop
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.webhook_requests import hook, of, sources_with, tell

pytestmark = pytest.mark.cases

UNPLANNED = " __schema { queryType { name } } }"
"""The end of an operation that graphql-core runs."""


def shop_called(name: str, status: r.OrderStatus = r.OrderStatus.SHIPPED) -> MemoryConnector:
    """A shop whose orders, tickets and events of c1 count from 1, all of the same times."""
    records: Mapping[Any, Any] = {
        (r.Order, KeyKind.CUSTOMER_ID): {"c1": [r.Order(id=f"{n}", placed_at=shop.at(n), status=status) for n in (1, 2)]},
        (r.Ticket, KeyKind.CUSTOMER_ID): {"c1": [r.Ticket(id="1", created_at=shop.at(1), subject=name)]},
        (r.Event, KeyKind.CUSTOMER_ID): {"c1": [r.Event(id="1", at=shop.at(1), type=name)]},
    }
    return MemoryConnector(name, records)


def crm_with(*ids: str, name: str = "crm") -> MemoryConnector:
    """A source of customers with these ids, each called by its source and id."""
    customers = {one: [r.Customer(id=one, name=f"{one} of {name}")] for one in ids}
    return MemoryConnector(name, {(r.Customer, KeyKind.CUSTOMER_ID): customers})


def keys_asked(source: MemoryConnector) -> list[tuple[str, ...]]:
    return [tuple(call[2]) for call in source.calls]


@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_two_shops_with_equal_ids_are_both_listed(end: str):
    """In lists, edges and the timeline, with the source and its own id beside the id; the plan and graphql-core alike."""
    told = "id source sourceId"
    query = f"""{{ customer(by: {{id: "c1"}}) {{ {told}
        orders {{ nodes {{ {told} status }} edges {{ node {{ sourceId id }} }} }}
        tickets {{ nodes {{ source subject }} }}
        events {{ nodes {{ sourceId type }} }}
        timeline {{ nodes {{ __typename ... on Order {{ id }} ... on Ticket {{ {told} }} ... on Event {{ id type }} }}
            edges {{ node {{ ... on Order {{ source }} ... on Ticket {{ ticket: id }} ... on Event {{ event: id }} }} }} }}
        }} """
    async with gateway_on([shop.crm(), shop_called("eu"), shop_called("us", r.OrderStatus.PENDING)]) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    assert {name: customer[name] for name in told.split()} == {"id": "crm:c1", "source": "crm", "sourceId": "c1"}
    in_order = [("us", "2"), ("eu", "2"), ("us", "1"), ("eu", "1")]
    assert customer["orders"]["nodes"] == [
        {"id": f"{name}:{n}", "source": name, "sourceId": n, "status": "SHIPPED" if name == "eu" else "PENDING"}
        for name, n in in_order
    ]
    assert customer["orders"]["edges"] == [{"node": {"sourceId": n, "id": f"{name}:{n}"}} for name, n in in_order]
    assert customer["tickets"]["nodes"] == [{"source": name, "subject": name} for name in ("us", "eu")]
    assert customer["events"]["nodes"] == [{"sourceId": "1", "type": name} for name in ("us", "eu")]
    nodes = customer["timeline"]["nodes"]
    assert [(one["__typename"], one["id"]) for one in nodes] == [
        ("Order", "us:2"),
        ("Order", "eu:2"),
        *[("Ticket", f"{name}:1") for name in ("us", "eu")],
        *[("Order", f"{name}:1") for name in ("us", "eu")],
        *[("Event", f"{name}:1") for name in ("us", "eu")],
    ]
    assert nodes[2] == {"__typename": "Ticket", "id": "us:1", "source": "us", "sourceId": "1"}
    assert [edge["node"] for edge in customer["timeline"]["edges"]] == [
        {"source": one["id"][:2]} if one["__typename"] == "Order" else {one["__typename"].lower(): one["id"]} for one in nodes
    ]


async def test_an_id_stays_when_a_source_is_added():
    """One shop alone names itself already."""
    query = '{ customer(by: {id: "c1"}) { orders { nodes { id } } } }'
    found = []
    for names in (["eu"], ["eu", "us"]):
        async with gateway_on([shop.crm(), *map(shop_called, names)]) as gateway:
            found.append({one["id"] for one in (await gateway.data(query))["customer"]["orders"]["nodes"]})
    assert found == [{"eu:1", "eu:2"}, {"eu:1", "eu:2", "us:1", "us:2"}]


@pytest.mark.parametrize("given", ["c1", "crm:c1", " crm:c1 ", "crm: c1"])
@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_a_customer_is_asked_for_with_and_without_the_source(given: str, end: str):
    """By key, in a list, as a node: the same customer with his records and tags, and sources are asked by their own ids."""
    sources = shop.sources()
    query = """fragment F on Customer { id name orders { totalCount } tag(key: "activity") { value } }
        query ($id: ID!) { customer(by: {id: $id}) { ...F } customers(ids: [$id]) { ...F } node(id: $id) { id ...F } """
    async with gateway_on(list(sources.values()), **shop.PINNED) as gateway:
        data = await gateway.data(query + end, {"id": given})
    found = {"id": "crm:c1", "name": "Ana Souza", "orders": {"totalCount": 5}, "tag": {"value": "HIGH"}}
    assert (data["customer"], data["customers"], data["node"]) == (found, [found], found)
    assert {key for source in ("crm", "orders") for keys in keys_asked(sources[source]) for key in keys} == {"c1"}


async def test_ids_in_both_forms_give_the_same_customer_twice():
    """In the order of the ids, asked for once: the plan asks ahead by the own id as well."""
    sources = shop.sources()
    async with gateway_on(list(sources.values())) as gateway:
        data = await gateway.data('{ customers(ids: ["c1", "crm:c1", "orders:c1", "crm:x"]) { id orders { totalCount } } }')
    found = {"id": "crm:c1", "orders": {"totalCount": 5}}
    assert data["customers"] == [found, found, None, None]
    assert (keys_asked(sources["crm"]), keys_asked(sources["orders"])) == ([("c1", "x")], [("c1", "x")])


@pytest.mark.parametrize(
    ("given", "own_id"),
    [
        ("urn:7", "urn:7"),
        ("crm:urn:7", "urn:7"),
        (":7", ":7"),
        ("crm::7", ":7"),
        ("crm:orders:7", "orders:7"),
        ("crm:crm:7", "crm:7"),
        ("crm:", None),
        ("orders:7", None),
        ("orders:urn:7", None),
        ("CRM:7", None),
    ],
)
async def test_an_id_may_hold_colons(given: str, own_id: str | None):
    """Only the name of a configured source ends at the first one."""
    crm = crm_with("urn:7", ":7", "orders:7", "crm:7", "7")
    query = "query ($id: ID!) { node(id: $id) { id ... on Customer { source sourceId } } }"
    async with gateway_on([crm, shop.orders()]) as gateway:
        answer = await gateway.ask(query, {"id": given})
    found = None if own_id is None else {"id": f"crm:{own_id}", "source": "crm", "sourceId": own_id}
    assert answer["data"] == {"node": found}
    assert [error["extensions"]["code"] for error in answer.get("errors", ())] == ["INVALID_KEY"] * (given == "crm:")


@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_what_no_source_of_customers_can_have_is_not_asked_for(end: str):
    """An id of a source that has none is nobody's, also while the source of customers is down."""
    crm, orders = shop.crm(), shop.orders()
    crm.failure = SourceUnavailableError()
    query = """{ customer(by: {id: "orders:oc11"}) { id orders { totalCount } } node(id: "orders:oc11") { id }
        customers(ids: ["orders:oc11"]) { id orders { totalCount } } """
    async with gateway_on([crm, orders]) as gateway:
        data = await gateway.data(query + end)
    assert (data["customer"], data["node"], data["customers"]) == (None, None, [None])
    assert (crm.calls, orders.calls) == ([], [])


async def test_two_sources_of_customers_with_equal_ids_are_told_apart():
    """The source that an id names is asked; the first one where it names none."""
    eu, us = crm_with("1", "2", name="eu"), crm_with("1", name="us")
    ids = ["us:1", "1", "eu:1", "us:2", "eu:2", "us: "]
    query = """query ($ids: [ID!]!) { customers(ids: $ids) { id name source } us: node(id: "us:1") { id }
        eu: customer(by: {id: "eu:1"}) { id } }"""
    async with gateway_on([eu, us]) as gateway:
        answer = await gateway.ask(query, {"ids": ids})
    first = {"id": "eu:1", "name": "1 of eu", "source": "eu"}
    assert answer["data"] == {
        "customers": [
            {"id": "us:1", "name": "1 of us", "source": "us"},
            first,
            first,
            None,
            {"id": "eu:2", "name": "2 of eu", "source": "eu"},
            None,
        ],
        "us": {"id": "us:1"},
        "eu": {"id": "eu:1"},
    }
    assert [error["path"] for error in answer["errors"]] == [["customers", 5]]


async def test_candidates_can_be_asked_for():
    """An ambiguous key names full ids, each of which finds its customer."""
    async with gateway_on([shop.crm()]) as gateway:
        (error,) = (await gateway.ask('{ customer(by: {phone: "+5511912345678"}) { id } }'))["errors"]
        candidates = error["extensions"]["candidates"]
        data = await gateway.data("query ($ids: [ID!]!) { customers(ids: $ids) { name } }", {"ids": candidates})
    assert candidates == ["crm:c1", "crm:c2"]
    assert [one["name"] for one in data["customers"]] == ["Ana Souza", "李娜"]


@pytest.mark.parametrize("end", ["}", UNPLANNED])
async def test_a_customer_whose_record_failed_has_his_ids(end: str):
    """They were in the question; the rest of the record is null."""
    crm = shop.crm()
    crm.failure = SourceUnavailableError()
    async with gateway_on([crm, shop.orders()]) as gateway:
        answer = await gateway.ask(
            '{ customers(ids: ["c1", "crm:c2"]) { id source sourceId name orders { totalCount } } ' + end
        )
    assert answer["data"]["customers"] == [
        {"id": f"crm:{one}", "source": "crm", "sourceId": one, "name": None, "orders": {"totalCount": count}}
        for one, count in (("c1", 5), ("c2", 1))
    ]
    assert [error["path"] for error in answer["errors"]] == [["customers", 0, "name"], ["customers", 1, "name"]]


async def test_a_search_gives_ids_that_can_be_asked_for():
    """In its nodes and in its edges."""
    query = '{ searchCustomers(text: "ana li") { nodes { id sourceId } edges { node { id source } } } }'
    async with gateway_on([shop.crm()]) as gateway:
        found = (await gateway.data(query))["searchCustomers"]
    assert found["nodes"] == [{"id": f"crm:{one}", "sourceId": one} for one in ("c1", "c2")]
    assert [edge["node"] for edge in found["edges"]] == [{"id": f"crm:{one}", "source": "crm"} for one in ("c1", "c2")]


async def test_the_source_takes_no_field_but_the_id():
    """Whose the records are is known of any of them."""
    orders = shop.orders()
    async with gateway_on([shop.crm(), orders]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orders(first: 2) { nodes { source } } } }')
    assert data["customer"]["orders"]["nodes"] == [{"source": "orders"}] * 2
    ((_, _, _, ask),) = orders.calls
    assert ask.fields == Fields.from_paths("id")


@pytest.mark.parametrize("told", ["c1", "crm:c1"])
async def test_a_webhook_tells_an_id_in_either_form(told: str):
    """What is kept of the customer is asked for again."""
    orders = shop.orders()
    settings = sources_with({"orders": hook()}, {"order": 60}, "crm")
    query = '{ customer(by: {id: "c1"}) { orders { totalCount } } }'
    async with gateway_on([shop.crm(), orders], sources=settings) as gateway:
        await gateway.data(query)
        await gateway.data(query)
        assert len(orders.calls) == 1
        assert (await tell(gateway, "orders", of(told))).status_code == 204
        await gateway.data(query)
    assert keys_asked(orders) == [("c1",)] * 2


@pytest.mark.parametrize("given", ["c1", "crm:c1"])
async def test_tags_are_explained_by_an_id_in_either_form(given: str):
    """The command takes what an answer showed."""
    connectors = list(shop.sources().values())
    found = await explained(create_services(settings_for(connectors, **shop.PINNED), connectors=connectors), given)
    assert found is not None
    assert {entry.answer.tag.key: entry.answer.tag.value for entry in found.tags}["activity"] == "HIGH"


def test_generated_code_writes_the_same_id():
    """Whatever stands in the parts."""
    for source, own_id in (("crm", "1"), ("a-b_C", 'x:"{}"\\'), ("s", "李")):
        assert eval(node_id_expression("a", "b"), {"a": source, "b": own_id}) == node_id(source, own_id)


def test_an_id_is_read_as_it_was_written():
    """Of every source that finds records by id, with colons anywhere."""
    ids = NodeIds(["a", "b"], ["a", "b", "c"])
    for source in ("a", "b"):
        for own_id in ("1", "a:1", ":", "c:", "x:y"):
            assert ids.read(node_id(source, own_id)) == (source, own_id)
    assert (ids.read("1"), ids.read("d:1"), ids.read("c:1")) == (("a", "1"), ("a", "d:1"), None)
    assert NodeIds([], ["c"]).read("1") == (None, "1")

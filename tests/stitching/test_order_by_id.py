"""An order that several systems know is the same in lists, by `order` and `node`, by the id of any of its records."""

from collections.abc import Sequence
from random import Random
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import PATIENT_MS, PLAINLY, gateway_on
from tests.support.same_orders import IDS_OF, RANKED, SETTINGS, draw_orders

ENDS = pytest.mark.parametrize("end", ["}", " __schema { queryType { name } } }"])
"""The ends of an operation that a plan runs, and of one that graphql-core runs."""

ORDER = """fragment order on Order { id source sourceId currentId number channel status placedAt deliveredAt
    total { amount currency } refunded { amount } discount { amount } shipping { amount } tax { currency }
    items { sku total { amount } } payments { method } externalIds { source id } partial
    sources { name state records errorCode }
    origins { field source rule others { source value } } }"""
LIST = """{ customer(by: {id: "c1"}) { orders(first: 100) { nodes { ...order } }
    timeline(first: 100) { nodes { ... on Order { id } } } }"""
BY_ID = "query ($id: ID!) { order(id: $id) { ...order } node(id: $id) { ...order } "


def by_customer_and_id(name: str, orders: Sequence[r.Order], *, customer: str | None = "c1") -> MemoryConnector:
    """A source that finds orders by id, and those of a customer."""
    whole = [shop_order(own, customer) for own in orders]
    return MemoryConnector(
        name, {(r.Order, KeyKind.CUSTOMER_ID): {"c1": whole}, (r.Order, KeyKind.ORDER_ID): {own.id: [own] for own in whole}}
    )


def shop_order(order: r.Order, customer: str | None) -> r.Order:
    return r.Order(**{name: getattr(order, name) for name in order.__struct_fields__} | {"customer_id": customer})


def settings(sources: Sequence[MemoryConnector]) -> dict[str, Any]:
    blocks = {
        own.name: {"kind": "memory", **PLAINLY} | ({"order_ids_of": IDS_OF[own.name]} if own.name in IDS_OF else {})
        for own in sources
    }
    return {"sources": blocks, "deadline_ms": PATIENT_MS, **SETTINGS}


def without(order: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in order.items() if name not in names}


@ENDS
@pytest.mark.parametrize("down", [None, *RANKED])
@pytest.mark.parametrize("seed", range(4))
async def test_an_order_is_the_same_by_the_id_of_any_of_its_records(seed: int, down: str | None, end: str):
    """Random orders: each node of the list is found again under its id and those of its records, with all of its fields."""
    drawn = draw_orders(Random(seed), 6, stated=seed % 2 == 0)
    sources = [shop.crm(), *(by_customer_and_id(name, held) for name, held in drawn.items())]
    for source in sources:
        source.failure = SourceUnavailableError() if source.name == down else None
    held = {f"{name}:{own.id}" for name in RANKED if name != down for own in drawn[name]}
    async with gateway_on(sources, **settings(sources)) as gateway:
        listed = (await gateway.data(f"{LIST} {end} {ORDER}"))["customer"]
        nodes = {node["id"]: node for node in listed["orders"]["nodes"]}
        assert {entry["id"] for entry in listed["timeline"]["nodes"]} == nodes.keys()
        asked = 0
        for node in nodes.values():
            ids = {node["id"], *(f"{own['source']}:{own['id']}" for own in node["externalIds"])}
            for id_ in ids & held:
                answer = await gateway.ask(f"{BY_ID} {end} {ORDER}", {"id": id_})
                found = answer["data"]
                assert found["order"] == node
                assert (found["node"]["id"], found["node"]["currentId"]) == (id_, node["id"])
                shown = ("id", "source", "sourceId")
                assert without(found["node"], *shown) == without(node, *shown)
                asked += 1
        assert asked >= len(nodes) > 0


@ENDS
@pytest.mark.parametrize("is_down", [False, True])
async def test_a_customer_is_found_by_an_order_at_all_that_have_its_ids(is_down: bool, end: str):
    """The shop does not say whose its order is, or is down: the payments do. Of an order of the shop alone nobody knows."""
    orders = [r.Order(id=id_, placed_at=shop.at(1)) for id_ in ("1", "2")]
    own = by_customer_and_id("shop", orders, customer=None)
    own.failure = SourceUnavailableError() if is_down else None
    sources = [shop.crm(), own, by_customer_and_id("payments", orders[:1]), by_customer_and_id("erp", [])]
    query = f"""{{ a: customer(by: {{orderId: "shop:1"}}) {{ id }} b: customer(by: {{orderId: "payments:1"}}) {{ id }}
        c: customer(by: {{orderId: "shop:2"}}) {{ id }} {end}"""
    async with gateway_on(sources, **settings(sources)) as gateway:
        answer = await gateway.ask(query)
    expected = {"a": {"id": "crm:c1"}, "b": {"id": "crm:c1"}, "c": None, "__schema": None}
    assert answer["data"] | {"__schema": None} == expected
    errors = [(error["path"], error["extensions"]["code"]) for error in answer.get("errors", [])]
    assert errors == [(["c"], "SOURCE_UNAVAILABLE")] * is_down


@ENDS
async def test_a_source_that_is_down_costs_what_it_alone_knows(end: str):
    """Its order is found by its id at those that have the same ids; what nobody else knows is an error."""
    drawn = {
        "shop": [r.Order(id="1", placed_at=shop.at(1)), r.Order(id="2", placed_at=shop.at(2))],
        "payments": [r.Order(id="1", placed_at=shop.at(1), number="P")],
        "erp": [],
    }
    sources = [shop.crm(), *(by_customer_and_id(name, held) for name, held in drawn.items())]
    sources[1].failure = SourceUnavailableError()
    query = f"""{{ a: order(id: "shop:1") {{ id number partial sources {{ name state }} }} b: order(id: "payments:1") {{ id }}
        c: node(id: "payments:1") {{ id }} d: order(id: "shop:2") {{ id }} {end}"""
    async with gateway_on(sources, **settings(sources)) as gateway:
        answer = await gateway.ask(query)
    states = [
        {"name": "shop", "state": "UNAVAILABLE"},
        {"name": "payments", "state": "FRESH"},
        {"name": "erp", "state": "FRESH"},
    ]
    assert answer["data"] | {"__schema": None} == {
        "a": {"id": "shop:1", "number": "P", "partial": True, "sources": states},
        "b": {"id": "shop:1"},
        "c": {"id": "payments:1"},
        "d": None,
        "__schema": None,
    }
    ((path, code),) = [(error["path"], error["extensions"]["code"]) for error in answer["errors"]]
    assert (path, code) == (["d"], "SOURCE_UNAVAILABLE")


async def test_sources_are_asked_once_a_turn_for_all_aliases():
    """By id those that are named, and then all for the orders of the customers, at the same time as for the customers."""
    drawn = {
        name: [r.Order(id=f"{name[0]}{n}", placed_at=shop.at(n), number=f"N{n}") for n in (1, 2)] for name in ("shop", "erp")
    }
    sources = [
        shop.crm(),
        *(by_customer_and_id(name, held) for name, held in drawn.items()),
        by_customer_and_id("payments", []),
    ]
    query = """{ a: order(id: "shop:s1") { id } b: order(id: "erp:e2") { id } c: order(id: "shop:s2") { id }
        d: order(id: "erp:e1") { id } }"""
    async with gateway_on(sources, **settings(sources)) as gateway:
        data = await gateway.data(query)
    assert [data[key]["id"] for key in "abcd"] == ["shop:s1", "shop:s2", "shop:s2", "shop:s1"]
    asked = [(source.name, by.value, sorted(keys)) for source in sources for _, by, keys, *_ in source.calls]
    assert asked == [
        ("crm", "customer_id", ["c1"]),
        ("shop", "order_id", ["s1", "s2"]),
        ("shop", "customer_id", ["c1"]),
        ("erp", "order_id", ["e1", "e2"]),
        ("erp", "customer_id", ["c1"]),
        ("payments", "customer_id", ["c1"]),
    ]


async def test_an_id_of_a_source_that_finds_none_by_id_is_followed_to_those_that_have_the_same():
    """Payments know the orders of a customer alone; their ids are the shop's."""
    paid = MemoryConnector("payments", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [r.Order(id="1", placed_at=shop.at(1))]}})
    sources = [shop.crm(), by_customer_and_id("shop", [r.Order(id=n, placed_at=shop.at(1)) for n in ("1", "2")]), paid]
    sources.append(by_customer_and_id("erp", []))
    query = '{ a: order(id: "payments:1") { id } b: node(id: "payments:1") { id } c: order(id: "payments:2") { id } }'
    async with gateway_on(sources, **settings(sources)) as gateway:
        assert await gateway.data(query) == {"a": {"id": "shop:1"}, "b": {"id": "payments:1"}, "c": None}


async def test_an_invoice_for_two_orders_is_no_order():
    """No list has it, and so no id finds it."""
    stated = [r.ExternalOrderId(source="shop", id=n) for n in ("1", "2")]
    sources = [
        shop.crm(),
        by_customer_and_id("shop", [r.Order(id=n, placed_at=shop.at(1)) for n in ("1", "2")]),
        by_customer_and_id("payments", []),
        by_customer_and_id("erp", [r.Order(id="9", placed_at=shop.at(1), external_ids=stated)]),
    ]
    async with gateway_on(sources, **settings(sources)) as gateway:
        data = await gateway.data('{ a: order(id: "erp:9") { id } b: node(id: "erp:9") { id } c: order(id: "shop:2") { id } }')
    assert data == {"a": None, "b": None, "c": {"id": "shop:2"}}


@ENDS
async def test_an_order_of_nobody_is_joined_over_the_ids_that_its_records_state(end: str):
    """There is no list that has it: each id leads to the next."""
    stated = [r.ExternalOrderId(source="shop", id="1")]
    sources = [
        shop.crm(),
        by_customer_and_id("shop", [r.Order(id="1", placed_at=shop.at(1))], customer=None),
        by_customer_and_id("payments", [r.Order(id="1", placed_at=shop.at(1), channel="web")], customer=None),
        by_customer_and_id("erp", [r.Order(id="9", placed_at=shop.at(1), number="N", external_ids=stated)], customer=None),
    ]
    query = f"""{{ a: order(id: "erp:9") {{ id number channel externalIds {{ source id }} partial }}
        b: order(id: "shop:1") {{ id channel partial }} c: order(id: "payments:1") {{ id channel partial }} {end}"""
    async with gateway_on(sources, **settings(sources)) as gateway:
        data = await gateway.data(query)
    ids = [{"source": "payments", "id": "1"}, {"source": "erp", "id": "9"}]
    assert data["a"] == {"id": "shop:1", "number": "N", "channel": "web", "externalIds": ids, "partial": False}
    assert data["b"] == data["c"] == {"id": "shop:1", "channel": "web", "partial": False}


@ENDS
async def test_origins_tell_whose_value_each_selected_field_is(end: str):
    """Of objects the selected parts; amounts are of one record; ids are what each record brings. Nothing else is told."""
    euro = {"currency": "EUR"}
    sources = [
        shop.crm(),
        by_customer_and_id("shop", [r.Order(id="1", placed_at=shop.at(1), total=r.Money(amount=10, **euro), number=" ")]),
        by_customer_and_id(
            "payments",
            [
                r.Order(
                    id="1",
                    placed_at=shop.at(2),
                    total=r.Money(amount=11, **euro),
                    refunded=r.Money(amount=4, **euro),
                    status=r.OrderStatus.CONFIRMED,
                )
            ],
        ),
        by_customer_and_id(
            "erp",
            [
                r.Order(
                    id="9",
                    placed_at=shop.at(3),
                    number="N",
                    status=r.OrderStatus.SHIPPED,
                    external_ids=[r.ExternalOrderId(source="shop", id="1")],
                )
            ],
        ),
    ]
    asked = """id number status total { currency } refunded { amount } externalIds { id }
        origins { field source others { source value } }"""
    query = f"""{{ customer(by: {{id: "c1"}}) {{ orders {{ nodes {{ {asked} }} pageInfo {{ endCursor }} }}
        timeline {{ nodes {{ ... on Order {{ {asked} }} }} }} }} order(id: "erp:9") {{ {asked} }} {end}"""
    async with gateway_on(sources, **settings(sources)) as gateway:
        data = await gateway.data(query)
    (listed,), (entry,) = data["customer"]["orders"]["nodes"], data["customer"]["timeline"]["nodes"]
    assert listed == entry == data["order"]
    assert listed["origins"] == [
        {"field": "number", "source": "erp", "others": []},
        {"field": "status", "source": "payments", "others": [{"source": "erp", "value": "SHIPPED"}]},
        {"field": "total", "source": "shop", "others": [{"source": "payments", "value": {"currency": "EUR"}}]},
        {"field": "refunded", "source": None, "others": [{"source": "payments", "value": {"amount": "4"}}]},
        {"field": "externalIds", "source": "payments", "others": [{"source": "erp", "value": [{"id": "9"}]}]},
    ]
    assert listed["externalIds"] == [{"id": "1"}, {"id": "9"}]


@ENDS
async def test_an_order_of_one_source_has_its_values(end: str):
    """Without `[order]`, in lists and by id."""
    asked = "id currentId channel number partial sources { name state } origins { field source asOf rule others { source } }"
    query = f"""{{ customer(by: {{id: "c1"}}) {{ orders(first: 1) {{ nodes {{ {asked} }} }} }}
        order(id: "orders:oc15") {{ {asked} }} node(id: "orders:oc15") {{ ... on Order {{ {asked} }} }} {end}"""
    async with gateway_on([*shop.sources_by_own_keys().values()]) as gateway:
        data = await gateway.data(query)
    (listed,) = data["customer"]["orders"]["nodes"]
    as_of = [origin.pop("asOf") for node in (listed, data["order"], data["node"]) for origin in node["origins"]]
    assert listed == data["order"] == data["node"]
    assert (listed["currentId"], listed["partial"]) == ("orders:oc15", False)
    assert listed["sources"] == [{"name": "orders", "state": "FRESH"}]
    assert listed["origins"] == [
        {"field": "number", "source": "orders", "rule": "PRIORITY", "others": []},
        {"field": "channel", "source": None, "rule": "PRIORITY", "others": []},
    ]
    assert [time is None for time in as_of] == [False, True] * 3


@ENDS
async def test_origins_of_an_amount_need_no_other(end: str):
    """The total is not selected, and not loaded."""
    refund = r.Order(id="1", placed_at=shop.at(1), refunded=r.Money(amount=4, currency="EUR"))
    async with gateway_on([shop.crm(), by_customer_and_id("shop", [refund])]) as gateway:
        data = await gateway.data(f"""{{ order(id: "shop:1") {{ refunded {{ amount }} origins {{ field source }} }} {end}""")
    assert data["order"] == {"refunded": {"amount": "4"}, "origins": [{"field": "refunded", "source": "shop"}]}

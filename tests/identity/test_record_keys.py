"""Customers by an account, and by what their records are known by: an order's id or number, a ticket's number."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import gateway_on

UNPLANNED = " __schema { queryType { name } } }"
"""The end of an operation that graphql-core runs."""
ENDS = pytest.mark.parametrize("end", ["}", UNPLANNED])


def orders_of(name: str, *orders: r.Order, **kinds: dict[str, list[r.Order]]) -> MemoryConnector:
    """A source that finds these orders by id and number, and by more kinds of keys."""
    served: dict[Any, Any] = {
        (r.Order, KeyKind.ORDER_ID): shop.by_id({"": orders}),
        (r.Order, KeyKind.ORDER_NUMBER): shop.by_number({"": orders}),
    }
    return MemoryConnector(name, served | {(r.Order, KeyKind[kind]): found for kind, found in kinds.items()})


def order(id_: str, number: str, **owner: str) -> r.Order:
    return r.Order(id=id_, number=number, placed_at=shop.at(1), **owner)


def calls_of(source: MemoryConnector) -> list[tuple[str, str, tuple[str, ...]]]:
    return [(record.__name__, by.value, tuple(sorted(keys))) for record, by, keys, _ in source.calls]


@ENDS
@pytest.mark.parametrize(
    ("by", "name"),
    [
        ('orderId: "orders:oc12"', "Ana Souza"),
        ('orderId: "oc21"', "李娜"),
        ('orderNumber: "#4"', "Ana Souza"),
        ('ticketNumber: "T-2"', "Ana Souza"),
        ('orderId: "orders:nothing"', None),
        ('orderId: "crm:oc12"', None),
        ('orderNumber: "nothing"', None),
        ('ticketNumber: "#1"', None),
    ],
)
async def test_a_record_finds_its_customer(end: str, by: str, name: str | None):
    """By the id or address that it holds; a record that there is not finds nobody."""
    async with gateway_on([*shop.sources_by_own_keys().values()]) as gateway:
        customer = (await gateway.data(f"{{ customer(by: {{{by}}}) {{ name orders {{ totalCount }} }} {end}"))["customer"]
    totals = {"Ana Souza": 5, "李娜": 1}
    assert customer == (name and {"name": name, "orders": {"totalCount": totals[name]}})


async def test_a_company_is_found_by_its_account():
    """Whoever has it, if that is one customer."""
    company = r.Customer(id="c9", name="Acme", company=r.Company(account="A-1"))
    found = {"A-1": [company], "A-2": [company, shop.ANA]}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.ACCOUNT): found})
    async with gateway_on([crm]) as gateway:
        assert await gateway.data('{ customer(by: {account: " A-1 "}) { id } }') == {"customer": {"id": "crm:c9"}}
        (error,) = (await gateway.ask('{ customer(by: {account: "A-2"}) { id } }'))["errors"]
    assert error["message"] == "this account belongs to 2 customers; ask for one of the candidates by id"
    assert error["extensions"]["candidates"] == ["crm:c1", "crm:c9"]


async def test_records_come_by_account():
    """Orders of a system that knows companies."""
    company = r.Customer(id="c9", company=r.Company(account="A-1"))
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c9": [company]}})
    erp = MemoryConnector("erp", {(r.Order, KeyKind.ACCOUNT): {"A-1": [order("7", "7")]}})
    async with gateway_on([crm, erp]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c9"}) { orders { nodes { id } } } }')
    assert data == {"customer": {"orders": {"nodes": [{"id": "erp:7"}]}}}


@ENDS
async def test_a_number_of_two_shops_names_both_customers(end: str):
    """As any ambiguous key does: by their ids, never a guess. Of one customer it is none, nor of a guest."""
    eu = orders_of("eu", order("1", "1001", customer_id="c1"), order("2", "1002", customer_id="c2"), CUSTOMER_ID={"c1": []})
    us = orders_of("us", order("1", "1001", customer_id="c2"), order("2", "1002", customer_email="LI@example.com"))
    us.records |= {(r.Order, KeyKind.CUSTOMER_ID): {}}
    guest = orders_of("store", order("1", "1002"))
    async with gateway_on([shop.crm(), eu, us, guest]) as gateway:
        answer = await gateway.ask(
            f'{{ one: customer(by: {{orderNumber: "1002"}}) {{ id }} two: customer(by: {{orderNumber: "1001"}}) {{ id }} {end}'
        )
    assert {key: answer["data"][key] for key in ("one", "two")} == {"one": {"id": "crm:c2"}, "two": None}
    (error,) = answer["errors"]
    assert error["message"] == "this order number belongs to 2 customers; ask for one of the candidates by id"
    assert (error["path"], error["extensions"]["code"]) == (["two"], "AMBIGUOUS_IDENTITY")
    assert error["extensions"]["candidates"] == ["crm:c1", "crm:c2"]


async def test_an_own_id_of_another_system_is_an_external_id():
    """An order whose source knows neither customers nor their CRM ids names `source:id`."""
    known = r.Customer(id="c9", name="Acme", external_ids=[r.ExternalId(source="till", id="77")])
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.EXTERNAL_ID): {"till:77": [known]}})
    till = orders_of("till", order("1", "B-1", customer_id="77", customer_email="x@example.com"))
    async with gateway_on([crm, till]) as gateway:
        assert await gateway.data('{ customer(by: {orderNumber: "B-1"}) { id } }') == {"customer": {"id": "crm:c9"}}
    assert calls_of(crm) == [("Customer", "external_id", ("till:77",))]


async def test_an_own_id_is_one_of_the_source_that_has_customers():
    """The second CRM's order belongs to the second CRM's customer, whose id the first one has as well."""
    both = [MemoryConnector(name, {(r.Customer, KeyKind.CUSTOMER_ID): {"1": [r.Customer(id="1", name=name)]}}) for name in "ab"]
    both[1].records |= orders_of("b", order("7", "7", customer_id="1"), CUSTOMER_ID={}).records
    async with gateway_on(both) as gateway:
        assert await gateway.data('{ customer(by: {orderId: "b:7"}) { id name } }') == {"customer": {"id": "b:1", "name": "b"}}


@ENDS
async def test_what_cannot_be_asked_is_said(end: str):
    """A source that is down may have another order of the number; no source at all is a mistake in the settings."""
    sources = shop.sources_by_own_keys()
    sources["orders"].failure = SourceUnavailableError()
    del sources["support"].records[r.Ticket, KeyKind.TICKET_NUMBER]  # type: ignore[attr-defined]
    async with gateway_on([*sources.values()]) as gateway:
        answer = await gateway.ask(
            f'{{ a: customer(by: {{orderNumber: "#4"}}) {{ id }} '
            f'b: customer(by: {{ticketNumber: "T-1"}}) {{ id }} '
            f'c: customer(by: {{orderId: " "}}) {{ id }} {end}'
        )
    assert [answer["data"][key] for key in "abc"] == [None, None, None]
    errors = {error["path"][0]: (error["message"], error["extensions"]["code"]) for error in answer["errors"]}
    assert errors == {
        "a": ("orders: the source is unavailable", "SOURCE_UNAVAILABLE"),
        "b": ("no source finds customers by ticket number", "INVALID_KEY"),
        "c": ("the order id is empty", "INVALID_KEY"),
    }


@ENDS
async def test_customers_come_by_keys_of_any_kinds(end: str):
    """In order, null for nobody, an error in its place; one call for each source and kind of key."""
    sources = shop.sources_by_own_keys()
    keys: list[dict[str, Any]] = [
        {"orderId": "oc21"}, {"email": "ANA@example.com"}, {"id": "crm:c2"}, {"phone": "+5511912345678"}, {"id": "nobody"},
        {"orderNumber": "#2"}, {"ticketNumber": "T-1"}, {"email": "li@example.com"}, {"orderNumber": "#1"}, {"id": " "},
    ]  # fmt: skip
    async with gateway_on([*sources.values()]) as gateway:
        query = f"query ($by: [CustomerKey!]!) {{ customers(by: $by) {{ sourceId }} {end}"
        answer = await gateway.ask(query, {"by": keys})
    ids = [customer and customer["sourceId"] for customer in answer["data"]["customers"]]
    assert ids == ["c2", "c1", "c2", None, None, "c1", "c1", "c2", None, None]
    errors = {error["path"][1]: error["extensions"]["code"] for error in answer["errors"]}
    assert errors == {3: "AMBIGUOUS_IDENTITY", 8: "AMBIGUOUS_IDENTITY", 9: "INVALID_KEY"}
    assert sorted(calls_of(sources["crm"])) == [
        ("Customer", "customer_id", ("c1", "c2", "nobody")),
        ("Customer", "email", ("ana@example.com", "li@example.com")),
        ("Customer", "phone", ("+5511912345678",)),
    ]
    assert sorted(calls_of(sources["orders"])) == [("Order", "order_id", ("oc21",)), ("Order", "order_number", ("#1", "#2"))]
    assert calls_of(sources["support"]) == [("Ticket", "ticket_number", ("T-1",))]


async def test_a_hundred_keys_are_one_call_for_each_source_and_kind():
    """Half of them name orders, and all customers are asked for once by each kind."""
    customers = {f"c{n}": [r.Customer(id=f"c{n}", email=f"{n}@example.com")] for n in range(50)}
    by_email = {f"{n}@example.com": customers[f"c{n}"] for n in range(50)}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): customers, (r.Customer, KeyKind.EMAIL): by_email})
    orders = orders_of("orders", *[order(f"o{n}", f"#{n}", customer_id=f"c{n}") for n in range(50)], CUSTOMER_ID={})
    keys = [key for n in range(50) for key in ({"orderNumber": f"#{n}"}, {"email": f"{n}@example.com"})]
    query = "query ($by: [CustomerKey!]!) { customers(by: $by) { sourceId } }"
    async with gateway_on([crm, orders]) as gateway:
        data = await gateway.data(query, {"by": keys})
        (error,) = (await gateway.ask(query, {"by": [*keys, {"id": "c1"}]}))["errors"]
    assert [customer["sourceId"] for customer in data["customers"]] == [f"c{n}" for n in range(50) for _ in range(2)]
    assert [len(call[2]) for call in orders.calls] == [50]
    assert sorted((by, len(keys)) for _, by, keys in calls_of(crm)) == [("customer_id", 50), ("email", 50)]
    assert error["message"] == "by: 101 keys are more than 100; ask in parts"


@ENDS
@pytest.mark.parametrize("arguments", ["", '(ids: ["c1"], by: [{id: "c1"}])', "(ids: null, by: null)"])
async def test_customers_take_ids_or_keys(end: str, arguments: str):
    """Exactly one of them."""
    async with gateway_on([shop.crm()]) as gateway:
        (error,) = (await gateway.ask(f"{{ customers{arguments} {{ id }} {end}"))["errors"]
    assert (error["message"], error["extensions"]["code"]) == ("customers: give either ids or by", "INVALID_ARGUMENT")


async def test_what_a_record_says_of_its_customer_is_asked_for_then_alone():
    """A list of orders reads neither id nor address of the customer."""
    sources = shop.sources_by_own_keys()
    async with gateway_on([*sources.values()]) as gateway:
        await gateway.data('{ customer(by: {id: "c1"}) { orders { nodes { id status } } } order(id: "oc11") { status } }')
        await gateway.data('{ customer(by: {orderId: "oc11"}) { id } }')
    assert [sorted(name for name, _ in ask.fields) for _, _, _, ask in sources["orders"].calls] == [
        ["id", "status"],
        ["id", "status"],
        ["customer_email", "customer_id", "id"],
    ]

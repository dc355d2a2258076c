"""Ways in which callers who may be told of some customers might hear of others, or be told less than a report says."""

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support.clocks import START, StoppedClock
from tests.support.gateway_server import Gateway, gateway_on
from tests.views.test_customer_rights import WAYS, club, order, sources

SHARED = "shared@example.com"
ODD_ORDERS = ["shared", "malformed", "stranger", "nobody", "none"]
SOME = pytest.mark.parametrize("rights", [{"customers": ["c1"]}, {"accounts": ["a1"]}])
BY_ORDER = ['order(id: "odd:%s") { id }', 'node(id: "odd:%s") { id }', 'customer(by: {orderId: "odd:%s"}) { id }']
BY_NUMBER = 'customer(by: {orderNumber: "N%s"}) { id }'


def with_odd_records() -> list[MemoryConnector]:
    """Two people of one address, and records whose customer cannot be told, or by no key that finds customers."""
    crm, shop = sources()
    pair = [r.Customer(id=own, name=f"Name of {own}", email=SHARED) for own in ("s1", "s2")]
    held: Any = crm.records
    held[r.Customer, KeyKind.CUSTOMER_ID] |= {own.id: [own] for own in pair}
    held[r.Customer, KeyKind.EMAIL][SHARED] = pair
    orders = [
        order("shared", None, SHARED),
        order("malformed", None, "no address"),
        order("stranger", None, "stranger@example.com"),
        order("nobody", None),
    ]
    odd: dict[Any, Any] = {
        (r.Order, KeyKind.ORDER_ID): {own.id: [own] for own in orders},
        (r.Order, KeyKind.ORDER_NUMBER): {own.number: [own] for own in orders},
        (r.Ticket, KeyKind.TICKET_ID): {"t1": [r.Ticket(id="t1", subject="Help", customer_id="x1", created_at=START)]},
    }
    return [crm, shop, MemoryConnector("odd", odd)]


def gateway_for(
    connectors: Sequence[MemoryConnector], rights: dict[str, Any], mode: str = "enforce", **words: Any
) -> AbstractAsyncContextManager[Gateway]:
    given = {"access": {"anonymous": "one", "mode": mode}, "callers": {"one": {"find_by": WAYS} | rights}}
    return gateway_on(connectors, with_clock=StoppedClock(), **given, **words)


def without_id(answer: dict[str, Any]) -> dict[str, Any]:
    """An answer to compare: without what names its request, or reports rights."""
    return {"data": answer["data"], "errors": [(own["message"], own["path"]) for own in answer.get("errors", ())]}


@SOME
@pytest.mark.parametrize("text", [*BY_ORDER, BY_NUMBER])
async def test_records_whose_customer_cannot_be_told_are_none(text: str, rights: dict[str, Any]):
    """No error of their customer's key says that they are there, and no candidates who has it."""
    async with gateway_for(with_odd_records(), rights) as gateway:
        for own_id in ODD_ORDERS:
            assert await gateway.ask(f"{{ it: {text % own_id} }}") == {"data": {"it": None}}, own_id
        assert await gateway.ask('{ ticket(id: "odd:t1") { subject } }') == {"data": {"ticket": None}}


@SOME
async def test_a_wrong_key_of_a_record_is_told(rights: dict[str, Any]):
    async with gateway_for(with_odd_records(), rights) as gateway:
        answer = await gateway.ask('{ customers(by: [{orderNumber: " "}, {email: "no address"}, {id: "c1"}]) { id } }')
    assert answer["data"]["customers"] == [None, None, {"id": "crm:c1"}]
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["INVALID_KEY", "INVALID_KEY"]


@pytest.mark.parametrize("text", [*BY_ORDER, BY_NUMBER])
async def test_a_record_of_an_address_that_others_have_is_his(text: str):
    """As if they were not there."""
    async with gateway_for(with_odd_records(), {"customers": ["s1"]}) as gateway:
        answer = await gateway.ask(f"{{ it: {text % 'shared'} }}")
    assert answer == {"data": {"it": {"id": "crm:s1" if text.startswith("customer") else "odd:shared"}}}


@SOME
async def test_a_report_gives_what_there_is_without_a_rule(rights: dict[str, Any]):
    """With the same errors, also of records that are nobody's."""
    texts = [f"{{ {text % own_id} }}" for text in (*BY_ORDER, BY_NUMBER) for own_id in ODD_ORDERS]
    texts.append(f'{{ customer(by: {{email: "{SHARED}"}}) {{ id }} }}')
    texts.append('{ account(id: "a2") { members { totalCount nodes { customer { id } } } } }')
    async with gateway_for(with_odd_records(), rights, "report") as reporting, gateway_for(with_odd_records(), {}) as free:
        for text in texts:
            assert without_id(await reporting.ask(text)) == without_id(await free.ask(text)), text


async def test_of_several_candidates_his_is_found_by_the_id_of_any_of_his_records():
    """The list names one of them, a candidate is named by another; he is shown under that of the list."""
    connectors = [*sources(), club()]
    held: Any = connectors[1].records
    held[r.Order, KeyKind.ORDER_NUMBER]["twice"] = [order("oc1", "c1"), order("oc3", "c3")]
    async with gateway_for(connectors, {"customers": ["crm:c1"]}, customer={"priority": ["club"]}) as gateway:
        answer = await gateway.ask('{ customer(by: {orderNumber: "twice"}) { id } }')
    assert answer == {"data": {"customer": {"id": "crm:c1"}}}


@pytest.mark.parametrize("rule", ["c2", "crm:c2"])
async def test_ids_of_the_rule_are_read_by_all_sources(rule: str):
    """Where their source is not asked for the caller, they are not those of the next one."""
    namesake = MemoryConnector("club", {(r.Customer, KeyKind.CUSTOMER_ID): {"c2": [r.Customer(id="c2", name="Somebody else")]}})
    async with gateway_for([*sources(), namesake], {"customers": [rule], "sources": ["club", "shop"]}) as gateway:
        answer = await gateway.ask('{ a: customer(by: {id: "club:c2"}) { name } b: customer(by: {id: "c2"}) { name } }')
    assert answer == {"data": {"a": None, "b": None}}


async def test_an_order_is_given_by_the_owner_of_the_record_that_is_named():
    """Not by that of a record with the same id elsewhere, whose order another list has."""
    crm, shop = sources()
    theirs = [order("oc2", "c1")]
    erp = MemoryConnector("erp", {(r.Order, KeyKind.ORDER_ID): {"oc2": theirs}, (r.Order, KeyKind.CUSTOMER_ID): {"c1": theirs}})
    words: dict[str, Any] = {
        "sources": {"crm": {"kind": "memory"}, "shop": {"kind": "memory"}, "erp": {"kind": "memory", "order_ids_of": "shop"}},
        "order": {"priority": ["shop", "erp"]},
    }
    async with gateway_for([crm, shop, erp], {"customers": ["c1"]}, **words) as gateway:
        answer = await gateway.ask(
            """{ shop: order(id: "shop:oc2") { id } erp: order(id: "erp:oc2") { source }
                 customer(by: {id: "c1"}) { orders { nodes { id } } } }"""
        )
    assert answer["data"]["shop"] is None
    assert answer["data"]["erp"] == {"source": "erp"}
    assert {"id": "erp:oc2"} in answer["data"]["customer"]["orders"]["nodes"]


async def test_records_of_a_companys_people_are_those_of_its_members():
    """Two sources have a company of one id: people of the other one are no members, so their records are not given."""
    crm, shop = sources()
    held: Any = shop.records
    del held[r.Order, KeyKind.ACCOUNT]
    erp = MemoryConnector("erp", {(r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1", name="Another company")]}})
    async with gateway_for([crm, shop, erp], {"accounts": ["erp:a1"]}) as gateway:
        answer = await gateway.ask(
            '{ account(id: "erp:a1") { members { nodes { role } } orders(members: true) { nodes { number } } } }'
        )
    assert answer["data"]["account"] == {"members": None, "orders": {"nodes": []}}

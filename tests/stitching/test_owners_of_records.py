"""Customers of several sources, found by what their records are known by."""

import asyncio
from typing import Any

from connectors import records as r
from connectors.contract import Answer, Ask, KeyKind, Keys
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.known_people import ANA_SHOP, LI, ask_both, calls_of, knowing, person, three

PEOPLE = "{ customers(by: [KEYS]) { id records { sourceId } identity { complete } }"
ANA = {"id": "crm:7", "records": [{"sourceId": id_} for id_ in ("7", "42", "u1")], "identity": {"complete": True}}


def bought(number: str, **owner: str) -> r.Order:
    return r.Order(id=number, number=number, placed_at=shop.at(1), **owner)


def selling(name: str, *orders: r.Order, by_customer: bool = True) -> MemoryConnector:
    found: dict[Any, Any] = {
        (r.Order, KeyKind.ORDER_ID): shop.by_id({"": orders}),
        (r.Order, KeyKind.ORDER_NUMBER): shop.by_number({"": orders}),
    }
    return MemoryConnector(name, found | ({(r.Order, KeyKind.CUSTOMER_ID): {}} if by_customer else {}))


async def customers(keys: str, *sources: MemoryConnector, **settings: Any) -> tuple[list[Any], list[Any]]:
    answer = await ask_both(PEOPLE.replace("KEYS", keys), *sources, identity={"max_turns": 4}, **settings)
    return answer["data"]["customers"], answer.get("errors", [])


async def test_an_owner_is_found_by_the_ids_of_the_source_that_has_them():
    """Own ids of the shop; ids of the shop that the store uses; those of the first source where nothing is said."""
    crm, own, desk = three()
    own.records |= selling("", bought("A", customer_id="42")).records
    store, till = selling("store", bought("B", customer_id="42")), selling("till", bought("C", customer_id="7"))
    names = {name: {"kind": "memory"} for name in ("crm", "shop", "desk", "till")}
    settings = names | {"store": {"kind": "memory", "customer_ids_of": "shop"}}
    keys = '{orderNumber: "A"}, {orderNumber: "B"}, {orderNumber: "C"}, {orderId: "store:B"}'
    assert await customers(keys, crm, own, desk, store, till, sources=settings) == ([ANA] * 4, [])


async def test_an_owner_is_found_by_the_address_alone():
    """Of a ticket that names no customer."""
    crm, own, desk = three()
    ticket = r.Ticket(id="1", number="T-1", created_at=shop.at(1), customer_email="Ana.Work@example.org")
    desk.records |= {(r.Ticket, KeyKind.TICKET_NUMBER): {"T-1": [ticket]}}
    assert await customers('{ticketNumber: "T-1"}', crm, own, desk) == ([ANA], [])


async def test_answers_are_in_order_and_keys_of_one_customer_agree():
    """Twice the same key, keys of records of several sources, nobody's, and one of another person."""
    crm, own, desk = three()
    own.records |= selling("", bought("A", customer_id="42"), bought("G")).records
    keys = [
        '{orderNumber: "A"}', '{id: "crm:8"}', '{orderNumber: "A"}', '{id: "desk:u1"}',
        '{orderNumber: "G"}', '{id: "crm:0"}', '{email: "ana@example.com"}', '{id: "shop:42"}',
    ]  # fmt: skip
    found, errors = await customers(", ".join(keys), crm, own, desk)
    assert [one and one["id"] for one in found] == ["crm:7", "crm:8", "crm:7", "crm:7", None, None, "crm:7", "crm:7"]
    assert errors == []


async def test_a_number_of_one_person_in_two_systems_is_hers():
    """Two orders of one number are one customer's, where her records are linked; else they name both."""
    crm, own, desk = three()
    own.records |= selling("", bought("A", customer_id="42"), bought("B", customer_id="42")).records
    erp = selling("erp", bought("A", customer_id="7"), bought("B", customer_id="8"))
    found, errors = await customers('{orderNumber: "A"}, {orderNumber: "B"}', crm, own, desk, erp)
    assert found == [ANA, None]
    assert [(one["path"], one["extensions"]["candidates"]) for one in errors] == [(["customers", 1], ["crm:7", "crm:8"])]


async def test_an_account_of_two_persons_names_both():
    """By their records that have it, of which none is followed. Linked contacts of two systems are one customer."""
    ana = person("7", email="ana@example.com", company=r.Company(account="A-1"))
    same = person("42", email="ana@example.com", company=r.Company(account="A-1"))
    li = person("43", email="li@example.com", company=r.Company(account="A-2"))
    ann = person("44", email="ann@example.com", company=r.Company(account="A-2"))
    crm, own = knowing("crm", [ana, LI]), knowing("shop", [same, li, ann])
    crm.records |= {(r.Customer, KeyKind.ACCOUNT): {"A-1": [ana]}}
    own.records |= {(r.Customer, KeyKind.ACCOUNT): {"A-1": [same], "A-2": [li, ann]}}
    found, errors = await customers('{account: "A-1"}, {account: "A-2"}', crm, own)
    assert [one and one["id"] for one in found] == ["crm:7", None]
    assert [one["extensions"]["candidates"] for one in errors] == [["shop:43", "shop:44"]]


async def test_a_source_of_records_that_is_down_may_have_another_order():
    """Its failure stands in the place of the number; ids of other sources are answered."""
    crm, own, desk = three()
    own.records |= selling("", bought("A", customer_id="42")).records
    erp = selling("erp")
    erp.failure = SourceUnavailableError()
    found, errors = await customers('{orderNumber: "A"}, {orderId: "shop:A"}', crm, own, desk, erp)
    assert found[0] is None
    assert found[1] == ANA
    assert [(one["path"], one["extensions"]["code"]) for one in errors] == [(["customers", 0], "SOURCE_UNAVAILABLE")]


async def test_a_node_beside_records_of_the_same_id_shows_the_asked_id():
    """A customer of the shop, where the shop finds orders by id, too."""
    crm, own, desk = three()
    own.records |= selling("", bought("42")).records
    query = '{ node(id: "shop:42") { __typename id ... on Customer { currentId } } order(id: "shop:42") { number }'
    answer = await ask_both(query, crm, own, desk)
    assert answer["data"] == {
        "node": {"__typename": "Customer", "id": "shop:42", "currentId": "crm:7"},
        "order": {"number": "42"},
    }


class Waiting(MemoryConnector):
    """Finds by member number last: when whoever does not wait for it has gone on."""

    async def _fetch(self, record: type[r.Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        for _ in range(500 if by is KeyKind.MEMBER_NUMBER else 0):
            await asyncio.sleep(0)
        return await super()._fetch(record, by, keys, ask)


async def test_ids_and_keys_go_on_in_the_same_turns():
    """Each source is asked once for the addresses that an id and a number lead to, however late the number comes."""
    eva = person("43", email="eva@example.com", emails=["eva.work@example.org"], member_number="M-1")
    crm = knowing("crm", [person("7", email="ana@example.com")], [KeyKind.CUSTOMER_ID, KeyKind.EMAIL])
    own = knowing("shop", [ANA_SHOP, eva], [KeyKind.EMAIL, KeyKind.MEMBER_NUMBER], kind=Waiting)
    async with gateway_on([crm, own]) as gateway:
        data = await gateway.data('{ customers(by: [{id: "crm:7"}, {memberNumber: "M-1"}]) { id records { sourceId } } }')
    assert data["customers"] == [
        {"id": "crm:7", "records": [{"sourceId": "7"}, {"sourceId": "42"}]},
        {"id": "shop:43", "records": [{"sourceId": "43"}]},
    ]
    further = [
        ("email", ("ana@example.com", "eva@example.com", "eva.work@example.org")),
        ("email", ("ana.work@example.org",)),
    ]
    assert calls_of(crm, own) == [[("customer_id", ("7",)), *further], [("member_number", ("M-1",)), *further]]


async def test_an_address_that_links_nobody_owns_nothing():
    """A placeholder, and one that is blocked; the lists of whoever has it have no such order either."""
    orders = bought("A", customer_email="NoReply@example.com"), bought("B", customer_email="li@example.com")
    crm, till = knowing("crm", [LI, person("9", email="noreply@example.com")]), selling("till", *orders)
    found = []
    for blocked in ({}, {"email": ["li@example.com"]}):
        answer = await ask_both(
            '{ placeholder: customer(by: {orderNumber: "A"}) { id } li: customer(by: {orderNumber: "B"}) { id } ',
            *(crm, knowing("shop", [ANA_SHOP]), till),
            identity={"blocked": blocked},
        )
        found.append(answer["data"])
    assert found == [{"placeholder": None, "li": {"id": "crm:8"}}, {"placeholder": None, "li": None}]

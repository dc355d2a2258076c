"""`check` says which sources a caller's key leads to, and in how many turns."""

from collections.abc import Mapping, Sequence
from typing import Any

from connectors.contract import KeyKind
from connectors.records import Customer, Order
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.check.data_checks import check_data
from gateway.check.reachability import reach_lines
from gateway.check.sampler import Sampler
from gateway.clock import Clock
from gateway.tags.definitions import Pack
from tests.support.gateway_server import settings_for
from tests.support.literal_sources import Build, query_of, record


def customers(keys: Sequence[str], **row: str) -> dict[str, Any]:
    """One customer, found by these kinds of keys."""
    return {"customer": {"query": query_of([row]), "keys": {"customer_id": "id"} | {key: key for key in keys}}}


async def lines_of(*connectors: Any, **words: Mapping[str, Any]) -> list[str]:
    services = create_services(settings_for(connectors, **words), connectors=connectors)
    found = await check_data(connectors, Pack(facts={}, tags={}), None, Sampler(Clock()), services.router.customers)
    return reach_lines(found.reach)


async def test_keys_are_followed_by_those_that_records_have(build: Build) -> None:
    """Turn by turn, by the kinds of keys that a source trusts. Orders come by ids of the first source, tickets by e-mail."""
    crm = build("crm", customers(["email", "phone"], id="1", email="a@example.com", phone="+442079460000"))
    shop = build("shop", customers(["phone", "member_number"], id="2", phone="+442079460000", member_number="7"))
    club = build("club", customers(["member_number"], id="3", member_number="7", email="b@example.com"))
    orders = build("orders", {"order": record([{"id": "o1", "customer_id": "1"}])})
    desk = build("desk", {"ticket": record([{"id": "t1", "email": "a@example.com"}], by="email", key="email")})
    visits = build("visits", {"event": record([{"id": "e1", "device": "d1"}], by="device_id", key="device")})
    assert await lines_of(crm, shop, club, orders, desk, visits) == [
        "id of crm      crm > shop > club > orders desk; not visits",
        "id of shop     shop > club crm > orders desk; not visits",
        "id of club     club > shop > crm > orders desk; not visits",
        "member number  shop club > crm > orders desk; not visits",
        "email          crm > shop > club > orders desk; not visits",
        "phone          crm shop > club > orders desk; not visits",
    ]


async def test_settings_end_a_walk(build: Build) -> None:
    """By how many turns there are, and by which keys a source trusts."""
    crm = build("crm", customers(["email", "phone"], id="1", email="a@example.com", phone="+442079460000"))
    shop = build("shop", customers(["phone"], id="2", phone="+442079460000"))
    assert await lines_of(crm, shop, identity={"max_turns": 0}) == [
        "id of crm   crm; not shop",
        "id of shop  shop; not crm",
        "email       crm; not shop",
        "phone       crm shop",
    ]
    trusts = {"crm": ["email"], "shop": ["phone"]}
    assert await lines_of(crm, shop, identity={"trusts": trusts}) == [
        "id of crm   crm; not shop",
        "id of shop  shop; not crm",
        "email       crm; not shop",
        "phone       shop; not crm",
    ]


async def test_stated_ids_lead_to_their_source_and_back(build: Build) -> None:
    """A source that states the ids of another one is asked by them, where it can be."""
    stating = customers([], id="1", name="Ann")
    stating["customer"]["keys"]["external_id"] = {"query": "SELECT '1' AS id, 'shop:2' AS key"}
    stating["customer"]["lists"] = {"external_ids": {"query": "SELECT '1' AS parent, 'shop' AS source, '2' AS id"}}
    assert await lines_of(build("crm", stating), build("shop", customers([], id="2", name="Ann"))) == [
        "id of crm    crm > shop",
        "id of shop   shop crm",
        "external id  crm > shop",
    ]


async def test_a_source_that_lists_no_keys_leads_on_by_those_that_find_its_records() -> None:
    """It is known of its records that they have these."""
    lookups = {(Customer, KeyKind.CUSTOMER_ID): {}, (Customer, KeyKind.EMAIL): {}}
    crm, shop = MemoryConnector("crm", lookups), MemoryConnector("shop", lookups)
    orders = MemoryConnector("orders", {(Order, KeyKind.CUSTOMER_ID): {}, (Order, KeyKind.PHONE): {}})
    assert await lines_of(crm, shop, orders) == [
        "id of crm   crm > shop > orders",
        "id of shop  shop > crm > orders",
        "email       crm shop > orders",
    ]

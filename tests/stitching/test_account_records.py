"""Orders and tickets of an account: its own, those of its members, and what is said of those that are missing."""

from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.stitching.accounts import MAX_MEMBERS
from tests.support.gateway_server import gateway_on
from tests.support.profile_sources import Profiles, SourceOf
from tests.support.profile_sources import source_of as source_of
from tests.support.shop import at

PAGE = """query ($id: ID! = "crm:a1", $members: Boolean! = false, $after: String, $first: Int! = 20) { account(id: $id) {
  orders(first: $first, after: $after, members: $members) {
    totalCount partial unavailable nodes { sourceId status } pageInfo { hasNextPage endCursor } } } }"""


async def test_an_account_has_records_in_every_kind_of_source(source_of: SourceOf):
    """Those that carry its key are its own; those of members come with them where that is asked, each once, in one order."""
    profiles = Profiles()
    profiles.accounts = [{"id": "a1", "name": "Archer & Co"}, {"id": "a2", "name": "Other"}]
    profiles.members("a1", [{"id": "m1", "kind": "person"}, {"id": "m2", "kind": "person"}])
    profiles.members("a2", [{"id": "m3", "kind": "person"}])
    whose = [(None, "a1"), ("c1", None), ("m1", "a1"), ("m2", None), ("m3", "a2"), ("c1", None), (None, "a1")]
    for n, (customer, account) in enumerate(whose):
        own, at = {"customer": customer, "account": account}, f"2026-05-0{n + 1}T10:00:00Z"
        profiles.records["order"].append({"id": f"o{n}", "placed_at": at, "status": "delivered" if n % 2 else "shipped", **own})
        profiles.records["ticket"].append({"id": f"t{n}", "created_at": at, "subject": f"Subject {n}", **own})
        profiles.records["subscription"].append({"id": f"s{n}", "started_at": at, "plan": "AB"[n % 2], "seats": n, **own})
    async with source_of(profiles) as crm, gateway_on([crm]) as gateway:
        data = await gateway.data(
            """{ account(id: "crm:a1") {
              orders { totalCount partial nodes { sourceId status } }
              all: orders(members: true, first: 3) { nodes { sourceId } pageInfo { hasNextPage endCursor } }
              shipped: orders(members: true, filter: {status: [SHIPPED]}, order: OLDEST_FIRST) { nodes { sourceId } }
              tickets(first: 2) { nodes { sourceId subject } }
              allTickets: tickets(members: true) { partial nodes { sourceId } }
              subscriptions { totalCount nodes { sourceId plan seats } }
              ofPlan: subscriptions(members: true, first: 2, filter: {plan: ["B"]}) { nodes { sourceId } }
            } }"""
        )
        after = data["account"]["all"]["pageInfo"]["endCursor"]
        rest = (await gateway.data(PAGE, {"members": True, "after": after}))["account"]["orders"]
    own = [("o6", "SHIPPED"), ("o2", "SHIPPED"), ("o0", "SHIPPED")]
    assert data["account"] == {
        "orders": {"totalCount": 3, "partial": False, "nodes": [{"sourceId": id_, "status": status} for id_, status in own]},
        "all": {"nodes": ids("o6", "o5", "o3"), "pageInfo": {"hasNextPage": True, "endCursor": after}},
        "shipped": {"nodes": ids("o0", "o2", "o6")},
        "tickets": {"nodes": [{"sourceId": f"t{n}", "subject": f"Subject {n}"} for n in (6, 2)]},
        "allTickets": {"partial": False, "nodes": ids("t6", "t5", "t3", "t2", "t1", "t0")},
        "subscriptions": {"totalCount": 3, "nodes": [{"sourceId": f"s{n}", "plan": "A", "seats": n} for n in (6, 2, 0)]},
        "ofPlan": {"nodes": ids("s5", "s3")},
    }
    assert [one["sourceId"] for one in rest["nodes"]] == ["o2", "o1", "o0"]
    assert (rest["partial"], rest["pageInfo"]["hasNextPage"]) == (False, False)


def ids(*own: str) -> list[dict[str, str]]:
    return [{"sourceId": id_} for id_ in own]


def order(id_: str, day: int) -> r.Order:
    return r.Order(id=id_, placed_at=at(day))


def person(number: int) -> r.Customer:
    return r.Customer(id=f"c{number:03}", company=r.Company(account="a1"))


def crm(many: int) -> MemoryConnector:
    people = [person(number) for number in range(many)]
    records: Any = {
        (r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1")]},
        (r.Customer, KeyKind.ACCOUNT): {"a1": people},
        (r.Customer, KeyKind.CUSTOMER_ID): {own.id: [own] for own in people},
    }
    return MemoryConnector("crm", records)


def shop(many: int, **more: Any) -> MemoryConnector:
    own = {f"c{number:03}": [order(f"o{number:03}", 1 + number % 28)] for number in range(many)}
    return MemoryConnector("shop", {(r.Order, KeyKind.CUSTOMER_ID): own} | more.get("records", {}))


@pytest.mark.parametrize("many", [MAX_MEMBERS, MAX_MEMBERS + 1])
async def test_an_account_with_more_members_than_are_read_says_so(many: int):
    """Its list is partial and not counted. Its members are one call, and their orders another."""
    people, orders = crm(many), shop(many)
    async with gateway_on([people, orders]) as gateway:
        account = (await gateway.data(PAGE, {"members": True, "first": 10}))["account"]
    is_cut = many > MAX_MEMBERS
    newest = sorted(((1 + number % 28, f"o{number:03}") for number in range(MAX_MEMBERS)), reverse=True)[:10]
    assert [one["sourceId"] for one in account["orders"]["nodes"]] == [id_ for _, id_ in newest]
    assert (account["orders"]["partial"], account["orders"]["totalCount"]) == (is_cut, None if is_cut else MAX_MEMBERS)
    assert [len(keys) for record, _, keys, _ in orders.calls] == [MAX_MEMBERS]
    assert [record for record, *_ in people.calls] == [r.Account, r.Customer]


async def test_members_that_cannot_be_asked_for_are_missing_from_the_list():
    """The account's own orders are there, and the source that is down is named."""
    accounts = MemoryConnector("crm", {(r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1")]}})
    people, orders = crm(3), shop(3, records={(r.Order, KeyKind.ACCOUNT): {"a1": [order("o9", 9)]}})
    people.name = "people"
    del people.records[r.Account, KeyKind.ACCOUNT]
    people.failure = SourceUnavailableError()
    async with gateway_on([accounts, people, orders]) as gateway:
        found = (await gateway.data(PAGE, {"members": True}))["account"]["orders"]
        alone = (await gateway.data(PAGE))["account"]["orders"]
    assert found | {"pageInfo": None} == {
        "totalCount": None,
        "partial": True,
        "unavailable": ["people"],
        "nodes": [{"sourceId": "o9", "status": "UNKNOWN"}],
        "pageInfo": None,
    }
    assert (alone["totalCount"], alone["partial"], alone["unavailable"]) == (1, False, [])


async def test_records_that_no_source_finds_by_account_are_null():
    """Those of members are there all the same; without anybody who knows the members the list is partial."""
    accounts = MemoryConnector("erp", {(r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1")]}})
    people, orders = crm(1), shop(1)
    nobody = MemoryConnector("nobody", {(r.Customer, KeyKind.CUSTOMER_ID): {"c000": [person(0)]}})
    async with gateway_on([people, orders]) as gateway:
        assert (await gateway.data(PAGE))["account"] == {"orders": None}
        found = (await gateway.data(PAGE, {"members": True}))["account"]["orders"]
    assert [one["sourceId"] for one in found["nodes"]] == ["o000"]
    async with gateway_on([nobody, accounts, orders]) as gateway:
        found = (await gateway.data(PAGE, {"id": "erp:a1", "members": True}))["account"]["orders"]
    assert (found["nodes"], found["partial"], found["totalCount"]) == ([], True, None)

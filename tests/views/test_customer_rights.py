"""Callers who may be told of some customers: each way in, what leads from one to others, and the sources that are asked."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings.access_settings import WAYS_IN
from tests.access.test_tokens import Issuer, settings_of
from tests.support.caller_keys import SECRET, keys_in
from tests.support.clocks import START, StoppedClock
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import Gateway, gateway_on, settings_for
from tests.support.http_source import serving

CLASSES = ["identifying", "contact", "personal", "free_text", "behavioural", "commercial"]
SEES = dict.fromkeys(CLASSES, "shown")
ORDERS_OF_C1 = {"nodes": [{"number": "Noc1"}]}
WAYS = [kind for kind in WAYS_IN if kind is not KeyKind.TEXT]


def customer(own_id: str, company: str | None = None, **words: Any) -> r.Customer:
    account = None if company is None else r.Company(name=company, account=company)
    return r.Customer(id=own_id, name=f"Name of {own_id}", email=f"{own_id}@example.com", company=account, **words)


def order(own_id: str, owner: str | None, email: str | None = None) -> r.Order:
    return r.Order(
        id=own_id, number=f"N{own_id}", status=r.OrderStatus.CONFIRMED, placed_at=START, customer_id=owner, customer_email=email
    )


PEOPLE = [customer("c1", "a1"), customer("c2", "a1"), customer("c3", "a2"), customer("c4")]
ORDERS = [order(f"o{own.id}", own.id) for own in PEOPLE] + [
    order("oe", None, "c1@example.com"),
    order("of", None, "c3@example.com"),
]


def sources() -> list[MemoryConnector]:
    """A CRM with two companies, orders by ids and by addresses, and a club that links c1 with its member m1 by address."""

    def by(read: Any, records: Any) -> dict[str, list[Any]]:
        found: dict[str, list[Any]] = {}
        for record in records:
            if (key := read(record)) is not None:
                found.setdefault(key, []).append(record)
        return found

    crm: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): by(lambda own: own.id, PEOPLE),
        (r.Customer, KeyKind.EMAIL): by(lambda own: own.email, PEOPLE),
        (r.Customer, KeyKind.TEXT): {"name": PEOPLE},
        (r.Customer, KeyKind.ACCOUNT): by(lambda own: own.company and own.company.account, PEOPLE),
        (r.Account, KeyKind.ACCOUNT): {
            name: [r.Account(id=name, name=name, parent_id="a2" if name == "a1" else None)] for name in ("a1", "a2")
        },
        (r.Account, KeyKind.PARENT_ACCOUNT): {"a2": [r.Account(id="a1", name="a1")]},
    }
    shop: dict[Any, Any] = {
        (r.Order, KeyKind.CUSTOMER_ID): by(lambda own: own.customer_id, ORDERS),
        (r.Order, KeyKind.ORDER_ID): by(lambda own: own.id, ORDERS),
        (r.Order, KeyKind.ORDER_NUMBER): by(lambda own: own.number, ORDERS),
        (r.Order, KeyKind.ACCOUNT): {"a1": ORDERS[:2]},
    }
    return [MemoryConnector("crm", crm), MemoryConnector("shop", shop)]


def club() -> MemoryConnector:
    member = r.Customer(id="m1", name="Member", email="c1@example.com", member_number="7")
    return MemoryConnector(
        "club",
        {
            (r.Customer, KeyKind.CUSTOMER_ID): {"m1": [member]},
            (r.Customer, KeyKind.EMAIL): {member.email: [member]},
            (r.Customer, KeyKind.MEMBER_NUMBER): {"7": [member]},
            (r.Survey, KeyKind.CUSTOMER_ID): {"m1": [r.Survey(id="s1", at=START, kind=r.SurveyKind.NPS, score=9)]},
        },
    )


class Asking:
    """A gateway all of whose requests are one caller's."""

    def __init__(self, gateway: Gateway, connectors: list[MemoryConnector]) -> None:
        self.gateway = gateway
        self.connectors = connectors

    async def ask(self, text: str, **variables: Any) -> Any:
        for connector in self.connectors:
            connector.calls.clear()
        return await self.gateway.ask(text, variables)

    @property
    def calls(self) -> list[str]:
        return [f"{own.name}.{call[0].__name__}" for own in self.connectors for call in own.calls]


@asynccontextmanager
async def asking(*more: MemoryConnector, **rights: Any) -> AsyncIterator[Asking]:
    connectors = [*sources(), *more]
    words = {"access": {"anonymous": "one", "hash_secret": SECRET}, "callers": {"one": {"find_by": WAYS} | rights}}
    async with gateway_on(connectors, with_clock=StoppedClock(), **words) as gateway:
        yield Asking(gateway, connectors)


async def test_only_customers_of_the_list_are_found():
    """By every key; what the argument decides costs no call."""
    async with asking(customers=["c1", "crm:c4"]) as one:
        answer = await one.ask('{ a: customer(by: {id: "c1"}) { name } b: customer(by: {id: "crm:c4"}) { name } }')
        assert answer == {"data": {"a": {"name": "Name of c1"}, "b": {"name": "Name of c4"}}}
        for key in ('{id: "c2"}', '{id: "crm:c2"}', '{id: "nobody"}'):
            assert await one.ask(f"{{ customer(by: {key}) {{ name orders {{ nodes {{ number }} }} }} }}") == {
                "data": {"customer": None}
            }
            assert one.calls == []
        for key in (
            '{email: "c2@example.com"}',
            '{email: "nobody@example.com"}',
            '{orderId: "shop:oc2"}',
            '{orderNumber: "Nof"}',
            '{account: "a2"}',
        ):
            answer = await one.ask(f"{{ customer(by: {key}) {{ name orders {{ nodes {{ number }} }} }} }}")
            assert answer == {"data": {"customer": None}}, key
            assert one.calls.count("shop.Order") == ("order" in key), "the order that the key names, and none of another's"
        assert (await one.ask('{ customer(by: {email: "c1@example.com"}) { name } }'))["data"]["customer"] == {
            "name": "Name of c1"
        }
        assert (await one.ask('{ customer(by: {orderNumber: "Noe"}) { name } }'))["data"]["customer"] == {"name": "Name of c1"}


async def test_in_a_list_others_are_as_if_nobody_had_the_key():
    async with asking(customers=["c1"]) as one:
        answer = await one.ask('{ customers(ids: ["c2", "c1", "nobody", "crm:c1"]) { name } }')
        assert answer == {"data": {"customers": [None, {"name": "Name of c1"}, None, {"name": "Name of c1"}]}}
        answer = await one.ask(
            '{ customers(by: [{id: "c3"}, {email: "c1@example.com"}, {email: "c3@example.com"},'
            ' {orderId: "oc1"}, {account: "a1"}]) { name } }'
        )
        mine = {"name": "Name of c1"}
        assert answer == {"data": {"customers": [None, mine, None, mine, mine]}}, "of a key of several, he alone"


async def test_a_key_that_is_none_is_told_as_ever():
    async with asking(customers=["c1"]) as one:
        answer = await one.ask('{ customer(by: {id: "  "}) { name } }')
        assert answer["errors"][0]["extensions"]["code"] == "INVALID_KEY"
        answer = await one.ask('{ customers(ids: ["c2", " ", "c1"]) { name } }')
        assert answer["data"]["customers"] == [None, None, {"name": "Name of c1"}]
        assert [error["path"] for error in answer["errors"]] == [["customers", 1]]


@pytest.mark.parametrize("text", ['order(id: "shop:%s") { number }', 'node(id: "shop:%s") { ... on Order { number } }'])
async def test_records_of_others_are_not_found(text: str):
    """Also where only an address says whose they are. One that is nobody's is not found either."""
    field = text.partition("(")[0]
    async with asking(customers=["c1"]) as one:
        for own_id, number in (("oc1", "Noc1"), ("oe", "Noe"), ("oc2", None), ("of", None), ("none", None)):
            answer = await one.ask(f"{{ {text % own_id} }}")
            assert answer == {"data": {field: None if number is None else {"number": number}}}, own_id


async def test_nodes_are_customers_of_the_list():
    async with asking(customers=["c1"]) as one:
        text = "query ($id: ID!) { node(id: $id) { id ... on Customer { name orders { nodes { number } } } } }"
        assert (await one.ask(text, id="crm:c1"))["data"]["node"]["name"] == "Name of c1"
        for other in ("crm:c2", "crm:nobody", "crm:a1"):
            assert await one.ask(text, id=other) == {"data": {"node": None}}
            assert one.calls == [], other


async def test_what_leads_to_others_is_withheld():
    async with asking(customers=["c1"]) as one:
        answer = await one.ask(
            """{ customer(by: {id: "c1"}) { account { name members { nodes { role } } orders { nodes { number } }
                 tickets { nodes { subject } } subscriptions { nodes { id } } parent { name } subsidiaries { nodes { name } } }
                 identity { records } }
               account(id: "a1") { name } searchCustomers(text: "name") { nodes { name } } }"""
        )
    account = answer["data"]["customer"].pop("account")
    assert account == {
        "name": "a1",
        **dict.fromkeys(["members", "orders", "tickets", "subscriptions", "parent", "subsidiaries"]),
    }
    assert answer["data"] == {"customer": {"identity": {"records": ["crm:c1"]}}, "account": None, "searchCustomers": None}
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"WITHHELD"}


async def test_people_of_a_company():
    """Its account leads to all of them, and to no other company."""
    async with asking(accounts=["a1"]) as one:
        text = """query ($by: [CustomerKey!]!) {
            customers(by: $by) { name account { name members { nodes { customer { name } } } } } }"""
        keys = [
            {"id": "c1"},
            {"id": "c2"},
            {"id": "c3"},
            {"id": "c4"},
            {"email": "c2@example.com"},
            {"email": "c3@example.com"},
            {"orderId": "oc3"},
        ]
        found = (await one.ask(text, by=keys))["data"]["customers"]
        assert [own and own["name"] for own in found] == ["Name of c1", "Name of c2", None, None, "Name of c2", None, None]
        assert found[0]["account"] == {
            "name": "a1",
            "members": {"nodes": [{"customer": {"name": f"Name of {own}"}} for own in ("c1", "c2")]},
        }
        answer = await one.ask(
            """{ a: account(id: "a1") { orders { nodes { number } } }
                 b: account(id: "crm:a2") { name } c: node(id: "crm:a2") { id } }"""
        )
        assert answer["data"] == {"a": {"orders": {"nodes": [{"number": "Noc2"}, {"number": "Noc1"}]}}, "b": None, "c": None}
        answer = await one.ask(
            '{ account(id: "a1") { parent { name } members { totalCount } } searchCustomers(text: "name") { nodes { name } } }'
        )
        assert answer["data"] == {"account": {"parent": None, "members": {"totalCount": None}}, "searchCustomers": None}
        assert (await one.ask('{ o: order(id: "oc2") { number } p: order(id: "oc3") { number } }'))["data"] == {
            "o": {"number": "Noc2"},
            "p": None,
        }


async def test_a_source_that_is_down_admits_nobody_by_a_company():
    """That cannot be told, and is said: of every id alike."""
    async with asking(accounts=["a1"]) as one:
        one.connectors[0].failure = SourceUnavailableError()
        for own_id in ("c1", "c3", "nobody"):
            answer = await one.ask(
                "query ($id: ID!) { customer(by: {id: $id}) { name orders { nodes { number } } } }", id=own_id
            )
            assert answer["data"] == {"customer": None}
            assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_UNAVAILABLE"]
            assert "shop.Order" not in one.calls


async def test_a_customer_of_several_sources_is_one_by_any_record():
    """Who is asked for by the id that the list has; other ids of the same customer are no way in."""
    async with asking(club(), customers=["crm:c1"]) as one:
        text = """query ($by: CustomerKey!) { customer(by: $by) {
            name memberNumber surveys { nodes { score } } orders { nodes { number } } } }"""
        whole = (await one.ask(text, by={"id": "crm:c1"}))["data"]["customer"]
        assert whole["memberNumber"] == "7"
        assert whole["surveys"]["nodes"]
        assert whole["orders"]["nodes"]
        assert (await one.ask(text, by={"id": "club:m1"}))["data"]["customer"] is None
        assert one.calls == []
        assert (await one.ask(text, by={"memberNumber": "7"}))["data"]["customer"] == whole
        assert (await one.ask(text, by={"email": "c3@example.com"}))["data"]["customer"] is None
        assert not [call for call in one.calls if call.endswith(("Order", "Survey"))]


async def test_who_is_shown_is_found_again():
    """Under the id of the rule, whichever record of the customer counts most, and by whatever key he was found."""
    connectors = [*sources(), club()]
    words: dict[str, Any] = {"access": {"anonymous": "one"}, "callers": {"one": {"find_by": WAYS, "customers": ["crm:c1"]}}}
    async with gateway_on(connectors, with_clock=StoppedClock(), customer={"priority": ["club"]}, **words) as gateway:
        text = "query ($by: CustomerKey!) { customer(by: $by) { id sourceId name orders { nodes { number } } } }"
        for key in ({"id": "crm:c1"}, {"email": "c1@example.com"}, {"memberNumber": "7"}, {"orderId": "shop:oc1"}):
            found = (await gateway.data(text, {"by": key}))["customer"]
            assert found == {"id": "crm:c1", "sourceId": "c1", "name": "Member", "orders": ORDERS_OF_C1}, key
        again = await gateway.data("query ($id: ID!) { node(id: $id) { id ... on Customer { name } } }", {"id": found["id"]})
        assert again["node"] == {"id": "crm:c1", "name": "Member"}


async def test_an_account_has_its_own_ids():
    """Of two sources of accounts the second one's ids are nobody else's: its account has no orders of the first one's."""
    erp = MemoryConnector("erp", {(r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1", name="Other")]}})
    text = '{ a: account(id: "crm:a1") { %s } b: account(id: "erp:a1") { name %s } }'
    inner = "orders { nodes { number } } members { nodes { customer { name } } }"
    async with gateway_on([*sources(), erp], with_clock=StoppedClock()) as gateway:
        found = await gateway.data(text % (inner, inner))
    assert len(found["a"]["orders"]["nodes"]) == 2
    assert len(found["a"]["members"]["nodes"]) == 2
    assert found["b"] == {"name": "Other", "orders": None, "members": None}


async def test_the_customer_himself(hand_clock: HandClock):
    """His token says who he is. One that does not, and a key of such a caller, are nobody's."""
    connectors, issuer = sources(), Issuer(hand_clock)
    text = '{ me: customer(by: {id: "c1"}) { name orders { nodes { number } } } other: customer(by: {id: "c2"}) { name } }'
    async with serving(issuer.answer) as base_url:
        words: dict[str, Any] = {
            "access": {"issuers": {"id": settings_of(base_url) | {"caller": "browser"}}},
            "callers": {"browser": {"customers": "claim:sub", "sees": SEES}},
        }
        async with gateway_on(connectors, with_clock=hand_clock, **words) as gateway:
            mine = await gateway.ask(text, authorization=f"Bearer {issuer.token(sub='c1')}")
            assert mine["data"] == {"me": {"name": "Name of c1", "orders": ORDERS_OF_C1}, "other": None}
            theirs = await gateway.ask(text, authorization=f"Bearer {issuer.token(sub='crm:c2')}")
            assert theirs["data"] == {"me": None, "other": {"name": "Name of c2"}}
            assert (await gateway.ask(text, authorization=f"Bearer {issuer.token(sub='c1')}")) == mine
            by_address = await gateway.ask(
                '{ customer(by: {email: "c1@example.com"}) { name } }', authorization=f"Bearer {issuer.token(sub='c1')}"
            )
            assert by_address["errors"][0]["extensions"]["code"] == "FORBIDDEN"
            for sub in (None, "", 7, ["c1"]):
                refused = await gateway.ask(text, authorization=f"Bearer {issuer.token(sub=sub)}")
                assert refused["errors"][0]["extensions"]["code"] == "UNAUTHENTICATED", sub


async def test_sources_that_are_not_asked():
    """They are as if they were not configured: not asked, not linked, not named."""
    async with asking(club(), sources=["crm"]) as one:
        answer = await one.ask(
            """{ sources { name } customer(by: {id: "crm:c1"}) {
                 name memberNumber records { sourceId } identity { complete records }
                 orders { nodes { number } } surveys { nodes { score } } sources { name }
                 tags { key } } }"""
        )
        assert [error["message"].partition(":")[0] for error in answer["errors"]] == ["Customer.tags"]
        assert answer["data"]["sources"] == [{"name": "crm"}]
        found = answer["data"]["customer"]
        assert found["memberNumber"] is None
        assert found["records"] == [{"sourceId": "c1"}]
        assert found["identity"] == {"complete": True, "records": ["crm:c1"]}
        assert (found["orders"], found["surveys"], found["tags"]) == (None, None, [])
        assert {own["name"] for own in found["sources"]} <= {"crm"} | {
            own["name"] for own in found["sources"] if own["name"] not in ("shop", "club")
        }
        assert {call.partition(".")[0] for call in one.calls} == {"crm"}
        assert (await one.ask('{ customer(by: {id: "club:m1"}) { name } }'))["data"] == {"customer": None}
        assert (await one.ask('{ order(id: "shop:oc1") { number } }'))["errors"][0]["extensions"]["code"] == "INVALID_KEY"


async def test_ids_of_a_source_that_is_not_asked_are_no_others():
    """Orders have the CRM's ids: without it, those of a club member with the same id are not his."""
    namesake = MemoryConnector("club", {(r.Customer, KeyKind.CUSTOMER_ID): {"c2": [r.Customer(id="c2", name="Somebody else")]}})
    connectors = [*sources(), namesake]
    words = {
        "access": {"anonymous": "one"},
        "callers": {"one": {"sources": ["club", "shop"]}},
        "sources": {
            "crm": {"kind": "memory"},
            "shop": {"kind": "memory", "customer_ids_of": "crm"},
            "club": {"kind": "memory"},
        },
    }
    async with gateway_on(connectors, with_clock=StoppedClock(), **words) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "club:c2"}) { name orders { nodes { number } } } }')
    assert answer["data"]["customer"]["name"] == "Somebody else"
    assert (answer["data"]["customer"]["orders"] or {"nodes": []})["nodes"] == []


async def test_callers_do_not_share_what_their_sources_give(tmp_path: Any):
    """The same text for one who sees all sources and one who does not, in turn."""
    callers: dict[str, Any] = {"console": {}, "some": {"sources": ["crm"]}, "others": {"sources": ["crm", "shop"]}}
    keys, access = await keys_in(tmp_path, callers)
    text = '{ customer(by: {id: "crm:c1"}) { memberNumber orders { nodes { number } } } }'
    async with gateway_on([*sources(), club()], with_clock=StoppedClock(), access=access, callers=callers) as gateway:
        for _ in range(3):
            found = {
                name: (await gateway.ask(text, authorization=f"Bearer {keys[name]}"))["data"]["customer"]
                for name in ("console", "some", "others", "some", "console")
            }
            orders = {"nodes": [{"number": "Noc1"}]}
            assert found["console"] == {"memberNumber": "7", "orders": orders}
            assert found["some"] == {"memberNumber": None, "orders": None}
            assert found["others"] == {"memberNumber": None, "orders": orders}


@pytest.mark.parametrize("rights", [{"customers": ["c1"]}, {"accounts": ["a1"]}, {"sources": ["crm"]}])
async def test_a_report_shows_all_and_tells(rights: dict[str, Any]):
    text = '{ customers(ids: ["c1", "c3"]) { name orders { nodes { number } } } order(id: "oc4") { number } }'
    connectors = sources()
    words = {"access": {"anonymous": "one", "mode": "report"}, "callers": {"one": rights}}
    async with gateway_on(connectors, with_clock=StoppedClock(), **words) as gateway:
        answer = await gateway.ask(text)
    assert [own["name"] for own in answer["data"]["customers"]] == ["Name of c1", "Name of c3"]
    assert answer["data"]["order"] == {"number": "Noc4"}
    told = [own for own in answer["extensions"]["access"] if "field" not in own]
    assert told == [{"source": "shop", "is": "withheld"} if "sources" in rights else {"customers": 2, "is": "withheld"}]


@pytest.mark.parametrize(
    ("caller", "message"),
    [
        ({"customers": "sub"}, "callers.one.customers: must be a list of ids, or claim: and the claim"),
        ({"customers": ["c1"], "accounts": ["a1"]}, "callers.one.accounts: customers are named, too; remove one of the two"),
        ({"customers": ["c1"], "find_by": ["text"]}, "callers.one.find_by: a search tells of all customers"),
        ({"customers": "claim:sub"}, "callers.one.customers: no issuer names this caller, so no token says who he is"),
        ({"sources": ["crn"]}, "callers.one.sources.0: there is no source crn; did you mean 'crm'?"),
        ({"accounts": []}, "callers.one.accounts"),
    ],
)
def test_settings_that_cannot_hold(caller: dict[str, Any], message: str):
    with pytest.raises(ConfigurationError) as refused:
        settings_for(sources(), access={"anonymous": "one"}, callers={"one": caller})
    assert message in str(refused.value)

"""A customer whom several sources know: found by each of their keys, merged, with the records of all."""

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.testing import MemoryConnector
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.known_people import (
    ANA_CRM,
    ANA_SHOP,
    ENDS,
    LI,
    NUMBER,
    WHO,
    ask_both,
    calls_of,
    knowing,
    order,
    person,
    three,
)
from tests.support.webhook_requests import hook, of, sources_with, tell

ALL = {"complete": True, "reason": None, "records": ["crm:7", "shop:42", "desk:u1"]}


@ENDS
@pytest.mark.parametrize(
    "by",
    [
        '{id: "crm:7"}', '{id: "7"}', '{id: "shop:42"}', '{id: "desk:u1"}', '{email: "ANA@example.com"}',
        '{email: "ana.work@example.org"}', '{phone: "+44 20 7946 0000"}', '{externalId: {source: "shop", id: "42"}}',
    ],
)  # fmt: skip
async def test_every_key_of_every_source_finds_one_customer(by: str, end: str):
    """With one answer: its id is that of the first source's record, and each source is asked by its own id for more."""
    query = "{ customer(by: BY) { WHO name locale orders { nodes { id } } tickets { nodes { id } } } "
    async with gateway_on(three(), identity={"max_turns": 3}) as gateway:
        data = await gateway.data(query.replace("BY", by).replace("WHO", WHO) + end)
    assert data["customer"] == {
        "id": "crm:7",
        "currentId": "crm:7",
        "source": "crm",
        "sourceId": "7",
        "identity": ALL,
        "name": "Ana Souza",
        "locale": "pt-BR",
        "orders": {"nodes": [{"id": "shop:o-shop"}]},
        "tickets": {"nodes": [{"id": "desk:t"}]},
    }


@ENDS
async def test_a_node_answers_under_the_id_that_was_asked_for(end: str):
    """As Relay demands; `currentId` is the id to keep."""
    query = '{ a: node(id: "shop:42") { id ... on Customer { currentId source sourceId name } } b: node(id: "crm:7") { id } '
    async with gateway_on(three()) as gateway:
        data = await gateway.data(query + end)
    assert data["a"] == {
        "id": "shop:42",
        "currentId": "crm:7",
        "source": "shop",
        "sourceId": "42",
        "name": "Ana Souza",
    }
    assert data["b"] == {"id": "crm:7"}


@ENDS
async def test_many_customers_are_one_call_for_each_source_and_kind(end: str):
    """In each turn, with the keys of all of them; an id that nobody has is null, one that is none is an error."""
    crm, own, desk = three()
    query = '{ customers(ids: ["crm:7", "crm:8", "shop:42", "crm:9", " "]) { id name } '
    async with gateway_on([crm, own, desk]) as gateway:
        answer = await gateway.ask(query + end)
    ana, li = {"id": "crm:7", "name": "Ana Souza"}, {"id": "crm:8", "name": "Li"}
    assert answer["data"]["customers"] == [ana, li, ana, None, None]
    assert [error["path"] for error in answer["errors"]] == [["customers", 4]]
    ids = ("crm:7", "crm:8", "shop:42", "crm:9")
    assert calls_of(crm, own, desk) == [
        [
            ("customer_id", ("7", "8", "9")),
            ("external_id", ("shop:42",)),
            ("email", ("ana@example.com", "li@example.com", "ana.work@example.org")),
            ("phone", (NUMBER,)),
            ("external_id", ("crm:9",)),  # an id that nobody has may be stated
            ("external_id", ("desk:u1",)),
        ],
        [
            ("external_id", ("crm:7", "crm:8", "crm:9")),
            ("customer_id", ("42",)),
            ("email", ("ana@example.com", "li@example.com", "ana.work@example.org")),
            ("phone", (NUMBER,)),
            ("external_id", ("desk:u1",)),
        ],
        [
            ("external_id", ids),
            ("email", ("ana@example.com", "li@example.com", "ana.work@example.org")),
            ("phone", (NUMBER,)),
        ],
    ]


async def test_what_one_source_gives_alone_is_asked_there_alone():
    """The id of the first source, and fields that the settings leave to it, need no other source."""
    crm, own, desk = three()
    settings = {"fields": {"name": ["crm"], "locale": ["shop"]}}
    async with gateway_on([crm, own, desk], customer=settings) as gateway:
        data = await gateway.data(
            '{ customer(by: {id: "crm:7"}) { id name } customers(ids: ["crm:7", "crm:8"]) { name givenName } }'
        )
        assert calls_of(crm, own, desk) == [[("customer_id", ("7",)), ("customer_id", ("7", "8"))], [], []]
        await gateway.data('{ customer(by: {id: "crm:7"}) { locale } }')
    assert data == {
        "customer": {"id": "crm:7", "name": "Ana Souza"},
        "customers": [{"name": "Ana Souza", "givenName": None}, {"name": "Li", "givenName": None}],
    }
    assert own.calls


ORIGINS = """{ customer(by: {id: "crm:7"}) { name givenName email locale createdAt
    origins { field source rule others { source value } } } """


@ENDS
async def test_fields_come_by_priority_and_say_whose_they_are(end: str):
    """A name is taken whole from one record, so no given name of another; empty never wins."""
    async with gateway_on(three()) as gateway:
        customer = (await gateway.data(ORIGINS + end))["customer"]
    origins = {origin.pop("field"): origin for origin in customer.pop("origins")}
    assert customer == {
        "name": "Ana Souza",
        "givenName": None,
        "email": "ana@example.com",
        "locale": "pt-BR",
        "createdAt": "2026-06-02T12:00:00Z",
    }
    ana, work = {"source": "shop", "value": "ana@example.com"}, {"source": "desk", "value": "ana.work@example.org"}
    assert origins == {
        "name": {"source": "crm", "rule": "PRIORITY", "others": [{"source": "shop", "value": "A. Souza"}]},
        "givenName": {"source": None, "rule": "PRIORITY", "others": [{"source": "desk", "value": "Ana"}]},
        "email": {"source": "crm", "rule": "PRIORITY", "others": [ana, work]},
        "locale": {"source": "crm", "rule": "PRIORITY", "others": []},
        "createdAt": {"source": "desk", "rule": "PRIORITY", "others": []},
    }


async def test_rules_of_fields_are_settings():
    """The newest record, or a list of sources; where no record says when it changed, the rule that counts is said."""
    settings = {"priority": ["desk", "shop"], "fields": {"name": "newest", "email": ["shop", "crm"], "created_at": "newest"}}
    async with gateway_on(three(), customer=settings) as gateway:
        customer = (await gateway.data(ORIGINS.replace("name given", "id name given") + "}"))["customer"]
    assert {name: customer[name] for name in ("id", "name", "email", "createdAt")} == {
        "id": "desk:u1",
        "name": "A. Souza",
        "email": "ana@example.com",
        "createdAt": "2026-06-02T12:00:00Z",
    }
    rules = {origin["field"]: (origin["source"], origin["rule"]) for origin in customer["origins"]}
    assert (rules["name"], rules["email"], rules["createdAt"]) == (
        ("shop", "NEWEST"),
        ("shop", "PRIORITY"),
        ("desk", "PRIORITY"),
    )


async def test_a_search_gives_whole_customers():
    """Each with all of its records, once; pages go on after a customer."""
    crm = knowing("crm", [ANA_CRM, LI], also={(r.Customer, KeyKind.TEXT): {"ana li": [ANA_CRM, LI]}})
    own = knowing("shop", [ANA_SHOP], also={(r.Customer, KeyKind.TEXT): {"ana li": [ANA_SHOP]}})
    query = """query ($after: String) { searchCustomers(text: "ana li", first: 1, after: $after) {
        nodes { id name identity { records } } pageInfo { endCursor hasNextPage } } }"""
    async with gateway_on([own, crm], customer={"priority": ["crm"]}) as gateway:
        found = (await gateway.data(query))["searchCustomers"]
        rest = (await gateway.data(query, {"after": found["pageInfo"]["endCursor"]}))["searchCustomers"]
    assert found["nodes"] == [{"id": "crm:7", "name": "Ana Souza", "identity": {"records": ["crm:7", "shop:42"]}}]
    assert rest["nodes"] == [{"id": "crm:8", "name": "Li", "identity": {"records": ["crm:8"]}}]
    assert [page["pageInfo"]["hasNextPage"] for page in (found, rest)] == [True, False]


@ENDS
async def test_one_source_of_customers_says_the_same_of_itself(end: str):
    """One record, whose fields are its own."""
    query = """{ customer(by: {id: "c1"}) { name currentId records { source sourceId } origins { field source others { value } }
        identity { complete reason records links { by } withheld { by } } } """
    async with gateway_on([shop.crm(), shop.orders()]) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    assert customer == {
        "name": "Ana Souza",
        "currentId": "crm:c1",
        "records": [{"source": "crm", "sourceId": "c1"}],
        "origins": [{"field": "name", "source": "crm", "others": []}],
        "identity": {"complete": True, "reason": None, "records": ["crm:c1"], "links": [], "withheld": []},
    }


async def test_sources_that_use_the_same_ids_are_linked_by_them():
    """A database of one's own that has the CRM's ids says so in its settings; other records of it are found by them as well."""
    crm = knowing("crm", [person("7", name="Ana")], [KeyKind.CUSTOMER_ID])
    own = knowing(
        "data",
        [person("7", locale="pt-BR"), person("8", name="Li")],
        [KeyKind.CUSTOMER_ID],
        also={(r.Order, KeyKind.CUSTOMER_ID): {"7": [order("a")], "9": [order("b")]}},
    )
    query = """{ customers(ids: ["crm:7", "data:7", "data:8"]) { id name locale identity { complete records }
        orders { nodes { id } } } """
    with_ids = {"data": {"kind": "memory", "customer_ids_of": "crm"}, "crm": {"kind": "memory"}}
    answer = await ask_both(query, crm, own, sources=with_ids)
    ana = {
        "id": "crm:7",
        "name": "Ana",
        "locale": "pt-BR",
        "identity": {"complete": True, "records": ["crm:7", "data:7"]},
        "orders": {"nodes": [{"id": "data:o-a"}]},
    }
    li = {"id": "data:8", "name": "Li", "locale": None, "identity": {"complete": True, "records": ["data:8"]}}
    assert answer["data"]["customers"] == [ana, ana, {**li, "orders": {"nodes": []}}]


async def test_tickets_come_by_the_addresses_of_all_records():
    """And by no placeholder; a ticket that two of them find is one."""
    crm = knowing("crm", [person("7", email="ana@example.com", emails=["noreply@shop.example"])])
    own = knowing("shop", [person("42", email="ana@example.com", emails=["ana.work@example.org"])])
    tickets = [r.Ticket(id=f"t{n}", created_at=shop.at(n)) for n in (1, 2, 3)]
    by_email = {"ana@example.com": tickets[:2], "ana.work@example.org": tickets[1:2], "noreply@shop.example": tickets[2:]}
    desk = MemoryConnector("desk", {(r.Ticket, KeyKind.EMAIL): by_email})
    query = '{ customer(by: {id: "shop:42"}) { tickets { nodes { id } } timeline { nodes { ... on Ticket { id } } } } '
    found = {"nodes": [{"id": "desk:t2"}, {"id": "desk:t1"}]}
    assert (await ask_both(query, crm, own, desk))["data"]["customer"] == {"tickets": found, "timeline": found}


async def test_orders_come_by_the_ids_that_others_state():
    """Of every record, by its source and id; and by those that the records state themselves."""
    crm = knowing("crm", [person("7", email="ana@example.com", ids=["till:T1"])])
    own = knowing("shop", [person("42", email="ana@example.com")])
    by_id = {"crm:7": [order("a")], "shop:42": [order("b")], "till:T1": [order("c")]}
    tills = MemoryConnector("till", {(r.Order, KeyKind.EXTERNAL_ID): by_id})
    query = '{ customer(by: {id: "shop:42"}) { orders { nodes { id } } orderStatistics { count } } '
    found = [{"id": f"till:o-{name}"} for name in "cba"]
    assert (await ask_both(query, crm, own, tills))["data"]["customer"] == {
        "orders": {"nodes": found},
        "orderStatistics": {"count": 3},
    }
    assert {key for call in tills.calls for key in call[2]} == {"crm:7", "shop:42", "till:T1"}


async def test_a_webhook_outdates_answers_about_all_keys_of_a_customer():
    """What is cached of the source under the id of another one, or under an address, is asked for again."""
    crm, own = (
        knowing("crm", [ANA_CRM]),
        knowing("shop", [person("42", email="ana@example.com", locale="pt-BR", ids=["crm:7"])]),
    )
    settings = sources_with({"shop": hook()}, {"customer": 60}, "crm")
    query = '{ customer(by: {email: "ana@example.com"}) { locale name } } '
    async with gateway_on([crm, own], sources=settings, customer={"fields": {"locale": ["shop"]}}) as gateway:
        before = [(await gateway.data(query))["customer"]["locale"] for _ in range(2)]
        asked = len(own.calls)
        changed = knowing("shop", [person("42", email="ana@example.com", locale="en-GB", ids=["crm:7"])])
        own.records = changed.records
        assert (await gateway.data(query))["customer"]["locale"] == "pt-BR"
        assert len(own.calls) == asked
        assert (await tell(gateway, "shop", of("42"))).status_code == 204
        after_change = (await gateway.data(query))["customer"]["locale"]
        by_other_id = (await gateway.data('{ customer(by: {id: "crm:7"}) { locale } }'))["customer"]["locale"]
    assert (before, after_change, by_other_id) == (["pt-BR"] * 2, "en-GB", "en-GB")

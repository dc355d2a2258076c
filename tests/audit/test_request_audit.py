"""What a request leaves in the audit: of whom it was told, and what it tried, by every way in and on both executors."""

import asyncio
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.access.test_tokens import Issuer, settings_of
from tests.support.clocks import START, StoppedClock
from tests.support.fixtures_mongodb import HandClock
from tests.support.http_source import serving
from tests.support.recorded_audit import RecordedAudit, audited_gateway
from tests.views.test_customer_rights import SECRET, SEES, WAYS, club, sources

TICKETS = MemoryConnector(
    "desk",
    {
        (r.Ticket, KeyKind.TICKET_ID): {"t1": [r.Ticket(id="t1", customer_id="c2", created_at=START, subject="Where is it?")]},
        (r.Ticket, KeyKind.CUSTOMER_ID): {},
    },
)
WAYS_IN = {
    '{ customer(by: {id: "c1"}) { name } }': (["crm:c1"], []),
    '{ customer(by: {id: "crm:c1"}) { name orders { nodes { number } } } }': (["crm:c1"], []),
    '{ customer(by: {email: "C1@Example.com "}) { name } }': (["crm:c1"], []),
    '{ customer(by: {orderId: "shop:oc2"}) { name } }': (["crm:c2"], []),
    '{ customers(ids: ["c3", "none", "crm:c1", "c3"]) { name } }': (["crm:c1", "crm:c3"], [("customer_id", "none")]),
    '{ customers(by: [{id: "c4"}, {email: " No@Example.com"}]) { name } }': (["crm:c4"], [("email", "no@example.com")]),
    '{ customer(by: {account: "a1"}) { name } }': (["crm:c1", "crm:c2"], [("account", "a1")]),
    '{ searchCustomers(text: "name", first: 2) { nodes { name } } }': (["crm:c1", "crm:c2"], []),
    '{ searchCustomers(text: "Nobody at all") { nodes { name } } }': ([], [("text", "Nobody at all")]),
    '{ node(id: "crm:c4") { ... on Customer { name } } }': (["crm:c4"], []),
    '{ node(id: "shop:oc2") { ... on Order { number } } }': (["crm:c2"], []),
    '{ node(id: "crm:a2") { ... on Account { name } } }': ([], []),
    '{ node(id: "shop:none") { id } }': ([], [("customer_id", "shop:none")]),
    '{ order(id: "shop:oc3") { number } }': (["crm:c3"], []),
    '{ order(id: "shop:oe") { number } }': (["crm:c1"], []),
    '{ order(id: "shop:none") { number } }': ([], [("order_id", "shop:none")]),
    '{ ticket(id: "desk:t1") { subject } }': (["crm:c2"], []),
    '{ account(id: "crm:a1") { name } }': ([], []),
    '{ account(id: "crm:none") { name } }': ([], [("account", "crm:none")]),
    '{ account(id: "crm:a2") { members { nodes { customer { name } } } } }': (["crm:c3"], []),
    '{ account(id: "crm:a1") { orders(members: true) { nodes { number } } } }': (["crm:c1", "crm:c2"], []),
    '{ customer(by: {id: " "}) { name } }': ([], [("customer_id", "")]),
    "{ sources { name } }": ([], []),
}
"""Operations, with the customers whom they give, and the keys that find nobody."""

UNPLANNED = "{ __typename __schema { queryType { name } } "
RULED = {"access": {"anonymous": "one", "hash_secret": SECRET}, "callers": {"one": {"find_by": WAYS, "customers": ["c1"]}}}


@pytest.mark.parametrize("begin", ["{", UNPLANNED])
@pytest.mark.parametrize("text", WAYS_IN)
async def test_each_way_in_leaves_whom_it_gave(text: str, begin: str):
    """Also where graphql-core runs the operation; keys that find nobody stand in their normal form."""
    audit = RecordedAudit()
    async with audited_gateway([*sources(), TICKETS], audit) as gateway:
        await gateway.ask(text.replace("{", begin, 1))
    assert len(audit.entries) == 1
    assert (audit.last["customers"], audit.last["attempts"]) == tuple(WAYS_IN[text])


async def test_customers_of_a_late_part_are_in_the_one_entry():
    """It is written when the last part has left."""
    audit = RecordedAudit()
    query = """{ account(id: "crm:a1") { name ... @defer { members { nodes { customer { name } } } } } }"""
    async with audited_gateway([*sources(), TICKETS], audit) as gateway:
        response = await gateway.client.post("/graphql", json={"query": query}, headers={"accept": "multipart/mixed"})
    assert response.headers["content-type"].startswith("multipart/mixed")
    assert response.text.count('"hasNext"') == 2
    assert len(audit.entries) == 1
    assert audit.last["customers"] == ["crm:c1", "crm:c2"]


async def test_a_customer_of_several_sources_is_the_one_that_he_is_kept_under():
    """Whichever of his records was asked for, and by which key; an order of several sources is his, too."""
    audit = RecordedAudit()
    async with audited_gateway([*sources(), club()], audit) as gateway:
        for text in (
            '{ customer(by: {id: "club:m1"}) { name orders { nodes { number } } } }',
            '{ customer(by: {memberNumber: "7"}) { name } }',
            '{ customers(ids: ["club:m1", "crm:c1"]) { currentId } }',
            '{ node(id: "club:m1") { ... on Customer { currentId } } }',
            '{ order(id: "shop:oe") { number } }',
        ):
            await gateway.data(text)
            assert (audit.last["customers"], audit.last["attempts"]) == (["crm:c1"], []), text


async def test_of_others_than_one_may_be_told_of_only_the_attempt_is_left():
    """By each key, in a list, as a node, by an order: nobody was given, and what was tried is said."""
    audit = RecordedAudit()
    async with audited_gateway(sources(), audit, **RULED) as gateway:
        await gateway.ask(
            """{ a: customer(by: {id: "c2"}) { name } b: customer(by: {email: "c3@example.com"}) { name }
                 customers(ids: ["c1", "c4"]) { name } node(id: "crm:c2") { id } order(id: "shop:oc2") { number } }"""
        )
    assert audit.last["customers"] == ["crm:c1"]
    assert audit.last["attempts"] == [
        ("customer_id", "c2"),
        ("customer_id", "c4"),
        ("customer_id", "crm:c2"),
        ("email", "c3@example.com"),
        ("order_id", "shop:oc2"),
    ]
    assert audit.last["caller"] == "one"


REFUSED: dict[str, tuple[str, list[tuple[str, str]]]] = {
    """{ a: customer(by: {email: "c1@example.com"}) { name } ...Others }
       fragment Others on Query { customers(ids: ["c2", "c3"]) { name } }""": (
        "FORBIDDEN",
        [("customer_id", "c2"), ("customer_id", "c3"), ("email", "c1@example.com")],
    ),
    '{ customer(by: {externalId: {source: "erp", id: "7"}}) { name } }': ("FORBIDDEN", [("external_id", "erp:7")]),
    "query ($by: [CustomerKey!]!) { customers(by: $by) { name } }": (
        "FORBIDDEN",
        [("phone", "+49 151"), ("member_number", "7")],
    ),
    '{ order(id: "shop:oc1") { number } customer(by: {id: "c1"}) { name } }': ("WITHHELD", [("order_id", "shop:oc1")]),
    '{ searchCustomers(text: "Ana") { nodes { name } } ... on Query { account(id: "a1") { name } } }': (
        "WITHHELD",
        [("account", "a1"), ("text", "Ana")],
    ),
}


@pytest.mark.parametrize("text", REFUSED)
async def test_keys_that_a_caller_may_not_find_by_are_attempts(text: str):
    """They are refused before they are keys of anything, in the text or in variables."""
    audit, connectors = RecordedAudit(), sources()
    words: dict[str, Any] = {"access": {"anonymous": "one"}, "callers": {"one": {"find_by": ["customer_id"]}}}
    async with audited_gateway(connectors, audit, **words) as gateway:
        await gateway.ask(text, {"by": [{"phone": "+49 151"}, {"memberNumber": "7"}]} if "$by" in text else None)
    code, attempts = REFUSED[text]
    assert (audit.last["answer"], audit.last["attempts"]) == (code, sorted(attempts))


async def test_what_a_request_asked_for_is_told_in_classes():
    """Those of fields that the caller is shown, once for each view; never a name that he chose, unless the settings have it."""
    audit = RecordedAudit()
    words: dict[str, Any] = {
        "access": {"anonymous": "one", "hash_secret": SECRET},
        "callers": {"one": {"sees": SEES | {"contact": "withheld", "personal": "masked"}}},
        "telemetry": {"operations": ["Known"]},
    }
    fields = '{ customer(by: {id: "c1"}) { name email orders { nodes { number } } } }'
    async with audited_gateway(sources(), audit, **words) as gateway:
        await gateway.ask(f"query Known {fields}")
        assert (audit.last["operation"], audit.last["answer"]) == ("Known", "WITHHELD")
        assert audit.last["fields"] == ("commercial", "personal")
        assert audit.last["sources"] == ["crm", "shop"]
        await gateway.ask(f"query Ana_Souza {fields}")
        assert audit.last["operation"] == "query"
    async with audited_gateway(sources(), audit) as gateway:
        await gateway.ask(fields)
        assert audit.last["fields"] == ("commercial", "contact", "personal")
        await gateway.ask('{ customer(by: {id: "c1"}) { tags { key } } }')
        of_tags = audit.last["fields"]
        assert {"behavioural", "commercial"} < {*of_tags}, "what they are computed from"
        await gateway.ask('{ customer(by: {id: "c1"}) { facts(names: ["orders_all"]) { value } } }')
        assert audit.last["fields"] == of_tags


async def test_sources_are_those_that_this_request_asked():
    """Also where another one asked the same before, or asked more; what waits in a cache is asked, too."""
    audit = RecordedAudit()
    async with audited_gateway([*sources(), TICKETS], audit) as gateway:
        for fields, asked in (("name", ["crm"]), ("name orders { nodes { number } }", ["crm", "shop"])) * 2:
            await gateway.ask('{ customer(by: {id: "c1"}) { FIELDS } }'.replace("FIELDS", fields))
            assert audit.last["sources"] == asked
        await gateway.ask("{ sources { name } }")
        assert audit.last["sources"] == []


async def test_what_is_refused_is_recorded_too():
    """Before anybody is known, before it is a document, for what it asks: with its code, and of nobody."""
    audit = RecordedAudit()
    words: dict[str, Any] = {"access": {"keys": {"secret": SECRET, "file": "none.json"}}, "callers": {"one": {}}}
    async with audited_gateway(sources(), audit, **words) as gateway:
        await gateway.ask("{ sources { name } }", authorization="Bearer nobodys")
    expected = {
        "at": StoppedClock().timestamp(),
        "caller": "",
        "user": None,
        "purpose": None,
        "operation": None,
        "answer": "UNAUTHENTICATED",
        "fields": (),
        "sources": [],
        "customers": [],
        "attempts": [],
    }
    assert audit.last == expected | {"request": audit.last["request"]}
    async with audited_gateway(sources(), audit, **RULED) as gateway:
        await gateway.ask("{ nothing }")
        assert audit.last["answer"] == "GRAPHQL_VALIDATION_FAILED"
        await gateway.client.post("/graphql", content=b"{", headers={"content-type": "application/json"})
        assert (audit.last["answer"], audit.last["operation"]) == ("BAD_REQUEST", None)
    assert len(audit.entries) == 3


async def test_a_failure_leaves_what_was_given_before_it():
    """Of whom the sources could not tell is an attempt."""
    audit, connectors = RecordedAudit(), sources()
    async with audited_gateway(connectors, audit) as gateway:
        connectors[1].failure = SourceUnavailableError()
        await gateway.ask('{ customer(by: {id: "c1"}) { name } order(id: "shop:oc1") { number } }')
    assert audit.last["answer"] == "SOURCE_UNAVAILABLE"
    assert (audit.last["customers"], audit.last["attempts"]) == (["crm:c1"], [("order_id", "shop:oc1")])


async def test_nothing_is_asked_while_nothing_can_be_recorded():
    audit, connectors = RecordedAudit(), sources()
    async with audited_gateway(connectors, audit) as gateway:
        audit.fill_up()
        answer = await gateway.ask('{ customer(by: {id: "c1"}) { name } }')
    assert answer["errors"][0]["extensions"]["code"] == "AUDIT_UNAVAILABLE"
    assert not [call for own in connectors for call in own.calls]


async def test_the_purpose_and_the_user_are_recorded(hand_clock: HandClock):
    """The purpose that the settings have, whichever a header names; the end user whom a claim of the token names."""
    audit, issuer = RecordedAudit(), Issuer(hand_clock)
    async with serving(issuer.answer) as base_url:
        words: dict[str, Any] = {
            "access": {"issuers": {"id": settings_of(base_url)}},
            "callers": {"console": {}},
            "purposes": {"delivery": {"basis": "contract"}},
        }
        async with audited_gateway(sources(), audit, with_clock=hand_clock, **words) as gateway:
            token = {"authorization": f"Bearer {issuer.token()}"}
            await gateway.ask('{ customer(by: {id: "c1"}) { name } }', **token, **{"x-purpose": "delivery"})
            assert (audit.last["purpose"], audit.last["answer"]) == ("delivery", "OK")
            await gateway.ask('{ customer(by: {id: "c1"}) { name } }', **token, **{"x-purpose": "4711"})
            assert (audit.last["purpose"], audit.last["answer"]) == (None, "FORBIDDEN")
            assert audit.last["caller"] == "console"


async def test_an_operator_is_told_apart_from_callers():
    """His name may be that of a person."""
    audit, key = RecordedAudit(), "an operator's key of forty characters or so"
    async with audited_gateway(sources(), audit, identity={"operators": {"anna": key}}, **RULED) as gateway:
        await gateway.ask("{ sources { name } }", authorization=f"Bearer {key}")
    assert audit.last["caller"] == "operator:anna"


async def test_who_goes_away_is_recorded():
    """He may have read what was given until then."""
    audit, connectors = RecordedAudit(), sources()
    async with audited_gateway(connectors, audit) as gateway:
        asking = asyncio.create_task(gateway.ask('{ customer(by: {id: "c1"}) { name } }'))
        while not any(own.calls for own in connectors):
            await asyncio.sleep(0)
        asking.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asking
    assert [entry["answer"] for entry in audit.entries] == ["ABANDONED"]

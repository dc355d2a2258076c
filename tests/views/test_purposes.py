"""Purposes of requests: who may name which, what customers said about them, and tags that are for some purposes alone."""

from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services
from tests.support.caller_keys import keys_in
from tests.support.clocks import START, StoppedClock
from tests.support.gateway_server import gateway_on, settings_for

GRANTED, DENIED, WITHDRAWN, UNKNOWN = (
    r.ConsentState.GRANTED,
    r.ConsentState.DENIED,
    r.ConsentState.WITHDRAWN,
    r.ConsentState.UNKNOWN,
)
EMAIL, SMS = r.Channel.EMAIL, r.Channel.SMS
SAID: dict[str, list[tuple[r.Channel, str, r.ConsentState, int]]] = {
    "granted": [(EMAIL, "Marketing", GRANTED, 0)],
    "withdrawn": [(EMAIL, "marketing", GRANTED, 0), (EMAIL, "marketing", WITHDRAWN, 1)],
    "again": [(EMAIL, "marketing", WITHDRAWN, 0), (EMAIL, "marketing", GRANTED, 1)],
    "sms": [(SMS, "marketing", GRANTED, 0)],
    "other": [(EMAIL, "service", GRANTED, 0)],
    "unknown": [(EMAIL, "marketing", r.ConsentState.UNKNOWN, 0)],
    "denied": [(EMAIL, "marketing", DENIED, 0)],
    "silent": [],
}
ROLES = {"granted": r.AccountRole.BUYER, "denied": r.AccountRole.BUYER, "again": r.AccountRole.USER}
PURPOSES = {
    "marketing": {"basis": "consent"},
    "newsletter": {"basis": "consent", "consent": "marketing", "channels": ["EMAIL"]},
    "advice": {"basis": "legitimate_interest", "consent": "marketing"},
    "delivery": {"basis": "contract"},
    "tax": {"basis": "legal_duty"},
}
SHOWN = {
    "marketing": {"granted", "again", "sms"},
    "newsletter": {"granted", "again"},
    "advice": {"granted", "again", "sms", "other", "silent"},
    "delivery": {*SAID},
    "tax": {*SAID},
}
TAGS = """
defaults: {owner: crm, ttl: 1h, version: 1, category: VALUE}
facts:
  orders: {label: Orders, record: order, measure: count}
tags:
  for_all: {label: A, description: A., words: a, expression: 'orders > 0 ? "SOME" : "NONE"'}
  for_marketing: {label: B, description: B., words: b, expression: 'orders > 0 ? "SOME" : "NONE"', purposes: [marketing]}
"""


NOBODYS = r.Order(id="o-nobody", status=r.OrderStatus.CONFIRMED, placed_at=START)


def sources() -> list[MemoryConnector]:
    people = {
        own_id: r.Customer(
            id=own_id,
            name=own_id,
            email="same@example.com" if own_id in ("granted", "denied") else f"{own_id}@example.com",
            company=r.Company(account="a1", role=ROLES.get(own_id)),
            consents=[
                r.Consent(channel=channel, purpose=purpose, state=state, at=START + timedelta(days=day))
                for channel, purpose, state, day in said
            ],
        )
        for own_id, said in SAID.items()
    }
    orders = {
        own_id: [r.Order(id=f"o-{own_id}", status=r.OrderStatus.CONFIRMED, placed_at=START, customer_id=own_id)]
        for own_id in people
    }
    crm: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): {own_id: [own] for own_id, own in people.items()},
        (r.Customer, KeyKind.EMAIL): {
            "same@example.com": [people["granted"], people["denied"]],
            "silent@example.com": [people["silent"]],
        },
        (r.Customer, KeyKind.TEXT): {"granted": [*people.values()]},
        (r.Customer, KeyKind.ACCOUNT): {"a1": [*people.values()]},
        (r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1", name="a1")]},
    }
    shop: dict[Any, Any] = {
        (r.Order, KeyKind.CUSTOMER_ID): orders,
        (r.Order, KeyKind.ORDER_ID): {own.id: [own] for (own,) in [*orders.values(), [NOBODYS]]},
    }
    return [MemoryConnector("crm", crm), MemoryConnector("shop", shop)]


def words(caller: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    return {"access": {"anonymous": "one"}, "callers": {"one": caller}, "purposes": PURPOSES, **more}


@pytest.mark.parametrize("purpose", PURPOSES)
async def test_who_is_shown_for_a_purpose(purpose: str):
    """The others are null with an error in their place, and nothing of them is asked for but what decides."""
    connectors = sources()
    text = "query ($by: [CustomerKey!]!) { customers(by: $by) { name orders { nodes { sourceId } } } }"
    async with gateway_on(connectors, with_clock=StoppedClock(), **words({"purposes": [purpose]})) as gateway:
        answer = await gateway.ask(text, {"by": [{"id": own_id} for own_id in SAID]})
    found = {own["name"] for own in answer["data"]["customers"] if own is not None}
    assert found == SHOWN[purpose]
    withheld = {[*SAID][error["path"][1]] for error in answer.get("errors", ())}
    assert withheld == {*SAID} - found
    assert {error["extensions"]["code"] for error in answer.get("errors", ())} <= {"WITHHELD_PURPOSE"}
    asked = {key for call in connectors[1].calls for key in call[2]}
    assert asked == found
    if purpose in ("delivery", "tax"):
        assert not any("consents" in repr(call) for call in connectors[0].calls)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{ customer(by: {email: "same@example.com"}) { name } }', {"customer": None}),
        ('{ customer(by: {email: "silent@example.com"}) { name } }', {"customer": None}),
        ('{ customer(by: {orderId: "o-denied"}) { name } }', {"customer": None}),
        ('{ order(id: "o-denied") { sourceId } }', {"order": None}),
        ('{ order(id: "o-granted") { sourceId } }', {"order": {"sourceId": "o-granted"}}),
        ('{ order(id: "o-nobody") { sourceId } }', {"order": None}),
        ('{ node(id: "crm:denied") { id } }', {"node": None}),
        ('{ node(id: "shop:o-denied") { id } }', {"node": None}),
        ('{ node(id: "crm:granted") { id } }', {"node": {"id": "crm:granted"}}),
    ],
)
async def test_every_way_in_asks_for_the_purpose(text: str, expected: dict[str, Any]):
    async with gateway_on(sources(), with_clock=StoppedClock(), **words({"purposes": ["newsletter"]})) as gateway:
        answer = await gateway.ask(text)
    assert answer["data"] == expected
    assert [error["extensions"]["code"] for error in answer.get("errors", ())] == ["WITHHELD_PURPOSE"] * (
        None in expected.values()
    )


async def test_what_is_not_there_is_not_withheld():
    async with gateway_on(sources(), with_clock=StoppedClock(), **words({"purposes": ["newsletter"]})) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "x"}) { name } order(id: "x") { number } node(id: "shop:x") { id } }')
    assert answer == {"data": {"customer": None, "order": None, "node": None}}


async def test_members_leave_out_who_is_not_shown():
    """That somebody is left out is told, whatever role is asked for: not whose role it is."""
    text = """query ($role: AccountRole) { account(id: "a1") {
        members(role: $role) { nodes { customer { name } } totalCount partial } } }"""
    async with gateway_on(sources(), with_clock=StoppedClock(), **words({"purposes": ["newsletter"]})) as gateway:
        found = {
            role: (await gateway.data(text, {"role": role}))["account"]["members"] for role in (None, "BUYER", "USER", "OTHER")
        }
    names = {role: {own["customer"]["name"] for own in page["nodes"]} for role, page in found.items()}
    assert names == {None: SHOWN["newsletter"], "BUYER": {"granted"}, "USER": {"again"}, "OTHER": set()}
    assert {(page["totalCount"], page["partial"]) for page in found.values()} == {(None, True)}


async def test_there_is_no_search_for_a_purpose_that_asks_for_consents():
    """It would tell by what it leaves out that somebody has this name."""
    connectors = sources()
    text = '{ searchCustomers(text: "granted") { nodes { name } } }'
    async with gateway_on(connectors, with_clock=StoppedClock(), **words({"purposes": ["newsletter"]})) as gateway:
        answer = await gateway.ask(text)
    assert answer["data"] == {"searchCustomers": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["WITHHELD_PURPOSE"]
    assert connectors[0].calls == []
    async with gateway_on(sources(), with_clock=StoppedClock(), **words({"purposes": ["delivery"]})) as gateway:
        assert (await gateway.data(text))["searchCustomers"]["nodes"] == [{"name": "granted"}]


async def test_what_is_not_known_is_not_shown():
    """Neither while the source of the consents is down, nor where none gives any."""
    connectors = sources()
    text = '{ customer(by: {id: "granted"}) { name orders { nodes { sourceId } } } }'
    async with gateway_on(connectors, with_clock=StoppedClock(), **words({"purposes": ["advice"]})) as gateway:
        connectors[0].failure = SourceUnavailableError()
        answer = await gateway.ask(text)
    assert answer["data"] == {"customer": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["WITHHELD_PURPOSE"]
    assert connectors[1].calls == []
    connectors = sources()
    connectors[0].absent_fields = lambda record: frozenset({"consents"}) if record is r.Customer else frozenset()  # type: ignore[method-assign]
    async with gateway_on(connectors, with_clock=StoppedClock(), **words({"purposes": ["advice"]})) as gateway:
        answer = await gateway.ask(text)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["WITHHELD_PURPOSE"]


@pytest.mark.parametrize(
    ("caller", "named", "code"),
    [
        ({"purposes": ["delivery", "tax"]}, None, "FORBIDDEN"),
        ({"purposes": ["delivery", "tax"]}, "tax", None),
        ({"purposes": ["delivery", "tax"]}, "advice", "FORBIDDEN"),
        ({"purposes": ["delivery"]}, None, None),
        ({"purposes": ["delivery"]}, "Delivery", "FORBIDDEN"),
        ({"purposes": ["delivery"]}, "", "FORBIDDEN"),
        ({}, None, None),
        ({}, "tax", None),
        ({}, "advise", "FORBIDDEN"),
    ],
)
async def test_which_purposes_a_caller_may_name(caller: dict[str, Any], named: str | None, code: str | None):
    connectors = sources()
    async with gateway_on(connectors, with_clock=StoppedClock(), **words(caller)) as gateway:
        answer = await gateway.ask(
            '{ customer(by: {id: "denied"}) { name } }', **({} if named is None else {"x-purpose": named})
        )
    if code is None:
        assert answer == {"data": {"customer": {"name": "denied"}}}
    else:
        assert answer["errors"][0]["extensions"]["code"] == code
        assert connectors[0].calls == [], "refused before a source is asked"


async def test_tags_are_given_for_their_purposes(tmp_path: Path):
    """A tag that names purposes is computed for these alone, and so of nobody who did not consent."""
    file = tmp_path / "tags.yaml"
    file.write_text(TAGS)
    keys, access = await keys_in(tmp_path, ["marketing", "delivery", "console"])
    callers: dict[str, Any] = {"marketing": {"purposes": ["marketing"]}, "delivery": {"purposes": ["delivery"]}, "console": {}}
    text = '{ customer(by: {id: "granted"}) { tags { key } tag(key: "for_marketing") { key } } }'
    settings = {"access": access, "callers": callers, "purposes": PURPOSES, "tags": {"file": str(file)}}
    async with gateway_on(sources(), with_clock=StoppedClock(), **settings) as gateway:
        answers = {name: await gateway.ask(text, authorization=f"Bearer {key}") for name, key in keys.items()}
        named = await gateway.ask(text, authorization=f"Bearer {keys['console']}", **{"x-purpose": "marketing"})
    for name in ("delivery", "console"):
        assert answers[name]["data"]["customer"] == {"tags": [{"key": "for_all"}], "tag": None}, name
        assert {error["extensions"]["code"] for error in answers[name]["errors"]} == {"WITHHELD"}
    both = {"tags": [{"key": "for_all"}, {"key": "for_marketing"}], "tag": {"key": "for_marketing"}}
    assert answers["marketing"] == named == {"data": {"customer": both}}


async def test_a_report_tells_who_would_not_be_shown():
    settings = words({"purposes": ["marketing"]}, access={"anonymous": "one", "mode": "report"})
    async with gateway_on(sources(), with_clock=StoppedClock(), **settings) as gateway:
        answer = await gateway.ask('{ customers(ids: ["granted", "denied", "silent"]) { name } }')
    assert [own["name"] for own in answer["data"]["customers"]] == ["granted", "denied", "silent"]
    assert answer["extensions"]["access"] == [{"customers": 2, "is": "withheld"}]


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            {"callers": {"one": {"purposes": ["advise"]}}},
            "callers.one.purposes.0: there is no purpose advise; did you mean 'advice'?",
        ),
        ({"access": None, "callers": None}, "purposes: without callers nobody says for what he asks"),
        ({"purposes": {"x": {"basis": "whim"}}}, "purposes.x.basis"),
        ({"purposes": {"x": {"basis": "consent", "channels": []}}}, "purposes.x.channels"),
    ],
)
def test_settings_that_cannot_hold(more: dict[str, Any], message: str):
    with pytest.raises(ConfigurationError) as refused:
        settings_for(sources(), **words({}) | more)
    assert message in str(refused.value)


def test_a_tag_names_purposes_of_the_settings(tmp_path: Path):
    file = tmp_path / "tags.yaml"
    file.write_text(TAGS.replace("[marketing]", "[marketting]"))
    connectors = sources()
    with pytest.raises(ConfigurationError) as refused:
        create_services(settings_for(connectors, **words({}, tags={"file": str(file)})), connectors=connectors)
    assert "the settings have no purpose marketting; did you mean 'marketing'?" in str(refused.value)

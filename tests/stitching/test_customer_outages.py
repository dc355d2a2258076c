"""What a source of customers costs that is down or hangs: what only it knows."""

import asyncio

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceRejectedError, SourceTimeoutError, SourceUnavailableError
from connectors.testing import MemoryConnector
from connectors.testing.memory import Call
from tests.support.clocks import DEADLINE_S, HURRIED, LoopClock, after
from tests.support.gateway_server import gateway_on
from tests.support.known_people import (
    ANA_CRM,
    ANA_SHOP,
    ENDS,
    WHO,
    ask_both,
    calls_of,
    knowing,
    order,
    person,
    three,
)

DOWN = "{ customer(by: BY) { WHO name email orders { nodes { id } } tickets { nodes { id } } sources { name state } } "


@ENDS
@pytest.mark.parametrize("down", ["crm", "shop", "desk"])
async def test_a_source_that_is_down_costs_what_only_it_knows(down: str, end: str):
    """The others are found, and it is said that there may be more."""
    sources = {source.name: source for source in three()}
    sources[down].failure = SourceUnavailableError()
    by = '{id: "shop:42"}' if down == "crm" else '{id: "crm:7"}'
    async with gateway_on([*sources.values()], identity={"max_turns": 3}) as gateway:
        answer = await gateway.ask(DOWN.replace("BY", by).replace("WHO", WHO) + end)
    customer = answer["data"]["customer"]
    reached = {"crm": ["shop:42", "desk:u1"], "shop": ["crm:7"], "desk": ["crm:7", "shop:42"]}[down]
    assert customer["identity"] == {"complete": False, "reason": "SOURCE_UNAVAILABLE", "records": reached}
    assert customer["id"] == reached[0]
    assert customer["name"] == ("A. Souza" if down == "crm" else "Ana Souza")
    assert customer["email"] == "ana@example.com"
    assert customer["orders"] == (None if down == "shop" else {"nodes": [{"id": "shop:o-shop"}]})
    tickets = {"crm": {"nodes": [{"id": "desk:t"}]}, "shop": {"nodes": []}, "desk": None}
    assert customer["tickets"] == tickets[down]
    states = {source["name"]: source["state"] for source in customer["sources"]}
    assert states == {name: "UNAVAILABLE" if name == down else "FRESH" for name in sources}


@ENDS
async def test_a_customer_whose_own_source_is_down_keeps_its_id(end: str):
    """Sources that state its id are found all the same, and so are records by its id."""
    crm, own = knowing("crm", [ANA_CRM]), knowing("shop", [person("42", name="A. Souza", ids=["crm:7"])])
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"7": [order("crm")], "42": [order("none")]}})
    crm.failure = SourceUnavailableError()
    query = '{ customer(by: {id: "crm:7"}) { id name records { source sourceId asOf } orders { nodes { id } partial } } '
    async with gateway_on([crm, own, orders]) as gateway:
        customer = (await gateway.data(query + end))["customer"]
    assert [record.pop("asOf") is None for record in customer["records"]] == [True, False]
    assert customer == {
        "id": "crm:7",
        "name": "A. Souza",
        "records": [{"source": "crm", "sourceId": "7"}, {"source": "shop", "sourceId": "42"}],
        "orders": {"nodes": [{"id": "orders:o-crm"}], "partial": True},
    }


@ENDS
async def test_a_source_that_hangs_leaves_time_for_the_others(end: str):
    """It is waited for in one turn, and not asked again; what the others lead to is found."""
    crm, own, desk = three()
    crm.hang = asyncio.Event()
    query = '{ customer(by: {id: "shop:42"}) { id name identity { reason records } tickets { nodes { id } } } '
    async with gateway_on([crm, own, desk], with_clock=LoopClock()) as gateway:
        asking = gateway.ask(query + end, **HURRIED)
        answer = await after(DEADLINE_S / 4, asking, lambda: bool(crm.calls and own.calls and desk.calls))
    assert answer["data"]["customer"] == {
        "id": "shop:42",
        "name": "A. Souza",
        "identity": {"reason": "SOURCE_UNAVAILABLE", "records": ["shop:42", "desk:u1"]},
        "tickets": {"nodes": [{"id": "desk:t"}]},
    }
    assert calls_of(crm) == [[("external_id", ("shop:42",))]]


@ENDS
async def test_finding_takes_half_of_the_time(end: str):
    """A source that hangs in the last turn costs its records, not the lists of the others."""
    crm, own, desk = three()
    query = '{ customer(by: {id: "shop:42"}) { id identity { reason records } orders { nodes { id } } } '
    async with gateway_on([crm, own, desk], with_clock=LoopClock(), identity={"max_turns": 0}) as gateway:
        desk.hang = asyncio.Event()
        asking = gateway.ask(query + end, **HURRIED)
        answer = await after(DEADLINE_S / 2, asking, lambda: bool(crm.calls and own.calls and desk.calls))
    assert answer["data"]["customer"] == {
        "id": "shop:42",
        "identity": {"reason": "SOURCE_UNAVAILABLE", "records": ["shop:42"]},
        "orders": {"nodes": [{"id": "shop:o-shop"}]},
    }


async def test_nobody_has_a_key_only_when_all_were_asked():
    """While a source is down it may be the one that has it, which is an error and not null."""
    crm, own, _ = three()
    query = '{ customer(by: {email: "nobody@example.com"}) { id } node(id: "crm:nobody") { id } '
    assert (await ask_both(query, crm, own))["data"] == {"customer": None, "node": None}
    own.failure = SourceUnavailableError()
    answer = await ask_both(query, crm, own)
    assert answer["data"] == {"customer": None, "node": None}
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_UNAVAILABLE"]


async def test_a_stated_id_that_its_source_refuses_is_nobodys():
    """It is no record of which nothing is known, but for one that may be there; while the source is down it is."""
    crm = knowing("crm", [person("7", email="ana@example.com")], [KeyKind.CUSTOMER_ID])
    own = knowing("shop", [person("42", ids=["crm:x"])])
    query = '{ customer(by: {id: "shop:42"}) { id identity { complete records } } '
    for failure, told in (
        (SourceRejectedError(), {"id": "shop:42", "identity": {"complete": False, "records": ["shop:42"]}}),
        (SourceUnavailableError(), {"id": "crm:x", "identity": {"complete": False, "records": ["crm:x", "shop:42"]}}),
    ):
        crm.failure = failure
        assert (await ask_both(query, crm, own))["data"]["customer"] == told


class LateByPhone(MemoryConnector):
    """A source that is late where it is asked by phone number."""

    async def _receive(self, call: Call) -> None:
        await super()._receive(call)
        if call[1] is KeyKind.PHONE:
            raise SourceTimeoutError


@ENDS
async def test_whoever_is_not_asked_for_since_a_source_was_late_for_another_is_not_complete(end: str):
    """The CRM is late for Li, so Ana's address is not asked for there: her record in the shop says so."""
    crm = knowing("crm", [ANA_CRM], [KeyKind.CUSTOMER_ID, KeyKind.EMAIL, KeyKind.PHONE], kind=LateByPhone)
    own = knowing("shop", [ANA_SHOP], [KeyKind.CUSTOMER_ID, KeyKind.EMAIL])
    query = """{ customers(by: [{phone: "+442079460001"}, {id: "shop:42"}]) {
        id identity { complete reason records } sources { name state errorCode } } """
    async with gateway_on([crm, own]) as gateway:
        answer = await gateway.ask(query + end)
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["SOURCE_TIMEOUT"]
    crm_state = {"name": "crm", "state": "UNAVAILABLE", "errorCode": "SOURCE_TIMEOUT"}
    assert answer["data"]["customers"] == [
        None,
        {
            "id": "shop:42",
            "identity": {"complete": False, "reason": "SOURCE_UNAVAILABLE", "records": ["shop:42"]},
            "sources": [crm_state, {"name": "shop", "state": "FRESH", "errorCode": None}],
        },
    ]

"""Ways in which callers might be shown customers of whom it is not known that they may be, for a purpose."""

from datetime import timedelta
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from tests.support.clocks import START, StoppedClock
from tests.support.gateway_server import gateway_on
from tests.views.test_purposes import words

ADVICE = words({"purposes": ["advice"]})


def consent(state: r.ConsentState, day: int = 0, **more: Any) -> r.Consent:
    given: dict[str, Any] = {
        "channel": r.Channel.EMAIL,
        "purpose": "marketing",
        "state": state,
        "at": START + timedelta(days=day),
    }
    return r.Consent(**given | more)


def crm_of(*consents: r.Consent) -> MemoryConnector:
    ana = r.Customer(id="c1", name="Ana", email="ana@example.com", consents=[*consents])
    found: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): {"c1": [ana]},
        (r.Customer, KeyKind.EMAIL): {"ana@example.com": [ana]},
    }
    return MemoryConnector("crm", found)


def index() -> MemoryConnector:
    """A source that searches, knows the people of a company, and says nothing of consents. It cannot be asked by ids."""
    ana = r.Customer(id="x1", name="Ana", email="ana@example.com", company=r.Company(account="a1"))
    found: dict[Any, Any] = {
        (r.Customer, KeyKind.TEXT): {"ana": [ana]},
        (r.Customer, KeyKind.ACCOUNT): {"a1": [ana]},
        (r.Account, KeyKind.ACCOUNT): {"a1": [r.Account(id="a1", name="Company")]},
    }
    connector = MemoryConnector("index", found)
    connector.absent_fields = lambda record: frozenset({"consents"}) if record is r.Customer else frozenset()  # type: ignore[method-assign]
    return connector


def club(*consents: r.Consent) -> MemoryConnector:
    ana = r.Customer(id="k1", name="Ana", email="ana@example.com", consents=[*consents])
    found: dict[Any, Any] = {
        (r.Customer, KeyKind.CUSTOMER_ID): {"k1": [ana]},
        (r.Customer, KeyKind.EMAIL): {"ana@example.com": [ana]},
    }
    return MemoryConnector("club", found)


@pytest.mark.parametrize(
    "text", ['searchCustomers(text: "ana") { nodes { name } }', 'account(id: "a1") { members { nodes { customer { name } } } }']
)
async def test_a_record_alone_says_nothing_of_consents_elsewhere(text: str):
    """The source that found it cannot be asked by its ids, so its customer's other records are not known."""
    connectors = [crm_of(consent(r.ConsentState.WITHDRAWN)), index()]
    async with gateway_on(connectors, with_clock=StoppedClock(), **ADVICE) as gateway:
        answer = await gateway.ask(f"{{ {text} }}")
    assert "Ana" not in repr(answer["data"]), answer


@pytest.mark.parametrize("down", [0, 1])
@pytest.mark.parametrize("by", ['id: "crm:c1"', 'id: "club:k1"', 'id: "c1"', 'email: "ana@example.com"'])
@pytest.mark.parametrize("purpose", ["advice", "marketing"])
async def test_a_source_that_is_away_may_have_a_withdrawal(by: str, down: int, purpose: str):
    connectors = [crm_of(consent(r.ConsentState.GRANTED)), club(consent(r.ConsentState.GRANTED))]
    async with gateway_on(connectors, with_clock=StoppedClock(), **words({"purposes": [purpose]})) as gateway:
        answer = await gateway.ask(f"{{ customer(by: {{{by}}}) {{ name }} }}")
        assert answer == {"data": {"customer": {"name": "Ana"}}}
    connectors = [crm_of(consent(r.ConsentState.GRANTED)), club(consent(r.ConsentState.GRANTED))]
    async with gateway_on(connectors, with_clock=StoppedClock(), **words({"purposes": [purpose]})) as gateway:
        connectors[down].failure = SourceUnavailableError()
        answer = await gateway.ask(f"{{ customer(by: {{{by}}}) {{ name }} }}")
    assert answer["data"] == {"customer": None}
    assert answer["errors"]


@pytest.mark.parametrize("by", ['id: "crm:c1"', 'id: "club:k1"', 'email: "ana@example.com"'])
async def test_the_latest_of_all_sources_counts(by: str):
    connectors = [crm_of(consent(r.ConsentState.GRANTED)), club(consent(r.ConsentState.WITHDRAWN, day=1))]
    async with gateway_on(connectors, with_clock=StoppedClock(), **ADVICE) as gateway:
        answer = await gateway.ask(f"{{ customer(by: {{{by}}}) {{ name }} }}")
    assert answer["data"] == {"customer": None}


async def test_consents_of_sources_that_are_not_asked_for_the_caller_are_not_known():
    connectors = [crm_of(consent(r.ConsentState.WITHDRAWN, day=1)), club(consent(r.ConsentState.GRANTED))]
    async with gateway_on(
        connectors, with_clock=StoppedClock(), **words({"purposes": ["advice"], "sources": ["club"]})
    ) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "club:k1"}) { name } }')
    assert answer["data"] == {"customer": None}


@pytest.mark.parametrize("purpose", ["newsletter", "advice-by-email"])
async def test_a_withdrawal_of_a_channel_that_nobody_knows_may_be_of_any(purpose: str):
    """A word for a channel that nobody mapped, or none: who took that back may mean this one."""
    settings = words({"purposes": [purpose]})
    settings["purposes"] = settings["purposes"] | {
        "advice-by-email": {"basis": "legitimate_interest", "consent": "marketing", "channels": ["EMAIL"]}
    }
    crm = crm_of(consent(r.ConsentState.GRANTED), consent(r.ConsentState.WITHDRAWN, 1, channel=r.Channel.UNKNOWN))
    async with gateway_on([crm], with_clock=StoppedClock(), **settings) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "c1"}) { name } }')
    assert answer["data"] == {"customer": None}


async def test_two_purposes_are_none():
    """Else which of them counts hangs on their order, and a log reads another one than the gateway."""
    connectors = [crm_of(consent(r.ConsentState.GRANTED))]
    callers = words({"purposes": ["tax", "advice"]})
    async with gateway_on(connectors, with_clock=StoppedClock(), **callers) as gateway:
        response = await gateway.client.post(
            "/graphql",
            json={"query": '{ customer(by: {id: "c1"}) { name } }'},
            headers=[("x-purpose", "advice"), ("X-Purpose", "tax")],
        )
        named = await gateway.client.get(
            "/graphql", params={"query": '{ customer(by: {id: "c1"}) { name } }'}, headers=[("X-PURPOSE", "tax")]
        )
    assert response.json()["errors"][0]["extensions"]["code"] == "FORBIDDEN"
    assert named.json() == {"data": {"customer": {"name": "Ana"}}}


async def test_links_that_are_withheld_name_nobody():
    """Another person of the same phone number is a customer of whom it is not known that he may be shown."""
    connectors = [crm_of(consent(r.ConsentState.GRANTED)), club(consent(r.ConsentState.GRANTED))]
    twin = r.Customer(
        id="k2", name="Bea", email="ana@example.com", birth_date="1990-01-01", consents=[consent(r.ConsentState.WITHDRAWN)]
    )
    held: Any = connectors[1].records
    held[r.Customer, KeyKind.CUSTOMER_ID]["k2"] = [twin]
    held[r.Customer, KeyKind.EMAIL]["ana@example.com"].append(twin)
    async with gateway_on(connectors, with_clock=StoppedClock(), **ADVICE) as gateway:
        answer = await gateway.ask('{ customer(by: {id: "crm:c1"}) { name identity { withheld { records reason } } } }')
    assert "k2" not in repr(answer), answer

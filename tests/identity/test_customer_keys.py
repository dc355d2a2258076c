"""The keys that a customer's record holds: in the form that callers' keys have, and not more than can be asked for."""

from typing import Any

import pytest
import structlog
from aiohttp import web

from connectors import records as r
from connectors.contract import KeyKind
from connectors.http import HttpConnector, HttpSettings
from connectors.testing import MemoryConnector
from gateway.identity.keys import MAX_KEY_LENGTH, MAX_KEYS, asked_keys, keys_of, leaves_out_keys, normalised
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.http_source import serving
from tests.support.webhook_requests import hook, sources_with, tell

pytestmark = pytest.mark.cases

TICKETS = '{ customer(by: {id: "c1"}) { tickets(first: 3) { totalCount unavailable nodes { id } } } }'


def crm_with(**fields: Any) -> MemoryConnector:
    customer = r.Customer(id="c1", **fields)
    return MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): {"c1": [customer]}})


def points(kind: r.ContactKind, *values: str) -> list[r.ContactPoint]:
    return [r.ContactPoint(kind=kind, value=value) for value in values]


def keys_asked(source: MemoryConnector) -> list[str]:
    return [key for call in source.calls for key in call[2]]


@pytest.mark.parametrize(
    ("kind", "written", "normal"),
    [
        (KeyKind.EMAIL, " Ana@EXAMPLE.com ", "ana@example.com"),
        (KeyKind.EMAIL, "ana@xn--bcher-kva.example.com", "ana@b\u00fccher.example.com"),
        (KeyKind.EMAIL, "jose\u0301@example.com", "jos\u00e9@example.com"),
        (KeyKind.PHONE, "+44 (20) 7946-0000", "+442079460000"),
        (KeyKind.PHONE, "020 7946 0000", "+442079460000"),
    ],
)
def test_a_key_of_a_record_has_the_form_of_a_key_that_is_asked_by(kind: KeyKind, written: str, normal: str):
    """Read from a record or given by a caller, also from the contact points, it is one key."""
    point = points(r.ContactKind[kind.name], written, normal)
    name = kind.value
    for customer in (r.Customer(id="c1", **{name: written}), r.Customer(id="c1", contact_points=point)):
        assert keys_of(customer, kind, "GB") == [normalised(kind, written, "GB")] == [normal]


@pytest.mark.parametrize(
    ("kind", "written", "key"),
    [
        (KeyKind.EMAIL, " Ana at Example ", "ana at example"),
        (KeyKind.PHONE, " ext. 12 ", "ext. 12"),
        (KeyKind.PHONE, "020 7946 0000", "020 7946 0000"),
        (KeyKind.DEVICE_ID, " D1 ", "D1"),
        (KeyKind.MEMBER_NUMBER, " M-1 ", "M-1"),
    ],
)
def test_what_cannot_be_read_as_a_key_stays_as_it_is_written(kind: KeyKind, written: str, key: str):
    """Without outer spaces: a source that writes it so has it found."""
    names = {KeyKind.DEVICE_ID: {"device_ids": [written, "  "]}}
    assert keys_of(r.Customer(id="c1", **names.get(kind, {kind.value: written})), kind) == [key]


@pytest.mark.parametrize("kind", [KeyKind.EMAIL, KeyKind.PHONE, KeyKind.MEMBER_NUMBER, KeyKind.DEVICE_ID, KeyKind.EXTERNAL_ID])
def test_a_text_that_is_too_long_is_no_key(kind: KeyKind):
    """No caller can ask by it, so no source is asked and nothing of it is remembered. Spaces around a key do not count."""

    def having(text: str) -> r.Customer:
        if kind is KeyKind.EXTERNAL_ID:
            return r.Customer(id="c1", external_ids=[r.ExternalId(source="x", id=text.replace("x:", "", 1))])
        return r.Customer(id="c1", **({"device_ids": [text]} if kind is KeyKind.DEVICE_ID else {kind.value: text}))

    key = "x:" + "k" * (MAX_KEY_LENGTH - 2)
    assert keys_of(having(key + " " * 80), kind) == [key]
    assert keys_of(having(key + "k"), kind) == asked_keys(having(key + "k"), kind, as_written=True) == []


async def test_what_is_kept_under_a_key_of_a_record_is_made_stale_by_a_change():
    """The change names the number in another way than the customer's record does."""
    support = MemoryConnector("support", {(r.Ticket, KeyKind.PHONE): {"+442079460000": []}})
    settings = sources_with({"support": hook(key="caller", by="phone")}, {"ticket": 60}, "crm")
    async with gateway_on([crm_with(phone="+44 20 7946 0000"), support], sources=settings) as gateway:
        await gateway.data(TICKETS)
        await gateway.data(TICKETS)
        assert keys_asked(support) == ["+442079460000"]
        assert (await tell(gateway, "support", {"caller": "+44 (0)20 7946 0000"})).status_code == 204
        await gateway.data(TICKETS)
    assert keys_asked(support) == ["+442079460000"] * 2


@pytest.mark.parametrize("kind", [r.ContactKind.EMAIL, r.ContactKind.PHONE])
async def test_a_customer_of_many_keys_is_asked_for_by_fifty(kind: r.ContactKind):
    """Of 3,000 the first 50 are followed. That records may be missing is said, and logged once."""
    values = [f"e{n}@example.com" if kind is r.ContactKind.EMAIL else f"+4420794{n:05}" for n in range(3000)]
    crm = crm_with(contact_points=points(kind, *values))
    held = {value: [r.Ticket(id=value, created_at=shop.at(1))] for value in values[:2]}
    support = MemoryConnector("support", {(r.Ticket, KeyKind(kind.value.lower())): held})
    with structlog.testing.capture_logs() as logged:
        async with gateway_on([crm, support]) as gateway:
            tickets = (await gateway.data(TICKETS))["customer"]["tickets"]
            sources = await gateway.data('{ customer(by: {id: "c1"}) { tickets { nodes { id } } sources { name errorCode } } }')
    assert keys_asked(support)[:50] == values[:50]
    assert len(keys_asked(support)) == 2 * MAX_KEYS
    assert (len(tickets["nodes"]), tickets["totalCount"], tickets["unavailable"]) == (2, None, ["support"])
    assert sources["customer"]["sources"][-1] == {"name": "support", "errorCode": "SOURCE_REJECTED"}
    notes = [line for line in logged if line["event"] == "customer_keys_left_out"]
    assert notes == [
        {
            "event": "customer_keys_left_out",
            "log_level": "warning",
            "source": "support",
            "by": kind.value.lower(),
            "followed": 50,
        }
    ]


@pytest.mark.parametrize("measures", [True, False])
async def test_figures_over_fifty_keys_of_many_are_partial(measures: bool):
    """Whether the source measures or records are read here."""
    crm = crm_with(contact_points=points(r.ContactKind.EMAIL, *(f"e{n}@example.com" for n in range(60))))
    held = {f"e{n}@example.com": [shop.order(1, f"e{n}", n % 28 + 1)] for n in range(60)}
    orders = MemoryConnector("orders", {(r.Order, KeyKind.EMAIL): held}, measures=measures)
    async with gateway_on([crm, orders]) as gateway:
        data = await gateway.data('{ customer(by: {id: "c1"}) { orderStatistics { count partial } } }')
    assert data["customer"]["orderStatistics"] == {"count": 50, "partial": True}


@pytest.mark.parametrize(("key", "found", "problems"), [({}, 2, 1), ({"key": "owner"}, 1, 0)])
async def test_a_search_that_finds_more_than_its_key_is_found_out(key: dict[str, str], found: int, problems: int):
    """Rows of other owners are credited to the key, unless a row says whose it is; `check` asks for nobody and sees them."""
    rows = [{"id": f"o{owner}", "placedAt": "2026-06-01T00:00:00Z", "owner": owner} for owner in ("c1", "c12")]

    async def search(_: web.Request) -> web.Response:
        return web.json_response(rows)

    async with serving(search) as base:
        lookup = {"path": "/orders?q={key}"} | key
        settings = HttpSettings.model_validate({"base_url": base, "records": {"order": {"keys": {"customer_id": lookup}}}})
        connector = HttpConnector("orders", settings)
        await connector.open()
        said = await connector.check()
        await connector.aclose()
        async with gateway_on([shop.crm(), connector]) as gateway:
            data = await gateway.data('{ customer(by: {id: "c1"}) { orders { nodes { id } } } }')
    assert len(data["customer"]["orders"]["nodes"]) == found
    assert len(said) == problems
    assert all("for a key that nobody has" in problem for problem in said)


def test_fifty_keys_are_all_followed():
    """The bound counts keys as they are written, once each, of their own kind."""
    emails = [f"e{n}@example.com" for n in range(MAX_KEYS)]
    customer = r.Customer(
        id="c1",
        email=emails[0],
        contact_points=points(r.ContactKind.EMAIL, *emails, *emails) + points(r.ContactKind.PHONE, "+442079460000"),
        device_ids=[f"d{n}" for n in range(MAX_KEYS + 1)],
        external_ids=[r.ExternalId(source="s", id=str(n)) for n in range(MAX_KEYS + 1)],
    )
    assert keys_of(customer, KeyKind.EMAIL) == emails
    left_out = {kind: leaves_out_keys(customer, kind) for kind in KeyKind}
    assert {kind for kind, left in left_out.items() if left} == {KeyKind.DEVICE_ID, KeyKind.EXTERNAL_ID}
    assert len(keys_of(customer, KeyKind.DEVICE_ID)) == len(keys_of(customer, KeyKind.EXTERNAL_ID)) == MAX_KEYS

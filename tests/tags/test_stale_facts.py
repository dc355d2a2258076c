"""Answers that stand in for newer ones: what is computed of them says so, and is not kept as new."""

from datetime import timedelta
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.identity.records import RecordId
from gateway.settings import MongoSettings
from tests.support import shop
from tests.support.fixtures_mongodb import HandClock, commands_to
from tests.support.gateway_server import PLAINLY, Gateway, gateway_on
from tests.support.tag_shop import TTL, ShopClock, is_fresh, store_of, tag_of, until, until_kept, until_tag
from tests.support.webhook_requests import hook, sources_with, tell

pytestmark = pytest.mark.cases

CALLED = {**PLAINLY, "cache_s": {"order": 60, "ticket": 60, "customer": 60}, "stale_s": {"order": 3600, "customer": 3600}}
FIGURES = '{ customer(by: {id: "c1"}) { orderStatistics { count partial } sources { name state errorCode } } }'


def orders(by: KeyKind = KeyKind.CUSTOMER_ID, key: str = "c1", *, measures: bool = False) -> MemoryConnector:
    return MemoryConnector("orders", {(r.Order, by): {key: list(shop.ORDERS["c1"])}}, measures=measures)


async def stale_tag(gateway: Gateway, clock: HandClock, source: MemoryConnector) -> dict[str, Any]:
    """The tag after its source went down, and what is kept of it is no longer fresh."""
    await gateway.data(FIGURES)
    await tag_of(gateway)
    source.failure = SourceUnavailableError()
    clock.advance(timedelta(minutes=2))
    return await tag_of(gateway)


async def test_a_tag_of_stale_answers_is_partial():
    """It has the value that the rule gives for what is kept; each fact says why it is not newer, and it has expired."""
    clock, source = ShopClock(), orders()
    async with gateway_on([shop.crm(), source], with_clock=clock, called=CALLED) as gateway:
        tag = await stale_tag(gateway, clock, source)
    assert (tag["value"], tag["partial"], tag["freshness"]) == ("HIGH", True, "STALE")
    assert tag["expiresAt"] == tag["computedAt"]
    assert [(fact["value"], fact["missing"]) for fact in tag["evidence"]] == [(5, "SOURCE_UNAVAILABLE")] * 2


async def test_figures_of_stale_answers_are_partial():
    """Orders since then may be left out."""
    clock, source = ShopClock(), orders()
    async with gateway_on([shop.crm(), source], with_clock=clock, called=CALLED) as gateway:
        fresh = (await gateway.data(FIGURES))["customer"]["orderStatistics"]
        source.failure = SourceUnavailableError()
        clock.advance(timedelta(minutes=2))
        data = (await gateway.data(FIGURES))["customer"]
    assert (fresh, data["orderStatistics"]) == ({"count": 5, "partial": False}, {"count": 5, "partial": True})
    assert {"name": "orders", "state": "STALE", "errorCode": "SOURCE_UNAVAILABLE"} in data["sources"]


@pytest.mark.mongodb
async def test_a_tag_of_stale_answers_is_not_stored(mongodb_settings: MongoSettings):
    """No lease is taken for it, nothing is written; the first request after the outage has a whole one, which is stored."""
    clock, source = ShopClock(), orders()
    query = '{ customer(by: {id: "c1"}) { tag(key: "activity") { value } } }'
    async with gateway_on([shop.crm(), source], with_clock=clock, called=CALLED) as gateway:
        await gateway.data(query)
    words = {"with_clock": clock, "called": CALLED, "mongodb": mongodb_settings.model_dump()}
    async with gateway_on([shop.crm(), source], **words) as gateway, store_of(mongodb_settings, clock) as store:
        with commands_to(mongodb_settings.database) as commands:
            await gateway.data(query)
            await until(lambda: "update" in commands)  # until then the tag is given from memory
        await store.tags.forget([RecordId("crm", "c1")])
        source.failure = SourceUnavailableError()
        clock.advance(timedelta(minutes=2))
        with commands_to(mongodb_settings.database) as commands:
            tags = [await tag_of(gateway) for _ in range(3)]
        assert set(commands) - {"ping", "createIndexes"} == {"find"}
        source.failure = None
        whole = await tag_of(gateway)
        await until_kept(store, clock.now())
    assert [(tag["value"], tag["partial"]) for tag in (*tags, whole)] == [("HIGH", True)] * 3 + [("HIGH", False)]


@pytest.mark.mongodb
async def test_a_renewal_of_stale_answers_renews_nothing(mongodb_settings: MongoSettings):
    """The stored tag stays as it is, stale; after the outage it is renewed."""
    clock, source = ShopClock(), orders()
    words = {"with_clock": clock, "called": {**CALLED, "stale_s": {"order": 86_400}}, "mongodb": mongodb_settings.model_dump()}
    async with gateway_on([shop.crm(), source], **words) as gateway:
        with commands_to(mongodb_settings.database) as commands:
            old = await tag_of(gateway)
            await until(lambda: "update" in commands)
        source.failure = SourceUnavailableError()
        clock.advance(TTL)
        with commands_to(mongodb_settings.database) as commands:
            stale = await tag_of(gateway)
            async with store_of(mongodb_settings, clock) as other:
                while "delete" not in commands:
                    await other.tags.read(["c1"], ["activity"])
        assert "update" not in commands
        source.failure = None
        new = await until_tag(is_fresh, gateway)
    assert stale == old | {"freshness": "STALE"}
    assert new["partial"] is False


@pytest.mark.parametrize("measures", [True, False])
async def test_keys_of_a_stale_customer_make_facts_stale(measures: bool):
    """The CRM is down: the orders behind the addresses that it knew are new, but there may be other addresses by now."""
    clock, crm, source = ShopClock(), shop.crm(), orders(KeyKind.EMAIL, "ana@example.com", measures=measures)
    query = """{ customer(by: {id: "c1"}) { orderStatistics { count partial }
        tag(key: "activity") { value partial evidence { missing } } } }"""
    async with gateway_on([crm, source], with_clock=clock, called=CALLED) as gateway:
        fresh = (await gateway.data(query))["customer"]
        crm.failure = SourceUnavailableError()
        clock.advance(timedelta(minutes=2))
        stale = (await gateway.data(query))["customer"]
    assert (fresh["orderStatistics"]["partial"], fresh["tag"]["partial"]) == (False, False)
    assert stale == {
        "orderStatistics": {"count": 5, "partial": True},
        "tag": {"value": "HIGH", "partial": True, "evidence": [{"missing": "SOURCE_UNAVAILABLE"}] * 2},
    }


@pytest.mark.mongodb
@pytest.mark.parametrize("known", [["c1"], [], ["c1", "c2"]], ids=["one", "nobody", "several"])
async def test_a_stale_customer_does_not_stand_in_for_one_that_has_changed(mongodb_settings: MongoSettings, known: list[str]):
    """What is known is marked; as there may be others by now, the source is asked to tell it again, until the CRM is back."""
    people = [one for one in shop.CUSTOMERS if one.id in known]
    crm = MemoryConnector(
        "crm",
        {
            (r.Customer, KeyKind.CUSTOMER_ID): {one.id: [one] for one in shop.CUSTOMERS},
            (r.Customer, KeyKind.EMAIL): {"ana@example.com": people} if people else {},
        },
    )
    clock, source = ShopClock(), orders()
    sources = sources_with({"orders": hook(key="email", by="email")}, {}, "crm")
    sources["crm"] |= {"cache_s": {"customer": 60}, "stale_s": {"customer": 3600}, **PLAINLY}
    words = {"with_clock": clock, "sources": sources, "mongodb": mongodb_settings.model_dump()}
    async with gateway_on([crm, source], **words) as gateway, store_of(mongodb_settings, clock) as store:
        await tag_of(gateway)
        await until_kept(store, clock.now())
        first = await tell(gateway, "orders", {"email": "ana@example.com"})
        await until_tag(is_fresh, gateway)
        crm.failure = SourceUnavailableError()
        clock.advance(timedelta(minutes=2))
        down = await tell(gateway, "orders", {"email": "ana@example.com"})
        freshness = (await tag_of(gateway))["freshness"]
        crm.failure = None
        again = await tell(gateway, "orders", {"email": "ana@example.com"})
    assert [answer.status_code for answer in (first, down, again)] == [204, 503, 204]
    assert down.json()["code"] == "SOURCE_UNAVAILABLE"
    assert freshness == ("STALE" if "c1" in known else "FRESH")

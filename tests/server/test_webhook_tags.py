"""Webhooks and tags: the tags of a changed customer are computed again, whichever key the source names."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from tests.support import shop
from tests.support.fixtures_mongodb import commands_to
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import ShopClock, is_fresh, measured, sources_by_id, store_of, tag_of, until, until_kept, until_tag
from tests.support.webhook_requests import hook, of, sources_with, tell

pytestmark = pytest.mark.mongodb

FEW = [shop.order(1, "c1", 3)]


@pytest.fixture
def sources():
    return sources_by_id()


@pytest.fixture
def words(mongodb_settings: MongoSettings):
    return {
        "with_clock": ShopClock(),
        "mongodb": mongodb_settings.model_dump(),
        "sources": sources_with({"orders": hook()}, {}, "crm"),
    }


def orders_become_few(source: MemoryConnector) -> None:
    source.records[r.Order, KeyKind.CUSTOMER_ID]["c1"] = FEW


async def stored_tag(gateway: Gateway, words: dict[str, Any], customer: str = "c1") -> dict[str, Any]:
    """The tag, once it is stored."""
    tag = await tag_of(gateway, customer=customer)
    async with store_of(MongoSettings.model_validate(words["mongodb"])) as store:
        await until_kept(store, words["with_clock"].now(), customer)
    return tag


async def told(gateway: Gateway, words: dict[str, Any], source: str, body: Any) -> int:
    """The status of a webhook. What is asked afterwards is asked a second later."""
    answer = await tell(gateway, source, body)
    words["with_clock"].advance(timedelta(seconds=1))
    return answer.status_code


async def test_the_tags_of_a_changed_customer_are_computed_again(sources, words):
    """The old value is given, stale, while it is renewed, once; the tags of another customer stay as they are."""
    async with gateway_on(sources, **words) as gateway:
        old, other = await stored_tag(gateway, words), await stored_tag(gateway, words, "c2")
        orders_become_few(sources[1])
        assert await tag_of(gateway) == old
        status = await told(gateway, words, "orders", of("c1"))
        stale = await tag_of(gateway)
        new = await until_tag(is_fresh, gateway)
        assert await tag_of(gateway, customer="c2") == other
    assert status == 204
    assert (stale["value"], stale["freshness"]) == ("HIGH", "STALE")
    assert (new["value"], new["freshness"]) == ("MEDIUM", "FRESH")
    assert measured(sources[1]) == 3


async def test_a_webhook_is_one_command_and_no_call(sources, words, mongodb_settings: MongoSettings):
    """It names customers by id, so nobody is looked for."""
    async with gateway_on(sources, **words) as gateway:
        await stored_tag(gateway, words)
        asked = [len(source.calls) for source in sources]
        with commands_to(mongodb_settings.database) as commands:
            await tell(gateway, "orders", [of("c1"), of("c2"), of("c1")])
        assert [len(source.calls) for source in sources] == asked
    assert commands == ["update"]


async def test_whoever_does_not_know_the_secret_changes_no_tag(sources, words, mongodb_settings: MongoSettings):
    """Nothing reaches MongoDB."""
    async with gateway_on(sources, **words) as gateway:
        old = await stored_tag(gateway, words)
        with commands_to(mongodb_settings.database) as commands:
            assert (await tell(gateway, "orders", of("c1"), **{"x-signature": "00"})).status_code == 401
        assert await tag_of(gateway) == old
    assert commands == []


async def test_a_customer_is_found_by_the_key_that_the_source_names(words):
    """The support desk knows e-mail addresses: one lookup at the CRM says whose tags are stale."""
    crm, orders = sources_by_id()
    support = shop.support()
    words["sources"] = sources_with({"support": hook(key="requester", by="email")}, {}, "crm", "orders")
    async with gateway_on([crm, orders, support], **words) as gateway:
        await stored_tag(gateway, words)
        orders_become_few(orders)
        crm.calls.clear()
        statuses = [
            await told(gateway, words, "support", {"requester": email}) for email in ("ana@example.com", "nobody@example.com")
        ]
        assert [(by, keys) for _, by, keys, _ in crm.calls] == [
            (KeyKind.EMAIL, ("ana@example.com",)),
            (KeyKind.EMAIL, ("nobody@example.com",)),
        ]
        new = await until_tag(lambda tag: tag["value"] == "MEDIUM", gateway)
    assert statuses == [204, 204]
    assert new["freshness"] == "FRESH"


async def test_all_who_share_a_key_have_changed(words):
    """A phone number of two customers: the tags of both are stale."""
    crm, orders = sources_by_id()
    words["sources"] = sources_with({"orders": hook(key="phone", by="phone")}, {}, "crm")
    async with gateway_on([crm, orders], **words) as gateway:
        for customer in ("c1", "c2"):
            await stored_tag(gateway, words, customer)
        answer = await tell(gateway, "orders", {"phone": "+55 11 91234-5678"})
        freshness = [(await tag_of(gateway, customer=customer))["freshness"] for customer in ("c1", "c2")]
    assert (answer.status_code, freshness) == (204, ["STALE", "STALE"])


async def test_a_key_by_which_nobody_is_found_is_logged_once(sources, words):
    """The CRM finds nobody by device: what is kept is stale, the tags are not, and the operator is told."""
    words["sources"] = sources_with({"orders": hook(key="device", by="device_id")}, {}, "crm")
    async with gateway_on(sources, **words) as gateway:
        with capture_logs() as logs:
            answers = [await tell(gateway, "orders", {"device": "d1"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [204, 204]
    assert logs == [{"event": "webhook_customers_not_found", "log_level": "warning", "source": "orders", "by": "device_id"}]


async def test_records_that_no_tag_reads_leave_tags_alone(sources, words, mongodb_settings: MongoSettings):
    """Deals change no tag of the shipped pack."""
    words["sources"] = sources_with({"orders": hook(records=["deal"])}, {}, "crm")
    async with gateway_on(sources, **words) as gateway:
        await stored_tag(gateway, words)
        with commands_to(mongodb_settings.database) as commands:
            assert (await tell(gateway, "orders", of("c1"))).status_code == 204
    assert commands == []


async def test_a_failed_lookup_is_told_again_later(words):
    """The CRM is down: 503; when it is told again the tags are stale."""
    crm, orders = sources_by_id()
    words["sources"] = sources_with({"orders": hook(key="email", by="email")}, {}, "crm")
    async with gateway_on([crm, orders], **words) as gateway:
        await stored_tag(gateway, words)
        crm.failure = SourceUnavailableError()
        refused = await tell(gateway, "orders", {"email": "ana@example.com"})
        crm.failure = None
        taken = await tell(gateway, "orders", {"email": "ana@example.com"})
        tag = await tag_of(gateway)
    assert (refused.status_code, refused.json()["code"]) == (503, "SOURCE_UNAVAILABLE")
    assert (taken.status_code, tag["freshness"]) == (204, "STALE")


async def test_mongodb_that_is_away_is_told_again_later(sources, words):
    """The tags could not be marked, so the source delivers again; what is kept is asked for again already."""
    words["mongodb"] = {"uri": "mongodb://127.0.0.1:1", "timeout_ms": 50}
    words["sources"] = sources_with({"orders": hook()}, {"order": 60}, "crm")
    query = """{ customer(by: {id: "c1"}) { orders(first: 1) { nodes { id } } } }"""
    async with gateway_on(sources, **words) as gateway:
        await gateway.data(query)
        answer = await tell(gateway, "orders", of("c1"))
        await gateway.data(query)
    assert (answer.status_code, answer.json()["code"]) == (503, "STORE_UNAVAILABLE")
    assert len(sources[1].calls) == 2


async def test_a_tag_that_is_being_computed_is_not_stored(sources, words, mongodb_settings: MongoSettings):
    """Its facts may be of before the change: who waits has it, the next request computes a new one."""
    orders = sources[1]
    async with gateway_on(sources, **words) as gateway:
        orders.hang = asyncio.Event()
        first = asyncio.ensure_future(tag_of(gateway))
        await until(lambda: measured(orders) == 1)
        await told(gateway, words, "orders", of("c1"))
        second = asyncio.ensure_future(tag_of(gateway))
        await until(lambda: measured(orders) == 2)
        with commands_to(mongodb_settings.database) as commands:
            orders.hang.set()
            await asyncio.gather(first, second)
            assert await stored_tag(gateway, words) == await second
    assert measured(orders) == 2
    assert commands.count("update") == 2  # of one write: the mark is there, so that it is tried again beside it


async def test_a_tag_that_is_being_renewed_is_renewed_again(sources, words):
    """What the renewal was told may be of before the change."""
    orders = sources[1]
    async with gateway_on(sources, **words) as gateway:
        await stored_tag(gateway, words)
        words["with_clock"].advance(timedelta(hours=7))
        orders.hang = asyncio.Event()
        assert not is_fresh(await tag_of(gateway))
        await until(lambda: measured(orders) == 2)
        orders_become_few(orders)
        await told(gateway, words, "orders", of("c1"))
        orders.hang.set()
        new = await until_tag(is_fresh, gateway)
    assert new["value"] == "MEDIUM"
    assert measured(orders) == 3


async def test_another_worker_sees_it_at_once_and_stores_nothing_of_before(words):
    """Its kept orders are of before the change: the tag that it computes of them stays stale until they are asked for again."""
    clock = words["with_clock"]
    words["sources"] = sources_with({"orders": hook()}, {"order": 60}, "crm")
    sources = sources_by_id(MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): dict(shop.ORDERS)}, measures=False))
    orders = sources[1]
    async with gateway_on(sources, **words) as worker, gateway_on(sources, **words) as other:
        await stored_tag(other, words)
        asked = len(orders.calls)
        orders_become_few(orders)
        clock.advance(timedelta(seconds=30))
        await told(worker, words, "orders", of("c1"))
        for _ in range(3):
            tag = await tag_of(other)
            assert (tag["value"], tag["freshness"]) == ("HIGH", "STALE")
        assert len(orders.calls) == asked
        clock.advance(timedelta(seconds=30))
        new = await until_tag(is_fresh, other)
    assert new["value"] == "MEDIUM"

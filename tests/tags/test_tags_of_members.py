"""Tags of a customer whom several sources know are those of a member set: never of half of it, nor of another one."""

from datetime import timedelta
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.explain import explained
from gateway.settings import MongoSettings
from tests.support import shop
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.known_people import knowing, person
from tests.support.tag_shop import TTL, ShopClock, is_fresh, measured, store_of, tag_of, until_kept, until_tag
from tests.support.webhook_requests import hook, of, sources_with, tell

pytestmark = pytest.mark.mongodb

BOTH = "crm:c1\nshop:42"
"""The member set of both records."""


def sources(email: str = "ana@example.com") -> tuple[MemoryConnector, MemoryConnector, MemoryConnector]:
    """Ana in a CRM and, with that address, in a shop; two orders by each of her ids."""
    crm = knowing("crm", [person("c1", email="ana@example.com"), person("42", email="li@example.com")])
    web = knowing("shop", [person("42", email=email)], also={(r.Order, KeyKind.CUSTOMER_ID): {"42": shop.ORDERS["c1"][:2]}})
    return crm, web, MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": shop.ORDERS["c1"][2:4]}})


@pytest.fixture
def words(mongodb_settings: MongoSettings) -> dict[str, Any]:
    return {"with_clock": ShopClock(), "mongodb": mongodb_settings.model_dump()}


async def stored(words: dict[str, Any], customer: str) -> Any:
    async with store_of(MongoSettings.model_validate(words["mongodb"])) as store:
        return (await store.tags.read([customer], ["activity"])).get(customer)


async def wait_stored(words: dict[str, Any], customer: str) -> None:
    async with store_of(MongoSettings.model_validate(words["mongodb"])) as store:
        await until_kept(store, words["with_clock"].now(), customer)


async def test_facts_are_of_all_records_and_stored_for_the_set(words: dict[str, Any]):
    """Four orders at two systems; asked for by either id, the tag is computed once."""
    crm, web, orders = sources()
    async with gateway_on([crm, web, orders], **words) as gateway:
        tag = await tag_of(gateway, customer="c1")
        await wait_stored(words, BOTH)
        again = await tag_of(gateway, customer="shop:42")
    assert ({fact["name"]: fact["value"] for fact in tag["evidence"]}["orders_90d"], tag["freshness"]) == (4, "FRESH")
    assert again == tag
    assert (measured(web), measured(orders)) == (1, 1)
    assert await stored(words, "c1") is None


async def test_records_with_one_own_id_at_two_sources_have_tags_of_their_own(words: dict[str, Any]):
    """42 of the CRM is another person than 42 of the shop."""
    crm, web, orders = sources("ana.work@example.org")
    async with gateway_on([crm, web, orders], **words) as gateway:
        tags = [await tag_of(gateway, customer=id_) for id_ in ("crm:42", "shop:42")]
        await wait_stored(words, "shop:42")
        again = [await tag_of(gateway, customer=id_) for id_ in ("crm:42", "shop:42")]
    counts = [[fact["value"] for fact in tag["evidence"] if fact["name"] == "orders_90d"] for tag in tags]
    assert counts == [[0], [2]]
    assert again == tags


async def test_a_merge_is_never_given_the_tag_of_half(words: dict[str, Any]):
    """When the address becomes one of both, the tag is computed for both; when it is another again, the old one is there."""
    crm, web, orders = sources("ana.work@example.org")
    apart, joined = (dict(sources(email)[1].records) for email in ("ana.work@example.org", "ana@example.com"))
    async with gateway_on([crm, web, orders], **words) as gateway:
        alone = await tag_of(gateway)
        await wait_stored(words, "crm:c1")
        web.records = joined
        both = await tag_of(gateway)
        web.records = apart
        cut = await tag_of(gateway)
    values = [{fact["name"]: fact["value"] for fact in tag["evidence"]}["orders_90d"] for tag in (alone, both, cut)]
    assert values == [2, 4, 2]
    assert cut == alone


async def test_the_tags_of_a_part_are_given_and_not_stored(words: dict[str, Any]):
    """While a source of customers is down there may be other records: partial, for want of that source."""
    crm, web, orders = sources()
    web.failure = SourceUnavailableError()
    async with gateway_on([crm, web, orders], **words) as gateway:
        tag = await tag_of(gateway)
        web.failure = None
        whole = await tag_of(gateway)
        await wait_stored(words, BOTH)
    missing = {fact["name"]: fact["missing"] for fact in tag["evidence"]}
    assert missing["orders_90d"] == "SOURCE_UNAVAILABLE"
    assert await stored(words, "crm:c1") is None
    assert whole["freshness"] == "FRESH"


async def test_the_tags_of_a_set_are_renewed(words: dict[str, Any]):
    """Behind an answer, by the ids of the set; a set that has other records by now is left."""
    crm, web, orders = sources()
    async with gateway_on([crm, web, orders], **words) as gateway:
        old = await tag_of(gateway)
        await wait_stored(words, BOTH)
        words["with_clock"].advance(TTL + timedelta(seconds=1))
        stale = await tag_of(gateway)
        new = await until_tag(is_fresh, gateway)
    assert (stale["computedAt"], stale["freshness"]) == (old["computedAt"], "STALE")
    assert new["computedAt"] > old["computedAt"]


@pytest.mark.parametrize(
    ("source", "told", "by"),
    [
        ("orders", "c1", "customer_id"),
        ("orders", "crm:c1", "customer_id"),
        ("shop", "42", "customer_id"),
        ("shop", "shop:42", "customer_id"),
        ("shop", "crm:c1", "customer_id"),
        ("shop", "ANA@example.com", "email"),
    ],
)
async def test_a_webhook_of_any_member_marks_the_set(words: dict[str, Any], source: str, told: str, by: str):
    """By the id that its source knows, the CRM's or its own, by the one that the gateway shows, or by another key.

    Another worker sees it, too.
    """
    connectors = sources()
    names = [name for name in ("crm", "shop", "orders") if name != source]
    settings = {**words, "sources": sources_with({source: hook(by=by)}, {}, *names), "tags": {"cache_s": 0}}
    async with gateway_on(connectors, **settings) as gateway, gateway_on(connectors, **settings) as other:
        old = await tag_of(gateway)
        await wait_stored(words, BOTH)
        words["with_clock"].advance(timedelta(seconds=1))
        assert await tag_of(other) == old
        assert (await tell(gateway, source, of(told))).status_code == 204
        words["with_clock"].advance(timedelta(seconds=1))
        stale = await tag_of(other)
        new = await until_tag(is_fresh, gateway)
        assert await until_tag(is_fresh, other) == new
    assert (old["freshness"], stale["freshness"], new["freshness"]) == ("FRESH", "STALE", "FRESH")


@pytest.mark.parametrize("given", ["c1", "shop:42"])
async def test_tags_are_explained_of_all_records(given: str):
    """By any id of the customer."""
    connectors = [*sources()]
    services = create_services(settings_for(connectors, **shop.PINNED), connectors=connectors)
    answers = await explained(services, given)
    assert answers is not None
    (tag,) = [answer.answer.tag for answer in answers.tags if answer.answer.tag.key == "activity"]
    assert {fact.name: fact.value for fact in tag.evidence}["orders_90d"] == 4


async def test_a_source_of_no_facts_keeps_tags_from_being_stored(words: dict[str, Any]):
    """It may know another record, whose orders would count: while it is down the tag is given, and is partial."""
    crm, web, orders = sources()
    desk = knowing("desk", [])
    desk.failure = SourceUnavailableError()
    async with gateway_on([crm, web, orders, desk], **words) as gateway:
        tag = await tag_of(gateway)
        desk.failure = None
        again = await tag_of(gateway)
        await wait_stored(words, BOTH)
    facts = [{fact["name"]: (fact["value"], fact["missing"]) for fact in told["evidence"]} for told in (tag, again)]
    assert [own["orders_90d"] for own in facts] == [(4, "SOURCE_UNAVAILABLE"), (4, None)]
    assert measured(orders) == 2

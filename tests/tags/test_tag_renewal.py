"""Tags that are no longer fresh: served as they are, renewed once in the background, and left alone when that fails."""

import asyncio
import gc
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from gateway.stitching.stitcher import Stitcher
from gateway.tags.renewal import LEASE, MAX_RENEWALS
from gateway.tags.service import TagService
from tests.support import shop
from tests.support.fixtures_mongodb import commands_to
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.shipped_packs import shipped_text
from tests.support.tag_shop import (
    TTL,
    ShopClock,
    is_fresh,
    measured,
    services_on,
    sources_by_id,
    stitched,
    store_of,
    tag_of,
    until,
    until_tag,
)

pytestmark = pytest.mark.mongodb

MANY = [f"c{n}" for n in range(100)]
MANY_TAGS = 'query ($ids: [ID!]!) { customers(ids: $ids) { id tag(key: "activity") { freshness } } }'


@pytest.fixture
def settings(mongodb_uri: str, mongodb_database: str) -> MongoSettings:
    return MongoSettings(uri=mongodb_uri, database=mongodb_database, timeout_ms=20_000)


@pytest.fixture
def clock() -> ShopClock:
    return ShopClock()


@pytest.fixture
def words(settings: MongoSettings, clock: ShopClock) -> dict[str, Any]:
    return {"with_clock": clock, "mongodb": settings.model_dump(), "deadline_ms": 20_000}


def many_customers() -> list[MemoryConnector]:
    people = {one: [r.Customer(id=one)] for one in MANY}
    return [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}, max_batch=500),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {one: [] for one in MANY}}, max_batch=500),
    ]


async def freshness_of(gateway: Gateway, ids: list[str]) -> set[str]:
    return {one["tag"]["freshness"] for one in (await gateway.data(MANY_TAGS, {"ids": ids}))["customers"]}


async def is_free(settings: MongoSettings, clock: ShopClock) -> bool:
    """Whether another worker could renew the customer now."""
    async with store_of(settings, clock) as store:
        return await store.leases.acquire(["c1"], hold=LEASE) == {"c1"}


async def test_an_expired_tag_is_served_at_once_and_renewed_once(words, clock):
    """Five requests have the old value while its source hangs; then one renewal, for all of them, makes it fresh."""
    sources = sources_by_id()
    orders = sources[1]
    async with gateway_on(sources, **words) as gateway:
        old = await tag_of(gateway)
        orders.records[r.Order, KeyKind.CUSTOMER_ID]["c1"] = [shop.order(1, "c1", 3)]
        orders.hang = asyncio.Event()
        clock.advance(TTL)
        stale = [await tag_of(gateway) for _ in range(5)]
        await until(lambda: measured(orders) == 2)
        orders.hang.set()
        new = await until_tag(is_fresh, gateway)
    assert stale == [old | {"freshness": "STALE"}] * 5
    assert (old["value"], new["value"]) == ("HIGH", "MEDIUM")
    assert new["computedAt"] == clock.now().isoformat().replace("+00:00", "Z")
    assert measured(orders) == 2


async def test_renewal_starts_a_little_before_expiry(words, clock):
    """With more than a tenth of its time left nothing happens; below that a fresh value is given and renewed."""
    sources = sources_by_id()
    async with gateway_on(sources, **words) as gateway:
        old = await tag_of(gateway)
        clock.advance(TTL * 0.9 - timedelta(seconds=1))
        assert await tag_of(gateway) == old
    assert measured(sources[1]) == 1
    async with gateway_on(sources, **words) as gateway:
        clock.advance(timedelta(seconds=2))
        assert await tag_of(gateway) == old
        await until(lambda: measured(sources[1]) == 2)
        new = await until_tag(lambda tag: tag != old, gateway)
    assert (old["freshness"], new["freshness"], new["value"]) == ("FRESH", "FRESH", "HIGH")
    assert new["expiresAt"] == (clock.now() + TTL).isoformat().replace("+00:00", "Z")
    assert measured(sources[1]) == 2


@pytest.mark.parametrize(
    ("change", "versions", "values"),
    [
        (("orders_90d >= 3 ? 'HIGH'", "orders_90d >= 6 ? 'HIGH'"), (1, 2), ("HIGH", "MEDIUM")),
        (("measure: count\n    window: 90d", "measure: count\n    window: 26d"), (1, 1), ("HIGH", "MEDIUM")),
    ],
    ids=["rule", "fact"],
)
async def test_a_changed_definition_makes_stored_values_stale(words, tmp_path: Path, change, versions, values):
    """The old value shows the old rule's version; the renewed one that of the rule in force."""
    shipped = shipped_text()
    head, activity, rest = shipped.partition("  activity:\n")
    changed = (head + activity + rest.replace("ttl: 6h", f"ttl: 6h\n    version: {versions[1]}", 1)).replace(*change)
    assert changed != shipped
    (tmp_path / "tags.yaml").write_text(changed, encoding="utf-8")
    sources = sources_by_id()
    async with gateway_on(sources, **words) as gateway:
        await tag_of(gateway)
    async with gateway_on(sources, **words, tags={"file": str(tmp_path / "tags.yaml")}) as gateway:
        old = await tag_of(gateway)
        new = await until_tag(is_fresh, gateway)
    assert [(tag["freshness"], tag["rule"]["version"], tag["value"]) for tag in (old, new)] == [
        ("STALE", versions[0], values[0]),
        ("FRESH", versions[1], values[1]),
    ]
    assert measured(sources[1]) == 2


def with_ttl(tmp_path: Path, ttl: str) -> dict[str, Any]:
    """Settings whose tag `activity` differs from the shipped one by its time to live alone."""
    head, activity, rest = shipped_text().partition("  activity:\n")
    changed = head + activity + rest.replace("ttl: 6h", f"ttl: {ttl}", 1)
    (tmp_path / f"{ttl}.yaml").write_text(changed, encoding="utf-8")
    return {"tags": {"file": str(tmp_path / f"{ttl}.yaml")}}


@pytest.mark.cases
async def test_a_shorter_time_to_live_holds_for_what_is_stored(words, clock, tmp_path: Path):
    """An hour later a tag of six hours has expired by the five minutes that are in force now, and is renewed."""
    sources = sources_by_id()
    async with gateway_on(sources, **words) as gateway:
        old = await tag_of(gateway)
    clock.advance(timedelta(hours=1))
    async with gateway_on(sources, **words, **with_ttl(tmp_path, "5m")) as gateway:
        stale = await tag_of(gateway)
        new = await until_tag(is_fresh, gateway)
    at = clock.now() - timedelta(hours=1)
    assert (stale["freshness"], stale["computedAt"]) == ("STALE", old["computedAt"])
    assert stale["expiresAt"] == (at + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    assert new["expiresAt"] == (clock.now() + timedelta(minutes=5)).isoformat().replace("+00:00", "Z")
    assert measured(sources[1]) == 2


@pytest.mark.cases
@pytest.mark.parametrize(("passed", "renewed"), [(timedelta(minutes=53), False), (timedelta(minutes=55), True)])
async def test_renewal_ahead_goes_by_the_time_to_live_in_force(words, clock, tmp_path: Path, passed, renewed):
    """Of an hour that is in force now the last tenth begins after 54 minutes, though the tag was stored for six hours."""
    sources = sources_by_id()
    async with gateway_on(sources, **words) as gateway:
        await tag_of(gateway)
    clock.advance(passed)
    async with gateway_on(sources, **words, **with_ttl(tmp_path, "1h")) as gateway:
        assert is_fresh(await tag_of(gateway))
        if renewed:
            await until(lambda: measured(sources[1]) == 2)
            await until_tag(lambda tag: tag["computedAt"] == clock.now().isoformat().replace("+00:00", "Z"), gateway)
    assert measured(sources[1]) == 1 + renewed


@pytest.mark.cases
async def test_a_longer_time_to_live_prolongs_nothing(words, clock, tmp_path: Path):
    """What was stored for five minutes has expired after six, by the settings of then."""
    sources = sources_by_id()
    async with gateway_on(sources, **words, **with_ttl(tmp_path, "5m")) as gateway:
        old = await tag_of(gateway)
    clock.advance(timedelta(minutes=6))
    async with gateway_on(sources, **words) as gateway:
        stale = await tag_of(gateway)
    assert stale == old | {"freshness": "STALE"}


@pytest.mark.cases
async def test_what_expired_long_ago_by_the_time_to_live_in_force_is_absent(words, clock, tmp_path: Path):
    """More than seven days ago: it is computed, and not served stale."""
    sources = sources_by_id()
    async with gateway_on(sources, **words, **with_ttl(tmp_path, "30d")) as gateway:
        await tag_of(gateway)
    clock.advance(timedelta(days=8))
    async with gateway_on(sources, **words) as gateway:
        tag = await tag_of(gateway)
    assert (tag["freshness"], tag["computedAt"]) == ("FRESH", clock.now().isoformat().replace("+00:00", "Z"))


async def test_a_stale_tag_is_served_rather_than_a_partial_one(words, settings, clock):
    """While its source is down the renewal fails, the old value stays, the lease is free, and no log names a customer."""
    sources = shop.sources()
    with capture_logs() as logs:
        async with gateway_on(list(sources.values()), **words) as gateway:
            old = await tag_of(gateway)
            clock.advance(TTL)
            sources["orders"].failure = SourceUnavailableError()
            first = await tag_of(gateway)
            await until(lambda: measured(sources["orders"]) == 2)
            second = await tag_of(gateway)
        assert await is_free(settings, clock)
    assert first == second == old | {"freshness": "STALE"}
    assert (old["value"], old["partial"]) == ("HIGH", False)
    assert {(line["event"], line["source"], line["code"]) for line in logs} == {
        ("source_failed", "orders", "SOURCE_UNAVAILABLE")
    }
    assert not any(key in str(logs) for key in ("c1", "ana@example.com", "+5511912345678"))


async def test_a_hundred_stale_customers_are_one_renewal(words, settings, clock):
    """One lease command, one find, one call to each source, a bulk write for every twenty customers, one release."""
    sources = many_customers()
    async with gateway_on(sources, **words) as gateway:
        assert await freshness_of(gateway, MANY) == {"FRESH"}
    clock.advance(TTL)
    for source in sources:
        source.calls.clear()
    with commands_to(settings.database) as commands:
        async with gateway_on(sources, **words) as gateway:
            assert await freshness_of(gateway, MANY) == {"STALE"}
            await until(lambda: "delete" in commands)
    assert [name for name in commands if name not in ("ping", "createIndexes")] == [
        "find",
        "insert",
        "find",
        *["update"] * 5,
        "delete",
    ]
    assert [[len(call[2]) for call in source.calls] for source in sources] == [[100, 100], [100]]


async def test_renewals_of_a_worker_are_bounded(words, settings, clock):
    """While a source hangs, no more than so many renewals take a lease and wait for it; every request has its answer."""
    sources = many_customers()
    async with gateway_on(sources, **words) as gateway:
        await freshness_of(gateway, MANY)
        clock.advance(TTL)
        sources[1].hang = asyncio.Event()
        with commands_to(settings.database) as commands:
            for one in MANY[: 2 * MAX_RENEWALS]:
                assert await freshness_of(gateway, [one]) == {"STALE"}
            await until(lambda: commands.count("insert") == MAX_RENEWALS)
            assert await freshness_of(gateway, MANY) == {"STALE"}
        assert commands.count("insert") == MAX_RENEWALS


async def test_a_customer_that_cannot_be_told_any_more_stops_no_other(words, clock):
    """The CRM now has two records under one id: that customer's tag stays stale, the others of its request are renewed."""
    sources = sources_by_id()
    query = """{ a: customer(by: {email: "li@example.com"}) { tag(key: "activity") { freshness } }
        b: customer(by: {email: "ana@example.com"}) { tag(key: "activity") { freshness } } }"""
    async with gateway_on(sources, **words) as gateway:
        await gateway.data(query)
        clock.advance(TTL)
        sources[0].records[r.Customer, KeyKind.CUSTOMER_ID]["c2"] = [shop.LI, r.Customer(id="c2b")]
        stale = await gateway.data(query)
        await until_tag(is_fresh, gateway)
        data = await gateway.data(query)
    assert [stale[name]["tag"]["freshness"] for name in "ab"] == ["STALE", "STALE"]
    assert [data[name]["tag"]["freshness"] for name in "ab"] == ["STALE", "FRESH"]


async def test_the_end_of_a_worker_ends_its_renewals(words, settings, clock):
    """With a renewal in a source that hangs, shutdown takes no second, leaves no task, and gives the lease back."""
    sources = sources_by_id()
    tasks = asyncio.all_tasks()
    async with gateway_on(sources, **words) as gateway:
        await tag_of(gateway)
        clock.advance(TTL)
        sources[1].hang = asyncio.Event()
        assert (await tag_of(gateway))["freshness"] == "STALE"
        await until(lambda: measured(sources[1]) == 2)
        assert not await is_free(settings, clock)
        ends = asyncio.get_running_loop().time()
    assert asyncio.get_running_loop().time() - ends < 1
    assert asyncio.all_tasks() == tasks
    assert await is_free(settings, clock)


async def test_an_unexpected_error_in_a_renewal_is_logged(words, settings, clock):
    """The event names the kind of error and nothing of its text; the old value stays, and the lease is free."""
    unhandled: list[dict[str, Any]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unhandled.append(context))

    def broken() -> Stitcher:
        raise ZeroDivisionError("c1")

    sources = sources_by_id()
    async with gateway_on(sources, **words) as gateway:
        await tag_of(gateway)
    clock.advance(TTL)
    async with services_on(sources, clock=clock, mongodb=settings.model_dump()) as services:
        tags = TagService(services.tags.pack, services.store, clock, broken)
        wanted = [(one, "activity") for one in await stitched(services, "c1")]
        with capture_logs() as logs:
            (answer,) = await tags.load(wanted)
            await until(lambda: bool(logs))
        await tags.aclose()
    gc.collect()
    assert (answer.tag.value, answer.freshness) == ("HIGH", "STALE")
    assert logs == [{"event": "tags_failed", "log_level": "error", "error": "ZeroDivisionError"}]
    assert unhandled == []
    assert await is_free(settings, clock)

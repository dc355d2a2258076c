"""Tags with their store: computed once, kept with their evidence, and only what is worth keeping."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from connectors import records as r
from connectors.contract import KeyKind
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.settings import MongoSettings
from tests.support import shop
from tests.support.fixtures_mongodb import commands_to
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import (
    JUNE_ENDS,
    ShopClock,
    measured,
    services_on,
    sources_by_id,
    stitched,
    store_of,
    tag_of,
    until,
)

FIFTY = [f"c{n}" for n in range(50)]
ALL_TAGS = "query ($ids: [ID!]!) { customers(ids: $ids) { id tags { key value freshness computedAt } } }"


def shop_of_fifty() -> list[MemoryConnector]:
    """Each customer with an order and a ticket."""
    people = {one: [r.Customer(id=one, email=f"{one}@example.com", acquisition=r.Acquisition(source="ads"))] for one in FIFTY}
    tickets = {f"{one}@example.com": [r.Ticket(id=f"t{one}", created_at=shop.at(2), satisfaction=5)] for one in FIFTY}
    return [
        MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}),
        MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {one: [shop.order(1, one, 3)] for one in FIFTY}}),
        MemoryConnector("support", {(r.Ticket, KeyKind.EMAIL): tickets}),
    ]


@pytest.mark.mongodb
async def test_a_tag_is_kept_with_its_evidence_and_expiry(mongodb_settings: MongoSettings):
    """On either driver: the next request, of another worker, shows the same tag and asks no source for facts."""
    clock, sources = ShopClock(), sources_by_id()
    async with gateway_on(sources, with_clock=clock, mongodb=mongodb_settings.model_dump()) as gateway:
        first = await tag_of(gateway)
    clock.advance(timedelta(hours=5))
    async with gateway_on(sources, with_clock=clock, mongodb=mongodb_settings.model_dump()) as gateway:
        second = await tag_of(gateway)
    async with store_of(mongodb_settings) as store:
        kept = (await store.tags.read(["c1"], ["activity"]))["c1"]["activity"]
    assert [measured(source) for source in sources] == [0, 1]
    assert second == first
    assert (first["value"], first["freshness"], first["partial"]) == ("HIGH", "FRESH", False)
    assert (kept.value, kept.rule.version, kept.partial) == ("HIGH", 1, False)
    assert kept.computed_at == clock.now() - timedelta(hours=5)
    assert kept.expires_at == kept.computed_at + timedelta(hours=6)
    assert [(fact.name, fact.value, fact.sources, fact.since, fact.until) for fact in kept.evidence] == [
        ("orders_90d", 5, ["orders"], JUNE_ENDS - timedelta(days=90), JUNE_ENDS),
        ("orders_all", 5, ["orders"], None, None),
    ]


@pytest.mark.mongodb
async def test_fifty_customers_by_all_tags_are_one_find_and_few_bulk_writes(mongodb_settings: MongoSettings):
    """All 1,200 are read by one command and written by three; while they are fresh one find is all, and only the CRM is asked.

    The hour of orders is read off the orders themselves: a call for that, and one for all that their source measures.
    """
    sources, clock = shop_of_fifty(), ShopClock()
    words = {"with_clock": clock, "mongodb": mongodb_settings.model_dump()}
    with commands_to(mongodb_settings.database) as commands:
        async with gateway_on(sources, **words) as gateway:
            cold = await gateway.data(ALL_TAGS, {"ids": FIFTY})
    assert [name for name in commands if name not in ("ping", "createIndexes")] == ["find", *["update"] * 3]
    assert [len(source.calls) for source in sources] == [2, 2, 1]
    with commands_to(mongodb_settings.database) as commands:
        async with gateway_on(sources, **words) as gateway:
            warm = await gateway.data(ALL_TAGS, {"ids": FIFTY})
    assert [name for name in commands if name not in ("ping", "createIndexes")] == ["find"]
    assert [len(source.calls) for source in sources] == [3, 2, 1]
    assert warm == cold
    given = {tag["key"]: tag["value"] for tag in cold["customers"][49]["tags"]}
    assert len(given) == 20  # four of the 24 have no value
    assert (
        given.items()
        >= {
            "lifecycle_stage": "NEW",
            "activity": "MEDIUM",
            "value_tier": "BRONZE",
            "recency": "WITHIN_30_DAYS",
            "category_preference": "books",
            "satisfaction": "HAPPY",
            "open_complaint": "NO",
            "acquisition_source": "ads",
        }.items()
    )


@pytest.mark.mongodb
async def test_a_tag_is_shared_from_memory_until_it_can_be_read(mongodb_settings: MongoSettings):
    """Twenty requests, each right after the answer to the one before, ask the source once."""
    sources = sources_by_id()
    async with gateway_on(sources, with_clock=ShopClock(), mongodb=mongodb_settings.model_dump()) as gateway:
        tags = [await tag_of(gateway) for _ in range(20)]
    assert measured(sources[1]) == 1
    assert all(tag == tags[0] for tag in tags)


@pytest.mark.mongodb
async def test_what_a_failed_source_left_out_is_not_kept(mongodb_settings: MongoSettings):
    """The partial tag is answered, not stored; the next request computes it whole, and that one is stored."""
    sources, clock = shop.sources(), ShopClock()
    sources["orders"].failure = SourceUnavailableError()
    async with gateway_on(list(sources.values()), with_clock=clock, mongodb=mongodb_settings.model_dump()) as gateway:
        down = [await tag_of(gateway), await tag_of(gateway, "acquisition_source")]
        sources["orders"].failure = None
        up = await tag_of(gateway)
    async with store_of(mongodb_settings) as store:
        kept = await store.tags.read(["c1"], ["activity", "acquisition_source"])
    assert [(tag["value"], tag["partial"], tag["freshness"]) for tag in (*down, up)] == [
        (None, True, "FRESH"),
        ("google", False, "FRESH"),
        ("HIGH", False, "FRESH"),
    ]
    assert measured(sources["orders"]) == 2
    assert {key: tag.value for key, tag in kept["c1"].items()} == {"activity": "HIGH", "acquisition_source": "google"}


@pytest.mark.mongodb
async def test_nothing_is_written_while_a_source_is_down(mongodb_settings: MongoSettings):
    """One find and no write."""
    sources = sources_by_id()
    sources[1].failure = SourceUnavailableError()
    with commands_to(mongodb_settings.database) as commands:
        async with gateway_on(sources, with_clock=ShopClock(), mongodb=mongodb_settings.model_dump()) as gateway:
            await tag_of(gateway)
    assert [name for name in commands if name not in ("ping", "createIndexes")] == ["find"]


@pytest.mark.mongodb
async def test_a_fact_without_a_source_is_kept(mongodb_settings: MongoSettings):
    """Asking again would not give more: a tag whose source is not configured is written once and then read."""
    with commands_to(mongodb_settings.database) as commands:
        for _ in range(2):
            async with gateway_on(sources_by_id(), with_clock=ShopClock(), mongodb=mongodb_settings.model_dump()) as gateway:
                tag = await tag_of(gateway, "satisfaction")
            assert (tag["value"], tag["partial"]) == (None, True)
            assert tag["evidence"] == [
                {"name": "satisfaction_365d", "value": None, "sources": [], "missing": "NOT_CONFIGURED"},
            ]
    assert [name for name in commands if name not in ("ping", "createIndexes")] == ["find", "update", "find"]


async def test_requests_at_the_same_time_compute_a_tag_once():
    """Ten requests for the same two customers are one call with both keys, and one tag for each."""
    sources = sources_by_id()
    async with services_on(sources) as services:
        requests = [[(one, "activity") for one in await stitched(services, "c1", "c2")] for _ in range(10)]
        answers = await asyncio.gather(*(services.tags.load(wanted) for wanted in requests))
        again = await services.tags.load([(one, "activity") for one in await stitched(services, "c1", "c2")])
    assert [call[2] for call in sources[1].calls if isinstance(call[3], tuple)] == [("c1", "c2"), ("c1", "c2")]
    assert all(given.tag is first.tag for answer in answers for given, first in zip(answer, answers[0], strict=True))
    assert again[0].tag is not answers[0][0].tag, "without a store nothing is kept once it is given out"


async def test_a_caller_that_goes_away_takes_nothing_from_the_others():
    """The request that began the computation is cancelled; the one that shares it has its tag, for one call."""
    sources = sources_by_id()
    sources[1].hang = asyncio.Event()
    async with services_on(sources) as services:
        first, second = [
            asyncio.create_task(services.tags.load([(customer, "activity")]))
            for customer in [*await stitched(services, "c1"), *await stitched(services, "c1")]
        ]
        await until(lambda: measured(sources[1]) == 1)
        first.cancel()
        sources[1].hang.set()
        (answer,) = await second
        assert first.cancelled()
    assert (answer.tag.rule.version, answer.tag.partial) == (1, False)
    assert measured(sources[1]) == 1


async def test_what_another_request_could_not_get_is_asked_again():
    """The failure that one request ran into is not handed to the other, which asks in its own time and reports it."""
    sources = sources_by_id()
    sources[1].failure = SourceUnavailableError()
    async with services_on(sources) as services:
        customers = [*await stitched(services, "c1"), *await stitched(services, "c1")]
        answers = await asyncio.gather(*(services.tags.load([(customer, "activity")]) for customer in customers))
        reported = [{report.name: report.error_code for report in await one.reports.wait_all()} for one in customers]
    assert [answer.tag.partial for (answer,) in answers] == [True, True]
    assert measured(sources[1]) == 2
    assert reported == [{"crm": None, "orders": "SOURCE_UNAVAILABLE"}] * 2


async def test_all_facts_of_a_tag_have_the_same_reference_time():
    """Days are counted back from the end of the window, also when a source took its time."""
    late = r.Order(id="o1", placed_at=datetime(2026, 6, 20, tzinfo=UTC))
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {"c1": [late]}})
    orders.hang = asyncio.Event()
    clock = SlowClock()
    async with services_on(sources_by_id(orders), clock=clock) as services:
        (customer,) = await stitched(services, "c1")
        loading = asyncio.create_task(services.tags.load([(customer, "recency"), (customer, "activity")]))
        await until(lambda: measured(orders) == 1)
        clock.advance(timedelta(days=2))
        orders.hang.set()
        recency, activity = await loading
    assert [fact.until for fact in activity.tag.evidence] == [datetime(2026, 6, 27, 12, tzinfo=UTC), None]
    assert [fact.value for fact in recency.tag.evidence] == [7]


class SlowClock(ShopClock):
    """Its reference time is the time of day."""

    def __init__(self) -> None:
        super().__init__()
        self._now = datetime(2026, 6, 27, 12, tzinfo=UTC)

    def reference(self) -> datetime:
        return self.now()

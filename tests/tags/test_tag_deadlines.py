"""Tags that several requests compute together: each waits by his own deadline, and none steers what the others get."""

import asyncio
import time
from collections.abc import Sequence
from typing import Any

import pytest

from connectors import records as r
from connectors.contract import Answer, Ask, KeyKind, Keys
from connectors.errors import SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.settings import MongoSettings
from gateway.store.tags import TagCollection
from gateway.tags.computation import is_missing_for_now
from gateway.tags.shared_computations import MAX_SHARED
from gateway.tags.tag_store import StoredTags
from tests.support import shop
from tests.support.gateway_server import Gateway, gateway_on
from tests.support.tag_shop import ShopClock, measured, services_on, sources_by_id, stitched, store_of, until, until_kept

pytestmark = pytest.mark.cases

STAGE = """{ customer(by: {id: "c1"}) { tag(key: "lifecycle_stage") { value partial evidence { name missing } }
    sources { name state errorCode } } }"""
TWO_TAGS = """{ customer(by: {id: "c1"}) { a: tag(key: "activity") { value partial }
    b: tag(key: "acquisition_source") { value partial }
    sources { name state errorCode } } }"""
SOON_MS, PATIENT_MS = 1_000, 30_000


class Timed(MemoryConnector):
    """Notes how much time each lookup is given, and can be slow."""

    async def _fetch(self, record: type[r.Record], by: KeyKind, keys: Keys, ask: Ask) -> Answer:
        self.given_s = [*getattr(self, "given_s", []), ask.remaining_s or 0.0]
        return await super()._fetch(record, by, keys, ask)


def hanging() -> tuple[list[MemoryConnector], MemoryConnector]:
    sources = shop.sources()
    sources["orders"].hang = asyncio.Event()
    return list(sources.values()), sources["orders"]


async def ask(gateway: Gateway, deadline_ms: int, query: str = STAGE) -> tuple[dict[str, Any], float]:
    """The customer, and how long the answer took in seconds."""
    began = time.monotonic()
    answer = await gateway.ask(query, None, **{"x-deadline-ms": str(deadline_ms)})
    return answer["data"]["customer"], time.monotonic() - began


async def test_a_hurried_caller_does_not_wait_for_a_patient_one():
    """He shares what another began whose time is long over his own, and has a partial tag when his time is over."""
    sources, orders = hanging()
    async with gateway_on(sources, deadline_ms=20_000, max_deadline_ms=PATIENT_MS) as gateway:
        patient = asyncio.create_task(ask(gateway, PATIENT_MS))
        await until(lambda: measured(orders) == 1)
        customer, took_s = await ask(gateway, SOON_MS)
        assert not patient.done()
        assert orders.hang is not None
        orders.hang.set()
        theirs, _ = await patient
    assert took_s < 5
    assert customer["tag"]["partial"] is True
    assert {fact["missing"] for fact in customer["tag"]["evidence"]} == {"SOURCE_TIMEOUT"}
    assert {"name": "orders", "state": "UNAVAILABLE", "errorCode": "SOURCE_TIMEOUT"} in customer["sources"]
    assert theirs["tag"]["partial"] is False
    assert measured(orders) == 1


async def test_a_hurried_caller_who_began_does_not_end_it():
    """He has his answer in his time; the call that he began goes on, and its answer is that of the patient one who joined."""
    sources, orders = hanging()
    async with gateway_on(sources, deadline_ms=20_000) as gateway:
        hurried, took_s = await ask(gateway, SOON_MS)
        patient = asyncio.create_task(ask(gateway, 20_000))
        await asyncio.sleep(0)
        assert orders.hang is not None
        await until(lambda: len(sources[0].calls) == 2)
        orders.hang.set()
        customer, _ = await patient
    assert took_s < 5
    assert (hurried["tag"]["partial"], customer["tag"]["partial"]) == (True, False)
    assert measured(orders) == 1


async def test_a_hurried_caller_has_the_facts_that_have_come():
    """One source hangs: the tag that does not need it is whole, and the report names the one that is late."""
    sources, _ = hanging()
    async with gateway_on(sources, deadline_ms=20_000) as gateway:
        customer, took_s = await ask(gateway, SOON_MS, TWO_TAGS)
    assert took_s < 5
    assert customer["a"] == {"value": None, "partial": True}
    assert customer["b"] == {"value": "google", "partial": False}
    assert customer["sources"] == [
        {"name": "crm", "state": "FRESH", "errorCode": None},
        {"name": "orders", "state": "UNAVAILABLE", "errorCode": "SOURCE_TIMEOUT"},
    ]


async def test_a_hurried_caller_has_his_own_tag_while_those_of_others_hang():
    """A patient one began both; what his other tag waits for is none of the hurried one's business."""
    sources, orders = hanging()
    one = (
        """{ customer(by: {id: "c1"}) { tag(key: "acquisition_source") { value partial } sources { name state errorCode } } }"""
    )
    async with gateway_on(sources, deadline_ms=20_000, max_deadline_ms=PATIENT_MS) as gateway:
        patient = asyncio.create_task(ask(gateway, PATIENT_MS, TWO_TAGS))
        await until(lambda: measured(orders) == 1)
        customer, took_s = await ask(gateway, 1_000, one)
        assert not patient.done()
        assert orders.hang is not None
        orders.hang.set()
        await patient
    assert took_s < 5
    assert customer["tag"] == {"value": "google", "partial": False}
    assert [report["name"] for report in customer["sources"]] == ["crm"]


@pytest.mark.parametrize("deadline_ms", [300, PATIENT_MS])
async def test_shared_work_has_the_usual_time(deadline_ms: int):
    """Whoever begins it, with less or with more: the source is given what a usual request has left."""
    orders = Timed("orders", {(r.Order, KeyKind.CUSTOMER_ID): shop.ORDERS}, measures=False)
    async with gateway_on([shop.crm(), orders], deadline_ms=10_000, max_deadline_ms=PATIENT_MS) as gateway:
        await ask(gateway, deadline_ms)
    (given_s,) = orders.given_s
    assert 5 < given_s <= 10


async def test_a_caller_with_more_time_asks_again_in_his_own():
    """The shared work is over after the usual time; who has more has the tag when the source answers later than that."""
    sources, orders = hanging()
    async with gateway_on(sources, deadline_ms=300, max_deadline_ms=PATIENT_MS) as gateway:
        patient = asyncio.create_task(ask(gateway, PATIENT_MS))
        await until(lambda: measured(orders) == 2)
        assert orders.hang is not None
        orders.hang.set()
        customer, _ = await patient
    assert customer["tag"]["partial"] is False
    assert measured(orders) == 2


async def test_a_caller_without_the_customers_record_shares_nothing():
    """The CRM is down: his tags of other sources are computed for him, stored, and read by the next."""
    crm, orders = sources_by_id()
    crm.failure = SourceUnavailableError()
    async with services_on([crm, orders], clock=ShopClock()) as services:
        customers = [*await stitched(services, "c1"), *await stitched(services, "c1")]
        first, second = await asyncio.gather(*(services.tags.load([(one, "activity")]) for one in customers))
    assert [answer.tag.value for answer in (*first, *second)] == ["HIGH", "HIGH"]
    assert first[0].tag is not second[0].tag
    assert measured(orders) == 1, "the calls are shared all the same"


@pytest.mark.mongodb
async def test_what_is_computed_for_one_request_is_stored(mongodb_settings: MongoSettings):
    """Also while the source of customers is down."""
    crm, orders = sources_by_id()
    crm.failure = SourceUnavailableError()
    clock = ShopClock()
    words = {"clock": clock, "mongodb": mongodb_settings.model_dump()}
    async with services_on([crm, orders], **words) as services:
        (customer,) = await stitched(services, "c1")
        await services.tags.load([(customer, "activity")])
    async with store_of(mongodb_settings, clock) as store:
        await until_kept(store, clock.now())


async def test_no_more_than_so_many_customers_outlive_their_requests():
    """Requests beyond the bound compute for themselves: they have their tags, and nothing of theirs is shared."""
    names = [f"c{n}" for n in range(MAX_SHARED + 2)]
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {one: [] for one in names}}, max_batch=2_000)
    orders.hang = asyncio.Event()
    people = {one: [r.Customer(id=one)] for one in names}
    crm = MemoryConnector("crm", {(r.Customer, KeyKind.CUSTOMER_ID): people}, max_batch=2_000)
    async with services_on([crm, orders], deadline_ms=20_000) as services:
        first, second = await stitched(services, *names[:MAX_SHARED]), await stitched(services, *names[MAX_SHARED:])
        loads = [asyncio.create_task(services.tags.load([(one, "activity") for one in own])) for own in (first, second)]
        await until(lambda: sum(len(call[2]) for call in orders.calls) == len(names))
        assert set(services.tags.expect(names).computing) == set(names[:MAX_SHARED])
        orders.hang.set()
        answers = await asyncio.gather(*loads)
        assert services.tags.expect(names).computing == {}
        again = await services.tags.load([(one, "activity") for one in await stitched(services, names[-1])])
    assert MAX_SHARED == 1_000
    assert not any(is_missing_for_now(answer.tag) for own in (*answers, again) for answer in own)


class Hanging(TagCollection):
    """Takes a read and never ends it."""

    async def read(self, customers: Sequence[str], keys: object) -> dict[str, StoredTags]:
        await asyncio.Event().wait()
        return {}


@pytest.mark.mongodb
async def test_a_read_of_the_store_ends_with_the_callers_time(mongodb_settings: MongoSettings):
    """MongoDB may take a minute by its settings: a hurried caller waits for it as long as he has."""
    clock = Clock()
    mongodb = mongodb_settings.model_dump() | {"timeout_ms": 60_000}
    async with services_on(sources_by_id(), clock=clock, mongodb=mongodb, deadline_ms=SOON_MS) as services:
        assert services.store is not None
        services.store.tags = Hanging(services.store.mongo, clock)
        began = time.monotonic()
        (answer,) = await services.tags.load([(one, "activity") for one in await stitched(services, "c1")])
        assert time.monotonic() - began < 5
    assert answer.definition.key == "activity"


async def test_the_report_of_sources_ends_with_the_callers_time():
    """A field that never says that it is done costs the others nothing: what was contributed is reported."""
    async with services_on(sources_by_id(), deadline_ms=SOON_MS) as services:
        (customer,) = await stitched(services, "c1")
        customer.reports.begin()
        began = time.monotonic()
        reports = await customer.source_reports()
    assert time.monotonic() - began < 5
    assert [report.name for report in reports] == ["crm"]


async def test_a_caller_hears_of_the_sources_of_his_own_tags():
    """Another one's tags of the same customer are computed with his; what they lack is none of his business."""
    sources = shop.sources()
    sources["orders"].failure = SourceUnavailableError()
    query = '{{ customer(by: {{id: "c1"}}) {{ {} sources {{ name errorCode }} }} }}'
    async with gateway_on(list(sources.values())) as gateway:
        all_tags, his = await asyncio.gather(
            gateway.ask(query.format("tags { key }")), gateway.ask(query.format('tag(key: "open_complaint") { key }'))
        )
    assert "SOURCE_UNAVAILABLE" in [one["errorCode"] for one in all_tags["data"]["customer"]["sources"]]
    assert [one["errorCode"] for one in his["data"]["customer"]["sources"]] == [None, None]

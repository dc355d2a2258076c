"""What a source tells of a record shows at once: on the worker that is told, and on others when their memory is over."""

from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import timedelta

import pytest

from connectors import records as r
from connectors.contract import Change, KeyKind
from connectors.testing import MemoryConnector
from gateway.invalidation import Invalidator
from gateway.services import Services
from gateway.settings import MongoSettings
from gateway.stitching.known_customers import KEEP_S
from gateway.stitching.merged_customer import MergedCustomer
from tests.stitching.test_known_customers import ALL, SECRET, WHO, change, whole
from tests.support.fixtures_mongodb import HandClock
from tests.support.known_people import ANA_CRM, person, three
from tests.support.tag_shop import services_on

pytestmark = pytest.mark.mongodb

WORK = "ana.work@example.org"
"""The address that the shop and the desk have in common."""


@asynccontextmanager
async def two_workers(
    sources: Sequence[MemoryConnector], mongodb: MongoSettings, clock: HandClock
) -> AsyncIterator[tuple[Services, Services]]:
    """Two workers of the same sources, who know Ana from before."""
    words = {"mongodb": mongodb.model_dump(), "identity": {"secret": SECRET, "max_turns": 4}}
    async with AsyncExitStack() as stack:
        one, other = [await stack.enter_async_context(services_on(sources, clock=clock, **words)) for _ in range(2)]
        for _ in range(2):
            assert [await whole(worker, id_) for worker in (one, other) for id_ in ALL] == [ALL] * 6
            assert [await whole(worker, WORK, KeyKind.EMAIL) for worker in (one, other)] == [ALL] * 2
        yield one, other


async def tell(worker: Services, source_name: str, key: str, by: KeyKind = KeyKind.CUSTOMER_ID) -> None:
    source = worker.sources.named(source_name)
    assert source is not None
    await Invalidator(worker).apply(source, [Change(r.Customer, by, key)])


async def records_now(worker: Services, id_: str) -> Sequence[str]:
    """The ids of the customer's records, whatever goes on behind the answers."""
    customer = await worker.stitcher().customer_of(id_, WHO)
    assert isinstance(customer, MergedCustomer)
    return customer.identity.records


async def stored_versions(worker: Services) -> set[str]:
    assert worker.store is not None
    stored = await worker.store.mongo.run(lambda database: database.identity_components.find().to_list())
    return {document["version"] for document in stored}


@pytest.mark.parametrize(
    ("source", "key", "by"),
    [
        ("shop", "42", KeyKind.CUSTOMER_ID),
        ("shop", "shop:42", KeyKind.CUSTOMER_ID),
        ("shop", "crm:7", KeyKind.CUSTOMER_ID),
        ("desk", "u1", KeyKind.CUSTOMER_ID),
        ("desk", "crm:7", KeyKind.CUSTOMER_ID),
        ("shop", "Ana.Work@example.org", KeyKind.EMAIL),
        ("desk", WORK, KeyKind.EMAIL),
        ("desk", "+44 20 7946 0000", KeyKind.PHONE),
        ("desk", "shop:42", KeyKind.EXTERNAL_ID),
    ],
)
async def test_any_key_from_any_source_drops_the_whole_customer(
    mongodb_settings: MongoSettings, hand_clock: HandClock, source: str, key: str, by: KeyKind
):
    """Also the id that the gateway shows, and a key of another source's record."""
    async with two_workers(three(), mongodb_settings, hand_clock) as (one, _):
        before = await stored_versions(one)
        await tell(one, source, key, by)
        assert (len(before), before & await stored_versions(one)) == (1, set())


@pytest.mark.parametrize("told", [0, 1])
async def test_an_address_that_moved_finds_its_new_owner(mongodb_settings: MongoSettings, hand_clock: HandClock, told: int):
    """Ana's records have another one, and hers is Li's by now: on both workers, by old and new address and by id."""
    sources = crm, shop, desk = three()
    async with two_workers(sources, mongodb_settings, hand_clock) as workers:
        for worker in workers:
            assert await whole(worker, "crm:8") == ["crm:8"]
        change(shop, person("42", email="ana@example.com", emails=["ana@new.example"]))
        change(desk, person("u1", email="ana@new.example"))
        change(crm, ANA_CRM, person("8", name="Li", email="li@example.com", emails=[WORK]))
        for source, id_ in (("shop", "42"), ("desk", "u1"), ("crm", "8")):
            await tell(workers[told], source, id_)
        for worker in workers:
            assert await whole(worker, WORK, KeyKind.EMAIL) == ["crm:8"]
            assert await whole(worker, "ana@new.example", KeyKind.EMAIL) == ALL
            assert [await whole(worker, id_) for id_ in [*ALL, "crm:8"]] == [ALL, ALL, ALL, ["crm:8"]]


@pytest.mark.parametrize("told", ["u1", "u2"])
async def test_a_record_that_took_an_address_is_found_from_the_others(
    mongodb_settings: MongoSettings, hand_clock: HandClock, told: str
):
    """Whether it is told or the one that lost the address: at once, before anything is found anew behind an answer."""
    sources = _, _, desk = three()
    async with two_workers(sources, mongodb_settings, hand_clock) as (one, other):
        change(desk, person("u1", email="other@example.org"), person("u2", email=WORK))
        await tell(one, "desk", told)
        assert await records_now(one, "crm:7") == ["crm:7", "shop:42", "desk:u2"]
        assert await records_now(one, "desk:u1") == ["desk:u1"]
        hand_clock.advance(timedelta(seconds=KEEP_S))
        assert await records_now(other, "crm:7") == ["crm:7", "shop:42", "desk:u2"]
        assert await records_now(other, "desk:u1") == ["desk:u1"]


async def test_a_key_that_is_shared_by_now_links_nobody(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """What is stored of those who had it is dropped, though none of them is told."""
    sources = _, _, desk = three()
    async with two_workers(sources, mongodb_settings, hand_clock) as (one, _):
        change(desk, person("u1", email=WORK), person("u2", email=WORK))
        await tell(one, "desk", "u2")
        assert await records_now(one, "crm:7") == ["crm:7", "shop:42"]
        assert await records_now(one, "desk:u1") == ["desk:u1"]

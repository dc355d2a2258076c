"""What is stored of a customer spares turns, and never says more than the records do."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import pytest
from pymongo import AsyncMongoClient

from connectors import records as r
from connectors.contract import Change, KeyKind
from connectors.errors import SourceUnavailableError
from connectors.record_fields import Fields
from connectors.testing import MemoryConnector
from gateway.clock import Clock
from gateway.invalidation import Invalidator
from gateway.services import Services
from gateway.stitching.merged_customer import MergedCustomer
from gateway.stitching.selection import Selection
from tests.support.fixtures_mongodb import HandClock
from tests.support.known_people import ANA_CRM, ANA_DESK, ANA_SHOP, LI, NUMBER, calls_of, knowing, person, three
from tests.support.tag_shop import services_on

pytestmark = pytest.mark.mongodb

WHO = Selection(fields=Fields.from_paths("id", "name"), members=True)
ALL = ["crm:7", "shop:42", "desk:u1"]
SECRET = "what keys are digested with"


@asynccontextmanager
async def keeping(
    sources: Sequence[MemoryConnector], uri: str, database: str, clock: Clock | None = None, **identity: Any
) -> AsyncIterator[Services]:
    settings = {"identity": {"secret": SECRET, "max_turns": 4, **identity}}
    mongodb = {"uri": uri, "database": database, "timeout_ms": 20_000}
    async with services_on(sources, clock=clock, mongodb=mongodb, **settings) as services:
        yield services


async def whole(services: Services, key: str = "crm:7", kind: KeyKind = KeyKind.CUSTOMER_ID) -> list[str] | None:
    """The ids of the customer's records, once what was found is kept. None where nobody is found."""
    stitcher = services.stitcher()
    customer = await (stitcher.customer_of(key, WHO) if kind is KeyKind.CUSTOMER_ID else stitcher.customer(kind, key, WHO))
    if services.router.known is not None:
        await services.router.known.join()
    if customer is None:
        return None
    assert isinstance(customer, MergedCustomer)
    return [*customer.identity.records, *([customer.identity.reason] if customer.identity.reason else [])]


def forget_calls(*sources: MemoryConnector) -> None:
    for source in sources:
        source.calls.clear()


def change(source: MemoryConnector, *records: r.Customer) -> None:
    """Have a source know these people instead."""
    source.records = {**source.records, **knowing(source.name, records).records}


async def test_all_records_are_asked_for_in_one_turn(mongodb_uri: str, mongodb_database: str):
    """By the ids that they have, and what the caller names everywhere; by an id, by an address, and in another process."""
    sources = crm, shop, desk = three()
    async with keeping(sources, mongodb_uri, mongodb_database) as services:
        assert await whole(services) == ALL
        cold = calls_of(*sources)
        forget_calls(*sources)
        assert await whole(services) == ALL
    assert [len(calls) for calls in cold] == [6, 5, 5]
    warm = [
        [("customer_id", ("7",))],
        [("external_id", ("crm:7",)), ("customer_id", ("42",))],
        [("external_id", ("crm:7",)), ("customer_id", ("u1",))],
    ]
    assert [sorted(calls) for calls in calls_of(*sources)] == [sorted(calls) for calls in warm]
    forget_calls(*sources)
    async with keeping(sources, mongodb_uri, mongodb_database) as services:
        assert await whole(services, "ANA.work@example.org", KeyKind.EMAIL) == ALL
    by_address = ("email", ("ana.work@example.org",))
    assert [sorted(calls) for calls in calls_of(crm, shop, desk)] == [
        sorted([by_address, ("customer_id", (own,))]) for own in ("7", "42", "u1")
    ]


async def test_only_a_new_key_is_asked_for(mongodb_uri: str, mongodb_database: str):
    """A record with another address leads on from there, in the next turn."""
    sources = crm, shop, desk = three()
    async with keeping(sources, mongodb_uri, mongodb_database) as services:
        await whole(services)
        change(desk, person("u1", email="ana.work@example.org", emails=["ana@new.example"]))
        change(shop, ANA_SHOP)
        change(crm, ANA_CRM, LI)
        forget_calls(*sources)
        assert await asyncio.wait_for(whole(services), 60) == ALL
        first = [("email", ("ana@new.example",)) in calls for calls in calls_of(*sources)]
        addresses = {key for calls in calls_of(*sources) for kind, keys in calls if kind == "email" for key in keys}
        forget_calls(*sources)
        assert await whole(services) == ALL
        again = {kind for calls in calls_of(*sources) for kind, _ in calls}
    assert first == [True] * 3
    # The others are asked for behind the answer, where all is found anew.
    assert addresses == {"ana@new.example", "ana@example.com", "ana.work@example.org"}
    assert again == {"customer_id", "external_id"}


async def test_links_by_a_record_that_is_gone_are_gone(mongodb_uri: str, mongodb_database: str):
    """Who was linked by it alone is another customer, at once and afterwards."""
    sources = _, shop, _ = three()
    async with keeping(sources, mongodb_uri, mongodb_database) as services:
        assert await whole(services) == ALL
        change(shop)
        assert await whole(services) == ["crm:7"]
        assert await whole(services, "desk:u1") == ["desk:u1"]
        assert await whole(services) == ["crm:7"]
        assert await whole(services, "shop:42") is None


async def test_a_record_that_takes_a_key_is_found_after_half_of_the_age(
    mongodb_uri: str, mongodb_database: str, hand_clock: HandClock
):
    """Behind an answer all is found anew; when the time is over, before it."""
    sources = crm, shop, desk = three()
    async with keeping(sources, mongodb_uri, mongodb_database, hand_clock, max_age_s=1_000) as services:
        await whole(services)
        change(desk, ANA_DESK, person("u2", phone=NUMBER))
        del crm, shop
        hand_clock.advance(timedelta(seconds=400))
        assert await whole(services) == ALL
        hand_clock.advance(timedelta(seconds=200))
        assert await whole(services) == ALL
        later = await whole(services)
        change(desk, ANA_DESK)
        hand_clock.advance(timedelta(seconds=1_001))
        last = await whole(services)
    # Two records of the desk are never one customer, so the number links neither.
    assert (later, last) == (ALL, ALL)


async def test_a_webhook_has_customers_found_anew(mongodb_uri: str, mongodb_database: str):
    """The customer whose key a new record took has that, once it is found anew behind the webhook."""
    sources = crm, shop, _ = three()
    async with keeping(sources[:2], mongodb_uri, mongodb_database) as services:
        assert await whole(services, "crm:8") == ["crm:8"]
        change(shop, ANA_SHOP, person("43", email="li@example.com"))
        forget_calls(crm, shop)
        assert await whole(services, "crm:8") == ["crm:8"]
        source = services.sources.named("shop")
        assert source is not None
        await Invalidator(services).apply(source, [Change(r.Customer, KeyKind.CUSTOMER_ID, "43")])
        assert services.router.known is not None
        await services.router.known.join()
        assert await whole(services, "crm:8") == ["crm:8", "shop:43"]


@pytest.mark.parametrize("down", range(3))
async def test_a_source_that_is_down_is_said_to_be_missing(mongodb_uri: str, mongodb_database: str, down: int):
    """Its record keeps its id, what the others have in common is known from their own records."""
    sources = three()
    async with keeping(sources, mongodb_uri, mongodb_database) as services:
        assert await whole(services) == ALL
        sources[down].failure = SourceUnavailableError()
        found = await whole(services)
        sources[down].failure = None
        after = await whole(services)
    assert found is not None
    assert found[-1] == "SOURCE_UNAVAILABLE"
    assert set(found[:-1]) <= set(ALL)
    assert after == ALL


async def test_mongodb_away_means_asking_from_nothing(mongodb_database: str):
    """With the same records. What people decided about them is not known."""
    sources = three()
    mongodb = {"uri": "mongodb://127.0.0.1:9", "database": mongodb_database, "timeout_ms": 50}
    async with services_on(sources, mongodb=mongodb, identity={"secret": SECRET, "max_turns": 4}) as services:
        assert [await whole(services), await whole(services)] == [[*ALL, "LINKS_UNAVAILABLE"]] * 2


async def test_other_settings_know_nothing_of_it(mongodb_uri: str, mongodb_database: str):
    """Another trust leads elsewhere, so what was found under the one is no evidence under the other."""
    sources = three()
    async with keeping(sources, mongodb_uri, mongodb_database) as services:
        await whole(services)
    forget_calls(*sources)
    trusts = {"desk": ["phone"]}
    async with keeping(sources, mongodb_uri, mongodb_database, trusts=trusts) as services:
        assert await whole(services) == ["crm:7", "shop:42"]


async def test_no_key_is_stored_in_clear(mongodb_uri: str, mongodb_database: str):
    """Ids of records, digests and times are all that there is."""
    async with keeping(three(), mongodb_uri, mongodb_database) as services:
        await whole(services)
    async with AsyncMongoClient(mongodb_uri, timeoutMS=20_000) as client:
        (document,) = await client[mongodb_database].identity_components.find().to_list()
    assert document["records"] == sorted(ALL)
    told = {name for name, value in document.items() if any(part in str(value) for part in ("ana", "example", "4420", SECRET))}
    assert told == set()


async def test_nothing_is_kept_without_a_secret_or_with_one_source(mongodb_uri: str, mongodb_database: str):
    """One source of customers has nothing to be found anew, and a key that is not digested is not stored."""
    crm, shop, _ = three()
    mongodb = {"uri": mongodb_uri, "database": mongodb_database, "timeout_ms": 20_000}
    async with services_on([crm, shop], mongodb=mongodb) as services:
        assert services.router.known is None
    orders = MemoryConnector("orders", {(r.Order, KeyKind.CUSTOMER_ID): {}})
    async with services_on([crm, orders], mongodb=mongodb, identity={"secret": SECRET}) as services:
        assert services.router.known is None

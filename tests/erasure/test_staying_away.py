"""What would bring an erased customer back does not: a late source, a webhook, a renewal, a restored dump, a crash."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from connectors.contract import Change, KeyKind
from connectors.errors import SourceUnavailableError
from gateway.app import create_services, opened
from gateway.invalidation import Invalidator
from gateway.settings import MongoSettings
from gateway.store.store import Store
from tests.erasure.erased_people import (
    SETTINGS,
    any_driver,
    code_of,
    documents,
    erase,
    gateway_of,
    people,
    stored_of_both,
    values_in,
)
from tests.support.gateway_server import settings_for
from tests.support.known_people import knowing, person
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]


async def eventually(true: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(40):
        while not await true():
            await asyncio.sleep(0.05)


async def nothing_of_her(mongodb: MongoSettings) -> None:
    async with store_of(mongodb) as store:
        assert values_in(await documents(store)) == []


async def test_a_late_source_does_not_bring_her_back(mongodb_settings: MongoSettings):
    """It was down at the erasure, and has a record under an id that nobody knew: her address tells that it is hers."""
    late = knowing(
        "late", [person("99", name="A. Souza", email="Ana@Example.com", created_at=datetime(2020, 1, 1, tzinfo=UTC))]
    )
    late.failure = SourceUnavailableError()
    async with gateway_of([*people(), late], mongodb_settings) as gateway:
        receipt = await erase(gateway)
        late.failure = None
        assert await code_of(gateway, {"id": "late:99"}) == "ERASED"
        assert await code_of(gateway, {"email": "ana@example.com"}) == "ERASED"
        assert await code_of(gateway, {"id": "crm:8"}) is None
        again = await erase(gateway)
    assert {"source": "late", "records": None} in receipt["sourcesStillHold"]
    assert receipt["incomplete"] == ["SOURCE_UNAVAILABLE"]
    assert {"source": "late", "records": 1} in again["sourcesStillHold"]
    async with store_of(mongodb_settings) as store:
        assert "late:99" not in str(await documents(store))
    await nothing_of_her(mongodb_settings)


async def test_a_key_that_no_source_has_any_more_is_refused(mongodb_settings: MongoSettings):
    """The sources have deleted her, or are down: what callers are told stays the same."""
    crm, web, desk = people()
    async with gateway_of([crm, web, desk], mongodb_settings) as gateway:
        await erase(gateway)
        for source in (crm, web, desk):
            for lookup in source.records.values():
                lookup.clear()
        assert await code_of(gateway, {"id": "shop:42"}) == "ERASED"
        assert await code_of(gateway, {"email": "ana@example.com"}) == "ERASED"
        crm.failure = SourceUnavailableError()
        assert await code_of(gateway, {"id": "crm:7"}) == "ERASED"


async def test_a_webhook_stores_nothing_of_her(mongodb_settings: MongoSettings):
    """A change of hers is taken, and leaves no mark; one of somebody else does."""
    connectors = people()
    services = create_services(
        settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS), connectors=connectors
    )
    async with gateway_of(people(), mongodb_settings) as gateway:
        await erase(gateway)
    async with opened(services), store_of(mongodb_settings) as store:
        for name, id_ in (("crm", "7"), ("shop", "42"), ("crm", "8")):
            source = services.sources.named(name)
            assert source is not None
            await Invalidator(services).apply(source, [Change(by=KeyKind.CUSTOMER_ID, key=id_, record=None)])
        await services.router.known.join()  # type: ignore[union-attr]
        stored = await documents(store)
    assert [own["_id"] for own in stored["tags"]] == ["crm:8"]
    assert [own["records"] for own in stored["identity_components"]] == [["crm:8"]]
    await nothing_of_her(mongodb_settings)


async def test_a_renewal_stores_nothing_of_her(mongodb_settings: MongoSettings):
    """It is asked to renew tags that it read before the erasure. It wins no lease, and writes none."""
    connectors = people()
    services = create_services(
        settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS), connectors=connectors
    )
    set_id = "crm:7\ndesk:u1\nshop:42"
    async with opened(services), store_of(mongodb_settings) as store:
        async with gateway_of(people(), mongodb_settings) as gateway:
            await erase(gateway)
        renewals = services.tags._renewals
        assert renewals is not None
        renewals.start([(set_id, "activity"), ("crm:8", "activity")])
        await services.tags._tasks.join()
        stored = await documents(store)
    assert [own["_id"] for own in stored["tags"]] == ["crm:8"]
    await nothing_of_her(mongodb_settings)


async def test_a_restored_dump_is_cleaned(mongodb_settings: MongoSettings):
    """From before the erasure, under a worker that runs: it puts the tombstone up again, and removes what came back."""
    async with store_of(mongodb_settings) as store:
        async with gateway_of(people(), mongodb_settings) as gateway:
            await stored_of_both(gateway, store)
        dump = await documents(store)
        assert len(values_in(dump)) >= 3
        async with gateway_of(people(), mongodb_settings) as gateway:
            await erase(gateway)
            tombstones = (await documents(store))["tombstones"]
            await restore(store, dump)
            assert len(values_in(await documents(store))) >= 3

            async def is_clean() -> bool:
                return values_in(await documents(store)) == []

            await eventually(is_clean)
            assert await code_of(gateway, {"id": "crm:7"}) == "ERASED"
        assert (await documents(store))["tombstones"] == tombstones
        assert "crm:8" in str(await documents(store))


async def test_an_erasure_whose_worker_ended_is_gone_on_with(mongodb_settings: MongoSettings):
    """The tombstone is there and the receipt, and then the process ended: the next worker removes what is stored."""
    async with store_of(mongodb_settings) as store:
        async with gateway_of(people(), mongodb_settings) as gateway:
            await stored_of_both(gateway, store)
        dump = await documents(store)
        async with gateway_of(people(), mongodb_settings) as gateway:
            await erase(gateway)
        done = await documents(store)
        (receipt,) = done["erasures"]
        begun = {**receipt, "state": "RUNNING", "workers": [], "removed": {}, "pending": ["crm:7", "desk:u1", "shop:42"]}
        await restore(store, {**dump, "tombstones": done["tombstones"], "control": done["control"], "erasures": [begun]})
        async with gateway_of(people(), mongodb_settings):

            async def is_complete() -> bool:
                (own,) = (await documents(store))["erasures"]
                return bool(own["state"] == "COMPLETE" and "pending" not in own)

            await eventually(is_complete)
        assert values_in(await documents(store)) == []


async def restore(store: Store, dump: dict[str, list[dict[str, Any]]]) -> None:
    """Put a dump in the place of the database, with what there is no collection of in it."""

    async def write(database: Any) -> None:
        for name in await database.list_collection_names():
            await database[name].delete_many({})
        for name, own in dump.items():
            if own:
                await database[name].insert_many(own)

    await store.mongo.run(write, kind="write", in_background=True)

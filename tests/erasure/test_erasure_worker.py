"""What a worker knows of tombstones: nothing before it could read them, all of it after a reload."""

from collections.abc import AsyncIterator, Collection, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial

import msgspec
import pytest

from gateway.app import create_services, opened
from gateway.erasure.recipients import list_recipients
from gateway.identity.decisions import LogAction, LogEntry, LogRule
from gateway.identity.records import RecordId
from gateway.settings import MongoSettings
from tests.erasure.erased_people import SETTINGS, any_driver, code_of, documents, erase, gateway_of, people
from tests.support.gateway_server import settings_for
from tests.support.serve_process import free_port

pytestmark = pytest.mark.mongodb


async def test_nobody_is_shown_before_tombstones_could_be_read():
    """MongoDB is away at the start: whoever is asked for may be erased. Without [erasure] they are shown."""
    away = MongoSettings(uri=f"mongodb://127.0.0.1:{free_port()}", database="away", timeout_ms=100)
    async with gateway_of(people(), away) as gateway:
        assert await code_of(gateway, {"id": "crm:8"}) == "ERASURES_UNKNOWN"
    async with gateway_of(people(), away, erasure=None) as gateway:
        assert await code_of(gateway, {"id": "crm:8"}) is None


@any_driver
async def test_what_is_known_holds_while_mongodb_is_away(mongodb_settings: MongoSettings):
    """And it is known at once after a reload, unless the key is another one."""
    connectors = people()
    settings = settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS)
    async with gateway_of(people(), mongodb_settings) as gateway:
        await erase(gateway)
    services = create_services(settings, connectors=connectors)
    async with opened(services):
        assert services.eraser is not None
        assert services.store is not None
        again = create_services(settings.model_copy(update={"deadline_ms": 5_000}), connectors=connectors, previous=services)
        assert again.eraser is not None
        assert again.eraser.worker.table is services.eraser.worker.table
        other = settings_for(connectors, **{"mongodb": mongodb_settings.model_dump(), **SETTINGS, "erasure": {"key": "k" * 32}})
        apart = create_services(other, connectors=connectors, previous=services)
        assert apart.eraser is not None
        assert apart.eraser.worker.table is not services.eraser.worker.table
        await services.store.mongo.aclose()
        assert services.eraser.worker.table.covers_record(RecordId("shop", "42"))
        assert services.stitcher().rule is not None


@any_driver
async def test_no_link_to_an_erased_record_is_stored(mongodb_settings: MongoSettings):
    """Neither by an operator nor by accepted proposals."""
    connectors = people()
    services = create_services(
        settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS), connectors=connectors
    )
    async with gateway_of(people(), mongodb_settings) as gateway:
        await erase(gateway)
    async with opened(services):
        assert services.store is not None
        pairs = [(RecordId("crm", "7"), RecordId("crm", "8")), (RecordId("crm", "8"), RecordId("shop", "77"))]
        words = {"time": datetime.now(UTC), "action": LogAction.LINK, "rule": LogRule.PROPOSAL, "who": "anna", "reason": "x"}
        await services.store.identity_log.append([LogEntry(records=pair, **words) for pair in pairs])
        (kept,) = (await documents(services.store))["identity_log"]
    assert len(kept["entries"]) == 1
    assert "crm:7" not in str(kept)


class Access(msgspec.Struct):
    at: datetime
    caller: str | None


class Accesses:
    """An audit of 2,500 accesses, one each minute, of two callers by turns, and one of a refused request."""

    def __init__(self) -> None:
        began = datetime(2026, 6, 1, tzinfo=UTC)
        names = ["console" if number % 2 else "partner" for number in range(2_500)]
        self.all = [Access(began + timedelta(minutes=number), name) for number, name in enumerate([None, *names])]

    async def read_all(self, customer_ids: Collection[str], since: datetime | None = None) -> AsyncIterator[Sequence[Access]]:
        assert [*customer_ids] == ["crm:7", "desk:u1", "shop:42"]
        assert since is None
        for start in range(0, len(self.all), 1_000):
            yield self.all[start : start + 1_000]


@any_driver
async def test_the_receipt_names_who_was_told(mongodb_settings: MongoSettings):
    """Each caller once, with the last time, over all parts of the audit; one without a name is somebody."""
    audit, connectors = Accesses(), people()
    settings = settings_for(connectors, mongodb=mongodb_settings.model_dump(), **SETTINGS)
    services = create_services(settings, connectors=connectors)
    async with opened(services):
        assert services.eraser is not None
        services.eraser.recipients = partial(list_recipients, audit)
        loaders = services.stitcher().loaders
        receipt = await services.eraser.erase(RecordId("crm", "7"), "x", loaders)
        read = await services.eraser.read(receipt.id)
    assert [own.caller for own in read.recipients] == ["anybody", "console", "partner"]
    assert [own.last_at for own in read.recipients][1:] == [audit.all[-1].at, audit.all[-2].at]
    assert read.recipients_known

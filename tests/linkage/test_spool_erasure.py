"""`identity forget` reaches the spools of the audit: that of its machine, and with [erasure] those of all workers."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.audit.spool import Spool
from gateway.clock import Clock
from gateway.erasure.audit_erasure import LOOK_S, forget_spooled
from gateway.identity.records import RecordId
from gateway.linkage.erasure import SPOOL, Erasure, forget_customers
from gateway.settings import MongoSettings
from tests.erasure.erased_people import SETTINGS, any_driver, code_of, documents, gateway_of, people, values_in
from tests.support.audit_trails import SECRET, open_trail, record, trail_on, verify
from tests.support.fixtures_mongodb import HandClock
from tests.support.gateway_server import settings_for
from tests.support.tag_shop import store_of

pytestmark = [pytest.mark.mongodb, any_driver]


class WatchedClock(Clock):
    """Tells when somebody waits for a segment of another process."""

    def __init__(self) -> None:
        super().__init__()
        self.is_waited = asyncio.Event()

    async def sleep(self, seconds: float) -> None:
        if seconds == LOOK_S:
            self.is_waited.set()
        await super().sleep(seconds)


def named_in(folder: Path) -> list[str]:
    """The values of Ana in all files of a spool."""
    return values_in([path.read_text("utf-8") for path in folder.iterdir()])


async def forget(connectors: Sequence[MemoryConnector], clock: Clock, *ids: str, **words: Any) -> Erasure:
    services = create_services(settings_for(connectors, **words), connectors=connectors, clock=clock)
    return await forget_customers(services, ids, records_only=False)


async def test_what_another_process_writes_is_reached(mongodb_settings: MongoSettings, hand_clock: HandClock, tmp_path: Path):
    """Closed segments at once, the open one of a worker that lives when that closes it. The chain is as it was."""
    clock = WatchedClock()
    async with store_of(mongodb_settings) as store:
        worker = trail_on(store, tmp_path, hand_clock)
        record(worker, "r1", hand_clock, "crm:7", "crm:8")
        worker.flush()
        assert named_in(tmp_path) == ["crm:7"]
        words = {"mongodb": mongodb_settings.model_dump(), "audit": {"key": SECRET, "spool": str(tmp_path)}}
        async with asyncio.timeout(50):
            forgetting = asyncio.create_task(forget(people(), clock, "crm:7", **words))
            await clock.is_waited.wait()
            assert named_in(tmp_path) == ["crm:7"]
            hand_clock.advance(timedelta(seconds=2))
            worker.flush()
            done = await forgetting
        assert (done.left, named_in(tmp_path)) == (None, [])
        assert done.erased[SPOOL] == 1
        await worker.aclose()
        kept, found = await documents(store), await verify(store, tmp_path, hand_clock)
    assert values_in(kept) == []
    assert [own["customer"] for own in kept["audit_people"]] == ["crm:8"]
    assert (found.findings, found.erased) == ([], 1)


async def test_a_segment_that_stays_open_is_said(mongodb_settings: MongoSettings, hand_clock: HandClock, tmp_path: Path):
    """It may name her still."""
    async with store_of(mongodb_settings) as store, open_trail(store, tmp_path, Clock()) as own:
        worker = trail_on(store, tmp_path, hand_clock)
        record(worker, "r1", hand_clock, "crm:7")
        worker.flush()
        assert await forget_spooled(own, [RecordId("crm", "7")], Clock(), 0.0) is None
        assert named_in(tmp_path) == ["crm:7"]
        await worker.aclose()


async def test_the_spools_of_other_machines_are_reached_by_their_workers(mongodb_settings: MongoSettings, tmp_path: Path):
    """As in an erasure, but without a tombstone: she is shown again."""
    here, there = tmp_path / "here", tmp_path / "there"
    for folder in (here, there):
        folder.mkdir()
    lock = Spool(there).lock_delivery()
    assert lock is not None, "nobody delivers what is there"
    audit = {"key": SECRET, "spool": str(there)}
    async with gateway_of(people(), mongodb_settings, audit=audit) as gateway:
        assert await code_of(gateway, {"id": "crm:7"}) is None
        async with asyncio.timeout(20):
            while not named_in(there):
                await asyncio.sleep(0.02)
        words = {**SETTINGS, "mongodb": mongodb_settings.model_dump(), "audit": {"key": SECRET, "spool": str(here)}}
        done = await forget(people(), Clock(), "crm:7", **words)
        assert (done.left, named_in(there), named_in(here)) == (None, [], [])
        async with store_of(mongodb_settings) as store:
            kept = await documents(store)
        assert values_in(kept) == []
        assert "tombstones" not in kept or not kept["tombstones"]
        assert await code_of(gateway, {"id": "crm:7"}) is None

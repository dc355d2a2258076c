"""Metrics of the audit and of erasures: what was written, refused, lost and delivered, and what is not complete."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.audit.delivery_state import DeliveryState, unpack_last
from gateway.clock import Clock
from gateway.erasure.worker import ErasureWorker
from gateway.errors import AuditUnavailableError
from gateway.identity.erasure_receipt import ErasureReceipt, ErasureState
from gateway.identity.tombstones import Tombstone, TombstoneEnd, TombstoneTable
from gateway.settings import MongoSettings
from gateway.telemetry.audit_metrics import AuditCollector, ErasureCollector
from gateway.telemetry.samples import SampleCollector
from tests.erasure.erased_people import any_driver
from tests.serving.test_audit_courier import config as config
from tests.support.audit_trails import open_trail, record, trail_on
from tests.support.fixtures_mongodb import HandClock
from tests.support.prometheus_text import values_of
from tests.support.serve_process import ServeProcess, serve_process, wait_until
from tests.support.tag_shop import store_of

pytestmark = pytest.mark.mongodb


def figures(collector: SampleCollector) -> dict[str, float]:
    """What a collector says, by names without what they share."""
    return {series.name.removeprefix("gateway_"): value for series, (value,) in collector.samples()}


@any_driver
async def test_entries_are_counted_when_they_are_written(
    mongodb_settings: MongoSettings, hand_clock: HandClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    """Until then they wait. Where nothing can be written requests are refused, and what memory has no room for is lost."""
    monkeypatch.setattr("gateway.audit.trail.MAX_WAITING", 3)
    spool = tmp_path / "spool"
    spool.mkdir()
    async with store_of(mongodb_settings) as store:
        trail = trail_on(store, spool, hand_clock)
        read = AuditCollector(trail)
        for number in range(5):
            record(trail, f"r{number}", hand_clock, "crm:7")
        assert (figures(read)["audit_entries_total"], figures(read)["audit_entries_waiting"]) == (0, 5)
        trail.flush()
        assert (figures(read)["audit_entries_total"], figures(read)["audit_entries_waiting"]) == (5, 0)
        trail.check()
        away = trail_on(store, tmp_path / "away", hand_clock)
        read = AuditCollector(away)
        for number in range(5):
            record(away, f"r{number}", hand_clock, "crm:7")
        away.flush()
        for _ in range(2):
            with pytest.raises(AuditUnavailableError):
                away.check()
        found = figures(read)
        await trail.aclose()
    names = ("audit_entries_total", "audit_entries_waiting", "audit_lost_entries_total", "audit_refused_requests_total")
    assert [found[name] for name in names] == [0, 3, 2, 2]
    assert "audit_spool_bytes" not in found, "it does not deliver"


@any_driver
async def test_who_delivers_says_how_far_it_is(mongodb_settings: MongoSettings, tmp_path: Path):
    """And how often it failed: a folder in the place of a segment can be read by nobody."""
    clock = Clock()
    async with store_of(mongodb_settings) as store:
        async with open_trail(store, tmp_path, clock) as trail:
            await until(lambda: trail.delivery.state is not None)
            state = trail.delivery.state
            assert state is not None
            assert (state.failures, state.spool_bytes) == (0, 0)
            (tmp_path / f"{'0' * 32}.00000001.links").mkdir()
            await until(lambda: figures(AuditCollector(trail))["audit_delivery_failures_total"] > 0)
            await until(lambda: trail.delivery.state is not None and trail.delivery.state.failures > 0)
            (tmp_path / f"{'0' * 32}.00000001.links").rmdir()
        assert figures(AuditCollector(trail))["audit_oldest_undelivered_timestamp_seconds"] > state.oldest_at - 60


async def until(is_so: Any) -> None:
    async with asyncio.timeout(40):
        while not is_so():
            await asyncio.sleep(0.02)


@any_driver
async def test_the_oldest_segment_is_that_which_waits(mongodb_settings: MongoSettings, hand_clock: HandClock, tmp_path: Path):
    """Its time is when it was written last. Without one it is the time of the look."""
    from gateway.audit.delivery_state import measure_spool
    from gateway.audit.spool import Spool

    now = hand_clock.now().timestamp()
    assert measure_spool(Spool(tmp_path), 4, now) == DeliveryState(4, 0, now)
    async with store_of(mongodb_settings) as store:
        trail = trail_on(store, tmp_path, hand_clock)
        record(trail, "r1", hand_clock, "crm:7")
        trail.flush()
        later = measure_spool(Spool(tmp_path), 4, now + 1_000)
        await trail.aclose()
    assert later.spool_bytes > 0
    assert now - 60 < later.oldest_at < now + 60


def test_the_last_of_several_states_counts():
    """Half of one is none."""
    states = [DeliveryState(number, 10 * number, 0.5 + number) for number in range(3)]
    packed = b"".join(own.pack() for own in states)
    assert unpack_last(packed) == states[-1]
    assert unpack_last(packed[:-1]) == states[1]
    assert unpack_last(packed[:5]) is None


@any_driver
async def test_erasures_are_counted(mongodb_settings: MongoSettings, hand_clock: HandClock):
    """Tombstones that stand, and receipts that wait for a worker, with the time of the oldest."""
    async with store_of(mongodb_settings, hand_clock) as store:
        worker = ErasureWorker(TombstoneTable("a secret that is long enough to be one"), store, hand_clock, [])
        read = ErasureCollector(worker)
        assert figures(read) == {"erasure_tombstones": 0, "erasures_running": 0}
        for number in range(3):
            tombstone = Tombstone(id=str(number), erased_at=hand_clock.now(), digests=(f"{number}a", f"{number}b"))
            await store.tombstones.add([tombstone])
        await store.tombstones.end(["2"], TombstoneEnd.OPERATOR, hand_clock.now())
        await store.erasures.hear("a worker that does not acknowledge", hand_clock.now())
        for age_s in (10, 70, 30):
            at = hand_clock.now() - timedelta(seconds=age_s)
            receipt = ErasureReceipt(id=f"r{age_s}", state=ErasureState.RUNNING, erased_at=at, reason="why")
            await store.erasures.begin(receipt)
        await worker.refresh()
        found = figures(read)
        await worker.aclose()
    assert (found["erasure_tombstones"], found["erasures_running"]) == (2, 3)
    oldest = found["erasures_oldest_running_timestamp_seconds"]
    assert oldest == pytest.approx(hand_clock.now().timestamp() - 70, abs=0.01)


def test_the_process_that_delivers_is_in_the_metrics_of_the_master(config: Path):
    """As the worker `audit`; when it has ended a worker is in its place."""
    import os
    import signal

    with serve_process(config) as gateway:
        gateway.wait_ready(1)
        name = "gateway_audit_oldest_undelivered_timestamp_seconds"
        wait_until(lambda: ("audit",) in values_of(metrics_of(gateway), name), "it tells how far it is")
        assert values_of(metrics_of(gateway), "gateway_audit_delivery_failures_total") == {(): 0}
        os.kill(gateway.wait_for("audit_courier_started")["pid"], signal.SIGKILL)
        wait_until(lambda: [*values_of(metrics_of(gateway), name)] == [("1",)], "a worker tells it")


def metrics_of(gateway: ServeProcess) -> bytes:
    return gateway.admin.get("/metrics").content

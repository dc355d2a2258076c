"""A volume that does not answer costs no request and no process more than is said."""

import asyncio
import threading
from datetime import timedelta
from pathlib import Path

import pytest
from structlog.testing import capture_logs

from gateway.audit.spool import SegmentWriter
from gateway.errors import AuditUnavailableError, StoreError
from gateway.store.store import Store
from tests.audit.test_trail import files_in
from tests.support.audit_trails import open_trail, record, requests_in, trail_on, verify
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb


def hang_writes(monkeypatch: pytest.MonkeyPatch) -> tuple[threading.Event, threading.Event]:
    """Have writes to the spool hang. Gives what tells that one does, and what lets them go on."""
    hangs, goes_on = threading.Event(), threading.Event()
    append = SegmentWriter.append

    def hang(self: SegmentWriter, data: bytes) -> None:
        hangs.set()
        goes_on.wait(50)
        append(self, data)

    monkeypatch.setattr(SegmentWriter, "append", hang)
    return hangs, goes_on


async def test_a_volume_that_does_not_answer_refuses(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """A write that hangs raises nothing. What waits has a bound, and what is lost is counted."""
    monkeypatch.setattr("gateway.audit.request_buffer.MAX_HELD_BYTES", 250)
    hangs, goes_on = hang_writes(monkeypatch)
    async with open_trail(store, spool, hand_clock) as trail:
        record(trail, "r0", hand_clock)
        assert await asyncio.to_thread(hangs.wait, 50)
        for number in range(1, 6):
            record(trail, f"r{number}", hand_clock)
        trail.check()
        hand_clock.advance(timedelta(seconds=6))
        with pytest.raises(AuditUnavailableError):
            trail.check()
        goes_on.set()
    found = await verify(store, spool, hand_clock)
    assert (found.findings, [(own.entries, own.lost) for own in found.chains]) == ([], [(3, 3)])


async def test_a_volume_that_does_not_answer_holds_up_no_end(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """It is said how many entries are in memory alone, and erasures fail meanwhile. When it answers again they are written."""
    monkeypatch.setattr("gateway.audit.trail.END_S", 0.1)
    monkeypatch.setattr("gateway.audit.trail.FORGET_S", 0.1)
    hangs, goes_on = hang_writes(monkeypatch)
    trail = trail_on(store, spool, hand_clock)
    await trail.open()
    record(trail, "r0", hand_clock)
    assert await asyncio.to_thread(hangs.wait, 50)
    record(trail, "r1", hand_clock)
    record(trail, "r2", hand_clock)
    with pytest.raises(StoreError):
        await trail.forget(["crm:7"])
    with capture_logs() as logs:
        async with asyncio.timeout(20):
            await trail.aclose()
        record(trail, "r3", hand_clock)
    assert [(own["event"], own["entries"]) for own in logs] == [("audit_lost", 3), ("audit_lost", 1)]
    goes_on.set()
    async with asyncio.timeout(40):
        while files_in(spool, "*.open") or not files_in(spool, "*.requests"):
            await asyncio.sleep(0.01)
    assert sorted(await requests_in(store, spool)) == ["r0", "r1", "r2"]


async def test_what_a_full_spool_leaves_at_the_end_is_counted(store: Store, spool: Path, hand_clock: HandClock):
    """Nothing is left to write it to."""
    trail = trail_on(store, spool, hand_clock, max_spool_bytes=1_048_576)
    (spool / "blocking.00000001.broken").write_bytes(b"x" * 1_048_576)
    record(trail, "r1", hand_clock, "crm:7")
    record(trail, "r2", hand_clock)
    with capture_logs() as logs:
        await trail.aclose()
    assert [own["entries"] for own in logs if own["event"] == "audit_lost"] == [2]

"""Faults of the spool lose no request, and leave no name behind: renames that fail, full disks, deaths, older versions."""

import errno
import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.audit.link import ChainHead
from gateway.audit.sealer import Sealer
from gateway.audit.spool import Spool
from gateway.audit.trail import AuditTrail
from gateway.store.audit_links import AuditLinkCollection
from gateway.store.store import Store
from tests.support.audit_trails import record, requests_in, trail_on, verify
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb


class Death(BaseException):
    """The process is killed. Nothing that handles errors catches it."""


def die(*_: object) -> None:
    raise Death


def failing(number: int) -> Callable[..., Any]:
    def fail(*_: object) -> None:
        raise OSError(number, os.strerror(number))

    return fail


def close_segment(trail: AuditTrail) -> None:
    trail.flush()
    trail._journal.close_segment()


def segments_in(spool: Path) -> list[str]:
    return sorted(path.name for path in spool.iterdir() if path.suffix != ".lock")


def are_named(spool: Path, name: bytes) -> list[str]:
    return [path.name for path in spool.iterdir() if name in path.read_bytes()]


async def leave_links(store: Store, trail: AuditTrail, monkeypatch: pytest.MonkeyPatch) -> None:
    """Have what is closed sealed, by somebody who dies before it is in MongoDB."""
    with monkeypatch.context() as patch:
        patch.setattr(AuditLinkCollection, "add", die)
        with pytest.raises(Death):
            await trail.deliver()


async def test_a_segment_that_cannot_be_closed_comes_first(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """The volume is read-only for a moment. Were the next one sealed before it, it would be taken for sealed, and removed."""
    worker = trail_on(store, spool, hand_clock)
    record(worker, "r0", hand_clock)
    worker.flush()
    with monkeypatch.context() as patch:
        patch.setattr(os, "rename", failing(errno.EROFS))
        hand_clock.advance(timedelta(seconds=1))
        worker.flush()
    record(worker, "r1", hand_clock)
    close_segment(worker)
    assert [name.partition(".")[2] for name in segments_in(spool)] == ["00000001.requests", "00000002.requests"]
    await worker.deliver()
    await worker.aclose()
    assert sorted(await requests_in(store, spool)) == ["r0", "r1"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_what_stands_behind_an_open_segment_waits(store: Store, spool: Path, hand_clock: HandClock):
    """Whatever left it so. It is sealed when the process has ended, in its order."""
    worker = trail_on(store, spool, hand_clock)
    for number in range(2):
        record(worker, f"r{number}", hand_clock)
        close_segment(worker)
    closed = spool / f"{worker._journal.chain}.00000001.requests"
    closed.rename(closed.with_suffix(".open"))
    await trail_on(store, spool, hand_clock).deliver()
    assert len(segments_in(spool)) == 2
    worker._journal.release()
    await trail_on(store, spool, hand_clock).deliver()
    assert (sorted(await requests_in(store, spool)), segments_in(spool)) == (["r0", "r1"], [])


async def test_a_head_that_comes_back_has_nothing_left_out(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """It does so between two segments of its chain. Both are sealed by the next round."""
    worker = trail_on(store, spool, hand_clock)
    record(worker, "r0", hand_clock)
    close_segment(worker)
    await worker.deliver()
    for number in (1, 2):
        record(worker, f"r{number}", hand_clock)
        close_segment(worker)
    [head] = Spool(spool).list_segments(".head")
    content = head.read_bytes()
    head.write_bytes(b"{}")
    seal = Sealer.seal

    def mend(sealer: Sealer, path: Path) -> bool:
        result = seal(sealer, path)
        head.write_bytes(content)
        return result

    with monkeypatch.context() as patch:
        patch.setattr(Sealer, "seal", mend)
        await worker.deliver()
    await worker.aclose()
    assert sorted(await requests_in(store, spool)) == ["r0", "r1", "r2"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_a_full_disk_is_emptied(store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch):
    """There is no room to seal in. What was sealed before leaves, and makes some."""
    worker = trail_on(store, spool, hand_clock)
    record(worker, "r0", hand_clock)
    close_segment(worker)
    await leave_links(store, worker, monkeypatch)
    record(worker, "r1", hand_clock)
    close_segment(worker)
    with monkeypatch.context() as patch:
        patch.setattr(os, "write", failing(errno.ENOSPC))
        with pytest.raises(OSError, match="No space"):
            await worker.deliver()
    assert Spool(spool).list_segments(".links") == []
    await worker.aclose()
    assert sorted(await requests_in(store, spool)) == ["r0", "r1"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_an_erasure_that_died_leaves_no_file_behind(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """It was writing a segment anew, with others in it who are erased later."""
    worker = trail_on(store, spool, hand_clock)
    record(worker, "r0", hand_clock, "crm:7", "crm:8")
    close_segment(worker)
    await leave_links(store, worker, monkeypatch)
    with monkeypatch.context() as patch:
        patch.setattr(os, "replace", die)
        with pytest.raises(Death):
            await worker.forget(["crm:7"])
    assert len(are_named(spool, b"crm:8")) == 2
    await worker.forget(["crm:8"])
    assert are_named(spool, b"crm:8") == []
    (spool / "left.new").write_bytes(b"crm:9")
    await worker.deliver()
    assert are_named(spool, b"crm:9") == []
    await worker.aclose()


async def test_an_erasure_does_not_pass_over_what_cannot_be_read(store: Store, spool: Path, hand_clock: HandClock):
    """It may name him, so it fails until somebody has looked. Others are erased."""
    (spool / "0b.00000001.broken").write_bytes(b'{}\n[1.5,"crm:7"\n')
    trail = trail_on(store, spool, hand_clock)
    assert await trail.forget(["crm:70"]) == 0
    with pytest.raises(OSError, match="broken cannot be read"):
        await trail.forget(["crm:7"])
    await trail.aclose()


async def leave_version_before(store: Store, spool: Path, clock: HandClock, monkeypatch: pytest.MonkeyPatch) -> AuditTrail:
    """Leave a spool as workers left it that sealed what they wrote: segments of links, the last of them open and cut."""
    worker = trail_on(store, spool, clock)
    for number in range(2):
        record(worker, f"r{number}", clock, f"crm:{number}")
        close_segment(worker)
    await leave_links(store, worker, monkeypatch)
    for path in Spool(spool).list_segments(".head"):
        path.unlink()
    last = spool / f"{worker._journal.chain}.00000002.links"
    with last.open("ab") as file:
        file.write(b'{"link":{"chain"')
    last.rename(last.with_suffix(".open"))
    return worker


async def test_a_spool_of_the_version_before_is_delivered(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    worker = await leave_version_before(store, spool, hand_clock, monkeypatch)
    assert worker.list_open(["crm:1"]) == Spool(spool).list_segments(".open")
    assert worker.list_open(["crm:0"]) == []
    found = await verify(store, spool, hand_clock)
    assert ([own.entries for own in found.chains], found.findings) == ([2], [])
    worker._journal.release()
    with capture_logs() as logs:
        await trail_on(store, spool, hand_clock).deliver()
    assert (logs, segments_in(spool), (spool / f"{worker._journal.chain}.lock").exists()) == ([], [], False)
    found = await verify(store, spool, hand_clock)
    assert ([own.entries for own in found.chains], found.findings) == ([2], [])


async def test_an_erasure_reaches_the_version_before(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    worker = await leave_version_before(store, spool, hand_clock, monkeypatch)
    worker._journal.release()
    other = trail_on(store, spool, hand_clock)
    assert await other.forget(["crm:1"]) == 1
    assert are_named(spool, b"crm:1") == []
    await other.deliver()
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_a_link_fits_into_a_document(store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch):
    """Else MongoDB refuses it for ever, and everything behind it waits."""
    monkeypatch.setattr("gateway.audit.sealer.MAX_LINK_CUSTOMERS", 10)
    worker = trail_on(store, spool, hand_clock)
    for number, size in enumerate((4, 4, 4, 30, 1, 1)):
        record(worker, f"r{number}", hand_clock, *(f"crm:{number}-{other}" for other in range(size)))
    await worker.aclose()
    [chain] = await store.audit_links.list_chains()
    links = [own.link async for own in store.audit_links.read(chain) if own.link is not None]
    assert [len(link.entries) for link in links] == [0, 2, 1, 1, 2, 0]
    assert (segments_in(spool), (await verify(store, spool, hand_clock)).findings) == ([], [])


async def test_the_last_head_of_a_dead_worker_is_logged(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """So nothing can be cut off behind the head of its last minute. It died when everything was in MongoDB, or before."""
    for is_open in (True, False):
        worker = trail_on(store, spool, hand_clock)
        with capture_logs() as logs:
            for number in range(3):
                record(worker, f"{is_open}-{number}", hand_clock)
                close_segment(worker)
                await worker.deliver()
            if is_open:
                record(worker, "open", hand_clock)
                worker.flush()
            worker._journal._lock = os.close(worker._journal._lock or 0)
            await trail_on(store, spool, hand_clock).deliver()
            await trail_on(store, spool, hand_clock).deliver()
        heads = [ChainHead(own["chain"], own["seq"], own["mac"]) for own in logs if own["event"] == "audit_head"]
        last = await store.audit_links.read_last_seq(worker._journal.chain)
        assert heads[-1].seq == last == (4 if is_open else 3)
        await store.mongo.run(lambda database, last=last: database.audit_links.delete_many({"seq": last}))
        found = await verify(store, spool, hand_clock, heads)
        assert [(own.change.value, own.seq) for own in found.findings] == [("missing", last)]
        await store.mongo.run(lambda database: database.audit_links.delete_many({}))
    assert segments_in(spool) == []

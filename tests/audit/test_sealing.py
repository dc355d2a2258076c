"""Whoever delivers seals what workers wrote: chains go on over deaths at any moment, and never from what MongoDB says."""

import asyncio
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from structlog.testing import capture_logs

from gateway.audit.link import ChainHead
from gateway.audit.sealed_head import SealedHeads
from gateway.audit.trail import AuditTrail
from gateway.store.store import Store
from tests.support.audit_trails import record, requests_in, trail_on, verify
from tests.support.fixtures_mongodb import HandClock

pytestmark = pytest.mark.mongodb

CALLS = ("open", "write", "fdatasync", "fsync", "replace", "rename", "unlink")
NEVER = 1_000


class Death(BaseException):
    """The process is killed. Nothing that handles errors catches it."""


def die(*_: object) -> None:
    raise Death


@contextmanager
def dying_at(call: int, monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Die before a call of the system by its number, and where it writes in the middle. Gives the calls until then."""
    made: list[str] = []

    def watched(name: str, real: Callable[..., Any]) -> Callable[..., Any]:
        def make_call(*args: Any, **words: Any) -> Any:
            made.append(name)
            if len(made) > call:
                if name == "write":
                    real(args[0], args[1][: len(args[1]) // 2])
                raise Death
            return real(*args, **words)

        return make_call

    with monkeypatch.context() as patch:
        for name in CALLS:
            patch.setattr(os, name, watched(name, getattr(os, name)))
        yield made


def close_segment(trail: AuditTrail, clock: HandClock) -> None:
    """Have a worker write what waits, in a segment of its own."""
    trail.flush()
    clock.advance(timedelta(seconds=1))
    trail.flush()


def heads_in(logs: list[Any]) -> list[ChainHead]:
    return [ChainHead(own["chain"], own["seq"], own["mac"]) for own in logs if own["event"] == "audit_head"]


def segments_in(spool: Path) -> list[str]:
    return [path.name for path in spool.iterdir() if path.suffix != ".lock"]


def find_heads(spool: Path) -> list[Path]:
    return [*spool.glob("*.head")]


def leave_segments(store: Store, spool: Path, clock: HandClock, name: str) -> None:
    """Leave what a worker wrote that was killed: a segment that is closed, and one that is open."""
    spool.mkdir()
    dead = trail_on(store, spool, clock)
    record(dead, f"{name}-1", clock, "crm:7", "crm:8")
    close_segment(dead, clock)
    record(dead, f"{name}-2", clock, "crm:7")
    dead.flush()
    dead._journal._lock = os.close(dead._journal._lock or 0)


async def deliver_all(store: Store, spool: Path, clock: HandClock) -> None:
    """Deliver until nothing is left: the lock of the one who died may be given up behind its back."""
    async with asyncio.timeout(60):
        while segments_in(spool):
            await trail_on(store, spool, clock).deliver()


async def test_a_death_at_any_moment_changes_nothing(
    store: Store, tmp_path: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """Between each two calls of the system while segments are sealed and delivered, and again while another one goes on."""
    leave_segments(store, tmp_path / "whole", hand_clock, "whole")
    with capture_logs() as logs:
        with dying_at(NEVER, monkeypatch) as made:
            await trail_on(store, tmp_path / "whole", hand_clock).deliver()
        assert {*made} == {*CALLS} - {"rename"}
        for call in range(len(made)):
            spool = tmp_path / str(call)
            leave_segments(store, spool, hand_clock, str(call))
            for later in (call, call // 2):
                with dying_at(later, monkeypatch), suppress(Death):  # the second one may have less to do
                    await trail_on(store, spool, hand_clock).deliver()
                found = await verify(store, spool, hand_clock, heads_in(logs))
                assert found.findings == [], call
            await deliver_all(store, spool, hand_clock)
    requests = await requests_in(store, tmp_path / "whole")
    assert sorted(requests) == sorted(f"{name}-{number}" for name in ("whole", *range(len(made))) for number in (1, 2))
    assert (await verify(store, tmp_path / "whole", hand_clock, heads_in(logs))).findings == []


async def test_an_erasure_reaches_what_a_death_left(
    store: Store, tmp_path: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """It seals first, so who is erased is named in no file."""
    leave_segments(store, tmp_path / "whole", hand_clock, "whole")
    with dying_at(NEVER, monkeypatch) as made:
        await trail_on(store, tmp_path / "whole", hand_clock).deliver()
    for call in range(len(made)):
        spool = tmp_path / str(call)
        leave_segments(store, spool, hand_clock, str(call))
        with dying_at(call, monkeypatch), pytest.raises(Death):
            await trail_on(store, spool, hand_clock).deliver()
        await trail_on(store, spool, hand_clock).forget(["crm:7"])
        assert not any(b"crm:7" in path.read_bytes() for path in spool.iterdir() if path.suffix != ".new"), call
        await deliver_all(store, spool, hand_clock)
    kept = await store.mongo.run(lambda database: database.audit_people.distinct("customer"))
    assert kept == ["crm:8"]


async def test_a_chain_goes_on_over_couriers(store: Store, spool: Path, hand_clock: HandClock):
    """Two of them by turns seal what one worker writes: it is one chain, and each tells the heads that it has sealed."""
    worker, *couriers = (trail_on(store, spool, hand_clock) for _ in range(3))
    with capture_logs() as logs:
        for number in range(6):
            record(worker, f"r{number}", hand_clock, "crm:7")
            close_segment(worker, hand_clock)
            await couriers[number % 2].deliver()
        await worker.aclose()
    heads = heads_in(logs)
    assert [head.seq for head in heads] == [0, 2, 7]
    found = await verify(store, spool, hand_clock, heads)
    assert [(own.state, own.last, own.entries) for own in found.chains] == [("ended", 7, 6)]
    assert (found.findings, segments_in(spool)) == ([], [])


async def test_the_head_is_not_taken_from_mongodb(store: Store, spool: Path, hand_clock: HandClock):
    """The tail is cut off, and the chain goes on: behind what was sealed, so that it is found, without the log, too."""
    worker = trail_on(store, spool, hand_clock)
    for number in range(2):
        record(worker, f"r{number}", hand_clock)
        close_segment(worker, hand_clock)
        await worker.deliver()
    await store.mongo.run(lambda database: database.audit_links.delete_many({"seq": {"$gte": 1}}))
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.seq) for own in found.findings] == [("missing", 1)]
    record(worker, "r2", hand_clock)
    await worker.aclose()
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.seq, own.reason) for own in found.findings] == [("missing", 1, "links 1 to 2 are not there")]


async def test_links_are_not_delivered_before_their_head_is_written(
    store: Store, spool: Path, hand_clock: HandClock, monkeypatch: pytest.MonkeyPatch
):
    """Who seals dies before that, and the head before is none: else the segment would be sealed anew, with their numbers."""
    worker = trail_on(store, spool, hand_clock)
    for number in range(2):
        record(worker, f"r{number}", hand_clock)
        close_segment(worker, hand_clock)
        if number == 0:
            await worker.deliver()
    with monkeypatch.context() as patch:
        patch.setattr(SealedHeads, "write_head", die)
        with pytest.raises(Death):
            await worker.deliver()
    [head] = find_heads(spool)
    content = head.read_bytes()
    head.write_bytes(b"{}")
    await trail_on(store, spool, hand_clock).deliver()
    assert [name for name in segments_in(spool) if name.endswith(".links")] == [f"{worker._journal.chain}.00000002.links"]
    head.write_bytes(content)
    await worker.aclose()
    assert sorted(await requests_in(store, spool)) == ["r0", "r1"]
    assert (await verify(store, spool, hand_clock)).findings == []


async def test_a_head_that_is_none_stops_its_chain_alone(store: Store, spool: Path, hand_clock: HandClock):
    """What was written stays, and the log says so; others go on. When it is back the chain does, too."""
    worker, other = trail_on(store, spool, hand_clock), trail_on(store, spool, hand_clock)
    record(worker, "r0", hand_clock)
    close_segment(worker, hand_clock)
    await worker.deliver()
    [head] = find_heads(spool)
    content = head.read_bytes()
    head.write_bytes(content.replace(b'"seq":1', b'"seq":0'))
    for number, trail in enumerate((worker, other), 1):
        record(trail, f"r{number}", hand_clock)
        close_segment(trail, hand_clock)
    with capture_logs() as logs:
        await other.deliver()
        await other.deliver()
    assert sorted(own["event"] for own in logs) == ["audit_head", "audit_head_unreadable"]
    found = await verify(store, spool, hand_clock)
    assert [(own.change.value, own.chain) for own in found.findings] == [("unreadable", head.name.removesuffix(".head"))]
    with pytest.raises(OSError, match="no head"):
        await other.forget(["crm:7"])
    head.write_bytes(content)
    assert sorted(await requests_in(store, spool)) == ["r0", "r1", "r2"]
    await worker.aclose()
    await other.aclose()
    assert (await verify(store, spool, hand_clock)).findings == []

"""What each worker does for erasures: follow the tombstones, empty its caches, acknowledge, and help to complete receipts."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

import structlog

from gateway.clock import Clock
from gateway.erasure.person import read_names
from gateway.errors import StoreError
from gateway.identity.erasure_receipt import ErasureReceipt
from gateway.identity.records import RecordId, list_names
from gateway.identity.tombstones import Tombstone, TombstoneEnd, TombstoneTable
from gateway.store.store import Store
from gateway.store.stored_names import find_names

REFRESH_S = 1.0
"""How often it is asked whether tombstones have changed, in seconds."""

REREAD_S = 30.0
"""How often all of them are read, changed or not, in seconds: a restored dump may have the version that is known."""

HEARTBEAT_S = 10.0
"""How often a worker says that it lives, in seconds."""

WAIT_S = 5.0
"""How long a worker waits for the first read at most, in seconds."""

REPLAY_LEASE = "replay of erasures"
REPLAY_HOLD = timedelta(minutes=10)
"""How long no other worker looks through the store again after one has begun to."""

COMPLETION_HOLD = timedelta(minutes=2)
"""How long a worker may take to complete a receipt before another one does."""

Purge = Callable[[Collection[RecordId]], Awaitable[Mapping[str, int]]]
"""Empties caches. It is given the records that are being erased, as far as they are known.

It gives what it removed of them from collections, if that is any.
"""

log = structlog.get_logger()


class ErasureWorker:
    """Follows the tombstones for a worker, which knows them by `table`. `purges` empty what it holds of customers."""

    def __init__(self, table: TombstoneTable, store: Store, clock: Clock, purges: Sequence[Purge]) -> None:
        self.table = table
        self.purges = [*purges]
        self.purge_keys: Callable[[], None] = lambda: None
        self.purge_operations: Callable[[], None] = lambda: None
        self.name = uuid4().hex
        self.running: Sequence[datetime] = ()
        """When the erasures began that are not complete."""
        self._store = store
        self._clock = clock
        self._version: int | None = None
        self._read_at = self._heard_at = float("-inf")
        self._known: dict[str, Tombstone] = {}
        self._acknowledged: set[str] = set()
        self._returned: dict[str, None] = {}
        self._refreshing = asyncio.Lock()
        self._work: dict[str, asyncio.Task[None]] = {}
        self._following: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Follow the tombstones, and wait a little for the first read."""
        if self._following is None:
            first = asyncio.Event()
            self._following = asyncio.create_task(self._follow(first))
            with suppress(TimeoutError):
                await asyncio.wait_for(first.wait(), WAIT_S)

    async def aclose(self) -> None:
        """Follow them no more, and say that this worker need not be waited for."""
        if self._following is not None:
            tasks = {self._following, *self._work.values()}
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
            self._following = None
            with suppress(StoreError):
                await self._store.erasures.leave(self.name)

    def note_return(self, tombstone: Tombstone) -> None:
        """End a tombstone soon: a source has a record of its customer that was made after it."""
        self._returned[tombstone.id] = None

    async def refresh(self) -> None:
        """Take up new tombstones and erasures. Raises `StoreError`; then the next time does."""
        async with self._refreshing:
            if self.table.is_asked:
                self.table.is_asked = False
                self.purge_keys()
            await self._say_alive()
            await self._read_tombstones()
            await self._end_returned()
            running = await self._store.erasures.running()
            self.running = [receipt.erased_at for receipt in running]
            for receipt in running:
                await self._take_up(receipt)
            for receipt in running:
                self._start(f"erasure {receipt.id}", self.advance(receipt))

    async def advance(self, receipt: ErasureReceipt) -> bool:
        """Complete a receipt that all live workers have acknowledged: what they wrote before that is removed now.

        Tells whether it is complete. Whatever ends in between, another worker goes on with it. Raises `StoreError`.
        """
        store = self._store
        waiting = await store.erasures.live(self._clock.now()) - {*receipt.workers}
        if waiting or not await store.leases.acquire([f"erasure {receipt.id}"], hold=COMPLETION_HOLD):
            return False
        records = read_names(receipt.pending)
        for collection in store.collections:  # each is counted when it is done: who goes on does not find it any more
            await store.erasures.count(receipt.id, {collection.name: await collection.forget(records)})
        if await store.erasures.complete(receipt.id, self._clock.now()):
            log.info("erasure_complete", receipt=receipt.id)
        return True

    async def replay(self) -> dict[str, int]:
        """Remove what is stored of erased customers, found by their tombstones: a restored dump may have brought it back.

        Those whose receipts are not complete are left to these. Gives the numbers of documents by collection.
        Raises `StoreError`.
        """
        if not self.table.stands:
            return {}
        running = [record for receipt in await self._store.erasures.running() for record in read_names(receipt.pending)]
        names = await find_names(self._store.mongo, self.table.covers_set)
        names -= {*list_names(running)}
        removed = await self._store.forget(_records_named(names)) if names else {}
        await self._purge(_records_named(names))
        return {name: count for name, count in removed.items() if count}

    async def _say_alive(self) -> None:
        now = self._clock.monotonic()
        if now - self._heard_at >= HEARTBEAT_S:
            await self._store.erasures.hear(self.name, self._clock.now())
            self._heard_at = now

    async def _read_tombstones(self) -> None:
        """Read the tombstones where they have changed. Those that are gone come back: the store was restored."""
        now, version = self._clock.monotonic(), await self._store.tombstones.version()
        if version == self._version and now - self._read_at < REREAD_S:
            return
        is_first = self._version is None
        read = {own.id: own for own in await self._store.tombstones.read()}
        if lost := [own for id_, own in self._known.items() if id_ not in read]:
            log.warning("tombstones_restored", tombstones=len(lost))
            await self._store.tombstones.add(lost)
            read |= {own.id: own for own in lost}
        is_new = any(own.ended_at is None and id_ not in self._known for id_, own in read.items())
        self._known = read
        self.table.learn(read.values())
        if is_new and not is_first:
            await self._purge(())
        self._version, self._read_at = version, now
        if self.table.stands and (lost or is_first) and await self._wins_replay(is_needed=bool(lost)):
            self._start(REPLAY_LEASE, self.replay())

    async def _wins_replay(self, *, is_needed: bool) -> bool:
        return is_needed or bool(await self._store.leases.acquire([REPLAY_LEASE], hold=REPLAY_HOLD))

    async def _take_up(self, receipt: ErasureReceipt) -> None:
        """Empty the caches for an erasure, and acknowledge it."""
        if receipt.id not in self._acknowledged:
            removed = await self._purge(read_names(receipt.pending))
            if removed:
                await self._store.erasures.count(receipt.id, removed)
            await self._store.erasures.acknowledge([receipt.id], self.name)
            self._acknowledged.add(receipt.id)

    def _start(self, name: str, work: Coroutine[Any, Any, object]) -> None:
        """Do what may take minutes beside following the tombstones, each thing once at a time."""
        if name in self._work:
            work.close()
            return
        self._work[name] = task = asyncio.create_task(self._run(work))
        task.add_done_callback(lambda _: self._work.pop(name))

    async def _run(self, work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except StoreError:
            pass  # which the store logs; what is not done is found again
        except Exception as error:  # noqa: BLE001  a mistake in one erasure ends no other
            log.error("erasures_failed", error=type(error).__name__)

    async def _purge(self, records: Collection[RecordId]) -> Counter[str]:
        self.purge_operations()
        removed: Counter[str] = Counter()
        for purge in self.purges:
            removed.update(await purge(records))
        return removed

    async def _end_returned(self) -> None:
        if self._returned:
            ids, self._returned = [*self._returned], {}
            ended = await self._store.tombstones.end(ids, TombstoneEnd.RECORD, self._clock.now())
            log.info("tombstones_ended", tombstones=ended, by=TombstoneEnd.RECORD.value)
            self._version = -1

    async def _follow(self, first: asyncio.Event) -> None:
        while True:
            try:
                await self.refresh()
            except StoreError:
                pass  # which the store logs; what is known holds
            except Exception as error:  # noqa: BLE001  a document of another version; without it nothing new would be known
                log.error("erasures_failed", error=type(error).__name__)
            first.set()
            await self._clock.sleep(REFRESH_S)


def _records_named(names: Collection[str]) -> list[RecordId]:
    """Read names of records. One without a source is the own id of a record, where one source has customers."""
    return [*read_names(names), *(RecordId("", name) for name in names if ":" not in name)]

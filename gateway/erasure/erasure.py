"""Erase a customer: find all that he is known by, put up the tombstone, and remove what is stored, against a receipt."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Sequence
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import msgspec

from gateway.clock import Clock
from gateway.erasure.person import find_person, person_keys, read_record
from gateway.erasure.worker import ErasureWorker
from gateway.errors import InvalidArgumentError, StoreError
from gateway.identity.erasure_receipt import ErasureReceipt, ErasureRecipient, ErasureState
from gateway.identity.records import RecordId
from gateway.identity.tombstones import Tombstone, TombstoneEnd
from gateway.lookups.loaders import Loaders
from gateway.replay.recording_erasure import erase_recorded
from gateway.stitching.source_router import SourceRouter
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store

MAX_REASON_LENGTH = 500
TARGET = "target:"
"""Before the name of a target of actions that was told of a customer."""

REFRESH_S = 0.25
"""How often a caller who waits for a receipt looks whether it is complete, in seconds."""

MAX_WAIT_S = 5.0
"""How long a request waits for the workers at most, in seconds."""

Recipients = Callable[[Collection[str]], Awaitable[Sequence[ErasureRecipient]]]
"""Lists who was told of customers, by the ids of their records."""


class Eraser:
    """Erases customers. `recipients` are told by the audit, where there is one."""

    def __init__(self, router: SourceRouter, store: Store, clock: Clock, worker: ErasureWorker) -> None:
        self.recipients: Recipients | None = None
        self.worker = worker
        self._router = router
        self.store = store
        self._clock = clock

    async def erase(self, id_: RecordId, reason: str, loaders: Loaders, recordings: Sequence[Path] = ()) -> ErasureReceipt:
        """Erase the customer with this record, and give the receipt. Whoever is erased already is erased again.

        Answers about him are removed from `recordings`, too. It is complete when each live worker has acknowledged it:
        `wait_complete`. Raises `InvalidArgumentError`, `StoreError`.
        """
        if not reason.strip() or len(reason) > MAX_REASON_LENGTH:
            raise InvalidArgumentError(f"reason: say why, in at most {MAX_REASON_LENGTH} characters")
        erased, store, now = self._router.erased, self.store, self._clock.now()
        assert erased is not None
        person = await find_person(self._router, [id_], loaders)
        names = [own.node_id for own in person.records]
        keys = person_keys(person, erased)
        digests = tuple(sorted(map(erased.table.digest, keys)))
        recipients = await self._list_recipients(person.records)
        # The tombstone comes first: a receipt whose workers had nothing to take up would be complete too early. Who was told
        # before it is in the audit by then, who is told after it comes to the receipt.
        tombstone = Tombstone(id=uuid4().hex, erased_at=now, digests=digests)
        await store.tombstones.add([tombstone])
        with suppress(StoreError):  # a tombstone without a receipt would hide him, and remove nothing
            recipients = await self._list_recipients(person.records)
        receipt = ErasureReceipt(
            id=tombstone.id,
            state=ErasureState.RUNNING,
            erased_at=now,
            reason=reason.strip(),
            sources_still_hold=person.holding,
            incomplete=person.incomplete,
            recipients=recipients,
            recipients_known=self.recipients is not None,
            recordings=[folder.name for folder in recordings],
            pending=names,
        )
        await store.erasures.begin(receipt)
        await self.worker.refresh()
        for folder in recordings:
            lines = await asyncio.to_thread(erase_recorded, folder, keys, person.records, "--recordings")
            await store.erasures.count(receipt.id, {f"recording {folder.name}".replace(".", "_"): lines})
        return await self.read(receipt.id)

    async def forget(self, records: Sequence[RecordId], reason: str) -> ErasureReceipt:
        """Have all workers forget these records as in an erasure, also in the spools of their machines, without a tombstone.

        What is found again is stored again. Gives the receipt, which `wait_complete` waits for. Raises `StoreError`.
        """
        receipt = ErasureReceipt(
            id=uuid4().hex,
            state=ErasureState.RUNNING,
            erased_at=self._clock.now(),
            reason=reason,
            pending=[own.node_id for own in records],
        )
        await self.store.erasures.begin(receipt)
        await self.worker.refresh()
        return await self.read(receipt.id)

    async def read(self, id_: str) -> ErasureReceipt:
        """Read a receipt, with the number of workers that are waited for. Raises `InvalidArgumentError` and `StoreError`."""
        receipt = await self.find(id_)
        if receipt is None:
            raise InvalidArgumentError("id: there is no receipt with this id")
        return receipt

    async def find(self, id_: str) -> ErasureReceipt | None:
        """Find a receipt, with the number of workers that are waited for. None where there is none. Raises `StoreError`."""
        receipt = await self.store.erasures.read(id_)
        return None if receipt is None else await self._with_waiting(receipt)

    async def wait_complete(self, id_: str, seconds: float) -> ErasureReceipt:
        """Wait so long at most until an erasure is complete, and give its receipt. Raises as `read`."""
        ends = self._clock.monotonic() + seconds
        while (receipt := await self.read(id_)).state is ErasureState.RUNNING and self._clock.monotonic() < ends:
            await self._clock.sleep(REFRESH_S)
            await self.worker.refresh()
        return receipt

    async def lift(self, id_: RecordId | str) -> int:
        """End the tombstones of the customer with this record, or that of a receipt. Gives their number.

        Raises `StoreError`.
        """
        erased = self._router.erased
        assert erased is not None
        ids = [id_] if isinstance(id_, str) else [own.id for own in erased.table.find(erased.keys_of_id(id_))]
        ended = await self.store.tombstones.end(ids, TombstoneEnd.OPERATOR, self._clock.now())
        await self.worker.refresh()
        return ended

    async def _list_recipients(self, records: Collection[RecordId]) -> Sequence[ErasureRecipient]:
        """List callers by the audit, and targets of actions by their deliveries."""
        names = [own.node_id for own in records]
        callers = [] if self.recipients is None else await self.recipients(names)
        told = await self.store.deliveries.list_told([*names, *(own.id for own in records)])
        return [*callers, *(ErasureRecipient(f"{TARGET}{name}", at) for name, at in sorted(told.items()))]

    async def _with_waiting(self, receipt: ErasureReceipt) -> ErasureReceipt:
        if receipt.state is ErasureState.COMPLETE:
            return receipt
        waiting = await self.store.erasures.live(self._clock.now()) - {*receipt.workers}
        return msgspec.structs.replace(receipt, waiting=len(waiting))


def _require_eraser(eraser: Eraser | None) -> Eraser:
    if eraser is None:
        raise InvalidArgumentError("nobody can be erased here; add [erasure] with a key, and [mongodb], to the settings")
    return eraser


async def find_receipt(eraser: Eraser | None, id_: str) -> ErasureReceipt | None:
    """Find a receipt, as `Eraser.find` does. Raises `InvalidArgumentError` where nobody can be erased, and `StoreError`."""
    return await _require_eraser(eraser).find(id_)


async def erase_customer(eraser: Eraser | None, stitcher: Stitcher, text: str, reason: str) -> ErasureReceipt:
    """Erase a customer for a request, and wait for the workers for half of the time that it has left.

    Raises `InvalidArgumentError` and `StoreError`.
    """
    eraser, loaders = _require_eraser(eraser), stitcher.loaders
    receipt = await eraser.erase(read_record(stitcher.router, text), reason, loaders)
    return await eraser.wait_complete(receipt.id, min(MAX_WAIT_S, loaders.deadline.remaining_s() / 2))

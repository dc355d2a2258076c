"""Keep who is erased out of the audit, also where the spool names him later, and note in receipts who was told of him."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta

from gateway.audit.told_callers import Told
from gateway.clock import Clock
from gateway.erasure.recipients import NAMELESS
from gateway.errors import StoreError
from gateway.identity.erasure_receipt import ErasureRecipient
from gateway.identity.tombstones import Tombstone, TombstoneTable
from gateway.store.store import Store

BEGINS = timedelta(minutes=2)
"""How much later than its tombstone a receipt may be there. Where there is none by then, the tombstone was imported."""


class ErasedPeople:
    """Reads the tombstones where links leave the spool. They are those of MongoDB at that moment.

    What a worker knows may be a second older, and the process that takes links to MongoDB knows no tombstones otherwise.
    """

    def __init__(self, secret: str, store: Store, clock: Clock) -> None:
        self._table = TombstoneTable(secret)
        self._store = store
        self._clock = clock
        self._version: int | None = None

    async def read(self) -> Callable[[str], bool]:
        version = await self._store.tombstones.version()
        if version != self._version:
            self._table.learn(await self._store.tombstones.read())
            self._version = version
        return self._table.covers_set

    async def note_told(self, told: Sequence[Told]) -> None:
        last: dict[Tombstone, dict[str, ErasureRecipient]] = {}
        for own in sorted(told, key=lambda one: one.at):
            caller = own.caller or NAMELESS
            for tombstone in self._table.find_set(own.customer):
                last.setdefault(tombstone, {})[caller] = ErasureRecipient(caller, own.at)
        for tombstone, recipients in last.items():
            is_kept = await self._store.erasures.add_recipients(tombstone.id, [*recipients.values()])
            if not is_kept and self._clock.now() - tombstone.erased_at < BEGINS:
                raise StoreError("an erasure begins, and its receipt is not there yet")

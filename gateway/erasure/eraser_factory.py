"""Wire what erases customers, where the settings say so."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial

from gateway.clock import Clock
from gateway.erasure.cache_purge import purge_caches, purge_keys
from gateway.erasure.erasure import Eraser
from gateway.erasure.worker import ErasureWorker
from gateway.identity.records import RecordId
from gateway.identity.tombstones import TombstoneTable
from gateway.settings import Settings
from gateway.stitching.erased_customers import ErasedCustomers
from gateway.stitching.source_router import SourceRouter
from gateway.store.store import Store
from gateway.tags.service import TagService


def new_eraser(
    settings: Settings, clock: Clock, router: SourceRouter, tags: TagService, store: Store | None, previous: Eraser | None
) -> Eraser | None:
    """Have a router and the tags know who is erased. None without `[erasure]`, or without MongoDB, as in a replay.

    The tombstones that `previous` services know are known from the beginning, where their store is the same.
    """
    if settings.erasure is None or store is None:
        return None
    before = None if previous is None or previous.store is not store else previous.worker.table
    table = TombstoneTable(settings.erasure.key.get_secret_value())
    if before is not None and before.is_same(table):
        table = before
    erased = router.erased = ErasedCustomers(table, router.customers, clock)
    if router.known is not None:
        router.known.erased = table
    store.erasures.ensure_indexes()

    async def purge(records: Collection[RecordId]) -> Mapping[str, int]:  # noqa: ARG001  all is dropped, whoever it is of
        await purge_caches(router, tags)
        return {}

    worker = ErasureWorker(table, store, clock, [purge])
    worker.purge_keys = partial(purge_keys, router)
    erased.note_return = worker.note_return
    return Eraser(router, store, clock, worker)

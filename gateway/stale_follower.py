"""Make stale in a worker what webhooks to other workers made stale in theirs."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

from connectors.contract import Change, KeyKind
from connectors.records import RECORDS, Customer
from gateway.changes.log_follower import LogFollower
from gateway.clock import Clock
from gateway.identity.records import Key, RecordId, stated_id
from gateway.settings import Settings
from gateway.stitching.source_router import SourceRouter
from gateway.store.stale_keys import StaleKeys, bucket_of
from gateway.store.store import Store
from gateway.tags.service import TagService


class StaleFollower(LogFollower):
    """Follows the log of stale keys. What this worker wrote itself is passed over."""

    def __init__(
        self, stale: StaleKeys, router: SourceRouter, tags: TagService, clock: Clock, before: StaleFollower | None = None
    ) -> None:
        super().__init__(stale.log, clock, None if before is None else before.position)
        self._stale = stale
        self._router = router
        self._tags = tags

    async def take_entries(self, entries: Sequence[tuple[int, dict[str, Any]]]) -> None:
        """Make stale what is kept of the keys."""
        others = [entry for _, entry in entries if entry["worker"] != self._stale.worker]
        for source in self._router.sources.all:
            told: dict[int, list[dict[str, Any]]] = {}
            for entry in others:
                if entry.get("source") == source.name:
                    told.setdefault(entry["bucket"], []).append(entry)
            for key in source.kept_keys() if told else ():
                for entry in told.get(bucket_of(key), ()):
                    for by in _kinds(entry["by"]):
                        source.outdate(Change(RECORDS.get(entry.get("record", "")), by, key))
        identities = {entry["identity"] for entry in others if "identity" in entry}
        if self._router.known is not None and identities:
            self._router.known.outdate_where(lambda digest: bucket_of(digest) in identities)
        customers = {entry["customer"] for entry in others if "customer" in entry}
        if customers:
            self._tags.outdate_where(lambda customer: bucket_of(customer) in customers)

    async def take_gap(self) -> None:
        """Make all stale. It may stand in where a source fails."""
        for source in self._router.sources.all:
            source.outdate_all()
        if self._router.known is not None:
            await self._router.known.clear_cache()
        await self._tags.clear_cache()


def _kinds(name: str) -> Collection[KeyKind]:
    """Read a kind of keys; all of them of one that a later version knows."""
    return [kind for kind in KeyKind if kind.value == name] or [*KeyKind]


def identity_keys(router: SourceRouter, changes: Iterable[tuple[str, Change]]) -> dict[Key, None]:
    """List the keys of customers of whom sources tell a record or a key."""
    keys: dict[Key, None] = {}
    for source, change in changes:
        if change.record not in (None, Customer):
            continue
        if change.by is KeyKind.CUSTOMER_ID:
            keys |= dict.fromkeys(router.customers.stated_ids(RecordId(source, change.key)))
            space = router.customers.id_space(source)
            keys |= {} if space is None else {stated_id(RecordId(space, change.key)): None}
            if (named := router.customer_ids.named(change.key)) is not None:
                keys |= dict.fromkeys(router.customers.stated_ids(RecordId(*named)))
        else:
            keys[Key(change.by, change.key)] = None
    return keys


def follow_stale(
    settings: Settings, store: Store | None, router: SourceRouter, tags: TagService, clock: Clock, before: StaleFollower | None
) -> StaleFollower | None:
    """Follow what becomes stale in other workers, from where the services `before` are.

    None without a store, and where no source tells anything.
    """
    if store is None or not any(own.webhook is not None for own in settings.sources.values()):
        return None
    return StaleFollower(store.stale_keys, router, tags, clock, before)

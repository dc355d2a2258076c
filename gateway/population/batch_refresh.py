"""Compute and store the tags of a batch of customers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeVar

from gateway.errors import StoreError
from gateway.population.permitted_tags import PermittedTags
from gateway.population.refresh_state import RefreshCounts
from gateway.population.walk import PAUSE_S, TRIES, CustomerBatch, is_unheard, new_batch_stitcher
from gateway.services import Services
from gateway.stitching.customer import StitchedCustomer
from gateway.store.store import Store
from gateway.tags.computation import Tags, compute, is_missing_for_now
from gateway.tags.tag_store import NOTHING, StoredTags

STORE_TRIES = 5
"""How often an operation of the store is tried."""

MAX_MISSING = 0.5
"""A batch of which a larger share lacks something stands for a source that is down: the refresh ends, to go on later."""

MIN_JUDGED = 20
"""A smaller batch is not judged by its share."""

MARKED_BY = timedelta(seconds=1)
"""A tag that expires so much before the end of its time to live was marked stale. MongoDB keeps milliseconds."""

T = TypeVar("T")


class SourcesAwayError(StoreError):
    """Most customers of a batch lack something that a source did not give."""

    code = "SOURCE_UNAVAILABLE"


class BatchRefresher:
    """Refreshes batches of one run. What was computed before it `began` is computed again."""

    def __init__(self, services: Services, store: Store, began: datetime) -> None:
        self._services = services
        self._store = store
        self._began = began
        self._pack = services.tags.pack
        self._permitted = PermittedTags(services)
        self.selection = self._permitted.selection

    async def refresh(self, batch: CustomerBatch) -> RefreshCounts:
        """Compute and store the tags of a batch, and count what became of it.

        Customers who have a record on the page and came before are looked at, too: they may have changed since.

        Raises `SourcesAwayError` where most lack something, `StoreError` where nothing can be stored.
        """
        counts = RefreshCounts(listed=batch.listed, erased=batch.erased, gone=batch.gone, unreadable=batch.unreadable)
        by_id = {customer.tagged.id: customer.tagged for customer in (*batch.customers, *batch.others)}
        whole = {id_: customer for id_, customer in by_id.items() if not is_unheard(customer)}
        missing = len(by_id) - len(whole) + batch.missing
        stored = await self._patiently(lambda: self._store.tags.read(sorted(whole), self._pack.tags))
        due = {
            customer: keys
            for id_, customer in whole.items()
            if (keys := self._due_keys(self._permitted.keys_of(customer), stored.get(id_, NOTHING)))
        }
        leading = {customer.tagged.id for customer in batch.customers}
        counts.fresh = sum(id_ in leading and customer not in due for id_, customer in whole.items())
        weak = await self._compute(due, stored, counts)
        counts.missing = missing + len(weak)
        counts.refreshed = len(due) - len(weak)
        looked_at = len(by_id) + batch.missing
        if looked_at >= MIN_JUDGED and counts.missing > MAX_MISSING * looked_at:
            raise SourcesAwayError(
                f"sources did not answer about {counts.missing} of {looked_at} customers of a batch; "
                "profile-gateway check says which; run the same command once they do"
            )
        return counts

    def _due_keys(self, keys: Sequence[str], stored: StoredTags) -> list[str]:
        """List the tags that are computed: those that are not of this run, not by the rules in force, or marked stale since.

        A request may have computed one meanwhile of answers that it had kept from before: then it is not of this run.

        What has only expired since is of this run: a long one would never end.
        """
        now = self._services.clock.now()
        return [
            key
            for key in keys
            if (tag := stored.get(key)) is None
            or tag.computed_at < self._began
            or any(fact.as_of is not None and fact.as_of < self._began for fact in tag.evidence)
            or tag.fingerprint != self._pack.tags[key].fingerprint
            or tag.expires_at <= min(now, tag.computed_at + self._pack.tags[key].ttl - MARKED_BY)
        ]

    async def _compute(
        self, due: Mapping[StitchedCustomer, Sequence[str]], stored: Mapping[str, StoredTags], counts: RefreshCounts
    ) -> set[str]:
        """Compute tags and store them, those that lack something once more after a pause. Gives whose still do."""
        marks = {customer.id: stored.get(customer.id, NOTHING).marks for customer in due}
        wanted = [(customer, key) for customer, keys in due.items() for key in keys]
        for attempt in range(TRIES):
            if not wanted:
                return set()
            if attempt:
                await self._services.clock.sleep(PAUSE_S * 2 ** (attempt - 1))
                loaders = new_batch_stitcher(self._services).loaders
                again = {customer: customer.on(loaders) for customer, _ in wanted}
                wanted = [(again[customer], key) for customer, key in wanted]
            computed = await compute(self._pack, self._services.clock, self._services.tags.counts, wanted)
            whole: Tags = {pair: tag for pair, tag in computed.items() if not is_missing_for_now(tag)}
            await self._patiently(lambda: self._write(whole, marks))  # noqa: B023  it is waited for
            counts.tags += len(whole)
            wanted = [(customer, key) for customer, key in wanted if (customer.id, key) not in whole]
        return {customer.id for customer, _ in wanted}

    async def _write(self, tags: Tags, marks: Mapping[str, int]) -> None:
        await self._store.tags.write([(customer, tag) for (customer, _), tag in tags.items()], marks)

    async def _patiently(self, operation: Callable[[], Awaitable[T]]) -> T:
        """Do an operation of the store, again after a pause where that fails. Raises `StoreError`."""
        for attempt in range(STORE_TRIES - 1):
            try:
                return await operation()
            except StoreError:
                await self._services.clock.sleep(PAUSE_S * 2**attempt)
        return await operation()

"""Renew stored tags in the background. In a fleet, the worker with the lease does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import timedelta

import msgspec
import structlog

from connectors.record_fields import Fields
from gateway.clock import Clock
from gateway.errors import CallerError, SourceFailure, StoreError
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.tags.background import BackgroundTasks
from gateway.tags.computation import Pair, Tags, Wanted, compute
from gateway.tags.computed_tag import Tag
from gateway.tags.definitions import Pack
from gateway.tags.shared_computations import Keep
from gateway.tags.tag_counts import TagCounts
from gateway.tags.tag_store import NOTHING, TagStore

LEASE = timedelta(seconds=30)
"""How long a worker may take to renew a customer's tags before another one may."""

MAX_RENEWALS = 16
"""How many renewals a worker has under way. What is stale beyond that waits for the next request that asks for it."""

log = structlog.get_logger()


class Renewal(msgspec.Struct, eq=False):
    """Work in the background. What it computes of customers who have `changed` meanwhile may be of before."""

    customers: set[str]
    changed: set[str] = set()


class Renewals:
    """The renewals of a worker. `is_due` says of a stored tag whether there is anything to be done."""

    def __init__(
        self,
        pack: Pack,
        store: TagStore,
        clock: Clock,
        counts: TagCounts,
        new_stitcher: Callable[[], Stitcher],
        is_due: Callable[[Tag], bool],
        keep: Keep,
        tasks: BackgroundTasks,
    ) -> None:
        self._pack = pack
        self._store = store
        self._clock = clock
        self._counts = counts
        self._new_stitcher = new_stitcher
        self._is_due = is_due
        self._keep = keep
        self._tasks = tasks
        self._under_way: dict[asyncio.Task[None], Renewal] = {}

    def start(self, pairs: Iterable[Pair]) -> None:
        """Have tags renewed. Nothing is waited for."""
        # A worker renews a customer once at a time, so that a lease that it holds is of one task only.
        busy = set[str]().union(*(renewal.customers for renewal in self._under_way.values()))
        due = [pair for pair in pairs if pair[0] not in busy]
        if not due or len(self._under_way) >= MAX_RENEWALS:
            return
        renewal = Renewal({customer for customer, _ in due})
        task = self._tasks.start(self._renew(due, renewal.changed))
        self._under_way[task] = renewal
        task.add_done_callback(self._under_way.pop)

    def outdate(self, customers: Collection[str]) -> None:
        """Discard computations under way of customers who have changed."""
        for renewal in self._under_way.values():
            renewal.changed.update(renewal.customers.intersection(customers))

    def cancel(self) -> None:
        for task in self._under_way:
            task.cancel()

    async def _renew(self, pairs: Sequence[Pair], changed: Collection[str]) -> None:
        leases = self._store.leases
        held = {customer for customer, _ in pairs}  # any of them, until it is known which
        try:
            held = await leases.acquire(sorted(held), hold=LEASE)
            # Another worker may have renewed them between our read and our lease.
            stored = await self._store.tags.read(sorted(held), sorted({key for _, key in pairs}))
            known = {customer: stored.get(customer, NOTHING) for customer in held}
            due = [
                (customer, key)
                for customer, key in pairs
                if customer in known and ((tag := known[customer].get(key)) is None or self._is_due(tag))
            ]
            marks = {customer: tags.marks for customer, tags in known.items()}
            computed = await compute(self._pack, self._clock, self._counts, await self._stitched(due))
            whole: Tags = {pair: tag for pair, tag in computed.items() if pair[0] not in changed}
            await self._keep(whole, marks)
        except StoreError:
            if self._store.available:  # an outage is logged once, where it is noticed
                log.warning("tags_not_renewed", tags=len(pairs))
        finally:
            if held:
                with suppress(StoreError):
                    await leases.release(sorted(held))

    async def _stitched(self, pairs: Sequence[Pair]) -> list[Wanted]:
        records = frozenset(self._pack.facts[name].record for _, key in pairs for name in self._pack.tags[key].fact_names)
        selection = Selection(fields=Fields.from_paths("id"), stitches=records)
        stitcher = self._new_stitcher()
        ids = sorted({customer for customer, _ in pairs})
        customers = await asyncio.gather(*(_customer(stitcher, id_, selection) for id_ in ids))
        by_id = dict(zip(ids, customers, strict=True))
        return [(customer, key) for id_, key in pairs if (customer := by_id[id_]) is not None]


async def _customer(stitcher: Stitcher, customer_id: str, selection: Selection) -> StitchedCustomer | None:
    """None also for one that cannot be told any more: the others are renewed without it."""
    try:
        return await stitcher.member_set(customer_id, selection)
    except (CallerError, SourceFailure):
        return None

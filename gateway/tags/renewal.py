"""Renew stored tags in the background. In a fleet, the worker with the lease does."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

import msgspec
import structlog

from connectors.record_fields import Fields
from gateway.clock import Clock
from gateway.errors import CallerError, ErasedError, SourceFailure, StoreError
from gateway.stitching.customer import StitchedCustomer
from gateway.stitching.merged_customer import SET_SEPARATOR
from gateway.stitching.selection import Selection
from gateway.stitching.stitcher import Stitcher
from gateway.tags.background import BackgroundTasks
from gateway.tags.computation import Pair, Tags, Wanted, compute, is_missing_for_now
from gateway.tags.computed_tag import Tag
from gateway.tags.definitions import Pack
from gateway.tags.purpose_check import PurposeCheck
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


class Renewed(msgspec.Struct, eq=False):
    """What became of tags: `done` are as time has left them, `dropped` are to be renewed no more. Others were in vain."""

    done: set[Pair] = set()
    dropped: set[Pair] = set()


class _Unknown(Enum):
    """Stands for a customer who cannot be told now."""

    UNKNOWN = "UNKNOWN"


UNKNOWN = _Unknown.UNKNOWN


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
        self._under_way: dict[asyncio.Task[Any], Renewal] = {}

    def start(self, pairs: Iterable[Pair]) -> None:
        """Have tags renewed. Nothing is waited for."""
        due = self._without_busy(pairs)
        if not due or len(self._under_way) >= MAX_RENEWALS:
            return
        renewal = Renewal({customer for customer, _ in due})
        task = self._tasks.start(self._renew(due, renewal.changed, self._is_due))
        self._under_way[task] = renewal
        task.add_done_callback(self._under_way.pop)

    async def renew_changed(self, pairs: Iterable[Pair], now: datetime, purposes: PurposeCheck) -> Renewed:
        """Renew tags that time has changed by now, as far as their purposes allow."""
        due = self._without_busy(pairs)
        task = asyncio.current_task()
        assert task is not None
        self._under_way[task] = renewal = Renewal({customer for customer, _ in due})
        try:
            return await self._renew(
                due, renewal.changed, lambda tag: tag.changes_at is not None and tag.changes_at <= now, purposes
            )
        finally:
            del self._under_way[task]

    def _without_busy(self, pairs: Iterable[Pair]) -> list[Pair]:
        """Leave out customers who are being renewed: a lease that a worker holds is of one task only."""
        busy = set[str]().union(*(renewal.customers for renewal in self._under_way.values()))
        return [pair for pair in pairs if pair[0] not in busy]

    def outdate(self, customers: Collection[str]) -> None:
        """Discard computations under way of customers who have changed."""
        for renewal in self._under_way.values():
            renewal.changed.update(renewal.customers.intersection(customers))

    def outdate_where(self, concerns: Callable[[str], bool]) -> None:
        """Discard computations under way of those who are concerned."""
        for renewal in self._under_way.values():
            renewal.changed.update(filter(concerns, renewal.customers))

    def cancel(self) -> None:
        for task in self._under_way:
            task.cancel()

    async def _renew(
        self,
        pairs: Sequence[Pair],
        changed: Collection[str],
        is_due: Callable[[Tag], bool],
        purposes: PurposeCheck | None = None,
    ) -> Renewed:
        leases, renewed = self._store.leases, Renewed()
        held = {customer for customer, _ in pairs}  # any of them, until it is known which
        try:
            held = await leases.acquire(sorted(held), hold=LEASE)
            # Another worker may have renewed them between our read and our lease.
            stored = await self._store.tags.read(sorted(held), sorted({key for _, key in pairs}))
            known = {customer: stored.get(customer, NOTHING) for customer in held}
            own = [pair for pair in pairs if pair[0] in known]
            due = [(customer, key) for customer, key in own if (tag := known[customer].get(key)) is None or is_due(tag)]
            marks = {customer: tags.marks for customer, tags in known.items()}
            computed = await compute(self._pack, self._clock, self._counts, await self._stitched(due, purposes, renewed))
            whole: Tags = {pair: tag for pair, tag in computed.items() if pair[0] not in changed}
            renewed.done |= {*own}.difference(due)
            if await self._keep(whole, marks):
                renewed.done |= {pair for pair, tag in whole.items() if not is_missing_for_now(tag)}
        except StoreError:
            if self._store.available:  # an outage is logged once, where it is noticed
                log.warning("tags_not_renewed", tags=len(pairs))
        finally:
            if held:
                with suppress(StoreError):
                    await leases.release(sorted(held))
        return renewed

    async def _stitched(self, pairs: Sequence[Pair], purposes: PurposeCheck | None, renewed: Renewed) -> list[Wanted]:
        """Find the customers, and note whose tags are to be renewed no more."""
        records = frozenset(self._pack.facts[name].record for _, key in pairs for name in self._pack.tags[key].fact_names)
        fields = Fields.from_paths("id") if purposes is None else Fields.from_paths("id") | purposes.fields
        selection = Selection(fields=fields, stitches=records)
        stitcher = self._new_stitcher()
        ids = sorted({customer for customer, _ in pairs})
        customers = await asyncio.gather(*(_customer(stitcher, id_, selection) for id_ in ids))
        by_id = dict(zip(ids, customers, strict=True))
        wanted: list[Wanted] = []
        for id_, key in pairs:
            customer = by_id[id_]
            if customer is None:
                renewed.dropped.add((id_, key))
            elif customer is not UNKNOWN:
                if purposes is None or purposes.permits(customer, key):
                    wanted.append((customer, key))
                elif customer.is_whole:
                    renewed.dropped.add((id_, key))
        return wanted


async def _customer(stitcher: Stitcher, customer_id: str, selection: Selection) -> StitchedCustomer | _Unknown | None:
    """Find a customer. None where nobody has this set of records, or who has it is erased.

    It is not known where it cannot be told now: the others are renewed without it.
    """
    try:
        customer = await stitcher.member_set(customer_id, selection)
        if customer is None and not await _is_gone(stitcher, customer_id, selection):
            return UNKNOWN
    except ErasedError:
        return None
    except (CallerError, SourceFailure):
        return UNKNOWN
    return customer


async def _is_gone(stitcher: Stitcher, customer_id: str, selection: Selection) -> bool:
    """Tell whether nobody has this set of records. While a source is away he may have others than are known."""
    if not stitcher.has_several_sources:
        return True
    customer = await stitcher.customer_of(customer_id.partition(SET_SEPARATOR)[0], selection)
    return customer is None or customer.is_whole

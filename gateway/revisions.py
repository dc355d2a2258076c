"""Exchange the services of a worker while requests use them.

A revision is the services of one reading of settings and tags. Requests stay with the revision that they began on; what the
next one does not share is closed when the last of them has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Iterator
from contextlib import AsyncExitStack, contextmanager

from gateway.admission.admission import Admission
from gateway.change_factory import leaving_tags
from gateway.erasure.erased_people import ErasedPeople
from gateway.lookups.sources import Source
from gateway.services import Services


class Revision:
    """Services, and how many requests use them. `release` tells that one of them has ended."""

    __slots__ = ("_unused", "services", "under_way")

    def __init__(self, services: Services) -> None:
        self.services = services
        self.under_way = 0
        self._unused: asyncio.Future[None] | None = None

    def release(self) -> None:
        self.under_way -= 1
        if self._unused is not None and not self.under_way and not self._unused.done():
            self._unused.set_result(None)

    @contextmanager
    def lent(self) -> Iterator[Services]:
        """Lend the services to a request."""
        self.under_way += 1
        try:
            yield self.services
        finally:
            self.release()

    async def wait_unused(self) -> None:
        """Wait for the requests under way. There must be no new ones."""
        if self.under_way:
            self._unused = asyncio.get_running_loop().create_future()
            await self._unused


async def open_services(services: Services, previous: Services | None = None) -> None:
    """Open what the services do not share with the previous ones. Nothing stays open when that fails."""
    shared = _shared_sources(services, previous)
    if previous is None:
        withhold_erased(services)
    async with AsyncExitStack() as stack:
        if services.store is not None and (previous is None or services.store is not previous.store):
            stack.push_async_callback(services.store.aclose)
            await services.store.open()
        if services.audit is not None and (previous is None or services.audit is not previous.audit):
            stack.push_async_callback(services.audit.aclose)
            await services.audit.open()
        if services.eraser is not None:
            stack.push_async_callback(services.eraser.worker.aclose)
            await services.eraser.worker.start()
        before = None if previous is None else previous.callers
        stack.push_async_callback(services.callers.aclose, before)
        await services.callers.start(before)
        stack.push_async_callback(services.sources.aclose, shared)
        await services.sources.open(shared)
        if services.stale_follower is not None:
            stack.push_async_callback(services.stale_follower.aclose)
            await services.stale_follower.open()
        if services.live is not None:
            stack.push_async_callback(services.live.aclose)
            await services.live.open()
        if services.router.decisions is not None and services.router.customers.are_several:
            await services.router.decisions.known.start()  # last, for the store may be shared, and would keep it
        stack.pop_all()


def withhold_erased(services: Services) -> None:
    """Have nothing kept of who is erased, as these services know it, in what they share with others, and their changes leave.

    Those that are only prepared do not: they may never be served.
    """
    erased, settings, store = services.router.erased, services.settings, services.store
    services.sources.cache.withholds = None if erased is None else erased.withholds_answer
    if store is not None:
        store.withhold(None if erased is None else erased.table.covers_set)
        store.tags.leaving = leaving_tags(services.settings, services.tags.pack)
    if services.audit is not None and settings.erasure is not None and store is not None:
        services.audit.withhold(ErasedPeople(settings.erasure.key.get_secret_value(), store, services.clock))


def schedule_tags(services: Services, admission: Admission, before: Services | None = None) -> None:
    """Have the tags renewed that time changes, by the services that are served, while no request waits, and changes leave."""
    if before is not None:
        for earlier in (before.tags.scheduler, before.changes, before.actions, before.segment_recount):
            if earlier is not None:
                earlier.stop()
        if before.live is not None and before.live.recorder is not None:
            before.live.recorder.stop()
    if services.live is not None and services.live.recorder is not None:
        services.live.recorder.start()
    if services.changes is not None:
        services.changes.is_busy = lambda: admission.waiting > 0
        services.changes.start()
    if services.segment_recount is not None:
        services.segment_recount.start()
    if services.actions is not None:
        services.actions.start()
    if (scheduler := services.tags.scheduler) is not None:
        scheduler.is_busy = lambda: admission.waiting > 0
        scheduler.start()


async def close_services(services: Services, following: Services | None = None) -> None:
    """Close what the services do not share with the following ones."""
    async with AsyncExitStack() as stack:
        if services.store is not None and (following is None or services.store is not following.store):
            stack.push_async_callback(services.store.aclose)
        if services.audit is not None and (following is None or services.audit is not following.audit):
            stack.push_async_callback(services.audit.aclose)
        if services.eraser is not None:
            stack.push_async_callback(services.eraser.worker.aclose)
        if following is None or services.quotas is not following.quotas:
            stack.push_async_callback(services.quotas.aclose)
        stack.push_async_callback(services.callers.aclose, None if following is None else following.callers)
        stack.push_async_callback(services.sources.aclose, _shared_sources(services, following))
        if services.router.decisions is not None:
            stack.push_async_callback(services.router.decisions.aclose)
        if services.router.known is not None:
            stack.push_async_callback(services.router.known.aclose)
        stack.push_async_callback(services.tags.aclose)
        if services.live is not None:
            stack.push_async_callback(services.live.aclose)
        for pass_ in (services.actions, services.changes, services.segment_recount, services.stale_follower):
            if pass_ is not None:
                stack.push_async_callback(pass_.aclose)
        stack.push_async_callback(services.tag_usage.aclose)


def _shared_sources(services: Services, other: Services | None) -> Collection[Source]:
    return () if other is None else set(services.sources.all).intersection(other.sources.all)


def hand_over(before: Services, services: Services, admission: Admission) -> None:
    """Have other services be served from now on: what is kept, shared and renewed goes by them."""
    withhold_erased(services)
    share_cache(before, services)
    if before.live is not None and services.live is not None and before.live.hub is services.live.hub:
        before.live.is_handed_over = True
    schedule_tags(services, admission, before)


def share_cache(old: Services, new: Services) -> None:
    """Have the new services go on with the cache and the sources that they share with the old ones."""
    if new.sources.cache is not old.sources.cache:
        return
    shared = _shared_sources(new, old)
    for source in shared:
        source.set_usual_deadline(new.settings.deadline_ms / 1000)
    for source in old.sources.all:
        if source not in shared:
            old.sources.cache.forget(source.name)
    old.sources.cache.resize(new.settings.cache_bytes)

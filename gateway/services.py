"""What all requests of a worker share. Built once by the composition root."""

from collections.abc import Callable
from functools import partial

import msgspec

from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.sources import Sources
from gateway.lookups.trace import Trace
from gateway.settings import Settings
from gateway.stitching.directory import Directory
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.definitions import Pack
from gateway.tags.service import TagService


class Services(msgspec.Struct, frozen=True, kw_only=True):
    """`stitcher(deadline_ms, trace)` gives one with the whole budget of a request before it."""

    settings: Settings
    clock: Clock
    directory: Directory
    store: Store | None
    tags: TagService
    stitcher: Callable[..., Stitcher]

    @property
    def sources(self) -> Sources:
        return self.directory.sources


def new_stitcher(
    settings: Settings, clock: Clock, directory: Directory, deadline_ms: int | None = None, trace: Trace | None = None
) -> Stitcher:
    """A stitcher with so much time before it: what the caller asks for, as far as it may, or the usual."""
    budget_ms = settings.deadline_ms if deadline_ms is None else min(deadline_ms, settings.most_deadline_ms)
    return Stitcher(directory, Loaders(Deadline.within(clock, budget_ms / 1000), trace))


def build_services(settings: Settings, clock: Clock, sources: Sources, pack: Pack, store: Store | None) -> Services:
    """Wire the services together."""
    directory = Directory(sources, settings.default_region)
    stitcher = partial(new_stitcher, settings, clock, directory)
    tags = TagService(pack, store, clock, stitcher, settings.tags.cache_s)
    return Services(settings=settings, clock=clock, directory=directory, store=store, tags=tags, stitcher=stitcher)

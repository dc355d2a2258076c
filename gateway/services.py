"""What all requests of a worker share. Built once by the composition root."""

from functools import partial

import msgspec

from gateway.clock import Clock
from gateway.lookups.deadline import Deadline
from gateway.lookups.loaders import Loaders
from gateway.lookups.sources import Sources
from gateway.settings import Settings
from gateway.stitching.stitcher import Stitcher
from gateway.store.store import Store
from gateway.tags.definitions import Pack
from gateway.tags.service import TagService


class Services(msgspec.Struct, frozen=True, kw_only=True):
    settings: Settings
    clock: Clock
    sources: Sources
    store: Store | None
    tags: TagService

    def stitcher(self) -> Stitcher:
        """A stitcher with the whole budget of a request before it."""
        return new_stitcher(self.settings, self.clock, self.sources)


def new_stitcher(settings: Settings, clock: Clock, sources: Sources) -> Stitcher:
    loaders = Loaders(Deadline(clock, settings.deadline_ms / 1000))
    return Stitcher(sources, loaders, settings.default_region)


def build_services(settings: Settings, clock: Clock, sources: Sources, pack: Pack, store: Store | None) -> Services:
    """Wire the services together."""
    tags = TagService(pack, store, clock, partial(new_stitcher, settings, clock, sources))
    return Services(settings=settings, clock=clock, sources=sources, store=store, tags=tags)

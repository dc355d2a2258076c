"""Refresh partitions in a worker of Dask: the part that runs there.

A worker opens the services once, on a loop of its own, and closes them with itself.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from distributed import Worker, WorkerPlugin, get_worker

from gateway.app import create_services
from gateway.errors import CallerError, SourceFailure
from gateway.identity.records import RecordId
from gateway.log import configure_logging
from gateway.population.batch_refresh import BatchRefresher, SourcesAwayError
from gateway.population.refresh import tag_store
from gateway.population.refresh_state import RefreshCounts
from gateway.population.walk import load_batch
from gateway.revisions import close_services, open_services
from gateway.services import Services
from gateway.settings import Settings, load_settings

PLUGIN = "profile-gateway"

T = TypeVar("T")


class Partition(msgspec.Struct, frozen=True, kw_only=True):
    """Records of one source that are refreshed by one worker, in batches. `order` has the places of the sources in the walk."""

    source: str
    ids: Sequence[str]
    order: dict[str, int]
    began: datetime
    batch: int


class ServicesPlugin(WorkerPlugin):
    """The services of a worker. The limits of each source are shared out between the workers."""

    name = PLUGIN

    def __init__(self, config: Path, workers: int) -> None:
        self.config = str(config.resolve())
        self.workers = workers
        self.services: Services
        self._loop: asyncio.AbstractEventLoop

    def setup(self, worker: Worker) -> None:  # noqa: ARG002  as Dask calls it
        configure_logging("ERROR")
        self._loop = asyncio.new_event_loop()
        threading.Thread(target=self._loop.run_forever, daemon=True, name="services").start()
        self.services = self.run(_open(share_limits(load_settings(Path(self.config)), self.workers)))

    def teardown(self, worker: Worker) -> None:  # noqa: ARG002  as above
        self.run(close_services(self.services))
        self._loop.call_soon_threadsafe(self._loop.stop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run work on the loop of the services, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()


def share_limits(settings: Settings, workers: int) -> Settings:
    """Give each worker its share of the calls that a source takes at once and in a second."""
    sources = {
        name: own.model_copy(
            update={
                "max_calls": max(own.max_calls // workers, 1),
                "calls_per_s": None if own.calls_per_s is None else own.calls_per_s / workers,
            }
        )
        for name, own in settings.sources.items()
    }
    return settings.model_copy(update={"sources": sources})


def refresh_partition(partition: Partition) -> RefreshCounts:
    """Refresh a partition in the worker that runs this. What another worker had stored of it before it ended is left."""
    plugin = get_worker().plugins[PLUGIN]
    assert isinstance(plugin, ServicesPlugin)
    try:
        return plugin.run(_refresh(plugin.services, partition))
    except (CallerError, SourceFailure) as error:
        raise SourcesAwayError(str(error)) from None  # an error that goes to another process must be made of its text


async def _open(settings: Settings) -> Services:
    services = create_services(settings)
    await open_services(services)
    return services


async def _refresh(services: Services, partition: Partition) -> RefreshCounts:
    refresher = BatchRefresher(services, tag_store(services), partition.began)
    counts = RefreshCounts()
    for start in range(0, len(partition.ids), partition.batch):
        ids = [RecordId(partition.source, id_) for id_ in partition.ids[start : start + partition.batch]]
        counts.add(await refresher.refresh(await load_batch(services, ids, partition.order, refresher.selection)))
    return counts

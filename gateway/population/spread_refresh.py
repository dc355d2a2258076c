"""Spread a refresh over workers of Dask.

The pages of ids are listed here, one after the other; what is done with them hangs on the ids alone, so any worker does it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import msgspec
from distributed import Client as _Client
from distributed import KilledWorker
from distributed import LocalCluster as _LocalCluster

from connectors.errors import ConfigurationError
from connectors.record_fields import Fields
from gateway.app import opened
from gateway.errors import StoreError
from gateway.linkage.customer_pages import list_customers
from gateway.population.partition_worker import Partition, ServicesPlugin, refresh_partition
from gateway.population.refresh import Progress, begin_state, tag_store
from gateway.population.refresh_state import RefreshState, StateFile
from gateway.population.walk import Place, listed_sources, read_place, write_place
from gateway.services import Services

PARTITION = 5
"""How many batches a partition is of."""

CONNECT_S = 10
"""How long a scheduler may take to answer."""

AHEAD = 2
"""How many partitions are listed for each worker before it is waited for."""

Client: Any = _Client
LocalCluster: Any = _LocalCluster
"""Their constructors have no types."""

_ID = Fields.from_paths("id")


class ListedPartition(msgspec.Struct, frozen=True):
    """A partition, where the walk goes on behind it, and how many of its records cannot be read."""

    partition: Partition
    after: str
    unreadable: int


class PartitionLostError(StoreError):
    """A partition ended several workers."""

    code = "INTERNAL"


async def spread_refresh(
    services: Services,
    config: Path,
    file: StateFile,
    batch: int,
    progress: Progress,
    *,
    workers: int = 1,
    scheduler: str | None = None,
) -> RefreshState:
    """Refresh all customers by workers on this machine, or by those of a `scheduler`. As `refresh_all`.

    Each worker reads the settings file itself. Raises `PartitionLostError` as well.
    """
    tag_store(services)
    with file.held():
        async with opened(services), AsyncExitStack() as stack:
            client = await _connect(stack, workers, scheduler)
            if scheduler is not None:
                workers = max(len(client.scheduler_info(n_workers=-1)["workers"]), 1)
            await client.register_plugin(ServicesPlugin(config, workers))
            if scheduler is not None:
                # Workers that stay are not to keep the services of this run, nor are others to open them that come later.
                stack.push_async_callback(client.unregister_worker_plugin, ServicesPlugin.name)
            state = begin_state(services, file)
            file.write(state)
            progress(state)
            flying: deque[tuple[ListedPartition, Any]] = deque()
            async for listed in list_partitions(services, state, batch):
                if flying and flying[-1][0].partition.source != listed.partition.source:
                    # Who has a record here was in a batch of a source before: by now his tags are stored.
                    while flying:
                        await _land(flying, state, file, progress)
                flying.append((listed, client.submit(refresh_partition, listed.partition, pure=False)))
                if len(flying) >= AHEAD * workers:
                    await _land(flying, state, file, progress)
            while flying:
                await _land(flying, state, file, progress)
            state.is_done = True
            file.write(state)
            return state


async def list_partitions(services: Services, state: RefreshState, batch: int) -> AsyncIterator[ListedPartition]:
    """List the ids of all records from the place of a state on, in partitions."""
    sources = listed_sources(services)
    order = {source.name: number for number, source in enumerate(sources)}
    place = None if state.after is None else read_place(state.after, sources)
    for source in sources[0 if place is None else order[place.source] :]:
        cursor = None
        if place is not None and place.source == source.name:
            if place.cursor is None:
                continue
            cursor = place.cursor
        ids: list[str] = []
        unreadable = 0
        async for page in list_customers(source, _ID, services.clock, after=cursor, first=batch):
            ids += [record.id for record in page.records]
            unreadable += page.dropped
            if len(ids) >= PARTITION * batch or page.next is None:
                partition = Partition(source=source.name, ids=ids, order=order, began=state.began, batch=batch)
                yield ListedPartition(partition, write_place(Place(source.name, page.next)), unreadable)
                ids, unreadable = [], 0


async def _connect(stack: AsyncExitStack, workers: int, scheduler: str | None) -> Client:
    """Connect to a scheduler, or to workers of this machine that end with this process."""
    if scheduler is not None:
        try:
            return await stack.enter_async_context(Client(scheduler, asynchronous=True, timeout=CONNECT_S))
        except (OSError, ValueError):
            raise ConfigurationError(
                [f"--scheduler: no scheduler of Dask answers at {scheduler}; give its address, such as tcp://host:8786"]
            ) from None
    cluster = LocalCluster(
        n_workers=workers,
        threads_per_worker=1,
        processes=True,
        host="127.0.0.1",
        dashboard_address=None,
        memory_limit=0,
        silence_logs="CRITICAL",
        asynchronous=True,
    )
    await stack.enter_async_context(cluster)
    return await stack.enter_async_context(Client(cluster, asynchronous=True))


async def _land(flying: deque[tuple[ListedPartition, Any]], state: RefreshState, file: StateFile, progress: Progress) -> None:
    """Wait for the partition that was listed first, and write it down."""
    listed, future = flying.popleft()
    try:
        counts = await future
    except KilledWorker:
        raise PartitionLostError(
            "the workers ended that had a batch: see whether they have memory enough, or give a smaller --batch"
        ) from None
    counts.unreadable += listed.unreadable
    state.counts.add(counts)
    state.after = listed.after
    file.write(state)
    progress(state)

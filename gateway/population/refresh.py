"""Refresh the tags of all customers, so that a run which was killed goes on where it was."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from hashlib import sha256

import msgspec

from connectors.errors import ConfigurationError
from gateway.app import opened
from gateway.clock import CLOCK_TOLERANCE
from gateway.population.batch_refresh import BatchRefresher
from gateway.population.changed_customers import changing_sources, walk_changed
from gateway.population.refresh_state import RefreshCounts, RefreshState, RunPlace, StateFile
from gateway.population.walk import CustomerBatch, listed_sources, walk_customers
from gateway.services import Services
from gateway.store.store import Store
from gateway.store.tag_marks import ensure_mark_index
from gateway.tags.definitions import Pack

Progress = Callable[[RefreshState], None]
"""Told after each batch."""


def tag_store(services: Services) -> Store:
    """Give the store of computed tags. Raises `ConfigurationError` where there is none."""
    if services.store is None:
        raise ConfigurationError(["mongodb: computed tags are stored there; add its table to the settings"])
    return services.store


def name_rules(pack: Pack) -> str:
    """Name the tags in force and all that they are computed by."""
    text = "\n".join(f"{key} {tag.fingerprint}" for key, tag in sorted(pack.tags.items()))
    return sha256(text.encode()).hexdigest()[:12]


def name_walk(services: Services, since: datetime | None) -> str:
    """Name what a place in a run hangs on: the sources in their order, where tags are stored, who permits which tags."""
    if since is None:
        sources = [source.name for source in listed_sources(services)]
    else:
        sources = [f"{source.name} {record.__name__}" for source, record in changing_sources(services)[0]]
    settings = services.settings
    database = None if settings.mongodb is None else settings.mongodb.database
    purposes = {name: own.model_dump(mode="json") for name, own in sorted(settings.purposes.items())}
    return sha256(msgspec.json.encode([sources, database, purposes])).hexdigest()[:12]


def begin_state(services: Services, file: StateFile, since: datetime | None = None) -> RefreshState:
    """Read how far a run has come that was not ended, or begin one. By other rules or settings it begins anew.

    Raises `ConfigurationError`.
    """
    known, rules, walk = file.read(), name_rules(services.tags.pack), name_walk(services, since)
    if known is not None and not known.is_done and (known.rules, known.since) == (rules, since) and known.walk in (None, walk):
        return known
    total = known.counts.listed if known is not None and known.is_done and known.since is None and since is None else None
    return RefreshState(began=services.clock.now(), rules=rules, walk=walk, since=since, total=total, place=place_of(services))


def place_of(services: Services) -> RunPlace:
    """Name where a run of these settings stores tags, and of which sources."""
    mongodb, sources = services.settings.mongodb, sorted(source.name for source in listed_sources(services))
    if mongodb is None:
        return RunPlace("", sources)
    servers = re.split(r"[/?]", mongodb.uri.partition("://")[2].rpartition("@")[2])[0]
    return RunPlace(f"{','.join(sorted(servers.split(',')))}/{mongodb.database}", sources)


def refuse_other_place(services: Services, file: StateFile) -> None:
    """Refuse to follow a run for another database, or over other sources: who changed before has no tags here.

    Raises `ConfigurationError`, which names both.
    """
    known, own = file.read(), place_of(services)
    if known is None or known.place is None or file.path is None:
        return
    for what, theirs, ours in (
        ("the database", known.place.database, own.database),
        ("the sources", ", ".join(known.place.sources), ", ".join(own.sources)),
    ):
        if theirs != ours:
            name = file.path.name
            words = f"{name} is of a run for {what} {theirs}, and the settings name {ours}"
            raise ConfigurationError([f"--since last: {words}; name the file of a run for these, or begin one with --all"])


def read_last(file: StateFile) -> datetime:
    """Read since when changes count for a run that follows the one before, or goes on with one over changes.

    Clocks of sources may be slow, so that is a little before it began. Who was missing something is looked at again.
    Raises `ConfigurationError` where there is none.
    """
    known = file.read()
    if known is None:
        raise ConfigurationError(["--since last: needs the file of the run before; name it with --resume"])
    if known.is_done and (known.since is None or not known.counts.missing):
        return known.began - CLOCK_TOLERANCE
    if known.since is None:
        raise ConfigurationError(
            ["--since last: the run of this file over all customers has not ended; end it, with --all alone"]
        )
    return known.since


async def refresh_all(
    services: Services, file: StateFile, batch: int, progress: Progress, since: datetime | None = None
) -> RefreshState:
    """Compute and store all tags of all customers of the sources that list them, or of those who changed `since`.

    Raises `ConfigurationError`, `SourceFailure` where a source cannot be listed, `SourcesAwayError` where most customers lack
    something, `StoreError`. A state that is kept stands for another run to go on from.
    """
    store = tag_store(services)
    if since is not None:
        ensure_mark_index(store.mongo)
    with file.held():
        async with opened(services):
            state = begin_state(services, file, since)
            refresher = BatchRefresher(services, store, state.began)
            selection = refresher.selection
            if since is None:
                batches = walk_customers(services, batch=batch, after=state.after, selection=selection)
            else:
                batches = walk_changed(services, store, since, batch=batch, after=state.after, selection=selection)
            return await refresh_batches(refresher, batches, state, file, progress)


async def refresh_batches(
    refresher: BatchRefresher,
    batches: AsyncIterator[CustomerBatch],
    state: RefreshState,
    file: StateFile,
    progress: Progress,
) -> RefreshState:
    """Refresh batches in order, and write down each one when all of it is stored."""
    file.write(state)
    progress(state)
    async for own in batches:
        counts: RefreshCounts = await refresher.refresh(own)
        state.after = own.after
        state.counts.add(counts)
        file.write(state)
        progress(state)
    state.is_done = True
    file.write(state)
    return state

"""Hold the configured sources: each record and key kind with its source."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from copy import copy
from datetime import datetime
from typing import Any

from connectors.contract import (
    CUSTOMER_KEYS,
    RECORD_KEYS,
    Ask,
    Change,
    Connector,
    KeyKind,
    Lister,
    Measure,
    MeasureOp,
    WebhookRequest,
)
from connectors.errors import SourceError
from connectors.interned_values import intern_results
from connectors.record_fields import Fields
from connectors.records import RECORDS, Customer, Record
from gateway.clock import Clock
from gateway.lookups.batching import Batching
from gateway.lookups.call_history import MinuteCalls
from gateway.lookups.call_statistics import CallStatistics
from gateway.lookups.call_tracer import CallTracer
from gateway.lookups.circuit_breaker import SourceHealth
from gateway.lookups.deadline import Deadline
from gateway.lookups.fetches import PAGE_KEY, ListFetch, MeasureFetch, RecordFetch
from gateway.lookups.outcome import Failed, Listed
from gateway.lookups.pending_keys import wait_for
from gateway.lookups.read_cache import CachePolicy, ReadCache
from gateway.lookups.resilience import ResilientCaller
from gateway.lookups.source_call import SourceCaller
from gateway.lookups.source_links import SourceLinks
from gateway.lookups.webhook_changes import read_changes
from gateway.settings import Settings, SourceSettings


class Source:
    """A configured source: its connector behind its boundary. Compared by identity. `usual_s` is a request's deadline."""

    def __init__(
        self, connector: Connector[Any], clock: Clock, settings: SourceSettings, cache: ReadCache, usual_s: float
    ) -> None:
        self.name = connector.name
        self.connector = connector
        self.since = clock.now()
        """Since when its calls are counted."""
        self.calls_per_s = settings.calls_per_s
        self._caller = SourceCaller(connector.name, clock, connector.birth_dates)
        self._cache_policy = {
            RECORDS[name]: CachePolicy(settings.cache_s.get(name, 0.0), settings.stale_s.get(name, 0.0))
            for name in settings.cache_s.keys() | settings.stale_s.keys()
        }
        self._webhook = settings.webhook
        self._calls = ResilientCaller(self._caller, settings, clock, usual_s)
        self.batching = Batching(self._calls, settings.max_calls, cache=cache)
        self.lookups = {(lookup.record, lookup.by): lookup for lookup in connector.lookups()}
        self.kept_by = {by for record, by in self.lookups if self._is_kept(record) and by in CUSTOMER_KEYS}
        """The kinds of keys, but for searches, under which answers are kept."""
        self.aggregates = {(aggregate.record, aggregate.by): aggregate for aggregate in connector.aggregates()}
        self.listings = {lister.record: lister for lister in connector.listings()}
        """The record types that the source can list whole."""
        self.change_listings = {lister.record: lister for lister in connector.change_listings()}
        """The record types of which the source tells who changed since a time."""
        self._listing_turn = asyncio.Lock()
        self.records = intern_results(self._records)
        self.measures = intern_results(self._measures)

    @property
    def health(self) -> SourceHealth:
        """Whether the source is asked at the moment."""
        return self._calls.breaker.health

    def set_usual_deadline(self, usual_s: float) -> None:
        """Set the deadline of requests whose callers do not say another one."""
        self._calls.set_usual_deadline(usual_s)

    @property
    def troubles(self) -> Mapping[tuple[str, str, str], tuple[int, str | None]]:
        """Count unreadable values by record, path and reason. Each comes with the id of the first record that had one."""
        return self._caller.troubles

    def set_troubles(self, troubles: Mapping[tuple[str, str, str], tuple[int, str | None]]) -> None:
        """Go back to earlier counts: what was read since is to leave nothing."""
        self._caller.troubles = {**troubles}

    @property
    def statistics(self) -> CallStatistics:
        """Count the calls, and what came of them."""
        return self._caller.statistics

    @property
    def minutes(self) -> list[MinuteCalls]:
        """List how the calls of the last hour went, by minutes with calls."""
        counts = self.statistics
        return [*counts.history.minutes(self._caller.clock.monotonic(), counts.calls, counts.durations)]

    @property
    def calls(self) -> ResilientCaller:
        """What decides whether the source is asked now."""
        return self._calls

    @property
    def breaker_openings(self) -> int:
        """Count how often the source was left alone from then on."""
        return self._calls.breaker.openings

    def trace_calls(self, tracer: CallTracer | None) -> None:
        """Have calls traced from now on, or no more."""
        self._calls.tracer = tracer

    def changes(self, request: WebhookRequest, now: datetime) -> Sequence[Change]:
        """Read a webhook's changes, by the settings or the connector. Raises `WebhookError`."""
        return self.connector.changes(request, now) if self._webhook is None else read_changes(self._webhook, request)

    def _is_kept(self, record: type[Record]) -> bool:
        return record in self._cache_policy and self._cache_policy[record].fresh_s > 0

    def not_asked(self, error: SourceError) -> Failed:
        """Fail a lookup without a call."""
        return self._caller.not_asked(error)

    def kept_keys(self) -> set[str]:
        """List the folded keys whose answers are kept or on their way."""
        return self.batching.kept_keys()

    def outdate_all(self) -> None:
        """Make all cached answers stale, and those on their way."""
        for key in self.kept_keys():
            self.batching.outdate(key, lambda _: True)

    def outdate(self, change: Change) -> None:
        """Make cached answers stale. The key is in its normal form."""
        self.batching.outdate(change.key, lambda fetch: fetch.by is change.by and change.record in (None, fetch.record))

    async def list_page(
        self, record: type[Record], fields: Fields, after: str | None, first: int, deadline: Deadline
    ) -> Listed | Failed:
        """List a page of all records, from a cursor on. Pages take one slot of the source at most, by turns."""
        return await self._list_page(self.listings[record], fields, after, first, deadline)

    async def list_changes(
        self, record: type[Record], fields: Fields, since: datetime, after: str | None, first: int, deadline: Deadline
    ) -> Listed | Failed:
        """List a page of the records that changed since a time, as `list_page`."""
        changes = self.change_listings[record]
        fetch = lambda fields, after, first, left=None: changes.fetch(fields, since, after, first, left)  # noqa: E731
        lister = Lister(record=record, fetch=fetch, max_first=changes.max_first)
        return await self._list_page(lister, fields, after, first, deadline)

    async def _list_page(
        self, lister: Lister, fields: Fields, after: str | None, first: int, deadline: Deadline
    ) -> Listed | Failed:
        began = self._caller.clock.monotonic()
        try:
            async with asyncio.timeout(deadline.remaining_s()):
                await self._listing_turn.acquire()
        except TimeoutError:
            return self._caller.late(self._caller.clock.monotonic() - began)
        wanted = self.batching.enqueue(ListFetch(lister, fields, after, first), [PAGE_KEY], deadline)
        # A call that its caller no longer waits for still has its slot, and so the turn.
        if wanted.is_complete:
            self._listing_turn.release()
        else:
            wanted.watches += (self._listing_turn.release,)
        (outcome,) = await wait_for(wanted, deadline)
        assert isinstance(outcome, Listed | Failed)
        return outcome

    async def aclose(self) -> None:
        await self.batching.aclose()
        await self._caller.aclose()
        await self.connector.aclose()

    def _records(self, record: type[Record], by: KeyKind, ask: Ask) -> RecordFetch:
        """Make a fetch of records. `records` gives the same one for the same ask.

        Answers by keys of the records themselves are not kept: a change tells the customer's keys.
        """
        policy = None if by in RECORD_KEYS else self._cache_policy.get(record)
        return RecordFetch(self.lookups[record, by], ask, policy, has_update_times=self.connector.has_update_times)

    def _measures(self, record: type[Record], by: KeyKind, measures: tuple[Measure, ...]) -> MeasureFetch:
        """Make a fetch of measures. `measures` gives the same one for the same measures."""
        return MeasureFetch(self.aggregates[record, by], measures)

    def key_kind(self, record: type[Record]) -> KeyKind | None:
        """Find the strongest kind of key for records of a customer."""
        return next((kind for kind in CUSTOMER_KEYS if (record, kind) in self.lookups), None)

    def can_measure(self, record: type[Record], by: KeyKind, ops: Iterable[MeasureOp]) -> bool:
        """Tell whether an aggregate does all these operations at the source."""
        aggregate = self.aggregates.get((record, by))
        return aggregate is not None and aggregate.ops.issuperset(ops)


class Sources:
    """All configured sources, in the order of the configuration."""

    def __init__(
        self,
        built: Iterable[Connector[Any]],
        clock: Clock,
        settings: Settings,
        cache: ReadCache,
        shared: Iterable[Source] = (),
    ) -> None:
        """Put sources on the connectors, beside those that are `shared` with other `Sources`."""
        usual_s = settings.deadline_ms / 1000
        own = [Source(connector, clock, settings.sources[connector.name], cache, usual_s) for connector in built]
        self.cache = cache
        if shared:
            places = {name: place for place, name in enumerate(settings.sources)}
            own = sorted((*own, *shared), key=lambda source: places[source.name])
        self.set_sources(own)

    def only(self, names: Collection[str]) -> Sources:
        """Give those of these names, as if no others were configured."""
        some = copy(self)
        some.set_sources([source for source in self.all if source.name in names])
        return some

    def set_sources(self, sources: Sequence[Source]) -> None:
        """Have these sources, and no others."""
        self.all = [*sources]
        self.links = SourceLinks(source.connector for source in self.all)
        self._named = {source.name: source for source in self.all}
        self._of = {
            record: [(source, kind) for source in self.all if (kind := source.key_kind(record)) is not None]
            for record in RECORDS.values()
        }
        self._finders = {
            kind: source for source in reversed(self.all) for kind in KeyKind if (Customer, kind) in source.lookups
        }

    def for_record(self, record: type[Record]) -> Sequence[tuple[Source, KeyKind]]:
        """List the sources of a record type, each with its key kind."""
        return self._of[record]

    def named(self, name: str) -> Source | None:
        """Find the source of this name."""
        return self._named.get(name)

    def customers_by(self, kind: KeyKind) -> Source | None:
        """Find the first source that finds customers by this kind."""
        return self._finders.get(kind)

    def finders(self, record: type[Record], kind: KeyKind) -> list[Source]:
        """List the sources that find these records by this kind of key."""
        return [source for source in self.all if (record, kind) in source.lookups]

    def trace_calls(self, tracer: CallTracer | None) -> None:
        """Have calls to all sources traced from now on, or no more."""
        for source in self.all:
            source.trace_calls(tracer)

    async def open(self, shared: Collection[Source] = ()) -> None:
        """Open all sources side by side but those that are `shared` with others. Raises when all are done."""
        await _all_done(source.connector.open() for source in self.all if source not in shared)

    async def aclose(self, shared: Collection[Source] = ()) -> None:
        """Close all sources side by side but those that are `shared`. What one raises is raised when all are closed."""
        await _all_done(source.aclose() for source in self.all if source not in shared)


async def _all_done(steps: Iterable[Coroutine[Any, Any, None]]) -> None:
    for error in await asyncio.gather(*steps, return_exceptions=True):
        if error is not None:
            raise error

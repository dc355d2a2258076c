"""Batch while busy: keys of all requests on their way to one source.

A source answers a bounded number of calls at a time. While one is free, keys leave at once (in the same turn of the loop);
while all are taken, keys of the same fetch gather and leave together in the next call. So they do for a moment after a
call of their fetch has left: a source that answers quickly is asked by few large calls, a slow one by several. A key that
is already on its way for the same fetch is not asked for again. Callers wait for their own deadlines: one that gives up,
is cancelled or came late changes nothing for the others, and a call has a deadline of its own, which none of them shortens.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain, groupby, islice
from operator import attrgetter
from typing import Any

import msgspec
import structlog

from gateway.lookups.call_slots import CallSlots
from gateway.lookups.call_tracer import waiters_of_call
from gateway.lookups.deadline import Deadline
from gateway.lookups.fetches import Fetch
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import PendingKeys, wait_for
from gateway.lookups.read_cache import CachedAnswer, ReadCache, folded, held_ids
from gateway.lookups.resilience import ResilientCaller

log = structlog.get_logger()

SPACING_S = 0.002
"""How long keys gather after a call of their fetch has left, unless it lands before or they fill a call."""

JOINING_SHARE = 0.5
"""A call is joined while it has at least this share of the time that the caller has."""

_ENDS = attrgetter("deadline.ends")


Waiting = dict[str, Sequence[PendingKeys]]
"""Keys that wait for a call, each with all who want it."""


MAX_ASKED_ANEW = 10_000
"""Of so many keys it is known when they were asked for past the cache. While it is of as many, no other one is."""


class Flight(msgspec.Struct, eq=False):
    """A call under way: its keys, their callers, the outcomes so far.

    Others may join it for the keys that are `open`. What is `outdated` comes from before a change, and is not kept; nor is what
    has one of the customers with `outdated_ids`.
    """

    keys: Sequence[str]
    open: set[str]
    wanted: list[PendingKeys]
    deadline: Deadline
    outcomes: dict[str, Outcome] = {}
    outdated: set[str] = set()
    outdated_ids: set[str] = set()

    def land(self, outcomes: dict[str, Outcome]) -> None:
        """Tell all who want some of these keys. Nobody joins for them any more."""
        self.outcomes = {**self.outcomes, **outcomes} if self.outcomes else outcomes
        self.open.difference_update(outcomes)
        for wanted in self.wanted:
            wanted.land(outcomes)

    @property
    def is_wanted(self) -> bool:
        """Tell whether anybody still waits for one of its keys."""
        now = self.deadline.clock.monotonic()
        return any(not (wanted.is_complete or wanted.deadline.ends <= now) for wanted in self.wanted)


def _has_one_of(outcome: Outcome, ids: Collection[str]) -> bool:
    """Tell whether an answer has one of these customers."""
    return bool(ids) and isinstance(outcome, Found) and not set(ids).isdisjoint(held_ids(outcome.records))


def _wanting(waiting: Waiting) -> list[PendingKeys]:
    """List all who want one of these keys, each once."""
    if len(waiting) == 1:
        return [*next(iter(waiting.values()))]
    groups = (wanting for wanting, _ in groupby(waiting.values()))  # keys of one caller stand together, with the same tuple
    return list(dict.fromkeys(chain.from_iterable(groups)))


def _taken(waiting: Waiting, most: int, now: float) -> tuple[Waiting, list[PendingKeys]]:
    """Take keys for one call, in order, with those who want them."""
    if len(waiting) <= most:
        taken = {**waiting}
        waiting.clear()
    else:
        taken = dict(islice(waiting.items(), most))
        for key in taken:
            del waiting[key]
    wanting = _wanting(taken)
    # Asking what nobody waits for any more would only keep a source busy that already is.
    over = {wanted: wanted.caller.late(0) for wanted in wanting if wanted.deadline.ends <= now}
    if over:
        taken = _without(over, taken)
        wanting = [wanted for wanted in wanting if wanted not in over]
    return taken, wanting


def _without(gone: Mapping[PendingKeys, Outcome], waiting: Waiting) -> Waiting:
    """Keep the keys that somebody else wants. Who is gone is told of his outcomes."""
    for wanted, outcome in gone.items():
        wanted.land({key: outcome for key in wanted.keys if key in waiting})
    return {key: wanting for key, wanting in waiting.items() if not all(wanted in gone for wanted in wanting)}


async def _followed(call: Coroutine[Any, Any, None], waiters: Sequence[PendingKeys]) -> None:
    """Make a call whose tracer sees who waits for it."""
    waiters_of_call.set(waiters)
    await call


class Batching:
    """The way to one source, for all requests of a worker."""

    def __init__(
        self, calls: ResilientCaller, max_at_once: int, *, cache: ReadCache | None = None, spacing_s: float = SPACING_S
    ) -> None:
        self._calls = calls
        self._caller = calls.caller
        self._cache = cache
        self._slots = CallSlots(max_at_once, self._dispatch)
        self._spacing_s = spacing_s
        self._left_at: dict[Fetch, float] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._waiting: dict[Fetch, Waiting] = {}
        self._flying: dict[Fetch, list[Flight]] = {}
        self._asked_anew: dict[tuple[Fetch, str], float] = {}
        self._closed = False
        self._refused_for: object = None

    @property
    def is_busy(self) -> bool:
        """Whether a call is under way, or a key waits for one."""
        return self._slots.are_used or bool(self._waiting)

    @property
    def waiting_keys(self) -> int:
        """Count the keys that wait for a call."""
        return sum(map(len, self._waiting.values()))

    @property
    def slots(self) -> tuple[int, int]:
        """Count the calls under way, and those that may be."""
        return self._slots.count - self._slots.free, self._slots.count

    def ask(self, fetch: Fetch, keys: Sequence[str], deadline: Deadline) -> Coroutine[Any, Any, list[Outcome]]:
        """One outcome per key, in the order of `keys`, within the deadline."""
        return wait_for(self.enqueue(fetch, keys, deadline), deadline)

    def enqueue(self, fetch: Fetch, keys: Sequence[str], deadline: Deadline, max_age_s: float | None = None) -> PendingKeys:
        """Have keys asked for. Nothing is waited for. Cached answers that are older than `max_age_s` only stand in."""
        wanted = PendingKeys(self._caller, keys, deadline, is_complete=not keys)
        flights = self._flying.get(fetch, ())
        refused = self._calls.refusal(deadline)
        is_new = fetch.cache_policy is None and refused is None
        for flight in flights:
            is_new = is_new and flight.open.isdisjoint(keys)
        if not is_new:
            keys = self._unanswered(fetch, wanted, flights, refused, max_age_s)
        if keys:
            self._gather(fetch, wanted, keys)
        return wanted

    def _cached(self, cache: ReadCache, fetch: Fetch, key: str, max_age_s: float | None) -> CachedAnswer | None:
        """Get a cached answer that is fresh enough, or any fresh one where it was lately asked for past the cache."""
        cached = cache.get(fetch, key, max_age_s)
        if cached is None and max_age_s is not None and not self._may_ask_anew(fetch, key, max_age_s):
            return cache.get(fetch, key)
        return cached

    def _may_ask_anew(self, fetch: Fetch, key: str, floor_s: float) -> bool:
        """Tell whether a key may be asked for past the cache: once in so long, whatever came of it."""
        now = asyncio.get_running_loop().time()
        if len(self._asked_anew) >= MAX_ASKED_ANEW:
            self._asked_anew = {name: at for name, at in self._asked_anew.items() if at > now - floor_s}
        if self._asked_anew.get((fetch, key), -math.inf) > now - floor_s or len(self._asked_anew) >= MAX_ASKED_ANEW:
            return False
        self._asked_anew[fetch, key] = now
        return True

    def _unanswered(
        self,
        fetch: Fetch,
        wanted: PendingKeys,
        flights: Iterable[Flight],
        refused: Failed | None,
        max_age_s: float | None,
    ) -> Sequence[str]:
        """Find the keys that are left to be asked for: some may be cached, or on their way."""
        cache = None if fetch.cache_policy is None else self._cache
        known: dict[str, Outcome] = {}
        joined: dict[Flight, None] = {}
        rest = []
        hits = 0
        for key in wanted.keys:
            if cache is not None and (cached := self._cached(cache, fetch, key, max_age_s)) is not None:
                known[key] = cached.as_outcome(self._caller.clock.now())
                hits += 1
                continue
            flight = next((flight for flight in flights if key in flight.open), None)
            # One that has hung for long may not be waited for by a caller who still has time for a call of his own.
            if flight is not None and flight.deadline.remaining_s() >= JOINING_SHARE * wanted.deadline.remaining_s():
                joined[flight] = None
                continue
            if cache is not None and (cached := cache.stale(fetch, key)) is not None:
                wanted.cached[key] = cached
            if refused is None:
                rest.append(key)
            else:
                known[key] = refused
        if cache is not None:
            self._caller.statistics.cache_hits += hits
            self._caller.statistics.cache_misses += len(wanted.keys) - hits
        if refused is not None and len(known) > hits:
            self._caller.statistics.refused[refused.error.code] += 1
        if known:
            wanted.land(known)
        for flight in joined:
            flight.wanted.append(wanted)
        return rest

    def _gather(self, fetch: Fetch, wanted: PendingKeys, keys: Sequence[str]) -> None:
        waiting = self._waiting.get(fetch)
        if waiting is None:
            self._waiting[fetch] = dict.fromkeys(keys, (wanted,))
        elif waiting.keys().isdisjoint(keys):
            waiting.update(dict.fromkeys(keys, (wanted,)))
        else:
            for key in dict.fromkeys(keys):
                wanting = waiting.setdefault(key, [])
                if type(wanting) is not list:
                    wanting = waiting[key] = [*wanting]
                wanting.append(wanted)
        if self._closed:
            self._give_up_waiting()
        else:
            self._slots.dispatch_soon()

    def kept_keys(self) -> set[str]:
        """List the folded keys whose answers are kept or on their way."""
        keys = {folded(key) for flights in self._flying.values() for flight in flights for key in flight.open}
        return keys if self._cache is None else keys.union(self._cache.kept_keys(self._caller.source))

    def outdate(self, key: str, concerns: Callable[[Any], bool]) -> None:
        """Outdate the answers about a key that has changed.

        Those of the fetches that it concerns are no longer fresh, be they cached or on their way.

        Who asks from now on waits for a new call. Those who wait already have what they asked for.
        """
        for fetch, flights in self._flying.items():
            for flight in flights if concerns(fetch) else ():
                outdated = {pending_key for pending_key in flight.open if folded(pending_key) == folded(key)}
                flight.open -= outdated
                flight.outdated |= outdated
        if self._cache is not None:
            self._cache.outdate(self._caller.source, key, concerns)

    def outdate_holding(self, id_: str, concerns: Callable[[Any], bool]) -> None:
        """Outdate the answers that have a customer with this id, whatever key they are about.

        Nobody joins the calls that may have him: it is not known yet who is in their answers.
        """
        for fetch, flights in self._flying.items():
            for flight in flights if concerns(fetch) else ():
                flight.open.clear()
                flight.outdated_ids.add(folded(id_))
        if self._cache is not None:
            self._cache.outdate_holding(self._caller.source, id_, concerns)

    async def aclose(self) -> None:
        """Cancel all calls and start no more. Whoever still waits gets a failure."""
        self._closed = True
        self._give_up_waiting()
        if self._timer is not None:
            self._timer.cancel()
        await self._slots.aclose()

    def _give_up_waiting(self) -> None:
        for waiting in self._waiting.values():
            _without(dict.fromkeys(_wanting(waiting), self._caller.late(0)), waiting)
        self._waiting.clear()

    def _dispatch(self) -> None:
        now, fetches = asyncio.get_running_loop().time(), deque(self._waiting)
        while self._slots.free and fetches:
            if self._calls.are_held:
                if self._refused_for != self._calls.refusal_reason:
                    self._refused_for = self._calls.refusal_reason
                    self._refuse_waiting()
                if self._waiting:
                    self._wake_at(now + self._calls.wait_s())
                break
            self._refused_for = None
            if wait_s := self._calls.wait_s():
                self._wake_at(now + wait_s)
                break
            fetch = fetches.popleft()
            ripe_at = self._left_at.get(fetch, now)
            if ripe_at > now and len(self._waiting[fetch]) < fetch.max_batch:
                self._wake_at(ripe_at)
                continue
            waiting = self._waiting.pop(fetch)
            taken, wanting = _taken(waiting, fetch.max_batch, self._caller.clock.monotonic())
            if waiting:
                self._waiting[fetch] = waiting  # behind the others, so that none of them starves
                fetches.append(fetch)
            if taken:
                self._left_at[fetch] = now + self._spacing_s
                self._start(fetch, list(taken), wanting)

    def _wake_at(self, time_s: float) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_at(time_s, self._wake)

    def _wake(self) -> None:
        self._timer = None
        self._slots.dispatch_soon()

    def _refuse_waiting(self) -> None:
        """Refuse callers whose deadline ends before the source is asked."""
        for fetch, waiting in list(self._waiting.items()):
            refusals = {wanted: self._calls.refusal(wanted.deadline) for wanted in _wanting(waiting)}
            over = {wanted: refused for wanted, refused in refusals.items() if refused is not None}
            self._caller.statistics.refused.update(refused.error.code for refused in over.values())
            left = _without(over, waiting)
            if left:
                self._waiting[fetch] = left
            else:
                del self._waiting[fetch]

    def _start(self, fetch: Fetch, keys: Sequence[str], wanting: list[PendingKeys]) -> None:
        self._calls.leave()
        deadline = self._calls.deadline(map(_ENDS, wanting))
        flight = Flight(keys, set(keys), wanting, deadline)
        self._flying.setdefault(fetch, []).append(flight)
        call = self._calls.call(fetch, keys, deadline, partial(self._settle, fetch, flight), lambda: flight.is_wanted)
        if self._calls.tracer is not None:
            call = _followed(call, wanting)
        self._slots.start(call, partial(self._land, fetch, flight))

    def _settle(self, fetch: Fetch, flight: Flight, keys: Sequence[str], outcomes: Sequence[Outcome]) -> None:
        flight.land(dict(zip(keys, outcomes, strict=True)))
        if self._cache is not None and fetch.cache_policy is not None:
            for key, outcome in zip(keys, outcomes, strict=True):
                if key not in flight.outdated and not _has_one_of(outcome, flight.outdated_ids):
                    self._cache.add(fetch, key, outcome, fetch.cache_policy)

    def _land(self, fetch: Fetch, flight: Flight, call: asyncio.Task[None]) -> None:
        if not call.cancelled() and (error := call.exception()) is not None:
            log.error("call_failed", source=self._caller.source, error=type(error).__name__)
        if len(flight.outcomes) < len(flight.keys):
            flight.land({key: self._caller.late(0) for key in flight.keys if key not in flight.outcomes})
        flights = self._flying[fetch]
        flights.remove(flight)
        if not flights:
            del self._flying[fetch]
            self._left_at.pop(fetch, None)

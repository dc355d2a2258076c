"""Cache answers of sources for all requests of a worker.

They are kept as canonical bytes, whose size is known and which take no part in garbage collection, and are decoded when they
are wanted again. That nothing was found is kept as well; failures are not. What is no longer fresh may be kept on, to stand in
for an answer that cannot be had (stale-if-error, RFC 5861).
"""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any
from unicodedata import normalize

import msgspec

from connectors.records import Customer
from connectors.toolkit.evaluation import encode_json
from gateway.clock import Clock
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.source_call import record_decoder
from gateway.lookups.validation import drop_invalid

ENTRY_BYTES = 500
"""What an entry takes beside its records, about."""

_TINY = b'"0.000000', b'"-0.000000'


def folded(key: str) -> str:
    """Bring together the keys that differ in the case of letters alone: a change names one of them."""
    return normalize("NFC", key).lower()


def held_ids(records: Sequence[Any]) -> tuple[str, ...]:
    """List the folded ids of the customers in an answer."""
    if not records or getattr(records[0], "record_type", None) is not Customer:
        return ()
    return tuple({folded(own.id) for own in records})


class CachePolicy(msgspec.Struct, frozen=True):
    """Say how long an answer is fresh, and how long usable after."""

    fresh_s: float = 0.0
    stale_s: float = 0.0


class CachedAnswer(msgspec.Struct, frozen=True, gc=False):
    """The cached answer of a source about a key. `has_tiny`: Python may write some amounts with an exponent.

    `ids` are those of the customers in it.
    """

    records: bytes
    kind: type[msgspec.Struct] | None
    has_tiny: bool
    total: int | None
    has_more: bool
    dropped: int
    unreadable: int
    partial: bool
    source: str
    as_of: datetime
    cached_at: float
    fresh_until: float
    usable_until: float
    ids: tuple[str, ...] = ()

    @property
    def size(self) -> int:
        return len(self.records) + ENTRY_BYTES

    def as_outcome(self, now: datetime) -> Found:
        """Decode the answer, as old as it is. It took no call."""
        records = [] if self.kind is None else record_decoder(self.kind).decode(self.records)
        return Found(
            records=drop_invalid(records, self.kind) if self.has_tiny and self.kind is not None else records,
            total=self.total,
            has_more=self.has_more,
            dropped=self.dropped,
            unreadable=self.unreadable,
            partial=self.partial,
            source=self.source,
            as_of=self.as_of,
            latency_ms=0.0,
            attempts=0,
            from_cache=True,
            age_ms=max(0, int((now - self.as_of).total_seconds() * 1000)),
        )

    def instead_of(self, failed: Failed) -> Found:
        """Stale, because there is nothing newer."""
        outcome = self.as_outcome(failed.as_of)
        call = {"latency_ms": failed.latency_ms, "attempts": failed.attempts, "hedged": failed.hedged}
        return msgspec.structs.replace(outcome, stale=failed.error, **call)


class ReadCache:
    """Cache at most `max_bytes`; drop the least recently wanted first."""

    def __init__(self, clock: Clock, max_bytes: int) -> None:
        self._clock = clock
        self._max_bytes = max_bytes
        self._answers: OrderedDict[tuple[object, str], CachedAnswer] = OrderedDict()
        self._fetches: dict[str, dict[str, list[tuple[Any, str]]]] = {}
        self._holding: dict[str, dict[str, set[tuple[Any, str]]]] = {}
        self.size_bytes = 0
        self.withholds: Callable[[str, Any, str, Found], bool] | None = None
        """Tells which answers are not to be cached, by their source, fetch and key."""

    def get(self, fetch: object, key: str, max_age_s: float | None = None) -> CachedAnswer | None:
        """Get the cached answer about a key, if it is fresh, and cached for less than `max_age_s`."""
        cached, now = self.stale(fetch, key), self._clock.monotonic()
        if cached is None or cached.fresh_until <= now:
            return None
        if max_age_s is not None and cached.cached_at + max_age_s <= now:
            return None
        self._answers.move_to_end((fetch, key))
        return cached

    def stale(self, fetch: object, key: str) -> CachedAnswer | None:
        """Get the cached answer about a key, fresh or stale."""
        cached = self._answers.get((fetch, key))
        if cached is not None and cached.usable_until <= self._clock.monotonic():
            self._drop((fetch, key))
            return None
        return cached

    def add(self, fetch: object, key: str, outcome: Outcome, cache_policy: CachePolicy) -> None:
        """Cache an answer, also an empty one. One that is larger than all the room is left out."""
        if not isinstance(outcome, Found) or (
            self.withholds is not None and self.withholds(outcome.source, fetch, key, outcome)
        ):
            return
        now = self._clock.monotonic()
        records, content = outcome.records, encode_json(outcome.records)
        cached = CachedAnswer(
            records=content,
            kind=type(records[0]) if records else None,
            has_tiny=any(tiny in content for tiny in _TINY),
            total=outcome.total,
            has_more=outcome.has_more,
            dropped=outcome.dropped,
            unreadable=outcome.unreadable,
            partial=outcome.partial,
            source=outcome.source,
            as_of=outcome.as_of,
            cached_at=now,
            fresh_until=now + cache_policy.fresh_s,
            usable_until=now + cache_policy.fresh_s + cache_policy.stale_s,
            ids=held_ids(records),
        )
        self._drop((fetch, key))
        if cached.size > self._max_bytes:
            return
        self._answers[fetch, key] = cached
        self._fetches.setdefault(cached.source, {}).setdefault(folded(key), []).append((fetch, key))
        for id_ in cached.ids:
            self._holding.setdefault(cached.source, {}).setdefault(id_, set()).add((fetch, key))
        self.size_bytes += cached.size
        self._shrink()

    def kept_keys(self, source: str) -> list[str]:
        """List the folded keys whose answers are kept of a source, and the ids of the customers in these."""
        return [*self._fetches.get(source, ()), *self._holding.get(source, ())]

    def outdate(self, source: str, key: str, concerns: Callable[[Any], bool]) -> None:
        """Make a key's answers stale, for all fetches that a change concerns."""
        self._outdate(list(self._fetches.get(source, {}).get(folded(key), ())), concerns)

    def outdate_holding(self, source: str, id_: str, concerns: Callable[[Any], bool]) -> None:
        """Make the answers stale that have a customer with this id at the source, whatever key they are about."""
        self._outdate(list(self._holding.get(source, {}).get(folded(id_), ())), concerns)

    def _outdate(self, names: Iterable[tuple[Any, str]], concerns: Callable[[Any], bool]) -> None:
        now = self._clock.monotonic()
        for name in names:
            cached = self._answers[name]
            if not concerns(name[0]) or cached.fresh_until <= now:
                continue
            stays_s = cached.usable_until - cached.fresh_until
            if stays_s:
                self._answers[name] = msgspec.structs.replace(cached, fresh_until=now, usable_until=now + stays_s)
            else:
                self._drop(name)

    def forget(self, source: str) -> None:
        """Drop all answers of a source."""
        for names in list(self._fetches.get(source, {}).values()):
            for name in list(names):
                self._drop(name)

    def clear(self) -> None:
        """Drop all answers."""
        self._answers.clear()
        self._fetches.clear()
        self._holding.clear()
        self.size_bytes = 0

    def resize(self, max_bytes: int) -> None:
        """Set the most that is cached, from now on."""
        self._max_bytes = max_bytes
        self._shrink()

    def _shrink(self) -> None:
        while self.size_bytes > self._max_bytes:
            self._drop(next(iter(self._answers)))

    def _drop(self, name: tuple[object, str]) -> None:
        cached = self._answers.pop(name, None)
        if cached is None:
            return
        self.size_bytes -= cached.size
        key = folded(name[1])
        names = self._fetches[cached.source][key]
        names.remove(name)
        if not names:
            del self._fetches[cached.source][key]
        for id_ in cached.ids:
            holding = self._holding[cached.source][id_]
            holding.discard(name)
            if not holding:
                del self._holding[cached.source][id_]

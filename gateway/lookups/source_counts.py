"""Report on sources to who operates them: of what this process has counted, and never with a value of a record."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import msgspec

from gateway.clock import Clock
from gateway.histogram import SECONDS, estimate_quantile
from gateway.lookups.call_history import MinuteCalls
from gateway.lookups.call_statistics import CANCELLED, OK
from gateway.lookups.sources import Source

RECENT_MINUTES = 5
"""Latencies are those of so many minutes, the present one with them."""

_NO_FAILURES = (OK, CANCELLED)


class CodeCount(msgspec.Struct, frozen=True):
    """How often something ended with a code."""

    code: str
    count: int


class SourceMinute(msgspec.Struct, frozen=True, kw_only=True):
    """The calls that ended in one minute. Latencies are estimates, in milliseconds."""

    at: datetime
    calls: int
    failed: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None


class DroppedPath(msgspec.Struct, frozen=True, kw_only=True):
    """What of a record type could not be read, and how often. Without a path these are whole records."""

    record: str
    path: str | None = None
    reason: str
    count: int


class SourceCounts(msgspec.Struct, frozen=True, kw_only=True):
    """What this process has counted of one source since `since`, and how it is now."""

    source: Source
    since: datetime
    paused_seconds: float | None
    breaker_openings: int
    calls: int
    failed: int
    outcomes: Sequence[CodeCount]
    refused_lookups: Sequence[CodeCount]
    retries: int
    hedges: int
    latency_p50_ms: float | None
    latency_p95_ms: float | None
    recent_calls: int
    minutes: Sequence[SourceMinute]
    calls_under_way: int
    max_calls: int
    waiting_keys: int
    cache_hits: int
    cache_misses: int
    stale_answers: int
    dropped_records: Sequence[DroppedPath]
    unreadable_values: Sequence[DroppedPath]
    calls_per_second: float | None
    calls_left: int | None
    held_seconds: float
    quota_left: int | None


class SourceActivity(msgspec.Struct, frozen=True):
    """What one process knows of its sources."""

    process: str
    at: datetime
    sources: Sequence[SourceCounts]


def report_activity(sources: Iterable[Source], clock: Clock) -> SourceActivity:
    """Report on sources as this process knows them."""
    now, now_s = clock.now(), clock.monotonic()
    reports = [count_source(source, now, now_s) for source in sources]
    return SourceActivity(f"{socket.gethostname()}:{os.getpid()}", now, reports)


def count_source(source: Source, now: datetime, now_s: float) -> SourceCounts:
    """Report on one source."""
    counts, calls, minutes = source.statistics, source.calls, source.minutes
    recent = [own for own in minutes if own.began_s > now_s - RECENT_MINUTES * 60]
    durations = [sum(column) for column in zip(*(own.durations for own in recent), strict=True)]
    under_way, most = source.batching.slots
    return SourceCounts(
        source=source,
        since=source.since,
        paused_seconds=calls.breaker.paused_s,
        breaker_openings=source.breaker_openings,
        calls=counts.calls.total(),
        failed=_count_failed(counts.calls),
        outcomes=_by_code(counts.calls),
        refused_lookups=_by_code(counts.refused),
        retries=counts.retries,
        hedges=counts.hedges,
        latency_p50_ms=_quantile_ms(durations, 0.5),
        latency_p95_ms=_quantile_ms(durations, 0.95),
        recent_calls=sum(durations),
        minutes=[_describe_minute(own, now - timedelta(seconds=now_s - own.began_s)) for own in minutes],
        calls_under_way=under_way,
        max_calls=most,
        waiting_keys=source.batching.waiting_keys,
        cache_hits=counts.cache_hits,
        cache_misses=counts.cache_misses,
        stale_answers=counts.stale_answers,
        dropped_records=_left_out({(record, None, reason): count for (record, reason), count in counts.dropped.items()}),
        unreadable_values=_left_out({name: count for name, (count, _) in source.troubles.items()}),
        calls_per_second=source.calls_per_s,
        calls_left=calls.calls_left,
        held_seconds=calls.held_s,
        quota_left=source.connector.quota_left(),
    )


def _describe_minute(minute: MinuteCalls, at: datetime) -> SourceMinute:
    return SourceMinute(
        at=at,
        calls=sum(minute.calls.values()),
        failed=_count_failed(minute.calls),
        latency_p50_ms=_quantile_ms(minute.durations, 0.5),
        latency_p95_ms=_quantile_ms(minute.durations, 0.95),
    )


def _count_failed(calls: Mapping[str, int]) -> int:
    return sum(count for code, count in calls.items() if code not in _NO_FAILURES)


def _by_code(counts: Mapping[str, int]) -> list[CodeCount]:
    return [CodeCount(code, count) for code, count in sorted(counts.items(), key=lambda own: (-own[1], own[0]))]


def _left_out(counts: Mapping[tuple[str, str | None, str], int]) -> list[DroppedPath]:
    ordered = sorted(counts.items(), key=lambda own: (-own[1], own[0][0], own[0][1] or "", own[0][2]))
    return [DroppedPath(record=record, path=path, reason=reason, count=count) for (record, path, reason), count in ordered]


def _quantile_ms(durations: Sequence[int], share: float) -> float | None:
    seconds = estimate_quantile(SECONDS, durations, share)
    return None if seconds is None else round(seconds * 1000, 1)

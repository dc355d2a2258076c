"""Bound the records of a fact by time: rolling windows, calendar months, and the moments at which records cross a bound."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from gateway.tags.definitions import DerivedMeasure, Fact

STREAK_MONTHS = 24
"""How many calendar months a streak looks back where the fact does not say it."""

_FIRST_YEAR, _LAST_YEAR = 1, 9999


class Bounds(NamedTuple):
    """Hold the first time that counts and the first that does not. None where there is no bound."""

    since: datetime | None
    until: datetime | None


def bounds_of(fact: Fact, reference: datetime, *, ends: bool = False) -> Bounds:
    """Find the bounds of a fact's records. With `ends` nothing from the reference time on counts, in any fact."""
    bounds = _window(fact, reference)
    if not ends or fact.record.time_field is None:
        return bounds
    return bounds._replace(until=reference if bounds.until is None else min(bounds.until, reference))


def _window(fact: Fact, reference: datetime) -> Bounds:
    if fact.measure is DerivedMeasure.STREAK:
        return Bounds(months_of(fact, reference)[-1].since, reference)
    if fact.months is not None:
        this = _month_of(fact, reference)
        return Bounds(this, reference) if fact.months == 0 else Bounds(_month_of(fact, reference, -fact.months), this)
    if fact.window is None:
        return Bounds(None, None)
    return Bounds(reference - fact.window, reference - (fact.window_to or timedelta()))


def halves_of(fact: Fact, reference: datetime) -> tuple[Bounds, Bounds]:
    """Find the earlier and the later half of a fact's window."""
    since, until = _window(fact, reference)
    if since is None or until is None:
        raise ValueError(f"{fact.name} has no window to halve")
    middle = since + (until - since) / 2 if fact.months is None else _month_of(fact, reference, -fact.months // 2)
    return Bounds(since, middle), Bounds(middle, until)


def months_of(fact: Fact, reference: datetime) -> list[Bounds]:
    """List the calendar months of a streak, the present one first. That ends at the reference time."""
    starts = [_month_of(fact, reference, -back) for back in range(fact.months or STREAK_MONTHS)]
    return [Bounds(start, until) for start, until in zip(starts, [reference, *starts], strict=False)]


def crossings_of(fact: Fact) -> list[timedelta]:
    """List how long before the reference time the bounds are that move with it, and that records cross as time goes on."""
    if fact.record.time_field is None:
        return []
    if fact.measure is DerivedMeasure.STREAK or fact.months == 0:
        return [timedelta()]
    if fact.window is None:
        return []
    ages = [fact.window, fact.window_to or timedelta()]
    return [ages[0], (ages[0] + ages[1]) / 2, ages[1]] if fact.measure is DerivedMeasure.TREND else ages


def next_month(fact: Fact, reference: datetime) -> datetime | None:
    """Find when the next calendar month begins, for a fact that counts by months."""
    is_monthly = fact.months is not None or fact.measure is DerivedMeasure.STREAK
    return _month_of(fact, reference, 1) if is_monthly else None


def _month_of(fact: Fact, reference: datetime, months: int = 0) -> datetime:
    """Find the beginning of the reference time's calendar month, or of so many months after it."""
    zone = UTC if fact.timezone is None else ZoneInfo(fact.timezone)
    local = reference.astimezone(zone)
    year, month = divmod(local.year * 12 + local.month - 1 + months, 12)
    return datetime(min(max(year, _FIRST_YEAR), _LAST_YEAR), month + 1, 1, tzinfo=zone).astimezone(UTC)

"""Trace the lookups of one request as a waterfall."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from connectors.records import RECORD_NAMES
from gateway.clock import Clock
from gateway.lookups.fetches import Fetch, RecordFetch
from gateway.lookups.outcome import Failed, Found, Outcome
from gateway.lookups.pending_keys import PendingKeys


class TracedLookup(msgspec.Struct, eq=False):
    """Keys that were asked for together. Times are in seconds of the monotonic clock; it ends with its last outcome."""

    clock: Clock
    source: str
    fetch: Fetch
    wanted: PendingKeys
    begun: float
    ended: float | None = None

    def follow(self) -> None:
        """Note when the last outcome is there."""
        if self.wanted.is_complete:
            self.ended = self.begun
        else:
            self.wanted.watches += (self._end,)

    def _end(self) -> None:
        self.ended = self.clock.monotonic()

    @property
    def outcomes(self) -> list[Outcome]:
        """Those that are there."""
        return [self.wanted.outcomes[key] for key in self.wanted.keys if key in self.wanted.outcomes]

    def shown(self, since: float) -> dict[str, Any]:
        """Write the lookup as JSON.

        Times are in milliseconds, `durationMs` is null for one that had not ended when the answer left.
        """
        outcomes = self.outcomes
        errors = [outcome.error for outcome in outcomes if isinstance(outcome, Failed)]
        errors += [outcome.stale for outcome in outcomes if isinstance(outcome, Found) and outcome.stale]
        return {
            "source": self.source,
            "record": RECORD_NAMES[self.fetch.record],
            "by": None if self.fetch.by is None else self.fetch.by.value,
            "asks": "records" if isinstance(self.fetch, RecordFetch) else "measures",
            "keys": len(self.wanted.keys),
            "startMs": _milliseconds(self.begun - since),
            "durationMs": None if self.ended is None else _milliseconds(self.ended - self.begun),
            "attempts": max((outcome.attempts for outcome in outcomes), default=0),
            "fromCache": bool(outcomes) and all(outcome.from_cache for outcome in outcomes),
            "errorCode": errors[0].code if errors else None,
        }


class Trace(msgspec.Struct, eq=False):
    """The lookups of one request, in order."""

    clock: Clock
    begun: float
    lookups: list[TracedLookup] = []

    def note(self, source: str, fetch: Fetch, wanted: PendingKeys) -> None:
        """Keys are asked for now."""
        lookup = TracedLookup(self.clock, source, fetch, wanted, self.clock.monotonic())
        lookup.follow()
        self.lookups.append(lookup)

    def waterfall(self) -> list[dict[str, Any]]:
        """Write JSON, one object for each lookup."""
        return [lookup.shown(self.begun) for lookup in self.lookups]

    def server_timing(self) -> str:
        """Write the value of a `Server-Timing` header: for each source the time from its first lookup to its last outcome."""
        return ", ".join(_timings(self.lookups, self.clock.monotonic()))


def _timings(lookups: Sequence[TracedLookup], now: float) -> Iterable[str]:
    for source in dict.fromkeys(lookup.source for lookup in lookups):
        own = [lookup for lookup in lookups if lookup.source == source]
        begun = min(lookup.begun for lookup in own)
        ended = max(now if lookup.ended is None else lookup.ended for lookup in own)
        failed = any(
            len(lookup.outcomes) < len(lookup.wanted.keys) or any(isinstance(outcome, Failed) for outcome in lookup.outcomes)
            for lookup in own
        )
        yield f"{source};dur={_milliseconds(ended - begun):g}" + (';desc="unavailable"' if failed else "")


def _milliseconds(seconds: float) -> float:
    return round(seconds * 1000, 3)

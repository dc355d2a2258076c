"""Hold the outcome of a lookup as a value: records or a failure. Nothing here raises."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from connectors.errors import SourceError, SourceProtocolError, SourceRejectedError


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """The answer of one source about one key.

    `latency_ms` is of the call that carried it, `as_of` when it was answered, `attempts` how many calls were made for it (none
    when it was kept or the source is left alone), `hedged` whether a second one was made because the first was late. `age_ms`
    is how old it was when it was taken from what is kept. `is_short` says that there are fewer records than were asked for,
    though the source may have more: of those that it gave some could not be read, or came twice.
    """

    source: str
    as_of: datetime
    latency_ms: float
    attempts: int = 1
    hedged: bool = False
    from_cache: bool = False
    age_ms: int = 0
    is_short: bool = False

    def as_failed(self, error: SourceError) -> "Failed":
        """The same answer, when it turns out to be of no use."""
        return Failed(
            error=error,
            source=self.source,
            as_of=self.as_of,
            latency_ms=self.latency_ms,
            attempts=self.attempts,
            hedged=self.hedged,
            from_cache=self.from_cache,
        )


class Found(Outcome, frozen=True, kw_only=True):
    """Records (narrowed structs) in the asked order. `dropped` counts malformed ones that were left out.

    `unreadable` counts values and parts that could not be read in the others; `partial` says that records are known to be
    missing. `stale` is why there is nothing newer, where it is older than it may be.
    """

    records: list[Any]
    total: int | None = None
    has_more: bool = False
    dropped: int = 0
    unreadable: int = 0
    partial: bool = False
    stale: SourceError | None = None


class Listed(Found, frozen=True, kw_only=True):
    """One page of all records of a source. `next` is the cursor of the page after it, None at the end."""

    next: str | None = None


class Measured(Outcome, frozen=True, kw_only=True):
    """One value per measure, in the order of the measures."""

    values: tuple[Any, ...]


class Failed(Outcome, frozen=True, kw_only=True):
    error: SourceError


def fail_unreadable(outcome: Outcome) -> Outcome:
    """Count an answer whose records cannot be read as a failure: it is not nothing."""
    if isinstance(outcome, Found) and not outcome.records and outcome.dropped:
        return outcome.as_failed(SourceProtocolError("the record cannot be read"))
    return outcome


def merge_spellings(outcomes: Sequence[Outcome]) -> Outcome:
    """Merge the outcomes of a key's spellings: each record once, or the failure that may hide one."""
    if len(outcomes) == 1:
        return outcomes[0]
    successes = [outcome for outcome in outcomes if isinstance(outcome, Found)]
    failed = [outcome for outcome in outcomes if isinstance(outcome, Failed)]
    if failed and (not successes or not all(isinstance(failure.error, SourceRejectedError) for failure in failed)):
        return next((failure for failure in failed if not isinstance(failure.error, SourceRejectedError)), failed[0])
    records = {record.id: record for outcome in successes for record in outcome.records}
    return msgspec.structs.replace(
        successes[0],
        records=list(records.values()),
        total=None,
        has_more=any(outcome.has_more for outcome in successes),
        dropped=sum(outcome.dropped for outcome in successes),
        unreadable=sum(outcome.unreadable for outcome in successes),
        partial=any(outcome.partial for outcome in successes),
        stale=next((outcome.stale for outcome in successes if outcome.stale is not None), None),
        as_of=min(outcome.as_of for outcome in successes),
        latency_ms=max(outcome.latency_ms for outcome in successes),
        attempts=max(outcome.attempts for outcome in successes),
        hedged=any(outcome.hedged for outcome in successes),
        from_cache=all(outcome.from_cache for outcome in successes),
        age_ms=max(outcome.age_ms for outcome in successes),
    )

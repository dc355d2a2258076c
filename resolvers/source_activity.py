"""Define how sources are, for who operates them: what one process has counted of their calls."""

from datetime import datetime

import strawberry

from gateway.context import RequestContext
from gateway.lookups import source_counts
from gateway.lookups.source_counts import report_activity
from resolvers.enums import RecordType
from resolvers.fields import computed, field
from resolvers.source import Source

_ESTIMATE = "an estimate by the buckets of the metrics, in milliseconds; null where no call ended"


@strawberry.type(description="How often something ended with a code.")
class CodeCount:
    code: str = field("OK, CANCELLED (another call was faster, or the gateway ended), or the code of a source's error.")
    count: int = field("How often.")


@strawberry.type(description="The calls to a source that ended in one minute.")
class SourceMinute:
    at: datetime = field("When the minute began.")
    calls: int = field("How many calls ended.")
    failed: int = field("How many of them with an error.")
    latency_p50_ms: float | None = field(f"How long half of them took at most: {_ESTIMATE}.")
    latency_p95_ms: float | None = field(f"How long 95 of 100 of them took at most: {_ESTIMATE}.")


@strawberry.type(description="What could not be read of a source's records, in counts: no values, and no ids.")
class DroppedPath:
    @computed("The type of the records.")
    def record(own: strawberry.Parent[source_counts.DroppedPath]) -> RecordType:  # noqa: N805
        return RecordType(own.record)

    path: str | None = field("The field; null for records that were left out as a whole.")
    reason: str = field("Why: `missing`, `malformed` or `out of range`.")
    count: int = field("How often.")


@strawberry.type(description="What one process has counted of its calls to a source, and how the source is now.")
class SourceCounts:
    source: Source = field("The source.")
    since: datetime = field("Since when the process counts; a reload that changes the source's settings begins anew.")
    paused_seconds: float | None = field("For how long the breaker leaves it alone from now; null while it is asked.")
    breaker_openings: int = field("How often the breaker began to leave it alone.")
    calls: int = field("How many calls ended.")
    failed: int = field("How many of them with an error, by the first key that failed.")
    outcomes: list[CodeCount] = field("How they ended, the most frequent first.")
    refused_lookups: list[CodeCount] = field("Lookups that failed without a call, by code: the source is left alone.")
    retries: int = field("Calls that were made again for keys that had failed.")
    hedges: int = field("Second calls beside one that was late.")
    latency_p50_ms: float | None = field(f"How long half of the calls of the last five minutes took at most: {_ESTIMATE}.")
    latency_p95_ms: float | None = field(f"How long 95 of 100 of them took at most: {_ESTIMATE}.")
    recent_calls: int = field("How many calls ended in the last five minutes.")
    minutes: list[SourceMinute] = field("The minutes of the last hour in which calls ended, the oldest first.")
    calls_under_way: int = field("How many calls are under way.")
    max_calls: int = field("How many may be.")
    waiting_keys: int = field("How many keys wait for a call.")
    cache_hits: int = field("Keys that were answered by what is kept.")
    cache_misses: int = field("Keys of which nothing was kept.")
    stale_answers: int = field("Keys whose older answer stood in for one that could not be had.")
    dropped_records: list[DroppedPath] = field("Records that were left out, by reason: they mean nothing without the value.")
    unreadable_values: list[DroppedPath] = field("Values that could not be read, also in those records, by field and reason.")
    calls_per_second: float | None = field("How many calls may leave in a second by the settings; null without a limit.")
    calls_left: int | None = field("How many of these may leave now; null without a limit.")
    quota_left: int | None = field("What the source said last is left of its own quota, in calls; null where it does not say.")
    held_seconds: float = field("For how long the source has asked to be left alone, from now on.")


@strawberry.type(description="How sources are, as the process knows that answered. Each worker counts its own calls.")
class SourceActivity:
    process: str = field("The process: its host and its id.")
    at: datetime = field("When it was asked.")
    sources: list[SourceCounts] = field("The sources, in the order of the settings.")


def read_activity(context: RequestContext) -> source_counts.SourceActivity:
    """Report on the sources that are asked for the caller. Raises `RightMissingError`."""
    context.require_operate("Query.sourceActivity")
    return report_activity(context.stitcher.router.sources.all, context.services.clock)

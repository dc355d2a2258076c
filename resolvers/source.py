"""Sources: what is configured, and what each contributed to a customer."""

from datetime import datetime

import strawberry

from connectors.records import RECORD_NAMES
from gateway.lookups.sources import Source as ConfiguredSource
from gateway.stitching.source_reports import SourceReport
from resolvers.enums import KeyKind, RecordType, SourceHealth, SourceState
from resolvers.error_code import ErrorCode
from resolvers.fields import computed, field


@strawberry.type(description="One record type by one kind of key.")
class SourceLookup:
    record: RecordType = field("What is found.")
    by: KeyKind = field("By what.")
    max_batch: int = field("How many keys go into one call at most.")


@strawberry.type(description="A system that owns data, as it is configured here.")
class Source:
    name: str = field("Its name in the configuration.")

    @computed("Which kind of connector talks to it.")
    def kind(source: strawberry.Parent[ConfiguredSource]) -> str:  # noqa: N805
        return source.connector.kind

    health: SourceHealth = field("Whether it is asked at the moment.")

    @computed("What it can be asked.")
    def lookups(source: strawberry.Parent[ConfiguredSource]) -> list[SourceLookup]:  # noqa: N805
        return [
            SourceLookup(record=RecordType(RECORD_NAMES[record]), by=by, max_batch=lookup.max_batch)
            for (record, by), lookup in source.lookups.items()
        ]


@strawberry.type(description="What one source contributed to this answer.")
class CustomerSource:
    name: str | None = field("The source's name; null for records that no source is configured for.")
    state: SourceState = field("Whether it was asked, and how that went.")
    as_of: datetime | None = field("When it gave the oldest of what is shown.")
    age_ms: int = field("How old the oldest of what is shown was, in milliseconds; 0 when it was asked for now.")
    error_code: ErrorCode | None = field("Why it is unavailable, or why there is nothing fresher.")
    latency_ms: float | None = field("How long its slowest call took, in milliseconds.")
    attempts: int = field("How many calls were made at most for one answer of it; none when it is left alone for a while.")
    hedged: bool = field("Whether a second call was made because the first was late.")
    from_cache: bool = field("Whether all that it gave had been kept from earlier answers.")
    dropped_records: int = field("How many records were left out: they mean nothing without a value that cannot be read.")
    unreadable_values: int = field(
        "How many values could not be read in the others: they are null, or left out with the item that needs them."
    )

    @computed("Which records it was asked for.")
    def records(report: strawberry.Parent[SourceReport]) -> list[RecordType]:  # noqa: N805
        return [RecordType(name) for name in sorted(RECORD_NAMES[record] for record in report.records)]

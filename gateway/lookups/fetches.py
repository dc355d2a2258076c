"""Define fetches: records or measures of keys at a source, or a page of all of its records."""

from collections.abc import Callable, Iterator, Sequence

from connectors.contract import Aggregate, Ask, Lister, Lookup, Measure
from connectors.errors import NoUpdateTimesError
from connectors.record_fields import Fields
from connectors.records import Record
from gateway.lookups.deadline import Deadline
from gateway.lookups.outcome import Failed, Outcome
from gateway.lookups.post_filter import PostFilter
from gateway.lookups.read_cache import CachePolicy
from gateway.lookups.source_call import SourceCaller

MAX_CALL_RECORDS = 1_000
"""Keys with large pages leave in several calls, so that reading one answer does not hold the loop for long."""

SMALL_PAGE, MAX_SMALL_PAGE_RECORDS = 30, 3_000
"""With pages up to this size, as most are, all keys of 100 customers leave in one call."""

MAX_PAGE = 101
"""A page, and one record to see whether there are more. What asks for more per key has a bound, and seldom finds as many."""


WIDENING, MAX_ROWS = 8, 1_000
"""A page whose rows cannot be read is asked for with so many times its rows, up to so many for a key."""


def batch_of_page(page: int) -> int:
    """Compute how many keys leave in one call, with so many records for each."""
    return (MAX_SMALL_PAGE_RECORDS if page <= SMALL_PAGE else MAX_CALL_RECORDS) // page


HasUpdateTimes = Callable[[type[Record]], bool]
"""Tells whether records of a type have update times at a source, as far as is known."""


class RecordFetch:
    """Fetch records by a lookup.

    `cache_policy` says for how long answers are cached, else they are not; `rows` as in `PostFilter`. Who asks for records
    that were updated since a time is refused where the source `has_update_times` of none.
    """

    def __init__(
        self,
        lookup: Lookup,
        ask: Ask,
        cache_policy: CachePolicy | None = None,
        *,
        has_update_times: HasUpdateTimes | None = None,
        rows: int | None = None,
    ) -> None:
        # A key finds one customer, or a few: `first` is how many are named of an ambiguous one, and no page.
        is_list = lookup.record.time_field is not None
        page = ask.first if is_list and ask.first is not None and 1 <= ask.first <= MAX_PAGE else 1
        self.max_batch = min(lookup.max_batch, batch_of_page(page))
        self.cache_policy = cache_policy
        self.record, self.by = lookup.record, lookup.by
        self._lookup = lookup
        self._ask = ask
        self._has_update_times = None if ask.updated_since is None else has_update_times
        self._post_filter = PostFilter(ask, lookup, rows)

    def wider(self) -> Iterator["RecordFetch"]:
        """Widen the fetch step by step. For rows that cannot be read, so that the records are too few."""
        rows = self._post_filter.sent.first or MAX_ROWS
        while rows < MAX_ROWS:
            rows = min(rows * WIDENING, MAX_ROWS)
            yield RecordFetch(self._lookup, self._ask, self.cache_policy, has_update_times=self._has_update_times, rows=rows)

    async def call(self, caller: SourceCaller, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        has_times = self._has_update_times
        if has_times is None:
            return await caller.fetch(self._lookup, keys, self._post_filter, deadline)
        refusal = NoUpdateTimesError()
        if not has_times(self.record):
            return [Failed(error=refusal, source=caller.source, as_of=caller.clock.now(), latency_ms=0.0, attempts=0)] * len(
                keys
            )
        outcomes = await caller.fetch(self._lookup, keys, self._post_filter, deadline)
        if has_times(self.record):  # a source may know its columns by its first answer
            return outcomes
        return [outcome if isinstance(outcome, Failed) else outcome.as_failed(refusal) for outcome in outcomes]


class MeasureFetch:
    """Measures by an aggregate."""

    def __init__(self, aggregate: Aggregate, measures: tuple[Measure, ...]) -> None:
        self.max_batch = aggregate.max_batch
        self.cache_policy = None
        self.record, self.by = aggregate.record, aggregate.by
        self._aggregate = aggregate
        self._measures = measures

    def wider(self) -> Iterator["MeasureFetch"]:
        """None: a measure is not cut."""
        return iter(())

    async def call(self, caller: SourceCaller, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:
        return await caller.measure(self._aggregate, keys, self._measures, deadline)


PAGE_KEY = ""
"""Stands for the page, where a call has keys."""


class ListFetch:
    """Fetch one page of all records. It has no keys: the page itself is the one that is asked for."""

    max_batch = 1
    cache_policy = None
    by = None

    def __init__(self, lister: Lister, fields: Fields, after: str | None, first: int) -> None:
        self.record = lister.record
        self._lister = lister
        self._fields = fields | Fields.from_paths("id")
        self._after = after
        self._first = min(first, lister.max_first)

    def wider(self) -> Iterator["ListFetch"]:
        """None: what is missing of a page comes with the next one."""
        return iter(())

    async def call(self, caller: SourceCaller, keys: Sequence[str], deadline: Deadline) -> list[Outcome]:  # noqa: ARG002
        return [await caller.list_page(self._lister, self._fields, self._after, self._first, deadline)]


Fetch = RecordFetch | MeasureFetch | ListFetch
"""It is compared by identity: who asks the same shares the fetch."""

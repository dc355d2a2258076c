"""Read what sources count."""

import msgspec

from gateway.lookups.circuit_breaker import SourceHealth
from gateway.lookups.sources import Source
from gateway.telemetry.samples import Sampled, distribution, number


class SourceCollector(msgspec.Struct, frozen=True):
    """Read one source: its calls, its breaker, its slots and connections, its cached and its unreadable records."""

    source: Source

    def samples(self) -> Sampled:
        """Read the counts."""
        yield from self._calls()
        yield from self._limits()
        yield from self._records()

    def _calls(self) -> Sampled:
        name, counts = self.source.name, self.source.statistics
        for code, count in counts.calls.items():
            yield number("gateway_source_calls_total", count, name, code)
        yield distribution("gateway_source_call_duration_seconds", counts.durations, name)
        yield distribution("gateway_source_call_keys", counts.keys, name)
        yield number("gateway_source_retries_total", counts.retries, name)
        yield number("gateway_source_hedges_total", counts.hedges, name)
        for code, count in counts.refused.items():
            yield number("gateway_source_refused_lookups_total", count, name, code)

    def _limits(self) -> Sampled:
        name, health = self.source.name, self.source.health
        for state in SourceHealth:
            yield number("gateway_source_breaker_state", float(state is health), name, state.value.lower())
        yield number("gateway_source_breaker_openings_total", self.source.breaker_openings, name)
        used, limit = self.source.batching.slots
        yield number("gateway_source_calls_under_way", used, name)
        yield number("gateway_source_max_calls", limit, name)
        yield number("gateway_source_waiting_keys", self.source.batching.waiting_keys, name)
        pool = self.source.connector.pool_usage()
        if pool is not None:
            yield number("gateway_source_connections", pool.used, name, "used")
            yield number("gateway_source_connections", pool.idle, name, "idle")
            yield number("gateway_source_max_connections", pool.limit, name)

    def _records(self) -> Sampled:
        name, counts = self.source.name, self.source.statistics
        yield number("gateway_cache_keys_total", counts.cache_hits, name, "hit")
        yield number("gateway_cache_keys_total", counts.cache_misses, name, "miss")
        yield number("gateway_cache_stale_answers_total", counts.stale_answers, name)
        for (record, reason), count in counts.dropped.items():
            yield number("gateway_source_dropped_records_total", count, name, record, reason)
        for (record, reason), count in counts.unreadable.items():
            yield number("gateway_source_unreadable_values_total", count, name, record, reason)

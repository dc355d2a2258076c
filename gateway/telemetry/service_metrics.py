"""Read what the services of a worker count, beside its sources."""

import msgspec

from gateway.actions.delivery_counts import DeliveryCounts
from gateway.admission.admission import Admission
from gateway.changes.change_drain import DrainCounts
from gateway.execution.executor import Executor
from gateway.identity.decisions import LogAction
from gateway.lookups.read_cache import ReadCache
from gateway.stitching.source_router import SourceRouter
from gateway.store.store import Store
from gateway.tags.scheduler import ScheduleCounts
from gateway.tags.tag_counts import TagCounts
from gateway.telemetry.samples import Sampled, distribution, number
from gateway.webhooks import Webhooks


class AdmissionCollector(msgspec.Struct, frozen=True):
    """Read how many requests there are."""

    admission: Admission

    def samples(self) -> Sampled:
        """Read the counts."""
        yield number("gateway_requests_under_way", self.admission.under_way)
        yield number("gateway_requests_waiting", self.admission.waiting)


class ExecutorCollector(msgspec.Struct, frozen=True):
    """Read how often an operation ran without a plan."""

    executor: Executor

    def samples(self) -> Sampled:
        """Read the counts."""
        for reason, count in self.executor.unplanned.items():
            yield number("gateway_unplanned_operations_total", count, reason)


class CacheCollector(msgspec.Struct, frozen=True):
    """Read the size of the cache of answers."""

    cache: ReadCache

    def samples(self) -> Sampled:
        """Read the size."""
        yield number("gateway_cache_bytes", self.cache.size_bytes)


class TagCollector(msgspec.Struct, frozen=True):
    """Read what became of tags."""

    counts: TagCounts

    def samples(self) -> Sampled:
        """Read the counts."""
        given = {"fresh": self.counts.fresh, "stale": self.counts.stale, "computed": self.counts.computed}
        for freshness, by_tag in given.items():
            for tag, count in by_tag.items():
                yield number("gateway_tags_given_total", count, tag, freshness)
        for (tag, reason), count in self.counts.outcomes.items():
            yield number("gateway_tag_outcomes_total", count, tag, reason.value.lower())
        for tag, count in self.counts.not_stored.items():
            yield number("gateway_tags_not_stored_total", count, tag)


class ScheduleCollector(msgspec.Struct, frozen=True):
    """Read what became of tags that time had changed."""

    counts: ScheduleCounts

    def samples(self) -> Sampled:
        """Read the counts."""
        for result in ("renewed", "postponed", "dropped"):
            yield number("gateway_tags_scheduled_total", getattr(self.counts, result), result)
        yield number("gateway_tag_schedule_lag_seconds", self.counts.lag_s)


class ChangeCollector(msgspec.Struct, frozen=True):
    """Read what became of changes."""

    counts: DrainCounts

    def samples(self) -> Sampled:
        """Read the counts."""
        for result in ("taken", "postponed"):
            yield number("gateway_changes_total", getattr(self.counts, result), result)
        yield number("gateway_change_lag_seconds", self.counts.lag_s)


class DeliveryCollector(msgspec.Struct, frozen=True):
    """Read what became of deliveries."""

    counts: DeliveryCounts

    def samples(self) -> Sampled:
        """Read the counts."""
        for (rule, result), count in self.counts.results.items():
            yield number("gateway_deliveries_total", count, rule, result)
        for target, lag_s in self.counts.lag_s.items():
            yield number("gateway_delivery_lag_seconds", lag_s, target)


class IdentityCollector(msgspec.Struct, frozen=True):
    """Read how often operators linked and cut customers."""

    router: SourceRouter

    def samples(self) -> Sampled:
        """Read the counts."""
        for action in (LogAction.LINK, LogAction.CUT):
            yield number("gateway_identity_changes_total", self.router.identity_changes[action], action.value.lower())


class StoreCollector(msgspec.Struct, frozen=True):
    """Read the operations of MongoDB."""

    store: Store

    def samples(self) -> Sampled:
        """Read the counts."""
        yield number("gateway_mongodb_up", float(self.store.available))
        for (kind, outcome), count in self.store.statistics.operations.items():
            yield number("gateway_mongodb_operations_total", count, kind, outcome)
        for kind, durations in self.store.statistics.durations.items():
            yield distribution("gateway_mongodb_operation_duration_seconds", durations, kind)


class WebhookCollector(msgspec.Struct, frozen=True):
    """Read the answers to webhooks."""

    webhooks: Webhooks

    def samples(self) -> Sampled:
        """Read the counts."""
        for (source, status), count in self.webhooks.statuses.items():
            yield number("gateway_webhooks_total", count, source, str(status))

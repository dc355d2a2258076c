"""Read what the audit and the erasures of a worker count, and how far the delivery of a machine is."""

import msgspec

from gateway.audit.delivery_state import DeliveryState
from gateway.audit.trail import AuditTrail
from gateway.erasure.worker import ErasureWorker
from gateway.telemetry.samples import Sampled, number


class AuditCollector(msgspec.Struct, frozen=True):
    """Read what became of entries. How far the delivery is tells who delivers."""

    audit: AuditTrail

    def samples(self) -> Sampled:
        """Read the counts."""
        audit = self.audit
        yield number("gateway_audit_entries_total", audit.written)
        yield number("gateway_audit_entries_waiting", audit.waiting)
        yield number("gateway_audit_lost_entries_total", audit.lost)
        yield number("gateway_audit_refused_requests_total", audit.refused)
        yield number("gateway_audit_spool_max_bytes", audit.settings.max_spool_bytes)
        yield number("gateway_audit_delivery_failures_total", audit.delivery.failures)
        if audit.delivery.state is not None:
            yield from spool_samples(audit.delivery.state)


class ErasureCollector(msgspec.Struct, frozen=True):
    """Read how many erasures there are."""

    worker: ErasureWorker

    def samples(self) -> Sampled:
        """Read the counts."""
        running = self.worker.running
        yield number("gateway_erasure_tombstones", self.worker.table.count)
        yield number("gateway_erasures_running", len(running))
        if running:
            yield number("gateway_erasures_oldest_running_timestamp_seconds", min(running).timestamp())


def spool_samples(state: DeliveryState) -> Sampled:
    """Tell of a spool."""
    yield number("gateway_audit_spool_bytes", state.spool_bytes)
    yield number("gateway_audit_oldest_undelivered_timestamp_seconds", state.oldest_at)


def courier_samples(state: DeliveryState) -> Sampled:
    """Tell what the process says that delivers for all workers."""
    yield number("gateway_audit_delivery_failures_total", state.failures)
    yield from spool_samples(state)

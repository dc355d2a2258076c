"""List the metrics of a worker: each with its type, its labels and its meaning."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

from gateway.histogram import KEYS, SECONDS

MetricType = Literal["counter", "gauge", "histogram"]


class MetricDefinition(NamedTuple):
    """What a metric is. A gauge has the label `worker` beside its own, a histogram its bounds."""

    type: MetricType
    labels: tuple[str, ...]
    help: str
    bounds: Sequence[float] = ()


def _counter(help_text: str, *labels: str) -> MetricDefinition:
    return MetricDefinition("counter", labels, help_text)


def _gauge(help_text: str, *labels: str) -> MetricDefinition:
    return MetricDefinition("gauge", labels, help_text)


def _seconds(help_text: str, *labels: str) -> MetricDefinition:
    return MetricDefinition("histogram", labels, help_text, SECONDS)


METRICS: dict[str, MetricDefinition] = {
    "gateway_requests_total": _counter(
        "Requests to the endpoint that have ended, by the code of their first error.", "operation", "code", "caller"
    ),
    "gateway_request_duration_seconds": _seconds(
        "Time from the last byte of a request until its answer is written.", "operation"
    ),
    "gateway_requests_under_way": _gauge("Requests that are being answered."),
    "gateway_requests_waiting": _gauge("Requests that wait for their turn."),
    "gateway_sockets": _gauge("WebSockets that are open."),
    "gateway_sockets_closed_total": _counter("WebSockets that were closed, by the code.", "code"),
    "gateway_unplanned_operations_total": _counter("Operations that ran without a plan.", "reason"),
    "gateway_source_calls_total": _counter(
        "Calls to the source that have ended, by the code of the first key that failed.", "source", "code"
    ),
    "gateway_source_call_duration_seconds": _seconds("Time of a call to the source.", "source"),
    "gateway_source_call_keys": MetricDefinition("histogram", ("source",), "Keys in a call to the source.", KEYS),
    "gateway_source_retries_total": _counter("Calls that were made again for keys that had failed.", "source"),
    "gateway_source_hedges_total": _counter("Second calls beside one that was late.", "source"),
    "gateway_source_refused_lookups_total": _counter("Lookups that were refused without a call.", "source", "code"),
    "gateway_source_breaker_state": _gauge("1 for the state of the circuit breaker, 0 for the others.", "source", "state"),
    "gateway_source_breaker_openings_total": _counter("Times that the circuit breaker opened.", "source"),
    "gateway_source_calls_under_way": _gauge("Calls to the source that are under way.", "source"),
    "gateway_source_max_calls": _gauge("Calls to the source that may be under way at a time.", "source"),
    "gateway_source_waiting_keys": _gauge("Keys that wait for a call to the source.", "source"),
    "gateway_source_connections": _gauge("Connections to the source, in use and idle.", "source", "state"),
    "gateway_source_max_connections": _gauge("Connections to the source that there may be.", "source"),
    "gateway_source_dropped_records_total": _counter("Records that could not be read.", "source", "record", "reason"),
    "gateway_source_unreadable_values_total": _counter(
        "Values that could not be read, of records that could.", "source", "record", "reason"
    ),
    "gateway_cache_keys_total": _counter("Keys that were looked for in the cache of answers.", "source", "result"),
    "gateway_cache_stale_answers_total": _counter("Keys whose kept answer stood in for a failure.", "source"),
    "gateway_cache_bytes": _gauge("Size of the cached answers of all sources."),
    "gateway_tags_given_total": _counter("Tags that requests were given.", "tag", "freshness"),
    "gateway_tag_outcomes_total": _counter("Tags that were computed, by why they have a value or none.", "tag", "reason"),
    "gateway_tags_not_stored_total": _counter("Tags that were computed and could not be stored.", "tag"),
    "gateway_tags_scheduled_total": _counter("Tags that time had changed, by what became of them.", "result"),
    "gateway_tag_schedule_lag_seconds": _gauge("How late the first tag is that time has changed and that is to be renewed."),
    "gateway_changes_total": _counter("Changes of tags that left, by what became of them.", "result"),
    "gateway_change_lag_seconds": _gauge("How long the first change of a tag waits that is to leave."),
    "gateway_deliveries_total": _counter("Attempts to tell of changes, and who was left out.", "rule", "result"),
    "gateway_delivery_lag_seconds": _gauge("How late the first webhook to a target is.", "target"),
    "gateway_mongodb_up": _gauge("1 while the last contact with MongoDB was good, else 0."),
    "gateway_mongodb_operations_total": _counter("Operations of MongoDB that have ended.", "operation", "outcome"),
    "gateway_mongodb_operation_duration_seconds": _seconds("Time of an operation of MongoDB.", "operation"),
    "gateway_identity_changes_total": _counter("Links and cuts of customers by operators.", "action"),
    "gateway_audit_entries_total": _counter("Entries of the audit that were written to the spool."),
    "gateway_audit_entries_waiting": _gauge("Entries of the audit that wait in memory to be written."),
    "gateway_audit_lost_entries_total": _counter("Entries of the audit that there was no room for."),
    "gateway_audit_refused_requests_total": _counter("Requests that were refused since the audit could not be written."),
    "gateway_audit_spool_bytes": _gauge("Size of the spool."),
    "gateway_audit_spool_max_bytes": _gauge("Size that the spool may have."),
    "gateway_audit_oldest_undelivered_timestamp_seconds": _gauge(
        "Time of the oldest segment that MongoDB does not have, of the last look where it has all."
    ),
    "gateway_audit_delivery_failures_total": _counter("Rounds in which the spool could not be delivered."),
    "gateway_erasure_tombstones": _gauge("Tombstones that stand."),
    "gateway_erasures_running": _gauge("Erasures that are not complete."),
    "gateway_erasures_oldest_running_timestamp_seconds": _gauge("Time of the oldest erasure that is not complete."),
    "gateway_webhooks_total": _counter("Webhooks that were answered.", "source", "status"),
    "gateway_loop_lag_seconds": _seconds("Time by which the event loop is late, looked at four times a second."),
    "gateway_process_resident_memory_bytes": _gauge("Resident memory of the worker."),
    "gateway_process_cpu_seconds_total": _counter("CPU that the worker has used."),
    "gateway_process_open_descriptors": _gauge("Files and sockets that the worker has open."),
    "gateway_process_max_descriptors": _gauge("Files and sockets that the worker may have open."),
}
"""All metrics of workers, by name."""

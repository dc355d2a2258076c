"""The metrics of all workers as one text, in the format of Prometheus."""

from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, Metric
from prometheus_client.registry import Collector

from gateway.telemetry.catalog import METRICS, MetricDefinition
from gateway.telemetry.samples import Sampled, Samples, SampleValue, Series, add_samples, cumulative, unpack_samples

WORKER = "worker"
"""The label that says of which worker a gauge is."""


class FleetMetrics(Collector):
    """The last snapshot of each worker, and the totals of those that have ended.

    Counters and histograms are added up over the workers; a gauge has a series for each. `own` are the metrics of this process.
    """

    def __init__(self, own: CollectorRegistry | None = None) -> None:
        self._own = own
        self._workers: dict[int | str, Samples] = {}
        self._ended: dict[Series, SampleValue] = {}

    def update(self, worker: int | str, snapshot: bytes) -> None:
        """Take the newest snapshot of a worker, or of another process by its name."""
        self._workers[worker] = unpack_samples(snapshot)

    def retire(self, worker: int | str) -> None:
        """Keep the counters and histograms of a worker that ended, and forget its gauges."""
        add_samples(self._ended, cumulative(self._workers.pop(worker, {}).items()))

    def render(self) -> bytes:
        """Write all metrics in the text format of Prometheus, those of this process last."""
        text = generate_latest(self)
        return text if self._own is None else text + generate_latest(self._own)

    def collect(self) -> Iterator[Metric]:
        """Make a family of each metric of the catalogue, also of those without samples."""
        by_name: dict[str, list[tuple[tuple[str, ...], SampleValue]]] = {name: [] for name in METRICS}
        for series, value in self._series():
            by_name[series.name].append((series.labels, value))
        for name, samples in by_name.items():
            yield _family(name, METRICS[name], samples)

    def _series(self) -> Sampled:
        totals = {**self._ended}
        for worker, samples in sorted(self._workers.items(), key=lambda item: str(item[0])):
            add_samples(totals, cumulative(samples.items()))
            for (name, labels), value in samples.items():
                if METRICS[name].type == "gauge":
                    yield Series(name, (*labels, str(worker))), value
        yield from totals.items()


def _family(name: str, definition: MetricDefinition, samples: Sequence[tuple[tuple[str, ...], SampleValue]]) -> Metric:
    if definition.type == "histogram":
        histogram = HistogramMetricFamily(name, definition.help, labels=definition.labels)
        bounds = [*map(str, definition.bounds), "+Inf"]
        for labels, (*counts, total) in samples:
            histogram.add_metric(labels, list(zip(bounds, accumulate(counts), strict=True)), total)
        return histogram
    family: CounterMetricFamily | GaugeMetricFamily
    if definition.type == "counter":
        family = CounterMetricFamily(name, definition.help, labels=definition.labels)
    else:
        family = GaugeMetricFamily(name, definition.help, labels=(*definition.labels, WORKER))
    for labels, (value,) in samples:
        family.add_metric(labels, value)
    return family

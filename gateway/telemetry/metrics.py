"""The metrics of a worker. They are read when they are asked for: what is counted all along are plain numbers."""

from collections import Counter
from collections.abc import Iterable

from gateway.telemetry.process_metrics import ProcessMetrics
from gateway.telemetry.request_metrics import RequestMetrics
from gateway.telemetry.samples import SampleCollector, Samples, SampleValue, Series, add_samples, cumulative, pack_samples


class Metrics:
    """The counts of a process, and those of the objects that it follows."""

    def __init__(self) -> None:
        self.requests = RequestMetrics()
        self.process = ProcessMetrics()
        self._followed: Counter[SampleCollector] = Counter()
        self._ended: dict[Series, SampleValue] = {}

    def follow(self, collectors: Iterable[SampleCollector]) -> None:
        """Read these, too. One that several follow is read once."""
        self._followed.update(collectors)

    def unfollow(self, collectors: Iterable[SampleCollector]) -> None:
        """Read these no more. Of those that nobody follows any longer the totals are kept."""
        for collector in collectors:
            self._followed[collector] -= 1
            if not self._followed[collector]:
                del self._followed[collector]
                add_samples(self._ended, cumulative(collector.samples()))

    def samples(self) -> Samples:
        """Read all counts now."""
        totals = {**self._ended}
        collectors: list[SampleCollector] = [self.requests, self.process, *self._followed]
        for collector in collectors:
            add_samples(totals, collector.samples())
        return totals

    def snapshot(self) -> bytes:
        """Pack all counts, for the process that shows those of all workers."""
        return pack_samples(self.samples())

    def render(self) -> bytes:
        """Write the metrics of this process alone, in the text format of Prometheus."""
        from gateway.telemetry.fleet import FleetMetrics  # a worker only packs them, and does not load what writes them

        alone = FleetMetrics()
        alone.update(0, self.snapshot())
        return alone.render()


metrics_of_process = Metrics()
"""Those of the applications that this process serves."""


def snapshot() -> bytes:
    """Pack the counts of this process."""
    return metrics_of_process.snapshot()

"""Samples of metrics: collected by collectors, added up over objects and processes, packed for the pipe."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec

from gateway.histogram import Histogram
from gateway.telemetry.catalog import METRICS


class Series(NamedTuple):
    """One series: a metric's name, and the values of its labels in their order."""

    name: str
    labels: tuple[str, ...]


SampleValue = list[float]
"""One number; of a histogram the count of each bucket, then the sum of all values."""

Samples = Mapping[Series, SampleValue]
Sampled = Iterator[tuple[Series, SampleValue]]


class SampleCollector(Protocol):
    """Read what an object counts. Collectors of one object are equal."""

    def samples(self) -> Sampled: ...


def number(name: str, value: float, *labels: str) -> tuple[Series, SampleValue]:
    """Make the sample of a counter or a gauge."""
    return Series(name, labels), [value]


def distribution(name: str, histogram: Histogram, *labels: str) -> tuple[Series, SampleValue]:
    """Make the sample of a histogram."""
    return Series(name, labels), [*histogram.counts, histogram.total]


def add_samples(totals: dict[Series, SampleValue], samples: Iterable[tuple[Series, SampleValue]]) -> None:
    """Add samples to totals, series by series."""
    for series, value in samples:
        known = totals.get(series)
        totals[series] = value if known is None else [old + new for old, new in zip(known, value, strict=True)]


def cumulative(samples: Iterable[tuple[Series, SampleValue]]) -> Sampled:
    """Keep what only grows: counters and histograms, no gauges."""
    return ((series, value) for series, value in samples if METRICS[series.name].type != "gauge")


def pack_samples(samples: Samples) -> bytes:
    """Pack samples as MessagePack, in the order of the catalogue."""
    return _encoder.encode([(*series, value) for series, value in samples.items()])


def unpack_samples(packed: bytes) -> dict[Series, SampleValue]:
    """Unpack samples. Raises `msgspec.DecodeError` where the bytes are none."""
    return {Series(name, labels): value for name, labels, value in _decoder.decode(packed)}


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(Sequence[tuple[str, tuple[str, ...], SampleValue]])

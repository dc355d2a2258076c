"""Keep how far a walk for a sample has come, to go on from there where it was ended."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import msgspec

from connectors.errors import ConfigurationError
from gateway.calibration.calibration_plan import Column
from gateway.calibration.population_sample import PopulationSample, SampleCounts

SAVE_EVERY_S = 15.0
"""How often the state is written, in seconds. What came after is walked again."""


class SampleState(msgspec.Struct, frozen=True, kw_only=True):
    """A sample as it is written: digests of ids and numbers, nothing else of a customer."""

    now: datetime
    columns: list[Column]
    after: str | None
    counts: SampleCounts
    rows: list[tuple[int, bytes]]


class SampleStateFile:
    """The file of a state, or none."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._saved_at: float | None = None

    def read(self) -> SampleState | None:
        """Read the state; None where there is none yet. Raises `ConfigurationError` for a file that is none."""
        if self._path is None or not self._path.exists():
            return None
        try:
            return msgspec.msgpack.decode(self._path.read_bytes(), type=SampleState)
        except msgspec.DecodeError:
            raise ConfigurationError([f"--resume: {self._path.name} is no state of a calibration; remove it"]) from None

    def save(self, sample: PopulationSample, now: datetime, monotonic_s: float) -> None:
        """Write the state, where the last time is long ago."""
        if self._path is None or (self._saved_at is not None and monotonic_s - self._saved_at < SAVE_EVERY_S):
            return
        self._saved_at = monotonic_s
        state = SampleState(now=now, columns=sample.columns, after=sample.after, counts=sample.counts, rows=sample.pack_rows())
        beside = self._path.with_name(f"{self._path.name}.new")
        beside.write_bytes(msgspec.msgpack.encode(state))
        beside.replace(self._path)

    def remove(self) -> None:
        """Remove the file: the calibration is whole."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)


def resume_sample(sample: PopulationSample, state: SampleState) -> None:
    """Go on from a state. Raises `ConfigurationError` where that is of other facts or moments."""
    if state.columns != sample.columns:
        raise ConfigurationError(["--resume: the file is of another calibration, of other scores or moments; remove it"])
    sample.after, sample.counts = state.after, state.counts
    sample.unpack_rows(state.rows)

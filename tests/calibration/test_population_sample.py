"""A sample of bounded size."""

from datetime import UTC, datetime
from math import isnan

import numpy as np
import pytest

from gateway.calibration.calibration_plan import Column
from gateway.calibration.population_sample import UNKNOWN, PopulationSample, number_of
from gateway.tags.computed_tag import NOT_GIVEN, FactValue

COLUMNS = [Column("orders", datetime(2026, 6, 30, tzinfo=UTC))]


def sample_of(ids: list[int], room: int) -> PopulationSample:
    sample = PopulationSample(COLUMNS, room)
    for id_ in ids:
        sample.add_row(f"c{id_}", [float(id_)])
    return sample


def test_a_sample_has_the_shape_of_the_population():
    """1,000 of 50,000: the mean is near, and who is in it depends on no order."""
    ids = [*range(50_000)]
    sample = sample_of(ids, 1_000)
    assert (len(sample), sample.counts.customers) == (1_000, 50_000)
    assert float(sample.matrix().mean()) == pytest.approx(25_000, rel=0.06)
    assert np.array_equal(sample.matrix(), sample_of(ids[::-1], 1_000).matrix())


def test_a_sample_goes_on_from_its_rows():
    """Half of the customers, then the other half from the written rows: as all at once."""
    first = sample_of([*range(5_000)], 100)
    second = PopulationSample(COLUMNS, 100)
    second.unpack_rows(first.pack_rows())
    for id_ in range(5_000, 10_000):
        second.add_row(f"c{id_}", [float(id_)])
    assert np.array_equal(second.matrix(), sample_of([*range(10_000)], 100).matrix())


def test_an_unknown_fact_is_no_absent_one():
    """A source that is away, a fact without a value, and one that only one source gives."""
    assert number_of(FactValue(name="n", label="N", missing="SOURCE_UNAVAILABLE", partial=True)) == UNKNOWN
    assert isnan(number_of(FactValue(name="n", label="N")))
    assert number_of(FactValue(name="n", label="N", value=3, missing=NOT_GIVEN, partial=True)) == 3.0
    sample = PopulationSample(COLUMNS)
    sample.add_row("a", [UNKNOWN])
    sample.add_row("b", [2.0])
    assert (sample.counts.customers, sample.counts.left_out) == (2, 1)

"""Cut points, bands between them, and how far a population has moved from them."""

import pytest

from gateway.calibration.drift import DriftWord, drift_word, stability_index
from gateway.calibration.quantiles import find_cut_points
from gateway.scores.bands import band_of, spread_bands
from gateway.scores.refusal import Refusal, RefusalReason


def test_cut_points_are_those_of_type_7():
    """1 to 101 are cut at 21, 41, 61 and 81; between neighbours it goes in a straight line."""
    assert find_cut_points([float(number) for number in range(1, 102)], 5) == [21, 41, 61, 81]
    assert find_cut_points([float(number) for number in range(1, 101)], 5) == [20.8, 40.6, 60.4, 80.2]


def test_equal_cut_points_are_refused():
    """A fact that most customers have alike gives no bands, and the reason says how many have it."""
    refusal = find_cut_points([1.0] * 970 + [2.0] * 30, 5)
    assert refusal == Refusal(RefusalReason.LOW_SPREAD, "97% of customers have the value 1, so 5 equal bands have no borders")
    # The highest band would be empty, although the cut points differ.
    top = find_cut_points([*map(float, range(1, 71)), *[100.0] * 30], 4)
    assert isinstance(top, Refusal)
    assert top.reason is RefusalReason.LOW_SPREAD


def test_too_few_values_are_refused():
    """Twenty for each band are needed."""
    refusal = find_cut_points([float(number) for number in range(99)], 5)
    assert refusal == Refusal(RefusalReason.TOO_FEW_CUSTOMERS, "99 customers have a value, 100 are needed for 5 bands")


@pytest.mark.parametrize(("value", "band", "from_the_top"), [(0, 1, 3), (10, 1, 3), (10.5, 2, 2), (20, 2, 2), (21, 3, 1)])
def test_a_cut_point_belongs_to_the_band_below(value: float, band: int, from_the_top: int):
    """Bands count from 1, or from the top."""
    assert band_of([10, 20], value) == band
    assert band_of([10, 20], value, is_reversed=True) == from_the_top


def test_drift_is_measured_over_the_bands_of_then():
    """The same shares are stable, a tenth more in one band has moved, most in one band has drifted."""
    before = spread_bands([10, 20], [5, 15, 25])
    assert before == [pytest.approx(1 / 3)] * 3
    assert drift_word(stability_index(before, before)) is DriftWord.STABLE
    assert stability_index([0.5, 0.5], [0.6, 0.4]) == pytest.approx(0.0405, abs=1e-4)
    assert drift_word(stability_index([0.5, 0.5], [0.7, 0.3])) is DriftWord.MOVED
    assert drift_word(stability_index(before, [0.9, 0.05, 0.05])) is DriftWord.DRIFTED
    assert drift_word(stability_index([1.0, 0.0], [0.0, 1.0])) is DriftWord.DRIFTED  # nobody in a band is no division by 0

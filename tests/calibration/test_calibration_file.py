"""The file of a calibration is whole, or said not to be."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from connectors.errors import ConfigurationError
from gateway.scores.calibration_file import (
    Calibration,
    PurchaseFigures,
    Quality,
    QuantileFigures,
    RefusedFigures,
    ScorecardFigures,
    SpendFigures,
    read_calibration,
    version_of,
    write_calibration,
)
from gateway.scores.purchase_formulas import PurchaseModel, PurchaseParameters
from gateway.scores.refusal import Refusal, RefusalReason
from gateway.scores.scorecard import FactPoints, Scorecard
from gateway.scores.spend_formulas import SpendParameters

AT = datetime(2026, 6, 30, tzinfo=UTC)
QUALITY = Quality(on="a later window", since=AT, until=AT, customers=5, predicted=0.5, observed=0.4, area=0.8)
CARD = Scorecard([FactPoints("gap", "Gap", [90.0], [-2, 12], 0)], [0], [0.2, 0.7])
SCORES = {
    "r": QuantileFigures(meaning="a", at=AT, customers=9, cut_points=[1.0, 2.5], shares=[0.3, 0.3, 0.4]),
    "risk": PurchaseFigures(
        meaning="b",
        at=AT,
        customers=9,
        parameters=PurchaseParameters(PurchaseModel.MBG_NBD, 0.5, 6.2, 0.9, 1.6),
        log_likelihood=-12.5,
        repeat_buyers=7,
        quality=QUALITY,
    ),
    "spend": SpendFigures(meaning="c", at=AT, customers=9, parameters=SpendParameters(6, 3, 15), log_likelihood=-1),
    "f": RefusedFigures(meaning="d", at=AT, customers=9, refusal=Refusal(RefusalReason.LOW_SPREAD, "97% have 1")),
}
CALIBRATION = Calibration(
    version=version_of(AT, SCORES, {}),
    created_at=AT,
    customers=10,
    sampled=9,
    left_out=1,
    scores=SCORES,
    scorecards={"churn": ScorecardFigures(meaning="e", at=AT, customers=9, card=CARD, shares=[0.5, 0.5])},
)


def problem_of(path: Path, text: str | None = None) -> str:
    with pytest.raises(ConfigurationError) as caught:
        read_calibration(path, text)
    (problem,) = caught.value.problems
    return problem


def test_what_is_written_is_read(tmp_path: Path):
    """Every kind of figures comes back as it was, and nothing is left beside the file."""
    path = tmp_path / "calibration.json"
    write_calibration(path, CALIBRATION)
    assert read_calibration(path) == CALIBRATION
    assert [own.name for own in tmp_path.iterdir()] == ["calibration.json"]
    assert '"kind": "purchases"' in path.read_text()


def test_a_version_names_the_day_and_the_content():
    """The same figures have the same version, others another."""
    assert version_of(AT, SCORES, {}).startswith("2026-06-30-")
    assert version_of(AT, SCORES, {}) == version_of(AT, dict(reversed(SCORES.items())), {})
    assert version_of(AT, SCORES, {}) != version_of(AT, {**SCORES, "r": SCORES["f"]}, {})


def test_a_broken_file_names_the_setting_and_the_fix(tmp_path: Path):
    """Absent, cut off, of another form, or with a scorecard that lacks a band: each is said, with what to do."""
    path = tmp_path / "calibration.json"
    again = "; run `profile-gateway calibrate` again"
    assert problem_of(path) == f"tags.calibration: calibration.json cannot be read (No such file or directory){again}"
    write_calibration(path, CALIBRATION)
    text = path.read_text()
    assert problem_of(path, text[:500]).startswith("tags.calibration: calibration.json is broken: ")
    older = text.replace('"form": 1', '"form": 0')
    assert (
        problem_of(path, older)
        == f"tags.calibration: calibration.json is of an older form (0) than this version reads (1){again}"
    )
    newer = text.replace('"form": 1', '"form": 2')
    assert "is of a newer form (2)" in problem_of(path, newer)
    assert "is broken: Object missing required field `form`" in problem_of(path, "{}")
    assert "one number for each band" in problem_of(path, text.replace("-2,", "-2, 7,"))
    assert "parameters must be above 0" in problem_of(path, text.replace("6.2", "-6.2"))
    assert "cut points must rise" in problem_of(path, text.replace("2.5", "0.5"))
    assert "is broken in scores.r: cut points must rise" in problem_of(path, text.replace("2.5", "0.5"))
    assert "is broken in scorecards.churn: probabilities must be from 0 to 1" in problem_of(path, text.replace("0.7", "1.7"))
    deep = f'{{"form": 1, "x": {"[" * 100_000}'
    assert problem_of(path, deep) == f"tags.calibration: calibration.json is nested too deeply, so it is no calibration{again}"
    path.write_bytes(b"\xff\xfe")
    assert problem_of(path) == f"tags.calibration: calibration.json is not UTF-8 text{again}"


@pytest.mark.parametrize(
    ("cut_points", "points", "sums"), [([90.0, 30.0], [1, 2, 3], [0]), ([90.0], [1, 2], [4, 4]), ([90.0], [1, 2], [4, 2])]
)
def test_bounds_of_a_scorecard_rise(cut_points: list[float], points: list[int], sums: list[int]):
    """Bounds that do not rise would find a wrong band without saying so."""
    with pytest.raises(ValueError, match="sums and cut points must rise"):
        Scorecard([FactPoints("gap", "Gap", cut_points, points, 0)], sums, [0.2] * (len(sums) + 1))

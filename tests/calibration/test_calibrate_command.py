"""The command `calibrate` over a population in a SQL source."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner, Result

from connectors.errors import ConfigurationError
from gateway.app import create_services
from gateway.calibration.calibration_run import calibrate_scores
from gateway.calibration.population_sample import PopulationSample
from gateway.calibration.sample_state import SampleStateFile
from gateway.cli import app
from gateway.scores.calibration_file import (
    Calibration,
    PurchaseFigures,
    QuantileFigures,
    RefusedFigures,
    ScorecardFigures,
    SpendFigures,
    read_calibration,
)
from gateway.settings import load_settings
from tests.support.drawn_shop import Order, add_orders, draw_orders, write_shop

ENDS = datetime(2026, 6, 30, tzinfo=UTC)
AT = datetime(2025, 6, 30, tzinfo=UTC)
AT_TEXT = "2025-06-30"


@pytest.fixture(scope="module")
def orders() -> Sequence[Order]:
    """2,500 customers, of whom most come back."""
    return draw_orders(2_500, ENDS)


def calibrate(settings: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["calibrate", "--config", str(settings), *words], env={"COLUMNS": "300"})


def calibrated(settings: Path, *words: str) -> Calibration:
    result = calibrate(settings, *words)
    assert result.exit_code == 0, result.output
    return read_calibration(settings.with_name("calibration.json"))


@pytest.fixture(scope="module")
def shop(orders: Sequence[Order], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that is calibrated on what was known at `AT`."""
    settings = write_shop(tmp_path_factory.mktemp("shop"), orders, ENDS, more=["nobody"])
    # Nothing is written yet, so the settings name a file that is not there.
    calibrated(settings, "--at", AT_TEXT)
    return settings


def test_every_score_has_its_figures_and_quality(shop: Path):
    """Of all buyers at that moment; what was predicted is near what happened, for who has not looked at it."""
    calibration = read_calibration(shop.with_name("calibration.json"))
    scores, (card,) = calibration.scores, calibration.scorecards.values()
    assert (calibration.customers, calibration.sampled, calibration.left_out) == (2_501, 2_501, 0)
    assert {name: type(own) for name, own in scores.items()} == {
        "r_score": QuantileFigures,
        "f_score": QuantileFigures,
        "m_score": QuantileFigures,
        "risk": PurchaseFigures,
        "basket": SpendFigures,
    }
    assert {own.at for own in (*scores.values(), card)} == {AT}
    risk, basket = scores["risk"], scores["basket"]
    assert isinstance(risk, PurchaseFigures)
    assert isinstance(basket, SpendFigures)
    assert isinstance(card, ScorecardFigures)
    assert risk.quality is not None
    assert risk.quality.predicted == pytest.approx(risk.quality.observed, abs=0.03)
    assert risk.quality.until == AT + timedelta(days=180)
    assert basket.quality is not None
    assert basket.quality.predicted == pytest.approx(basket.quality.observed, rel=0.05)
    assert card.quality is not None
    assert card.quality.on == "a later window"
    assert card.quality.until == AT + timedelta(days=360)
    assert {fact.fact for fact in card.card.facts} <= {"gap", "orders_180d", "age"}
    assert (card.quality.area or 0) > 0.7
    f_score = scores["f_score"]
    assert isinstance(f_score, QuantileFigures)
    assert sum(f_score.shares) == pytest.approx(1)


def test_the_gateway_serves_what_was_written(shop: Path):
    """The settings that name the file are sound, and the figures are in the scores."""
    pack = create_services(load_settings(shop)).tags.pack
    assert {score.version for score in pack.scores.values()} == {read_calibration(shop.with_name("calibration.json")).version}
    assert all(score.figures is not None for score in pack.scores.values())


def test_a_later_record_changes_nothing(orders: Sequence[Order], tmp_path: Path, shop: Path):
    """What is learnt at a moment is the same when its future is another one, but for the quality, which is of that future."""
    settings = write_shop(tmp_path / "other", [own for own in orders if own[2] < AT], ENDS, more=["nobody"])
    known = sorted({own[1] for own in orders if own[2] < AT})
    unknown = sorted({own[1] for own in orders} - {*known})
    assert not unknown
    future = [(f"new{number}", customer, AT + timedelta(hours=number), 999.0) for number, customer in enumerate(known[:1_500])]
    add_orders(tmp_path / "other", future)
    other, own = calibrated(settings, "--at", AT_TEXT), read_calibration(shop.with_name("calibration.json"))
    for name, figures in own.scores.items():
        assert _without_quality(other.scores[name]) == _without_quality(figures)
        changed, before = getattr(other.scores[name], "quality", None), getattr(figures, "quality", None)
        assert (before is None) or changed != before
    assert other.scorecards != own.scorecards  # which learns from what happened in the window after it


def _without_quality(figures: object) -> object:
    return msgspec.structs.replace(figures, quality=None) if hasattr(figures, "quality") else figures  # type: ignore[type-var]


def test_without_a_moment_it_learns_far_enough_back(orders: Sequence[Order], tmp_path: Path):
    """Cut points are of now, a model is of a horizon ago and a scorecard of two, so that each has a window to be judged by."""
    settings = write_shop(tmp_path, orders, ENDS)
    calibration = calibrated(settings)
    card = calibration.scorecards["churn"]
    assert {name: own.at for name, own in calibration.scores.items()} == {
        "r_score": ENDS,
        "f_score": ENDS,
        "m_score": ENDS,
        "risk": ENDS - timedelta(days=180),
        "basket": ENDS,
    }
    assert card.at == ENDS - timedelta(days=360)
    assert isinstance(card, ScorecardFigures)
    assert card.quality is not None
    assert card.quality.until == ENDS


def test_what_a_population_cannot_bear_is_refused(tmp_path: Path):
    """Hardly anybody comes back: no bands of frequency, no model, and the reasons with their numbers; the gateway starts."""
    settings = write_shop(tmp_path, draw_orders(1_200, ENDS, repeats=0.01), ENDS)
    result = calibrate(settings)
    assert result.exit_code == 0
    calibration = read_calibration(tmp_path / "calibration.json")
    refused = {
        name: own.refusal.reason
        for name, own in {**calibration.scores, **calibration.scorecards}.items()
        if isinstance(own, RefusedFigures)
    }
    assert refused == {
        "f_score": "LOW_SPREAD",
        "risk": "TOO_FEW_REPEAT_BUYERS",
        "basket": "TOO_FEW_REPEAT_BUYERS",
        "churn": "TOO_FEW_OUTCOMES",
    }
    assert "buyers have ordered again, 500 are needed" in result.output
    assert create_services(load_settings(settings)).tags.pack.scores["risk"].figures == calibration.scores["risk"]


def test_drift_is_reported_against_the_file(orders: Sequence[Order], tmp_path: Path):
    """The same population is stable; one in which everybody has stopped has drifted. Nothing is written for a report."""
    settings = write_shop(tmp_path, orders, ENDS)
    calibrated(settings, "--at", AT_TEXT)
    before = settings.with_name("calibration.json").read_bytes()
    same = calibrate(settings, "--drift", "--at", AT_TEXT)
    assert [line.split(":")[1].strip() for line in same.output.splitlines()[2:]] == ["STABLE"] * 5, same.output
    later = write_shop(tmp_path, [own for own in orders if own[2] < AT], ENDS)
    moved = calibrate(later, "--drift")
    words = dict(line.strip().split(": ")[:2] for line in moved.output.splitlines()[2:])
    assert words["r_score"] == "DRIFTED"
    assert settings.with_name("calibration.json").read_bytes() == before


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--at", "yesterday"], "--at: 'yesterday' is no moment; write a date or such as 2018-05-31T23:59:59Z"),
        (["--at", "2027-01-01"], "--at: 2027-01-01T00:00:00Z is later than now; name a moment before"),
        (
            ["--at", "2026-05-01"],
            "--at: scorecards.churn learns from the 180 days after it, which are not over",
        ),
        (["--drift"], "--drift: there is no calibration.json to compare with; run it without --drift first"),
        (["--tags", "plain.yaml"], "tags: there are no scores to calibrate; add a section 'scores' to the file of the tags"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], problem: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """With the option or the setting, and the fix; nothing is written."""
    monkeypatch.chdir(tmp_path)
    settings = write_shop(tmp_path, draw_orders(3, ENDS), ENDS)
    (tmp_path / "plain.yaml").write_text("""
facts: {n: {label: N, record: order, measure: count}}
tags:
  t: {label: T, description: D., owner: o, category: VALUE, ttl: 1d, version: 1, words: W., expression: "n > 0 ? 'A' : 'B'"}
""")
    result = calibrate(settings, *words)
    assert result.exit_code == 2
    assert problem in result.output
    assert not (tmp_path / "calibration.json").exists()


def test_without_a_file_to_write_nothing_is_asked(tmp_path: Path):
    """The setting and the option that name it are told."""
    settings = write_shop(tmp_path, [], ENDS)
    settings.write_text(settings.read_text().replace('calibration = "calibration.json"\n', ""))
    assert "tags.calibration: names no file to write; add it to the settings, or give --output" in calibrate(settings).output


def test_a_population_without_customers_is_said(tmp_path: Path):
    """There is nobody to learn from."""
    result = calibrate(write_shop(tmp_path, [], ENDS))
    assert result.exit_code == 2
    assert "calibrate: the sources list no customer whose facts may be used" in result.output


async def test_a_run_that_was_ended_goes_on(orders: Sequence[Order], tmp_path: Path):
    """Ended after some batches and begun again, it finds what an unbroken one does, and walks the rest alone."""
    settings = load_settings(write_shop(tmp_path, orders[:4_000], ENDS))
    alone = settings.model_copy(update={"tags": settings.tags.model_copy(update={"calibration": None})})
    seen: list[int] = []

    def stop_after_five(sample: PopulationSample) -> None:
        if sample.counts.listed >= 500:
            raise KeyboardInterrupt

    path = tmp_path / "state"
    whole = await calibrate_scores(create_services(alone), AT, lambda own: None, batch=100)
    with pytest.raises(KeyboardInterrupt):
        await calibrate_scores(create_services(alone), AT, stop_after_five, states=EagerFile(path), batch=100)
    resumed = await calibrate_scores(
        create_services(alone), AT, lambda own: seen.append(own.counts.listed), states=EagerFile(path), batch=100
    )
    assert seen[0] == 600
    assert not path.exists()
    assert msgspec.structs.replace(resumed.calibration, created_at=AT) == msgspec.structs.replace(
        whole.calibration, created_at=AT
    )


async def test_a_state_of_other_facts_is_refused(orders: Sequence[Order], tmp_path: Path):
    """Rows of other columns or moments would mean something else."""
    settings = load_settings(write_shop(tmp_path, orders[:500], ENDS))
    alone = settings.model_copy(update={"tags": settings.tags.model_copy(update={"calibration": None})})

    def stop(sample: PopulationSample) -> None:
        raise KeyboardInterrupt

    path = tmp_path / "state"
    with pytest.raises(KeyboardInterrupt):
        await calibrate_scores(create_services(alone), AT, stop, states=EagerFile(path))
    with pytest.raises(ConfigurationError, match=r"--resume: the file is of another calibration"):
        await calibrate_scores(create_services(alone), AT - timedelta(days=1), stop, states=EagerFile(path))
    path.write_bytes(b"what is this")
    with pytest.raises(ConfigurationError, match=r"--resume: state is no state of a calibration; remove it"):
        await calibrate_scores(create_services(alone), AT, stop, states=EagerFile(path))


class EagerFile(SampleStateFile):
    """Writes the state after each batch."""

    def save(self, sample: PopulationSample, now: datetime, monotonic_s: float) -> None:
        self._saved_at = None
        super().save(sample, now, monotonic_s)

"""Read and write the file of a calibration: the figures behind scores, with their date, size and quality."""

from __future__ import annotations

from datetime import datetime
from hashlib import sha256
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec

from connectors.errors import ConfigurationError
from gateway.scores.purchase_formulas import PurchaseParameters
from gateway.scores.refusal import Refusal
from gateway.scores.scorecard import Scorecard
from gateway.scores.spend_formulas import SpendParameters

FORM = 1
"""Counted up when a file of before says less than scores need."""

SETTING = "tags.calibration"
AGAIN = "run `profile-gateway calibrate` again"

MAX_BYTES = 16 * 1024 * 1024


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """Predictions beside what happened to `customers` of the population, `on` a later window or customers held out.

    `predicted` and `observed` are means. `area` is that under the ROC curve: 0.5 is by chance, 1 tells always who it is.
    `largest_error` is the most that both differ in a tenth of the customers by prediction. None: it cannot be told.
    """

    on: str
    since: datetime
    until: datetime
    customers: int
    predicted: float
    observed: float
    area: float | None = None
    largest_error: float | None = None


class Figures(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind"):
    """What the population gave for one score, from `customers` as they were `at` a moment.

    `meaning` names the settings and facts that were calibrated: with others these figures say nothing.
    """

    meaning: str
    at: datetime
    customers: int


class QuantileFigures(Figures, frozen=True, kw_only=True, tag="quantiles"):
    """Cut points of a fact, and the share of customers in each band, for the report of drift."""

    cut_points: list[float]
    shares: list[float]

    def __post_init__(self) -> None:
        if any(low >= high for low, high in pairwise(self.cut_points)) or len(self.shares) != len(self.cut_points) + 1:
            raise ValueError("cut points must rise, with one share for each band")


class PurchaseFigures(Figures, frozen=True, kw_only=True, tag="purchases"):
    parameters: PurchaseParameters
    log_likelihood: float
    repeat_buyers: int
    quality: Quality | None = None


class SpendFigures(Figures, frozen=True, kw_only=True, tag="spend"):
    parameters: SpendParameters
    log_likelihood: float
    quality: Quality | None = None


class ScorecardFigures(Figures, frozen=True, kw_only=True, tag="scorecard"):
    card: Scorecard
    shares: list[float]
    quality: Quality | None = None


class RefusedFigures(Figures, frozen=True, kw_only=True, tag="refused"):
    """There are none: the population cannot bear them."""

    refusal: Refusal


AnyFigures = QuantileFigures | PurchaseFigures | SpendFigures | ScorecardFigures | RefusedFigures


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A population's figures by the names of scores and of scorecards.

    `customers` are those that were read, `sampled` those that the figures rest on, `left_out` those of whom a source could not
    be asked.
    """

    form: int = FORM
    version: str
    created_at: datetime
    customers: int
    sampled: int
    left_out: int
    notes: list[str] = []
    scores: dict[str, AnyFigures] = {}
    scorecards: dict[str, AnyFigures] = {}


def version_of(created_at: datetime, scores: Any, scorecards: Any) -> str:
    """Name a calibration by its day and six digits of what it says."""
    content = msgspec.json.encode((scores, scorecards), order="sorted")
    return f"{created_at:%Y-%m-%d}-{sha256(content).hexdigest()[:6]}"


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write the file, whole or not at all."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_bytes(msgspec.json.format(msgspec.json.encode(calibration), indent=1) + b"\n")
    beside.replace(path)


def read_calibration_text(path: Path) -> str:
    """Read the text of the file. Raises `ConfigurationError`."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ConfigurationError([_problem(path, f"is larger than {MAX_BYTES:,} bytes, so it is no calibration")])
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise ConfigurationError([_problem(path, f"cannot be read ({error.strerror})")]) from None
    except ValueError:
        raise ConfigurationError([_problem(path, "is not UTF-8 text")]) from None


def read_calibration(path: Path, text: str | None = None) -> Calibration:
    """Read the file, or its text. Raises `ConfigurationError` where it is broken, or of another form."""
    content = read_calibration_text(path) if text is None else text
    try:
        form = _form_decoder.decode(content).form
        if form != FORM:
            age = "an older" if form < FORM else "a newer"
            raise ConfigurationError([_problem(path, f"is of {age} form ({form}) than this version reads ({FORM})")])
        return _decoder.decode(content)
    except msgspec.DecodeError as error:  # which a value of another type is, too
        raise ConfigurationError([_problem(path, _broken_part(content) or f"is broken: {error}")]) from None
    except RecursionError:
        raise ConfigurationError([_problem(path, "is nested too deeply, so it is no calibration")]) from None


def _broken_part(content: str) -> str | None:
    """Name the score or scorecard whose figures cannot be read, with what is wrong. None where it is something else."""
    try:
        parts = _parts_decoder.decode(content)
    except msgspec.DecodeError:
        return None
    for group, figures in (("scores", parts.scores), ("scorecards", parts.scorecards)):
        for name, text in figures.items():
            try:
                _figures_decoder.decode(text)
            except msgspec.DecodeError as error:
                return f"is broken in {group}.{name[:100]}: {error}"
    return None


def _problem(path: Path, words: str) -> str:
    return f"{SETTING}: {path.name} {words}; {AGAIN}"


class _Form(msgspec.Struct):
    form: int


class _Parts(msgspec.Struct):
    scores: dict[str, msgspec.Raw] = {}
    scorecards: dict[str, msgspec.Raw] = {}


_parts_decoder = msgspec.json.Decoder(_Parts)
_figures_decoder = msgspec.json.Decoder(AnyFigures)
_form_decoder = msgspec.json.Decoder(_Form)
_decoder = msgspec.json.Decoder(Calibration)

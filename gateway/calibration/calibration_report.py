"""Say in lines what a calibration has found."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from gateway.scores.calibration_file import (
    AnyFigures,
    Calibration,
    PurchaseFigures,
    Quality,
    QuantileFigures,
    RefusedFigures,
    ScorecardFigures,
    SpendFigures,
)


def report_lines(calibration: Calibration) -> Iterator[str]:
    """Write the report: scores in the order of their file, each with its figures, then their quality."""
    yield f"version {calibration.version}: {calibration.customers:,} customers, {calibration.left_out:,} with an unknown fact"
    yield from _lines_of(calibration.scores)
    yield from _lines_of(calibration.scorecards)
    yield from calibration.notes


def _lines_of(scores: Mapping[str, AnyFigures]) -> Iterator[str]:
    for name, figures in scores.items():
        yield f"{name}: {_words_of(figures)} ({figures.customers:,} customers as of {figures.at:%Y-%m-%d})"
        if isinstance(figures, ScorecardFigures):
            for fact in figures.card.facts:
                points = ", ".join(f"{own:+d}" for own in (*fact.points, fact.without))
                yield f"  {fact.label}: cut at {_numbers(fact.cut_points)}: {points} without a value"
        quality = None if isinstance(figures, QuantileFigures | RefusedFigures) else figures.quality
        if quality is not None:
            yield f"  {_quality_words(quality)}"


def _words_of(figures: AnyFigures) -> str:
    match figures:
        case RefusedFigures(refusal=refusal):
            return f"refused, {refusal.reason}: {refusal.words}"
        case QuantileFigures(cut_points=cut_points):
            return f"cut points {_numbers(cut_points)}"
        case PurchaseFigures(parameters=own):
            fitted = f"r {own.r:.3f}, alpha {own.alpha:.3f}, a {own.a:.3f}, b {own.b:.3f}"
            return f"{own.model.value} {fitted}, log-likelihood {figures.log_likelihood:.1f}"
        case SpendFigures(parameters=spend):
            return f"gamma_gamma p {spend.p:.3f}, q {spend.q:.3f}, v {spend.v:.3f}"
        case ScorecardFigures(card=card):
            least, most = card.probabilities[0], card.probabilities[-1]
            return f"scorecard of {len(card.facts)} facts, probabilities {least:.3f} to {most:.3f}"


def _quality_words(quality: Quality) -> str:
    parts = [f"predicted {quality.predicted:.3f}, observed {quality.observed:.3f}"]
    if quality.area is not None:
        parts.append(f"AUC {quality.area:.3f}")
    if quality.largest_error is not None:
        parts.append(f"largest error of a tenth {quality.largest_error:.3f}")
    return f"on {quality.on} until {quality.until:%Y-%m-%d} ({quality.customers:,} customers): {', '.join(parts)}"


def _numbers(numbers: list[float]) -> str:
    return ", ".join(f"{number:,.2f}".rstrip("0").rstrip(".") for number in numbers) or "none"

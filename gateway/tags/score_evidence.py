"""Show scores as facts of the evidence."""

from __future__ import annotations

from collections.abc import Iterable, MutableMapping, MutableSet

from gateway.scores.calibration_file import RefusedFigures
from gateway.scores.refusal import NOT_CALIBRATED
from gateway.tags.computed_tag import FactValue
from gateway.tags.score_changes import next_score_change
from gateway.tags.score_definitions import Score
from gateway.tags.score_values import compute_score


def add_scores(facts: MutableMapping[str, FactValue], stale: MutableSet[str], scores: Iterable[Score]) -> None:
    """Add the values of scores to a customer's facts, and the names of those of stale facts to `stale`."""
    for score in scores:
        inputs = [facts[name] for name in score.fact_names]
        facts[score.name] = score_value(score, inputs, stale)
        if any(fact.name in stale for fact in inputs):
            stale.add(score.name)


def score_value(score: Score, inputs: Iterable[FactValue], stale: MutableSet[str]) -> FactValue:
    """Compute a score as a fact of the evidence. It is unknown where a fact is, and null where there is nothing to score."""
    facts = {fact.name: fact for fact in inputs}
    unknown = [
        fact.missing
        for fact in facts.values()
        if fact.missing is not None and fact.name not in stale and not fact.is_known_in_part
    ]
    missing = next((fact.missing for fact in facts.values() if fact.missing is not None), None)
    value, reasons, changes_at = None, list[str](), None
    if refusal := _refusal(score):
        missing = refusal
    elif unknown:
        missing = unknown[0]
    else:
        value, reasons = compute_score(score, {name: fact.value for name, fact in facts.items()})
        changes_at = next_score_change(score, facts)
    return FactValue(
        name=score.name,
        label=score.label,
        value=value,
        sources=sorted({source for fact in facts.values() for source in fact.sources}),
        as_of=min((fact.as_of for fact in facts.values() if fact.as_of is not None), default=None),
        partial=missing is not None or any(fact.partial for fact in facts.values()),
        missing=missing,
        changes_at=changes_at,
        calibration=score.version,
        reasons=reasons,
    )


def _refusal(score: Score) -> str | None:
    if score.figures is None:
        return NOT_CALIBRATED
    return score.figures.refusal.reason if isinstance(score.figures, RefusedFigures) else None

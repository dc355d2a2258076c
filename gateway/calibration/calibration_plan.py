"""Plan a calibration: which facts are needed as of which moments, for which figures."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from connectors.errors import ConfigurationError
from gateway.tags.definitions import Pack
from gateway.tags.score_definitions import Score, ScorecardDefinition, ScoreKind


class Column(NamedTuple):
    """A fact as of a moment: nothing after it counts."""

    fact: str
    at: datetime


class Target(NamedTuple):
    """The figures of a score, or of a scorecard.

    They are of facts `at` a moment; what happened until `later` is compared with them. A scorecard is trained on what happened
    until `later`, and looked at on what happened from there until `last`. None: that is after now.
    """

    name: str
    score: Score
    at: datetime
    later: datetime | None = None
    last: datetime | None = None
    card: ScorecardDefinition | None = None

    def columns(self) -> Iterator[Column]:
        for fact in self.score.fact_names:
            yield Column(fact, self.at)
            if self.later is not None:
                yield Column(fact, self.later)
        if self.card is not None and self.last is not None:
            yield Column(self.card.counted, self.last)


class CalibrationPlan(NamedTuple):
    """What is found, as of `now`."""

    now: datetime
    targets: list[Target]

    @property
    def columns(self) -> list[Column]:
        return sorted({column for target in self.targets for column in target.columns()})


def plan_calibration(pack: Pack, now: datetime, at: datetime | None) -> CalibrationPlan:
    """Plan the figures of all scores of a pack.

    Without `at` cut points are of now, and what predicts is learnt far enough back for what happened since to be seen: a
    horizon, and two of them for scorecards.

    Raises `ConfigurationError` where there is no score, or `at` leaves a scorecard nothing to learn from.
    """
    if not pack.scores:
        raise ConfigurationError(["tags: there are no scores to calibrate; add a section 'scores' to the file of the tags"])
    if at is not None and at > now:
        raise ConfigurationError([f"--at: {at:%Y-%m-%dT%H:%M:%SZ} is later than now; name a moment before"])
    horizons = _shared_horizons(pack.scores)
    targets = [_target(score, now, at, horizons[score.meaning]) for score in pack.scores.values() if score.scorecard is None]
    by_card = {score.scorecard: score for score in pack.scores.values() if score.scorecard is not None}
    targets += [_card_target(pack.scorecards[name], score, now, at) for name, score in by_card.items()]
    return CalibrationPlan(now, targets)


def _shared_horizons(scores: Mapping[str, Score]) -> dict[str, float]:
    """Find the longest horizon of scores that share their figures, which are then of one moment."""
    horizons: dict[str, float] = {}
    for score in scores.values():
        horizons[score.meaning] = max(horizons.get(score.meaning, 0.0), score.horizon_days)
    return horizons


def _target(score: Score, now: datetime, at: datetime | None, horizon_days: float) -> Target:
    if score.kind is ScoreKind.QUANTILE:
        return Target(score.name, score, at or now)
    begins = at or now - timedelta(days=horizon_days)
    if score.kind is ScoreKind.SPEND:
        return Target(score.name, score, begins, now if begins < now else None)
    later = begins + timedelta(days=score.horizon_days)
    return Target(score.name, score, begins, later if begins < later <= now else None)


def _card_target(card: ScorecardDefinition, score: Score, now: datetime, at: datetime | None) -> Target:
    horizon = timedelta(days=card.horizon_days)
    begins = at or now - 2 * horizon
    if begins + horizon > now:
        words = f"scorecards.{card.name} learns from the {card.horizon_days:g} days after it, which are not over"
        raise ConfigurationError([f"--at: {words}; name an earlier moment"])
    last = begins + 2 * horizon
    return Target(card.name, score, begins, begins + horizon, last if last <= now else None, card)

"""Define scores: numbers that are computed from a customer's facts and from figures of the population."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from gateway.scores.calibration_file import AnyFigures
from gateway.scores.purchase_formulas import PurchaseModel


class ScoreKind(StrEnum):
    """What a score is computed by."""

    QUANTILE = "quantile"
    PURCHASES = "purchases"
    SPEND = "spend"
    SCORECARD = "scorecard"


class ModelOutput(StrEnum):
    """What a model of purchases gives: a probability, another one, or a number of orders."""

    NO_ORDER = "no_order"
    ALIVE = "alive"
    EXPECTED_ORDERS = "expected_orders"


class CardOutput(StrEnum):
    """What a scorecard gives."""

    PROBABILITY = "probability"
    POINTS = "points"


class ScorecardDefinition(msgspec.Struct, frozen=True, kw_only=True):
    """What a scorecard predicts, and from which facts.

    It is that `counted`, a fact that counts and has no window, does not grow within so many days, of who has some.
    """

    name: str
    counted: str
    horizon_days: float
    facts: tuple[str, ...]

    @property
    def read_facts(self) -> tuple[str, ...]:
        return tuple(sorted({self.counted, *self.facts}))


class Score(msgspec.Struct, frozen=True, kw_only=True):
    """A named number. `inputs` are the facts that it reads, by what they are to it, such as `frequency`.

    `day_facts` are those of them that grow by one each day.

    `labels` has the label by language, where it has any. `figures` are those of the calibration of this `version`, None where
    there is none.
    """

    name: str
    label: str
    kind: ScoreKind
    inputs: tuple[tuple[str, str], ...]
    meaning: str
    bands: int = 0
    is_reversed: bool = False
    is_positive: bool = False
    model: PurchaseModel | None = None
    output: ModelOutput | CardOutput | None = None
    horizon_days: float = 0.0
    scorecard: str | None = None
    counted: str | None = None
    day_facts: tuple[str, ...] = ()
    figures: AnyFigures | None = None
    labels: tuple[tuple[str, str], ...] = ()
    version: str | None = None

    @property
    def fact_names(self) -> tuple[str, ...]:
        return tuple(sorted({fact for _, fact in self.inputs}))

    def input_of(self, role: str) -> str:
        return dict(self.inputs)[role]

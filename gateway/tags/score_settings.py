"""Read scores and scorecards from their sections, and check them against the facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

import msgspec

from connectors.contract import MeasureOp
from connectors.suggestions import did_you_mean
from gateway.scores.calibration_file import (
    AGAIN,
    AnyFigures,
    Calibration,
    PurchaseFigures,
    QuantileFigures,
    RefusedFigures,
    ScorecardFigures,
    SpendFigures,
)
from gateway.scores.purchase_formulas import PurchaseModel
from gateway.tags.definitions import Fact
from gateway.tags.expressions.types import NUMBERS, FactType, ValueType
from gateway.tags.language_settings import first_label, read_label
from gateway.tags.score_definitions import CardOutput, ModelOutput, Score, ScorecardDefinition, ScoreKind
from gateway.tags.score_fingerprint import meaning_of
from gateway.tags.yaml_sections import Section

GAMMA_GAMMA = "gamma_gamma"
MODELS = (*(model.value for model in PurchaseModel), GAMMA_GAMMA)

MIN_BANDS, MAX_BANDS = 2, 100
USUAL_BANDS = 5

QUANTILE_SETTINGS = ("label", "quantile_of", "bands", "reversed", "positive")
PURCHASE_SETTINGS = ("label", "model", "gives", "frequency", "recency", "age", "horizon")
SPEND_SETTINGS = ("label", "model", "frequency", "spend")
CARD_SETTINGS = ("label", "scorecard", "gives")
SCORECARD_SETTINGS = ("no_more", "within", "facts")

_FIGURES: Mapping[ScoreKind, type[AnyFigures]] = {
    ScoreKind.QUANTILE: QuantileFigures,
    ScoreKind.PURCHASES: PurchaseFigures,
    ScoreKind.SPEND: SpendFigures,
    ScoreKind.SCORECARD: ScorecardFigures,
}
_GROWING = ("count", "distinct")
"""Measures that later records make no smaller."""

_WINDOWS = ("window", "window_to", "months", "since_first")

_TRUTHS = {"true": True, "false": False}


class ReadScores(NamedTuple):
    """Scores and scorecards by name, the types of all scores, and the words that stand for facts in them."""

    scores: dict[str, Score]
    scorecards: dict[str, ScorecardDefinition]
    types: dict[str, FactType]
    words: set[str]


def read_scores(
    sections: Mapping[str, Section],
    card_sections: Mapping[str, Section],
    facts: Mapping[str, Fact],
    types: Mapping[str, FactType],
    calibration: Calibration | None,
) -> ReadScores:
    """Read scores and scorecards, and report their problems. Nothing follows from what a problem leaves open of them."""
    reader = ScoreReader(facts, types, calibration)
    for name, section in card_sections.items():
        reader.read_scorecard(name, section)
    for name in sections.keys() & types.keys():
        sections[name].report("", "a fact has this name, too; rename one of them")
    read = {name: score for name, section in sections.items() if (score := reader.read_score(name, section))}
    named = {section.text("scorecard") for section in sections.values() if "scorecard" in section}
    for name, section in card_sections.items():
        if name not in named and not section.is_included:
            section.report("", "no score uses this scorecard; name it in one or remove it")
    known = {name: _score_type(score, types) for name, score in read.items()}
    open_ = {name: FactType(type=ValueType.UNKNOWN, nullable=False) for name in sections}
    return ReadScores(read, reader.scorecards, open_ | known, _named_facts(sections.values(), card_sections.values()))


def _named_facts(scores: Iterable[Section], scorecards: Iterable[Section]) -> set[str]:
    settings = ("quantile_of", "frequency", "recency", "age", "spend", "no_more", "facts")
    return {
        word
        for section in (*scores, *scorecards)
        for setting in settings
        if setting in section
        for word in section.texts(setting)
    }


class ScoreReader:
    """Reads scores that stand on these facts. Of facts with problems their types are not known."""

    def __init__(
        self, facts: Mapping[str, Fact], types: Mapping[str, FactType], calibration: Calibration | None = None
    ) -> None:
        self._facts = facts
        self._types = types
        self._calibration = calibration
        self.scorecards: dict[str, ScorecardDefinition] = {}
        self._named_scorecards: set[str] = set()

    def read_scorecard(self, name: str, section: Section) -> None:
        """Read a scorecard, and report its problems."""
        self._named_scorecards.add(name)
        section.expect(SCORECARD_SETTINGS)
        counted = self._count(section, "no_more")
        horizon = section.required_duration("within")
        names = section.texts("facts")
        if "facts" not in section:
            section.report("facts", "is missing; list the facts that may matter")
        read = tuple(name for name in names if self._number(section, "facts", name))
        if counted and horizon and read:
            self.scorecards[name] = ScorecardDefinition(
                name=name, counted=counted, horizon_days=_days(horizon), facts=tuple(sorted(set(read)))
            )

    def read_score(self, name: str, section: Section) -> Score | None:
        """Read a score. None where a problem was reported."""
        ways = [way for way in ("quantile_of", "model", "scorecard") if way in section]
        if len(ways) != 1:
            wrong = f"{' and '.join(ways)} exclude each other" if ways else "nothing says how it is computed"
            section.report("", f"{wrong}; write one of quantile_of, model and scorecard")
            return None
        if ways == ["quantile_of"]:
            score = self._quantile(name, section)
        elif ways == ["scorecard"]:
            score = self._card(name, section)
        elif section.text("model") == GAMMA_GAMMA:
            score = self._spend(name, section)
        else:
            score = self._purchases(name, section)
        if score is None:
            return None
        return self._with_figures(
            msgspec.structs.replace(score, day_facts=self._day_facts(score), labels=read_label(section)[1]), section
        )

    def _quantile(self, name: str, section: Section) -> Score | None:
        section.expect(QUANTILE_SETTINGS)
        label, bands = first_label(section), _bands(section)
        is_reversed, is_positive = (_truth(section, setting) for setting in ("reversed", "positive"))
        fact = self._input(section, "quantile_of")
        if fact is None or bands is None:
            return None
        inputs = (("value", fact),)
        return Score(
            name=name,
            label=label,
            kind=ScoreKind.QUANTILE,
            inputs=inputs,
            meaning=self._meaning(inputs, ScoreKind.QUANTILE, bands, is_positive),
            bands=bands,
            is_reversed=is_reversed,
            is_positive=is_positive,
        )

    def _purchases(self, name: str, section: Section) -> Score | None:
        section.expect(PURCHASE_SETTINGS)
        label = first_label(section)
        model = section.choice("model", {word: word for word in MODELS})
        output = _output(section, ModelOutput)
        frequency = self._count(section, "frequency")
        recency, age = self._days_ago(section, "recency", MeasureOp.MAX), self._days_ago(section, "age", MeasureOp.MIN)
        if output is ModelOutput.ALIVE and "horizon" in section:
            section.report("horizon", "'alive' is of now; remove it, or choose another 'gives'")
        horizon = section.required_duration("horizon") if output not in (None, ModelOutput.ALIVE) else timedelta()
        if not (model and output and frequency and recency and age) or horizon is None:
            return None
        inputs = (("age", age), ("frequency", frequency), ("recency", recency))
        return Score(
            name=name,
            label=label,
            kind=ScoreKind.PURCHASES,
            inputs=inputs,
            meaning=self._meaning(inputs, ScoreKind.PURCHASES, model),
            model=PurchaseModel(model),
            output=output,
            horizon_days=_days(horizon),
        )

    def _spend(self, name: str, section: Section) -> Score | None:
        section.expect(SPEND_SETTINGS)
        label = first_label(section)
        frequency, spend = self._count(section, "frequency"), self._input(section, "spend")
        if spend and self._facts[spend].measure is not MeasureOp.SUM:
            section.report("spend", f"'{spend}' is no sum; name a fact that sums what the orders of 'frequency' cost")
        if not frequency or not spend:
            return None
        inputs = (("frequency", frequency), ("spend", spend))
        meaning = self._meaning(inputs, ScoreKind.SPEND)
        return Score(name=name, label=label, kind=ScoreKind.SPEND, inputs=inputs, meaning=meaning)

    def _card(self, name: str, section: Section) -> Score | None:
        section.expect(CARD_SETTINGS)
        label, output, named = first_label(section), _output(section, CardOutput), section.text("scorecard")
        card = self.scorecards.get(named)
        if card is None:
            if named and named not in self._named_scorecards:
                section.report("scorecard", f"unknown scorecard '{named}'{did_you_mean(named, self.scorecards)}")
            return None
        if output is None:
            return None
        inputs = tuple((fact, fact) for fact in card.read_facts)
        return Score(
            name=name,
            label=label,
            kind=ScoreKind.SCORECARD,
            inputs=inputs,
            meaning=self.card_meaning(card),
            output=output,
            horizon_days=card.horizon_days,
            scorecard=card.name,
            counted=card.counted,
        )

    def card_meaning(self, card: ScorecardDefinition) -> str:
        """Name what a scorecard was calibrated for."""
        return self._meaning(((fact, fact) for fact in card.read_facts), ScoreKind.SCORECARD, card.counted, card.horizon_days)

    def _with_figures(self, score: Score, section: Section) -> Score:
        """Give a score its figures, and report where the calibration has none, or those of another definition."""
        if self._calibration is None:
            return score
        figures: AnyFigures | None
        if score.scorecard is None:
            figures = self._calibration.scores.get(score.name)
        else:
            figures = self._calibration.scorecards.get(score.scorecard)
        version = self._calibration.version
        if figures is None:
            section.report("", f"the calibration {version} does not have it; {AGAIN}")
        elif figures.meaning != score.meaning or not _is_fit(figures, score):
            section.report("", f"the calibration {version} is of another definition of it or of its facts; {AGAIN}")
        return msgspec.structs.replace(score, figures=figures, version=version)

    def _day_facts(self, score: Score) -> tuple[str, ...]:
        facts = (self._facts[name] for name in score.fact_names)
        return tuple(fact.name for fact in facts if fact.as_days and not _is_windowed(fact))

    def _meaning(self, inputs: Iterable[tuple[str, str]], *settings: object) -> str:
        return meaning_of({role: self._facts[fact] for role, fact in inputs}, *settings)

    def _input(self, section: Section, setting: str) -> str | None:
        name = section.text(setting)
        return name if name and self._number(section, setting, name) else None

    def _count(self, section: Section, setting: str) -> str | None:
        """Read the name of a fact that counts all records: that it has grown is how a later order is known."""
        name = self._input(section, setting)
        if name is None:
            return None
        fact = self._facts[name]
        if fact.measure.value not in _GROWING:
            section.report(setting, f"'{name}' does not count; name a fact with measure 'count'")
        elif _is_windowed(fact):
            section.report(setting, f"'{name}' has a window, so it may fall; name a fact of all time")
        return name

    def _days_ago(self, section: Section, setting: str, measure: MeasureOp) -> str | None:
        name = self._input(section, setting)
        if name is None:
            return None
        fact = self._facts[name]
        if not fact.as_days or fact.measure is not measure:
            word = "last" if measure is MeasureOp.MAX else "first"
            section.report(
                setting, f"'{name}' is not the days since the {word} order; name one with measure '{word}' as days_ago"
            )
        return name

    def _number(self, section: Section, setting: str, name: str) -> bool:
        """Tell whether a fact is one, and a number. It reports where not."""
        if name not in self._types:
            section.report(setting, f"unknown fact '{name}'{did_you_mean(name, self._types)}")
        elif name in self._facts and self._types[name].type in NUMBERS:
            return True
        elif name in self._facts and self._types[name].type is not ValueType.UNKNOWN:
            section.report(setting, f"'{name}' is {self._types[name].type}; name a fact that is a number")
        return False


def _is_windowed(fact: Fact) -> bool:
    return any(getattr(fact, part, None) is not None for part in _WINDOWS)


def _is_fit(figures: AnyFigures, score: Score) -> bool:
    """Tell whether figures are those of such a score: somebody may have edited the file."""
    if isinstance(figures, ScorecardFigures):
        return score.kind is ScoreKind.SCORECARD and {fact.fact for fact in figures.card.facts} <= {*score.fact_names}
    if isinstance(figures, PurchaseFigures) and figures.parameters.model is not score.model:
        return False
    if isinstance(figures, QuantileFigures) and len(figures.cut_points) >= score.bands:
        return False
    return isinstance(figures, RefusedFigures | _FIGURES[score.kind])


def _score_type(score: Score, types: Mapping[str, FactType]) -> FactType:
    if score.kind is ScoreKind.QUANTILE:
        fact = types[score.input_of("value")]
        return FactType(
            type=ValueType.WHOLE,
            nullable=fact.nullable or score.is_positive,
            minimum=1,
            null_without=frozenset() if score.is_positive else fact.null_without,
        )
    if score.kind is ScoreKind.SCORECARD:
        whole, without = score.output is CardOutput.POINTS, frozenset({str(score.counted)})
        return FactType(type=ValueType.WHOLE if whole else ValueType.FRACTION, nullable=True, null_without=without)
    counted: frozenset[str] = frozenset()
    if score.kind is ScoreKind.PURCHASES:
        # Orders that the days do not go by leave these null, and the score with them.
        of_days = [types[score.input_of(role)].null_without for role in ("recency", "age")]
        counted = frozenset({score.input_of("frequency")}).intersection(*of_days)
    return FactType(type=ValueType.FRACTION, nullable=True, minimum=0, null_without=counted)


def _output(section: Section, outputs: type[ModelOutput | CardOutput]) -> ModelOutput | CardOutput | None:
    known: dict[str, ModelOutput | CardOutput] = {output.value: output for output in outputs}
    return section.choice("gives", known)


def _bands(section: Section) -> int | None:
    text = section.optional_text("bands")
    if text is None:
        return USUAL_BANDS
    if not text.isdecimal() or len(text) > len(str(MAX_BANDS)) or not MIN_BANDS <= int(text) <= MAX_BANDS:
        section.report("bands", f"must be a whole number from {MIN_BANDS} to {MAX_BANDS}")
        return None
    section.refuse_quotes("bands", "a whole number")
    return int(text)


def _truth(section: Section, setting: str) -> bool:
    return setting in section and bool(section.choice(setting, _TRUTHS))


def _days(span: timedelta) -> float:
    return span.total_seconds() / 86_400

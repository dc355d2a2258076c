"""Scores and scorecards of a file: what is read of them, and what is said of their problems."""

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from connectors.errors import ConfigurationError
from gateway.scores.calibration_file import AnyFigures, Calibration, PurchaseFigures, QuantileFigures, RefusedFigures
from gateway.scores.purchase_formulas import PurchaseModel, PurchaseParameters
from gateway.scores.refusal import Refusal, RefusalReason
from gateway.tags.definitions import Pack
from gateway.tags.expressions.types import ValueType
from gateway.tags.fact_types import fact_types
from gateway.tags.pack import load_pack
from gateway.tags.score_definitions import CardOutput, ModelOutput, ScoreKind
from gateway.tags.score_fingerprint import fingerprint_over
from gateway.tags.score_settings import read_scores
from gateway.tags.tag_history import RULE_DIGITS
from gateway.tags.yaml_sections import Problems, read_sections

AT = datetime(2026, 6, 30, tzinfo=UTC)
TAGS = """
facts:
  orders: {label: Orders, record: order, measure: count}
  orders_90d: {label: Orders lately, record: order, measure: count, window: 90d}
  spend: {label: Spend, record: order, measure: sum, field: total, currency: EUR}
  gap: {label: Days since the last order, record: order, measure: last, field: placed_at, as: days_ago}
  age: {label: Days since the first order, record: order, measure: first, field: placed_at, as: days_ago}
  channel: {label: Channel, record: ticket, measure: latest, field: channel}
scores:
  r_score: {label: Recency score, quantile_of: gap, reversed: true}
  m_score: {label: Money score, quantile_of: spend, bands: 10, positive: true}
  risk: {label: Risk, model: mbg_nbd, gives: no_order, frequency: orders, recency: gap, age: age, horizon: 90d}
  alive: {label: Alive, model: bg_nbd, gives: alive, frequency: orders, recency: gap, age: age}
  basket: {label: Basket, model: gamma_gamma, frequency: orders, spend: spend}
  churn_points: {label: Churn points, scorecard: churn, gives: points}
  churn: {label: Churn, scorecard: churn, gives: probability}
scorecards:
  churn: {no_more: orders, within: 90d, facts: [gap, orders_90d]}
tags:
  all:
    label: All
    description: All scores.
    owner: crm-team
    category: VALUE
    ttl: 1d
    version: 1
    words: All of them.
    expression: >-
      channel == 'PHONE' ? 'P' : orders == 0 ? null : r_score == 5 ? 'R' : m_score != null && m_score > 9 ? 'M'
      : risk > 0.5 && alive < 0.5 ? 'L' : basket != null && basket > 100.0 ? 'B' : churn_points > 3 && churn > 0.5 ? 'C' : 'N'
"""


def load(text: str = TAGS, calibration: Calibration | None = None) -> Pack:
    return load_pack(Path("tags.yaml"), text, None, calibration)


def problems_of(text: str, calibration: Calibration | None = None) -> list[str]:
    with pytest.raises(ConfigurationError) as caught:
        load(text, calibration)
    return [problem.removeprefix("tags.yaml:") for problem in caught.value.problems]


def calibration_of(pack: Pack, scores: dict[str, AnyFigures] | None = None, version: str = "v1") -> Calibration:
    """A calibration that refuses all, but for those that are given."""
    refusal = Refusal(RefusalReason.LOW_SPREAD, "97% have 1")
    refused = {
        name: RefusedFigures(meaning=score.meaning, at=AT, customers=9, refusal=refusal) for name, score in pack.scores.items()
    }
    return Calibration(
        version=version,
        created_at=AT,
        customers=9,
        sampled=9,
        left_out=0,
        scores={name: own for name, own in refused.items() if not name.startswith("churn")} | (scores or {}),
        scorecards={"churn": refused["churn"]},
    )


def test_scores_are_read():
    """Each with its way, its facts and what it gives; 5 bands unless others are asked for."""
    pack = load()
    read = {
        name: (score.kind, score.fact_names, score.output, score.horizon_days, score.bands)
        for name, score in pack.scores.items()
    }
    assert read == {
        "r_score": (ScoreKind.QUANTILE, ("gap",), None, 0, 5),
        "m_score": (ScoreKind.QUANTILE, ("spend",), None, 0, 10),
        "risk": (ScoreKind.PURCHASES, ("age", "gap", "orders"), ModelOutput.NO_ORDER, 90, 0),
        "alive": (ScoreKind.PURCHASES, ("age", "gap", "orders"), ModelOutput.ALIVE, 0, 0),
        "basket": (ScoreKind.SPEND, ("orders", "spend"), None, 0, 0),
        "churn_points": (ScoreKind.SCORECARD, ("gap", "orders", "orders_90d"), CardOutput.POINTS, 90, 0),
        "churn": (ScoreKind.SCORECARD, ("gap", "orders", "orders_90d"), CardOutput.PROBABILITY, 90, 0),
    }
    assert pack.scorecards["churn"].read_facts == ("gap", "orders", "orders_90d")
    assert pack.tags["all"].fact_names == ("age", "channel", "gap", "orders", "orders_90d", "spend")
    assert pack.tags["all"].score_names == ("alive", "basket", "churn", "churn_points", "m_score", "r_score", "risk")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (
            "quantile_of: gap, rev",
            "quantile_of: gapp, rev",
            ["10: scores.r_score.quantile_of: unknown fact 'gapp'; did you mean 'gap'?"],
        ),
        (
            "quantile_of: gap, rev",
            "quantile_of: channel, rev",
            ["10: scores.r_score.quantile_of: 'channel' is text; name a fact that is a number"],
        ),
        ("bands: 10", "bands: 1", ["11: scores.m_score.bands: must be a whole number from 2 to 100"]),
        ("positive: true", "positiv: true", ["11: scores.m_score.positiv: unknown setting; did you mean 'positive'?"]),
        ("reversed: true", "reversed: yes", ["10: scores.r_score.reversed: unknown word 'yes'"]),
        ("model: mbg_nbd", "model: mbg", ["12: scores.risk.model: unknown word 'mbg'; did you mean 'mbg_nbd'?"]),
        ("gives: no_order", "gives: no_orders", ["12: scores.risk.gives: unknown word 'no_orders'; did you mean 'no_order'?"]),
        (", horizon: 90d", "", ["12: scores.risk.horizon: is missing; add it"]),
        (
            "gives: no_order, frequency: orders",
            "gives: no_order, frequency: orders_90d",
            ["12: scores.risk.frequency: 'orders_90d' has a window, so it may fall; name a fact of all time"],
        ),
        (
            "gives: no_order, frequency: orders",
            "gives: no_order, frequency: gap",
            ["12: scores.risk.frequency: 'gap' does not count; name a fact with measure 'count'"],
        ),
        (
            "recency: gap, age: age, horizon",
            "recency: age, age: gap, horizon",
            [
                "12: scores.risk.recency: 'age' is not the days since the last order; name one with measure 'last' as days_ago",
                "12: scores.risk.age: 'gap' is not the days since the first order; name one with measure 'first' as days_ago",
            ],
        ),
        (
            "gives: alive, frequency: orders",
            "gives: alive, horizon: 9d, frequency: orders",
            ["13: scores.alive.horizon: 'alive' is of now; remove it, or choose another 'gives'"],
        ),
        (
            "frequency: orders, spend: spend",
            "frequency: orders, spend: gap",
            ["14: scores.basket.spend: 'gap' is no sum; name a fact that sums what the orders of 'frequency' cost"],
        ),
        (
            "scorecard: churn, gives: points",
            "scorecard: chrun, gives: points",
            ["15: scores.churn_points.scorecard: unknown scorecard 'chrun'; did you mean 'churn'?"],
        ),
        (
            "quantile_of: gap, rev",
            "scorecard: churn, quantile_of: gap, rev",
            ["10: scores.r_score: quantile_of and scorecard exclude each other; write one of quantile_of, model and scorecard"],
        ),
        (
            "label: Recency score, quantile_of: gap, reversed: true",
            "label: Recency score",
            ["10: scores.r_score: nothing says how it is computed; write one of quantile_of, model and scorecard"],
        ),
        (
            "facts: [gap, orders_90d]",
            "facts: [gap, ordrs_90d]",
            ["18: scorecards.churn.facts: unknown fact 'ordrs_90d'; did you mean 'orders_90d'?"],
        ),
        (", within: 90d", "", ["18: scorecards.churn.within: is missing; add it"]),
        ("r_score == 5", "r_scor == 5", ["29:55: tags.all.expression: unknown fact 'r_scor'; did you mean 'r_score'?"]),
        (
            "m_score != null && m_score > 9",
            "m_score > 9",
            ["null"],
        ),
        ("risk > 0.5 &&", "risk + 1 > 0.5 &&", ["both sides"]),
    ],
)
def test_problems_of_scores_name_the_setting_and_the_fix(old: str, new: str, expected: list[str]):
    """Each has its line; nothing that follows from it is said as well, but for scores that need what has a problem."""
    assert old in TAGS
    found = problems_of(TAGS.replace(old, new))
    for words in expected:
        assert any(words in problem for problem in found), found
    assert len(found) <= len(expected) + 1


def test_a_score_that_no_tag_reads_is_a_problem():
    """As a fact is."""
    assert problems_of(TAGS.replace("r_score == 5", "orders > 5")) == [
        "10: scores.r_score: no tag uses this score; name it in an expression or remove it"
    ]


def test_a_name_stands_for_one_thing():
    """A score cannot have the name of a fact, as expressions would not know which is meant."""
    assert problems_of(TAGS.replace("  alive: {", "  gap: {").replace("alive <", "gap <"))[0].endswith(
        "scores.gap: a fact has this name, too; rename one of them"
    )


def test_scores_have_types_for_expressions():
    """Bands are whole numbers from 1, models fractions that are null without an order, points may be negative."""
    problems, facts = Problems("tags.yaml"), load().facts
    root = read_sections(Path("tags.yaml"), problems, TAGS)
    read = read_scores(root.sections("scores"), root.sections("scorecards"), facts, fact_types(facts), None)
    told = {name: (own.type, own.nullable, own.minimum, own.null_without) for name, own in read.types.items()}
    counts = frozenset({"orders", "orders_90d"})
    assert told["r_score"] == (ValueType.WHOLE, True, 1, counts)
    assert told["m_score"] == (ValueType.WHOLE, True, 1, frozenset())
    assert told["risk"] == (ValueType.FRACTION, True, 0, frozenset({"orders"}))
    assert told["churn"] == (ValueType.FRACTION, True, None, frozenset({"orders"}))
    assert told["churn_points"] == (ValueType.WHOLE, True, None, frozenset({"orders"}))


def test_figures_that_are_absent_or_of_something_else_are_a_problem():
    """A calibration that lacks a score, or was made when it meant something else, says so with the command."""
    pack = load()
    whole = calibration_of(pack)
    assert load(TAGS, whole).scores["risk"].figures == whole.scores["risk"]
    without = msgspec.structs.replace(whole, scores={name: own for name, own in whole.scores.items() if name != "risk"})
    again = "run `profile-gateway calibrate` again"
    assert problems_of(TAGS, without) == [f"12: scores.risk: the calibration v1 does not have it; {again}"]
    other = f"the calibration v1 is of another definition of it or of its facts; {again}"
    assert problems_of(TAGS.replace("bands: 10", "bands: 9"), whole) == [f"11: scores.m_score: {other}"]
    assert problems_of(
        TAGS.replace("[gap, orders_90d]", "[gap]").replace("churn > 0.5", "churn > 0.5 && orders_90d > 0"), whole
    ) == [
        f"15: scores.churn_points: {other}",
        f"16: scores.churn: {other}",
    ]
    # Somebody has put the figures of one kind where those of another belong.
    swapped = QuantileFigures(meaning=pack.scores["risk"].meaning, at=AT, customers=9, cut_points=[1.0], shares=[0.5, 0.5])
    assert problems_of(TAGS, calibration_of(pack, {"risk": swapped})) == [f"12: scores.risk: {other}"]
    base = {"at": AT, "customers": 9}
    many = QuantileFigures(
        meaning=pack.scores["r_score"].meaning, cut_points=[1.0, 2.0, 3.0, 4.0, 5.0], shares=[0.1] * 6, **base
    )
    assert problems_of(TAGS, calibration_of(pack, {"r_score": many})) == [f"10: scores.r_score: {other}"]
    parameters = PurchaseParameters(PurchaseModel.BG_NBD, 0.5, 6.0, 0.9, 1.6)
    model = PurchaseFigures(
        meaning=pack.scores["risk"].meaning, parameters=parameters, log_likelihood=-1, repeat_buyers=9, **base
    )
    assert problems_of(TAGS, calibration_of(pack, {"risk": model})) == [f"12: scores.risk: {other}"]


def test_a_model_may_be_null_where_its_days_are_of_other_orders():
    """Who has cancelled orders alone has no last order that counts, so a rule asks for the score itself."""
    uncancelled = TAGS.replace("as: days_ago}", "as: days_ago, except: {status: CANCELLED}}", 1)
    (problem,) = [problem for problem in problems_of(uncancelled) if "risk" in problem]
    assert "risk is null where there is nothing to measure" in problem


def test_a_fingerprint_over_tags_tells_rules_from_calibrations():
    """As that of a segment: of the tags that it reads, which have read a calibration or not."""
    without, with_one, with_other = {"a": "1" * 12}, {"a": "1" * 12 + "2" * 12}, {"a": "1" * 12 + "3" * 12}
    named = [fingerprint_over("0" * 12, own) for own in (without, with_one, with_other)]
    assert len(set(named)) == 3
    assert len({own[:RULE_DIGITS] for own in named}) == 1
    assert fingerprint_over("0" * 12, {"a": "4" * 12 + "2" * 12})[:RULE_DIGITS] != named[0][:RULE_DIGITS]


def test_a_fingerprint_changes_with_the_calibration_that_a_rule_reads():
    """Stored tags over scores become stale with a new calibration, those of other rules do not."""
    more = (
        TAGS
        + """
  plain:
    label: Plain
    description: Whether he has ordered.
    owner: crm-team
    category: VALUE
    ttl: 1d
    version: 1
    words: YES with an order.
    expression: "orders > 0 ? 'YES' : null"
"""
    )
    pack = load(more)
    first, second = load(more, calibration_of(pack)), load(more, calibration_of(pack, version="v2"))
    assert len({own.tags["all"].fingerprint for own in (pack, first, second)}) == 3
    assert len({own.tags["plain"].fingerprint for own in (pack, first, second)}) == 1
    edited = load(more.replace("version: 1", "version: 2"), calibration_of(pack))
    assert len({own.tags["all"].fingerprint[:RULE_DIGITS] for own in (pack, first, second)}) == 1
    assert edited.tags["all"].fingerprint[:RULE_DIGITS] != first.tags["all"].fingerprint[:RULE_DIGITS]
    relabelled = load(more.replace("label: Risk", "label: Danger"), calibration_of(pack))
    assert relabelled.tags["all"].fingerprint == first.tags["all"].fingerprint

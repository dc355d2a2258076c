"""Scores of customers: computed from facts as a calibration says, and shown in the evidence with its version."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from connectors.errors import ConfigurationError, SourceUnavailableError
from connectors.testing import MemoryConnector
from gateway.app import create_services
from gateway.explain import explained
from gateway.scores.calibration_file import (
    AnyFigures,
    Calibration,
    PurchaseFigures,
    QuantileFigures,
    RefusedFigures,
    ScorecardFigures,
    SpendFigures,
    write_calibration,
)
from gateway.scores.purchase_formulas import (
    PurchaseHistory,
    PurchaseModel,
    PurchaseParameters,
    alive_probability,
    expected_orders,
    no_order_probability,
)
from gateway.scores.refusal import Refusal, RefusalReason
from gateway.scores.scorecard import FactPoints, Scorecard
from gateway.scores.spend_formulas import SpendParameters, expected_spend
from gateway.tags.computed_tag import NOT_GIVEN, FactValue
from gateway.tags.pack import load_pack
from gateway.tags.score_changes import find_score_change, next_score_change
from gateway.tags.score_definitions import ModelOutput, Score
from gateway.tags.score_evidence import add_scores, score_value
from tests.support.gateway_server import gateway_on, settings_for
from tests.support.tag_shop import ShopClock, sources_by_id
from tests.tags.test_score_settings import AT, TAGS, calibration_of

MODEL = PurchaseParameters(PurchaseModel.MBG_NBD, 0.525, 6.183, 0.891, 1.614)
BASKET = SpendParameters(6.25, 3.74, 15.44)
CARD = Scorecard([FactPoints("gap", "Days since the last order", [20.0], [-4, 12], 0)], [0], [0.2, 0.7])
TAG = """query ($id: ID!) { customer(by: {id: $id}) { tag(key: "all") { value reason partial
    evidence { name value missing partial calibration reasons sources } } } }"""
C1 = PurchaseHistory(4, 4 / 7, 29 / 7)
"""Orders on the first five days of June, seen at the end of the 30th."""


def calibrated(text: str = TAGS) -> Calibration:
    """A calibration with figures for each score, but for `m_score`, which is refused."""
    scores = load_pack(Path("tags.yaml"), text).scores
    base: dict[str, dict[str, Any]] = {
        name: {"meaning": score.meaning, "at": AT, "customers": 900} for name, score in scores.items()
    }
    bg = msgspec.structs.replace(MODEL, model=PurchaseModel.BG_NBD)
    figures: dict[str, AnyFigures] = {
        "r_score": QuantileFigures(**base["r_score"], cut_points=[10.0, 20.0, 30.0, 40.0], shares=[0.2] * 5),
        "m_score": RefusedFigures(**base["m_score"], refusal=Refusal(RefusalReason.LOW_SPREAD, "all have 10")),
        "risk": PurchaseFigures(**base["risk"], parameters=MODEL, log_likelihood=-1, repeat_buyers=700),
        "alive": PurchaseFigures(**base["alive"], parameters=bg, log_likelihood=-1, repeat_buyers=700),
        "basket": SpendFigures(**base["basket"], parameters=BASKET, log_likelihood=-1),
    }
    card = ScorecardFigures(**base["churn"], card=CARD, shares=[0.5, 0.5])
    return msgspec.structs.replace(calibration_of(load_pack(Path("t"), text), figures), scorecards={"churn": card})


@pytest.fixture
def pack(tmp_path: Path) -> dict[str, str]:
    """The settings of tags with a calibration."""
    (tmp_path / "tags.yaml").write_text(TAGS, "utf-8")
    write_calibration(tmp_path / "calibration.json", calibrated())
    return {"file": str(tmp_path / "tags.yaml"), "calibration": str(tmp_path / "calibration.json")}


async def tag_of(sources: Sequence[MemoryConnector], tags: dict[str, str]) -> tuple[dict[str, Any], dict[str, Any]]:
    async with gateway_on(sources, with_clock=ShopClock(), tags=tags) as gateway:
        tag = (await gateway.data(TAG, {"id": "c1"}))["customer"]["tag"]
    return tag, {fact["name"]: fact for fact in tag["evidence"]}


async def test_scores_stand_in_the_evidence_with_their_calibration(pack: dict[str, str]):
    """Each has the value that its formula gives for the facts beside it; measured facts have no calibration."""
    without_ticket = [*sources_by_id()]
    tag, evidence = await tag_of(without_ticket, pack)
    assert {name: evidence[name]["value"] for name in ("orders", "gap", "age", "spend")} == {
        "orders": 5,
        "gap": 25,
        "age": 29,
        "spend": 50.0,
    }
    bg = msgspec.structs.replace(MODEL, model=PurchaseModel.BG_NBD)
    assert evidence["risk"]["value"] == pytest.approx(no_order_probability(MODEL, C1, 90 / 7), abs=1e-6)
    assert evidence["alive"]["value"] == pytest.approx(alive_probability(bg, C1), abs=1e-6)
    assert evidence["basket"]["value"] == pytest.approx(expected_spend(BASKET, 5, 10.0), abs=0.005)
    assert evidence["r_score"]["value"] == 3  # the third of five bands, from either end
    assert (evidence["churn"]["value"], evidence["churn_points"]["value"]) == (0.7, 12)
    assert evidence["churn"]["reasons"] == ["+12: Days since the last order over 20"]
    assert {fact["calibration"] for fact in evidence.values()} == {"v1", None}
    assert evidence["gap"]["calibration"] is None
    assert evidence["risk"]["sources"] == ["orders"]
    assert (evidence["m_score"]["value"], evidence["m_score"]["missing"]) == (None, "LOW_SPREAD")
    assert tag["partial"] is True


async def test_without_a_calibration_no_score_is_known(pack: dict[str, str]):
    """A rule that needs one gives no tag, and says why; asking again does not help, so the tag is stored as any other."""
    tag, evidence = await tag_of(sources_by_id(), {"file": pack["file"]})
    assert (tag["value"], tag["reason"]) == (None, "UNKNOWN")
    assert {fact["missing"] for name, fact in evidence.items() if name in ("risk", "churn")} == {"NOT_CALIBRATED"}
    assert evidence["gap"]["missing"] is None


async def test_a_source_that_is_away_leaves_scores_unknown(pack: dict[str, str]):
    """A score is no guess about facts that could not be read."""
    sources = sources_by_id()
    sources[1].failure = SourceUnavailableError()
    tag, evidence = await tag_of(sources, pack)
    assert (tag["value"], tag["reason"]) == (None, "UNKNOWN")
    assert {evidence[name]["missing"] for name in ("risk", "r_score", "churn", "basket")} == {"SOURCE_UNAVAILABLE"}
    assert evidence["churn"]["reasons"] == []


async def test_explain_says_which_score_there_is_not(pack: dict[str, str]):
    """In words, with the code; and what gave the points of a scorecard."""
    settings = settings_for(sources_by_id(), tags=pack)
    explanation = await explained(create_services(settings, connectors=sources_by_id(), clock=ShopClock()), "c1", None)
    assert explanation is not None
    (entry,) = explanation.tags
    assert "Partial: Money score: there is no such score (LOW_SPREAD)" in entry.notes
    assert "Churn points: +12: Days since the last order over 20" in entry.notes


def test_services_refuse_a_calibration_of_something_else(pack: dict[str, str]):
    """At start, with the line of the score."""
    path = Path(pack["file"])
    path.write_text(TAGS.replace("bands: 10", "bands: 4"), "utf-8")
    with pytest.raises(ConfigurationError, match=r"tags.yaml:11: scores.m_score: the calibration v1 is of another def"):
        create_services(settings_for(sources_by_id(), tags=pack), connectors=sources_by_id())
    Path(pack["calibration"]).write_text("{", "utf-8")
    with pytest.raises(ConfigurationError, match=r"tags.calibration: calibration.json is broken"):
        create_services(settings_for(sources_by_id(), tags=pack), connectors=sources_by_id())


def facts_of(**values: Any) -> dict[str, FactValue]:
    return {name: FactValue(name=name, label=name, value=value, sources=["shop"]) for name, value in values.items()}


def score_of(name: str) -> Score:
    return load_pack(Path("tags.yaml"), TAGS, None, calibrated()).scores[name]


def value_of(name: str, **values: Any) -> FactValue:
    return score_value(score_of(name), facts_of(**values).values(), set())


def test_a_customer_with_nothing_to_score_has_none():
    """Without an order there is no risk, no recency and no basket, and nothing is missing."""
    for name, values in {
        "r_score": {"gap": None},
        "risk": {"orders": 0, "gap": None, "age": None},
        "alive": {"orders": 0, "gap": None, "age": None},
        "basket": {"orders": 0, "spend": 0.0},
    }.items():
        value = value_of(name, **values)
        assert (value.value, value.missing, value.partial) == (None, None, False)
    assert value_of("basket", orders=2, spend=0.0).value is None
    assert value_of("churn", gap=None, orders=0, orders_90d=0).value is None
    assert value_of("churn", gap=None, orders=1, orders_90d=0).value == 0.2  # to a scorecard "without a value" is a band


def test_outputs_of_a_model_are_told_apart():
    """The same figures give a risk, a chance and a number of orders."""
    risk = score_of("risk")
    orders = msgspec.structs.replace(risk, output=ModelOutput.EXPECTED_ORDERS)
    value = score_value(orders, facts_of(orders=5, gap=25, age=29).values(), set())
    assert value.value == pytest.approx(expected_orders(MODEL, C1, 90 / 7), abs=1e-6)


def test_scores_are_partial_and_stale_as_their_facts():
    """A fact that leaves something out, one of a kept answer and one that only one source gives all show in the score."""
    known = facts_of(orders=5, gap=25, age=29)
    for changed, expected in [
        ({"partial": True}, (True, None)),
        ({"partial": True, "missing": NOT_GIVEN}, (True, NOT_GIVEN)),
    ]:
        facts = known | {"gap": msgspec.structs.replace(known["gap"], **changed)}
        value = score_value(score_of("risk"), facts.values(), set())
        assert value.value is not None
        assert (value.partial, value.missing) == expected
    stale = {"gap"}
    facts = known | {"gap": msgspec.structs.replace(known["gap"], partial=True, missing="SOURCE_UNAVAILABLE")}
    add_scores(facts, stale, [score_of("risk")])
    assert facts["risk"].value is not None
    assert (facts["risk"].missing, stale) == ("SOURCE_UNAVAILABLE", {"gap", "risk"})


def days_of(**values: Any) -> dict[str, FactValue]:
    """Facts of which those of days grow at the next noon."""
    facts = facts_of(**values)
    return facts | {name: msgspec.structs.replace(facts[name], changes_at=NOON) for name in ("gap", "age") if name in facts}


NOON = datetime(2026, 7, 1, 12, tzinfo=UTC)


def test_a_band_changes_when_days_cross_a_cut_point():
    """25 days are in the third band until they are more than 30: on the sixth noon from now, and never beyond the last cut."""
    assert score_value(score_of("r_score"), days_of(gap=25).values(), set()).changes_at == NOON + timedelta(days=5)
    assert score_value(score_of("r_score"), days_of(gap=41).values(), set()).changes_at is None
    assert score_value(score_of("r_score"), facts_of(gap=25).values(), set()).changes_at is None


def test_days_that_end_behind_the_calendar_change_no_score():
    """A time that stands for "never" fails no customer."""
    facts = days_of(gap=25)
    facts["gap"] = msgspec.structs.replace(facts["gap"], value=0, changes_at=datetime(9999, 12, 31, tzinfo=UTC))
    found = score_value(score_of("r_score"), facts.values(), set())
    assert (found.value, found.changes_at) == (5, None)


def test_parameters_of_any_size_give_a_probability():
    """What somebody has written into the file is no error of a request."""
    extreme = msgspec.structs.replace(MODEL, a=1e-300, b=1e300)
    assert alive_probability(extreme, C1) == 1.0
    assert 0.0 < no_order_probability(extreme, C1, 13.0) < 1.0


def test_points_change_when_a_fact_crosses_or_another_one_changes():
    """A window that a record leaves counts as well."""
    facts = days_of(gap=15, orders=5, orders_90d=2)
    assert score_value(score_of("churn"), facts.values(), set()).changes_at == NOON + timedelta(days=5)
    facts["orders_90d"] = msgspec.structs.replace(facts["orders_90d"], changes_at=NOON + timedelta(hours=3))
    assert score_value(score_of("churn"), facts.values(), set()).changes_at == NOON + timedelta(hours=3)


def test_a_probability_changes_each_day_and_crosses_a_border_once():
    """Who looks at one border alone is told the day on which it is crossed: the day before it is not."""
    risk, facts = score_of("risk"), days_of(orders=5, gap=25, age=29)
    assert score_value(risk, facts.values(), set()).changes_at == NOON
    crossed = find_score_change(risk, facts, lambda value: value > 0.9)
    assert crossed is not None
    count = (crossed - NOON).days + 1
    told = [
        score_value(risk, days_of(orders=5, gap=25 + days, age=29 + days).values(), set()).value > 0.9
        for days in (0, count - 1, count)
    ]
    assert told == [False, False, True]
    assert find_score_change(risk, facts, lambda value: value > 2.0) is None


def test_the_next_change_of_a_score_costs_no_search():
    """Its value of another day is computed only for a rule that compares it with something: without figures none can be."""
    risk = msgspec.structs.replace(score_of("risk"), figures=None)
    assert next_score_change(risk, days_of(orders=5, gap=25, age=29)) == NOON
    assert next_score_change(risk, facts_of(orders=5, gap=25, age=29)) is None


def test_a_score_is_as_old_as_the_oldest_of_its_facts():
    """The earliest moment of reading is that of the score."""
    early, late = datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 6, 2, tzinfo=UTC)
    facts = facts_of(orders=5, gap=25, age=29)
    facts["gap"] = msgspec.structs.replace(facts["gap"], as_of=early)
    facts["age"] = msgspec.structs.replace(facts["age"], as_of=late)
    assert score_value(score_of("risk"), facts.values(), set()).as_of == early

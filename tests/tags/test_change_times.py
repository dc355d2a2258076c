"""When time alone changes a tag: the next moment at which its rule may give something else."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from connectors.contract import MeasureOp
from connectors.records import Order
from gateway.tags.change_times import NumericBorder, find_borders, find_change
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import Fact, Pack, TagCategory, TagDefinition
from gateway.tags.expressions.thresholds import Threshold
from gateway.tags.pack import shipped_pack
from gateway.tags.rules import compile_rule
from gateway.tags.score_changes import find_score_change
from gateway.tags.score_evidence import score_value
from gateway.tags.tag_store import MAX_TTL
from tests.tags.test_score_values import NOON, days_of, score_of

NOW = datetime(2026, 5, 4, 12, 0, 30, tzinfo=UTC)
REFERENCE = NOW.replace(second=0) + timedelta(minutes=1)
DAY = timedelta(days=1)
NEVER = None
DAYS = Fact(name="days", label="Days", record=Order, measure=MeasureOp.MAX, field="placed_at", as_days=True)
COUNT = Fact(name="orders", label="Orders", record=Order, measure=MeasureOp.COUNT, window=90 * DAY)
LIMIT = Threshold(name="limit", value=90)


def definition(
    expression: str, *names: str, thresholds: tuple[Threshold, ...] = (), score_names: tuple[str, ...] = ()
) -> TagDefinition:
    return TagDefinition(
        key="t",
        label="T",
        description="T",
        owner="crm",
        category=TagCategory.LIFECYCLE,
        ttl=DAY,
        version=1,
        words="T",
        expression=expression,
        values=(),
        fact_names=names,
        fingerprint="f",
        program=compile_rule(expression),
        thresholds=thresholds,
        score_names=score_names,
    )


def value(name: str, number: Any, changes_at: datetime | None) -> FactValue:
    return FactValue(name=name, label=name, value=number, changes_at=changes_at)


def days_change(expression: str, days: int | None, **words: Any) -> datetime | None:
    """When a tag over whole days changes, of which the next one begins in an hour."""
    at = None if days is None else NOW + timedelta(hours=1)
    return find_change(
        definition(expression, "days", **words),
        Pack(facts={"days": DAYS}, tags={}),
        {"days": value("days", days, at)},
        NOW,
        REFERENCE,
    )


@pytest.mark.parametrize(
    ("expression", "days", "steps"),
    [
        ("days <= 90 ? 'A' : 'B'", 10, 81),
        ("days <= 90 ? 'A' : 'B'", 90, 1),
        ("days <= 90 ? 'A' : 'B'", 91, NEVER),
        ("days < 90 ? 'A' : 'B'", 10, 80),
        ("days >= 90 ? 'A' : 'B'", 10, 80),
        ("90 > days ? 'A' : 'B'", 10, 80),
        ("days > 90 ? 'A' : 'B'", 90, 1),
        ("days == 30 ? 'A' : 'B'", 10, 20),
        ("days == 30 ? 'A' : 'B'", 30, 1),
        ("days in [14, 30] ? 'A' : 'B'", 14, 1),
        ("days in [14, 30] ? 'A' : 'B'", 20, 10),
        ("days <= 30 ? 'A' : days <= 90 ? 'B' : 'C'", 31, 60),
        ("days == null ? null : days <= 2 * 45 ? 'A' : 'B'", 10, 81),
        ("days == null ? null : days <= 90.5 ? 'A' : 'B'", 10, 81),
        ("days != null && !(days > 90) ? 'A' : 'B'", 10, 81),
        ("days + 1 <= 90 ? 'A' : 'B'", 10, 1),
        ("string(days)", 10, 1),
        ("days <= 90 ? string(days) : 'B'", 10, 1),
        ("days == null ? 'A' : 'B'", 10, NEVER),
    ],
)
def test_days_change_a_tag_where_they_cross_a_border(expression: str, days: int, steps: int | None):
    """Compared with constants alone, days count to the next one that tells apart; used in another way, each day counts."""
    expected = None if steps is None else NOW + timedelta(hours=1) + (steps - 1) * DAY
    assert days_change(expression, days) == expected


def test_thresholds_are_borders():
    """A named number is as good as one that is written into the expression; so is what is reckoned from it."""
    expected = NOW + timedelta(hours=1) + 80 * DAY
    assert days_change("days <= limit ? 'A' : 'B'", 10, thresholds=(LIMIT,)) == expected
    assert days_change("days <= limit * 2 ? 'A' : 'B'", 10, thresholds=(LIMIT,)) == expected + 90 * DAY
    assert find_borders("days <= limit", (), "days") is None


def test_what_measures_nothing_does_not_change():
    """There is nothing whose time passes."""
    assert days_change("days == null ? null : days <= 90 ? 'A' : 'B'", None) is None


def test_days_within_a_window_change_each_day():
    """Their record may leave the window before."""
    tag, at = definition("days <= 90 ? 'A' : 'B'", "days"), NOW + timedelta(hours=1)
    bounded = FactValue(name="days", label="Days", value=10, changes_at=at, since=NOW - 60 * DAY, until=REFERENCE)
    pack = Pack(facts={"days": DAYS}, tags={})
    assert find_change(tag, pack, {"days": bounded}, NOW, REFERENCE) == at


def test_the_first_of_several_facts_decides():
    """A count changes when its fact says so; of a count and of days the earlier moment is the tag's."""
    both = definition("orders >= 3 ? 'A' : days <= 90 ? 'B' : 'C'", "days", "orders")
    pack = Pack(facts={"days": DAYS, "orders": COUNT}, tags={})
    for moment in (NOW + 5 * DAY, NOW + 500 * DAY):
        values = {"orders": value("orders", 4, moment), "days": value("days", 80, NOW + timedelta(hours=1))}
        assert find_change(both, pack, values, NOW, REFERENCE) == min(moment, NOW + timedelta(hours=1) + 10 * DAY)


def test_no_time_passes_for_a_pinned_reference():
    """Of a data set that has ended the windows stand still, so nothing changes."""
    tag, values = definition("days <= 90 ? 'A' : 'B'", "days"), {"days": value("days", 10, NOW + DAY)}
    for reference in (NOW - timedelta(seconds=1), NOW + timedelta(seconds=61), NOW - 3000 * DAY):
        assert find_change(tag, Pack(facts={"days": DAYS}, tags={}), values, NOW, reference) is None


def test_a_change_lies_ahead_and_not_too_far():
    """A moment that has passed by the reference is the next minute, and one in ten years is looked at in a year."""
    for moment, expected in ((NOW - DAY, REFERENCE + timedelta(minutes=1)), (NOW + 3650 * DAY, NOW + MAX_TTL)):
        values = {"orders": value("orders", 4, moment)}
        pack = Pack(facts={"orders": COUNT}, tags={})
        assert find_change(definition("orders >= 3", "orders"), pack, values, NOW, REFERENCE) == expected
    assert days_change("days <= 1000000000000 ? 'A' : 'B'", 10) is None


def test_the_shipped_pack_is_compared_with_constants():
    """Its days cross borders, so that no tag of it is renewed each day for nobody."""
    pack = shipped_pack()
    for key, tag in pack.tags.items():
        for name in tag.program.variables():
            if name in pack.facts and pack.facts[name].as_days and key != "purchase_rhythm":
                assert find_borders(tag.expression, tag.thresholds, name)
    lifecycle = pack.tags["lifecycle_stage"]
    assert find_borders(lifecycle.expression, (), "days_since_last_order") == (
        NumericBorder("<=", 90),
        NumericBorder("<=", 180),
    )


def test_a_tag_changes_when_its_score_crosses_a_border():
    """A probability is another one each day. The rule compares it with one number, so the tag is due once, weeks later."""
    risk, facts, now = score_of("risk"), days_of(orders=5, gap=25, age=29), NOON - timedelta(hours=1)
    values = facts | {"risk": score_value(risk, facts.values(), set())}
    pack = Pack(facts={}, tags={}, scores={"risk": risk})
    for expression, moment in (
        ("risk > 0.9 ? 'HIGH' : 'LOW'", find_score_change(risk, facts, lambda number: number > 0.9)),
        ("risk > 2.0 ? 'HIGH' : 'LOW'", None),
        ("string(risk)", NOON),
    ):
        tag = definition(expression, score_names=("risk",))
        assert find_change(tag, pack, values, now, now) == moment

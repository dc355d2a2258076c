"""Times in rules are compared as moments, however their texts are written."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.toolkit.evaluation import rfc3339
from gateway.tags.computed_tag import FactValue
from gateway.tags.decision import decide
from gateway.tags.expressions.thresholds import Threshold, stored_thresholds, thresholds_by_name
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.pack import Pack
from gateway.tags.rule_checks import check_rule
from gateway.tags.rules import compile_rule, evaluate
from gateway.tags.tag_values import write_texts
from gateway.tags.why_not import find_unmet
from tests.tags.test_tags_pack import load
from tests.tags.test_tags_rules import NOW

WHOLE, LATER = "2026-06-01T00:00:00Z", "2026-06-01T00:00:00.500000Z"
TYPES = {
    "a": FactType(type=ValueType.TIME, nullable=False),
    "b": FactType(type=ValueType.TIME, nullable=False),
    "t": FactType(type=ValueType.TEXT, nullable=False),
}
PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
thresholds: {since: 2026-06-01}
facts:
  last: {label: Last order, record: order, measure: last, field: placed_at}
  first: {label: First order, record: order, measure: first, field: placed_at}
tags:
  lately: {label: Tag lately, description: D., words: W., expression: "last == null ? null : last > since ? 'YES' : 'NO'"}
  again:
    {label: Tag again, description: D., words: W., type: boolean, expression: "last != null && first != null && last > first"}
  when: {label: Tag when, description: D., words: W., expression: last}
  whens: {label: Tag whens, description: D., words: W., type: list, expression: "[last, first]"}
  day: {label: Tag day, description: D., words: W., type: date, expression: last}
  price: {label: Tag price, description: D., words: W., expression: "last == null ? null : since"}
"""


def value_of(pack: Pack, key: str, facts: Mapping[str, Any]) -> str | None:
    tag = pack.tags[key]
    values = {name: FactValue(name=name, label=name, value=facts.get(name)) for name in tag.fact_names}
    return evaluate(tag, values, NOW).value


def holds(expression: str, facts: Mapping[str, str]) -> bool:
    """Ask the rule, the steps that decided and the reader of ways, who must agree."""
    (step,) = decide(f"{expression} ? 'A' : 'B'", facts).steps
    unmet = {why.value for why in find_unmet(f"{expression} ? 'A' : 'B'", facts, {})}
    assert step.truth is ("B" in unmet)
    assert step.truth is not ("A" in unmet)
    return bool(step.truth)


def test_a_fraction_of_a_second_is_later_than_the_whole_one(tmp_path: Path) -> None:
    """Against a threshold and another fact; the text of a time stays as the fact has it."""
    pack = load(tmp_path, PACK)
    assert value_of(pack, "lately", {"last": LATER}) == "YES"
    assert value_of(pack, "lately", {"last": WHOLE}) == "NO"
    assert value_of(pack, "again", {"last": LATER, "first": WHOLE}) == "true"
    assert value_of(pack, "again", {"last": WHOLE, "first": LATER}) == "false"
    assert (value_of(pack, "when", {"last": LATER}), value_of(pack, "when", {"last": WHOLE})) == (LATER, WHOLE)
    assert value_of(pack, "whens", {"last": WHOLE, "first": LATER}) == write_texts([WHOLE, LATER])
    assert value_of(pack, "day", {"last": LATER}) == "2026-06-01"
    assert value_of(pack, "price", {"last": LATER}) == WHOLE


@pytest.mark.parametrize(
    ("expression", "is_true"),
    [
        ("a > '2026-06-01T00:00:00Z'", True),
        ("a < '2026-06-01T00:00:01Z'", True),
        ("'2026-06-01T00:00:00Z' < a", True),
        ("a > '2026-06-01'", True),
        ("b > '2026-06-01'", False),
        ("b == '2026-06-01'", True),
        ("b == '2026-06-01T02:00:00+02:00'", True),
        ("b >= '2026-06-01T01:59:59+02:00'", True),
        ("b >= '2026-05-31T23:59:59-01:00'", False),
        ("b in ['2026-06-01T02:00:00+02:00', '2026-07-01']", True),
        ("(a > b ? a : b) > '2026-06-01T00:00:00Z'", True),
        ("a > (b > a ? '2026-06-02' : '2026-06-01T00:00:00Z')", True),
        ("a >= '2026-06'", True),
        ("b.startsWith('2026-06-01')", True),
        ("a != b", True),
    ],
)
def test_what_stands_in_quotation_marks_is_a_moment(expression: str, is_true: bool) -> None:
    """A day, and a time with an offset, on both sides, in a list and in a branch; as the check and the program see it, too."""
    facts = {"a": LATER, "b": WHOLE}
    assert holds(expression, facts) is is_true
    assert not check_rule(f"{expression} ? 'A' : 'B'", TYPES, [])
    program = compile_rule(expression, times=["a", "b"])
    assert program.execute({"a": LATER, "b": "2026-06-01T00:00:00.000000Z"}) is is_true


@given(st.datetimes(timezones=st.just(UTC)), st.datetimes(timezones=st.just(UTC)))
def test_times_are_compared_as_they_are(one: datetime, other: datetime) -> None:
    facts = {"a": rfc3339(one), "b": rfc3339(other)}
    for operator, is_true in (("<", one < other), ("<=", one <= other), ("==", one == other), (">", one > other)):
        assert holds(f"a {operator} b", facts) is is_true
        assert holds(f"a {operator} '{rfc3339(other)}'", facts) is is_true


def test_branches_of_times_are_followed_as_moments() -> None:
    """Half a second after midnight there is something between the whole second and the next one; nothing is before both."""
    between = "a < '2026-06-01T00:00:00Z' ? 'A' : a < '2026-06-01T00:00:00.5Z' ? 'B' : 'C'"
    assert not check_rule(between, TYPES, [])
    never = "a < '2026-06-01T00:00:00.5Z' ? 'A' : a < '2026-06-01T00:00:00Z' ? 'B' : 'C'"
    (problem,) = check_rule(never, TYPES, [])
    assert "'B' can never be given" in problem.message
    (problem,) = check_rule("a > t ? 'A' : 'B'", TYPES, [])
    assert problem.message == "'>' cannot compare these: a is a time, t is text; use values of one type"


def test_explanations_show_times_as_facts_have_them() -> None:
    """With a threshold of a stored rule, which is a time by its look."""
    thresholds = stored_thresholds({"since": LATER})
    assert thresholds == thresholds_by_name([Threshold(name="since", value=LATER, is_time=True)])
    expression = "a >= since ? 'A' : 'B'"
    (step,) = decide(expression, {"a": WHOLE}, thresholds).steps
    assert (step.truth, dict(step.facts)) == (False, {"a": WHOLE, "since": LATER})
    (why,) = find_unmet(expression, {"a": WHOLE}, thresholds)
    assert why.words == f"a is {WHOLE}, at least {LATER} (since) is needed"

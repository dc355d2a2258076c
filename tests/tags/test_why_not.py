"""Why a tag has another value: for each condition that the language has, what it lacks, and that this is enough."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.errors import SourceUnavailableError
from gateway.tags.borders import Border, BorderKind
from gateway.tags.computed_tag import FactValue
from gateway.tags.definitions import TagType
from gateway.tags.expressions.constants import FAILURES
from gateway.tags.expressions.thresholds import Threshold, thresholds_by_name
from gateway.tags.pack import load_pack, shipped_pack
from gateway.tags.rules import compile_rule, evaluate
from gateway.tags.why_not import WhyNot, explain_others, find_unmet
from tests.execution.test_variables import INTROSPECTED
from tests.support import shop
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, sources_by_id
from tests.tags.test_explained_tag import shop_without_support, tags
from tests.tags.test_rule_checks import customers

NAMED = thresholds_by_name(
    [Threshold(name="often", value=3), Threshold(name="since", value="2026-06-01T00:00:00Z", is_time=True)]
)
STAGE = "d == null || f == null ? 'LEAD' : f <= 30 ? 'NEW' : d <= 90 ? 'ACTIVE' : 'LOST'"
TWICE = """
defaults: {owner: crm-team, category: BEHAVIOUR, ttl: 6h, version: 1}
facts: {n: {label: N, record: order, measure: count}, m: {label: M, record: order, measure: count, window: 9d}}
tags:
  start:
    label: Start
    description: Start.
    words: W.
    expression: "n >= 1 ? (m > 0 ? 'GOING' : 'STALLED') : m > 9 ? 'GOING' : 'STALLED'"
"""
M_3 = "m is 1, at least 3 is needed"
MEAN = "2.5, at least 9.5 is needed (n is 2, x is 5.0)"


def said(expression: str, facts: Mapping[str, Any], value: str | None = None) -> dict[str, str]:
    return {str(why.value): why.words for why in find_unmet(expression, facts, NAMED, value)}


@pytest.mark.parametrize(
    ("expression", "facts", "words"),
    [
        ("n >= 9 ? 'A' : 'B'", {"n": 5}, "n is 5, at least 9 is needed"),
        ("n > 9 ? 'A' : 'B'", {"n": 5}, "n is 5, at least 10 is needed"),
        ("n < 3 ? 'A' : 'B'", {"n": 5}, "n is 5, at most 2 is needed"),
        ("3 > n ? 'A' : 'B'", {"n": 5}, "n is 5, at most 2 is needed"),
        ("n >= 5.5 ? 'A' : 'B'", {"n": 5}, "n is 5, at least 6 is needed"),
        ("x > 9.5 ? 'A' : 'B'", {"x": 5.0}, "x is 5.0, more than 9.5 is needed"),
        ("x < 9.5 ? 'A' : 'B'", {"x": 12.0}, "x is 12.0, less than 9.5 is needed"),
        ("!(n < 9) ? 'A' : 'B'", {"n": 5}, "n is 5, at least 9 is needed"),
        ("n == 9 ? 'A' : 'B'", {"n": 5}, "n is 5, 9 is needed"),
        ("n != 5 ? 'A' : 'B'", {"n": 5}, "n is 5, anything else is needed"),
        ("n == null ? 'A' : 'B'", {"n": 5}, "n is 5, none is needed"),
        ("n != null ? 'A' : 'B'", {"n": None}, "n is null, a value is needed"),
        ("n in [7, 9] ? 'A' : 'B'", {"n": 5}, "n is 5, one of 7 or 9 is needed"),
        ("!(n in [5, 9]) ? 'A' : 'B'", {"n": 5}, "n is 5, none of 5 or 9 is needed"),
        ("is_member ? 'A' : 'B'", {"is_member": False}, "is_member is false, true is needed"),
        ("n >= 5 && m >= 4 ? 'A' : 'B'", {"n": 5, "m": 1}, "m is 1, at least 4 is needed"),
        ("n >= 9 && m >= 4 ? 'A' : 'B'", {"n": 5, "m": 1}, "n is 5, at least 9 is needed"),
        ("n >= 9 || m >= 4 ? 'A' : 'B'", {"n": 5, "m": 1}, "n is 5, at least 9 is needed; or m is 1, at least 4 is needed"),
        ("!(n >= 1 && m >= 1) ? 'A' : 'B'", {"n": 5, "m": 1}, "n is 5, at most 0 is needed; or m is 1, at most 0 is needed"),
        ("!(n >= 1 || m >= 4) ? 'A' : 'B'", {"n": 5, "m": 1}, "n is 5, at most 0 is needed"),
        ("(n > 1 ? m > 2 : m < 2) ? 'A' : 'B'", {"n": 5, "m": 1}, f"{M_3}; or n is 5, at most 1 is needed"),
        ("(n > 1 ? m > 2 : m < 1) ? 'A' : 'B'", {"n": 5, "m": 1}, "m is 1, at least 3 is needed"),
        ("n >= often ? 'A' : 'B'", {"n": 2}, "n is 2, at least 3 (often) is needed"),
        ("n > often ? 'A' : 'B'", {"n": 2}, "n is 2, at least 4 (often is 3) is needed"),
        ("n > m ? 'A' : 'B'", {"n": 5, "m": 8}, "n is 5, at least 9 is needed"),
        ("n > n * 2 ? 'A' : 'B'", {"n": 5}, "n > n * 2 must be true (n is 5)"),
        ("x / double(n) >= 9.5 ? 'A' : 'B'", {"n": 2, "x": 5.0}, f"x / double(n) is {MEAN}"),
        ("t.startsWith('a') ? 'A' : 'B'", {"t": "b"}, "t.startsWith('a') must be true (t is b)"),
        ("x >= 3.0 ? 'A' : 'B'", {"x": None}, "x is null, at least 3.0 is needed"),
        ("size(t) > 3 ? 'A' : 'B'", {"t": None}, "t is null, a value is needed"),
        ("n >= 3 ? 'A' : 'B'", {}, "n is not known"),
        ("n >= 3 || m > 1 ? 'A' : 'B'", {"m": 1}, "n is not known; or m is 1, at least 2 is needed"),
        ("(n >= 3 ? m > 1 : m > 2) ? 'A' : 'B'", {"m": 2}, "n is not known"),
    ],
)  # fmt: skip
def test_what_a_condition_lacks_is_said(expression: str, facts: dict[str, Any], words: str) -> None:
    """Of each kind of condition; of `&&` the first that is not met, of `||` each that would be enough."""
    assert said(expression, facts)["A"] == words


def test_each_other_value_has_the_first_condition_on_its_way() -> None:
    """Those that come after it in the rule as well as those before; not the value that was given, and not "no tag"."""
    assert said(STAGE, {"d": 100, "f": 200}) == {
        "LEAD": "d is 100, none is needed; or f is 200, none is needed",
        "NEW": "f is 200, at most 30 is needed",
        "ACTIVE": "d is 100, at most 90 is needed",
    }
    assert said(STAGE, {"d": None, "f": None}) == dict.fromkeys(["NEW", "ACTIVE", "LOST"], "d is null, a value is needed")
    assert said("n == 0 ? null : n > 3 ? 'A' : 'B'", {"n": 9}, "B") == {"B": "n is 9, at most 3 is needed"}


def test_an_outcome_that_is_no_word_is_explained() -> None:
    """A fact that is the value, the other side of a condition that is the value, and the texts of a list."""
    assert said("category", {"category": "books"}) == {}
    assert said("category", {"category": "books"}, "toys") == {"None": "category is books, toys is needed"}
    assert said("category", {"category": None}) == {"None": "category is null, a value is needed"}
    assert said("category", {}) == {"None": "category is not known"}
    assert said("n > 3", {"n": 5}) == {"false": "n is 5, at most 3 is needed"}
    assert said("[category, n > 9 ? 'MANY' : null]", {"n": 5, "category": "x"}) == {"MANY": "n is 5, at least 10 is needed"}


@pytest.mark.parametrize(
    ("expression", "facts", "distance"),
    [
        ("n >= 9 ? 'A' : 'B'", {"n": 5}, 4),
        ("n < 3 ? 'A' : 'B'", {"n": 5}, 3),
        ("x >= 400 ? 'A' : 'B'", {"x": 399.9}, 0.1),
        ("n == 9 ? 'A' : 'B'", {"n": 12}, 3),
        ("t >= since ? 'A' : 'B'", {"t": "2026-05-30T12:00:00Z"}, 1.5),
        ("t == 'x' ? 'A' : 'B'", {"t": "y"}, None),
        ("n >= 9 ? 'A' : 'B'", {"n": None}, None),
        ("is_member ? 'A' : 'B'", {"is_member": False}, None),
    ],
)
def test_a_border_has_its_distance(expression: str, facts: dict[str, Any], distance: float | None) -> None:
    """Without the noise of fractions, of times in days, and none where there is nothing to measure."""
    (why,) = (why for why in find_unmet(expression, facts, NAMED) if why.value == "A")
    assert [border.distance for border in why.borders] == [distance]


def _met(border: Border) -> Any:
    """A value that is just within a border."""
    step = 1 if isinstance(border.border, int) else 0.25
    match border.kind:
        case BorderKind.MORE_THAN:
            return border.border + step if isinstance(border.border, int | float) else f"{border.border}\0"
        case BorderKind.LESS_THAN:
            return border.border - step if isinstance(border.border, int | float) else ""
        case BorderKind.ONE_OF:
            return border.border[0]
    return border.border


MEASURABLE = {
    BorderKind.AT_LEAST,
    BorderKind.MORE_THAN,
    BorderKind.AT_MOST,
    BorderKind.LESS_THAN,
    BorderKind.EQUAL,
    BorderKind.ONE_OF,
}
operator = st.sampled_from(["==", "!=", "<", "<=", ">", ">="])
comparison = (
    st.builds("{} {} {}".format, st.sampled_from(["n", "tickets", "days", "joined"]), operator, st.integers(0, 9))
    | st.builds("{1} {2} {0}".format, st.sampled_from(["n", "joined"]), st.integers(0, 9), operator)
    | st.builds("{} {} {}".format, st.sampled_from(["spend", "rating"]), operator, st.sampled_from(["2.5", "4.0", "3"]))
    | st.builds("{} {} {}".format, st.just("last"), operator, st.sampled_from(["'2025-01-01'", "'2026-06-01T00:00:00Z'"]))
    | st.builds("{} {} {}".format, st.just("n"), operator, st.sampled_from(["tickets", "joined"]))
    | st.builds("{} in [{}, {}]".format, st.sampled_from(["n", "joined"]), st.integers(0, 9), st.integers(0, 9))
    | st.builds("{} {} {}".format, st.sampled_from(["category", "channel"]), st.sampled_from(["==", "!="]), st.just("'CHAT'"))
    | st.builds("{} {} null".format, st.sampled_from(["joined", "rating", "days"]), st.sampled_from(["==", "!="]))
)
condition = st.recursive(
    comparison,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner)
        | st.builds("!({})".format, inner)
        | st.builds("({} ? {} : {})".format, inner, inner, inner)
    ),
    max_leaves=6,
)
rule = st.builds("{} ? 'A' : ({}) ? 'B' : ({}) && ({}) ? 'C' : 'D'".format, condition, condition, condition, condition)


def _find(expression: str, facts: Mapping[str, Any], value: str | None) -> WhyNot | None:
    return next((why for why in find_unmet(expression, facts, {}) if why.value == value), None)


@settings(max_examples=300)
@given(rule, customers)
def test_a_fact_that_reaches_its_border_gets_past_the_condition(expression: str, facts: dict[str, Any]) -> None:
    """That fact alone: its comparison turns, and what the value lacks next is another one, if anything."""
    try:
        outcome = compile_rule(expression).execute(facts)
    except FAILURES:
        outcome = None  # of a null that is compared
    others = find_unmet(expression, facts, {})
    assert {why.value for why in others} == set("ABCD") - {outcome}
    assert all(why.borders for why in others)
    for why in others:
        for border in why.borders:
            if border.fact is None or border.kind not in MEASURABLE or border.border is None:
                continue
            changed = {**facts, border.fact: _met(border)}
            if border.fact in ("spend", "rating"):
                changed[border.fact] = float(changed[border.fact])
            assert compile_rule(border.condition).execute(changed) is border.needed, border
            after = _find(expression, changed, why.value)
            assert after is None or after.condition != why.condition or border not in after.borders


async def test_a_caller_asks_why_not(tmp_path: Path) -> None:
    """Of one value or of all, by a literal or a variable, on the plan and without one; of a stored rule's own thresholds."""
    path = tmp_path / "tags.yaml"
    path.write_text(shop_pack(), "utf-8")
    why = (
        "whyNot(value: $value) { value outcome condition needed words borders { kind fact expression value border distance } }"
    )
    query = f'query Q($value: String) {{ customer(by: {{id: "c1"}}) {{ tag(key: "activity") {{ value {why} }} }}'
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        high = (await gateway.data(query + " }", {"value": "HIGH"}))["customer"]["tag"]
        every = (await gateway.data(query + " }", {}))["customer"]["tag"]
        low = (await gateway.data(query + " }", {"value": "LOW"}))["customer"]["tag"]
        unplanned = (await gateway.data(query + INTROSPECTED, {"value": "HIGH"}))["customer"]["tag"]
        literal = query.replace("query Q($value: String)", "").replace("$value", '"HIGH"')
        lifted = [(await gateway.data(literal + " }"))["customer"]["tag"] for _ in range(3)]
        wrong = (await gateway.data(query + " }", {"value": "HUGE"}))["customer"]["tag"]
    assert high == {
        "value": "LOW",
        "whyNot": [
            {
                "value": "HIGH",
                "outcome": "'HIGH'",
                "condition": "n >= often",
                "needed": True,
                "words": "n is 5, at least 9 (often) is needed",
                "borders": [{"kind": "AT_LEAST", "fact": "n", "expression": "n", "value": 5, "border": 9, "distance": 4}],
            }
        ],
    }
    assert [unplanned, *lifted] == [high] * 4
    assert [other["value"] for other in every["whyNot"]] == ["HIGH", "NONE"]
    assert low["whyNot"] == []
    assert [(other["value"], other["condition"], other["words"]) for other in wrong["whyNot"]] == [
        ("HUGE", None, "no branch of the rule gives HUGE")
    ]


def shop_pack() -> str:
    return """\
defaults: {owner: crm-team, category: BEHAVIOUR, ttl: 6h, version: 1}
thresholds: {often: 9}
facts:
  n: {label: Orders, record: order, measure: count}
tags:
  activity:
    label: Activity
    description: A.
    words: W.
    expression: "n >= often ? 'HIGH' : n >= 1 ? 'LOW' : 'NONE'"
    values: [HIGH, LOW, NONE]
"""


async def test_the_command_says_why_not(tmp_path: Path) -> None:
    """For each other value, after the branch that decided; also while a source is away."""
    found = await tags(tmp_path, shop_without_support())
    assert found["activity"].decision[-1] == "so: 'LOW'"
    assert found["activity"].others == ["not HIGH: n is 5, at least 9 is needed", "not NONE: n is 5, at most 0 is needed"]
    assert found["basket"].others == ["not BIG: spend / double(n) is 0.0, at least 5.0 is needed (n is 5, spend is 0.0)"]
    sources = {**shop_without_support(), "support": shop.support()}
    sources["support"].failure = SourceUnavailableError()
    assert (await tags(tmp_path, sources))["mood"].others == ["not GOOD: rating is not known", "not BAD: rating is not known"]


def test_each_value_of_the_shipped_pack_is_explained() -> None:
    """Of a customer of whom nothing is known all of them are, for want of a fact."""
    for tag in shipped_pack().tags.values():
        if tag.type is TagType.LIST or tag.key == "completeness":
            continue  # each text is explained by itself, and a sum has one way alone
        whys = find_unmet(tag.expression, {}, thresholds_by_name(tag.thresholds))
        assert {why.value for why in whys} == set(tag.values or [None])
        assert {border.kind for why in whys for border in why.borders} == {BorderKind.KNOWN}


def test_the_value_that_a_tag_has_lacks_nothing() -> None:
    """A day is not the time that it is read off, and is the value all the same."""
    definition = msgspec.structs.replace(
        shipped_pack().tags["acquisition_source"], expression="first_touch", type=TagType.DATE, values=()
    )
    fact = FactValue(name="first_touch", label="First touch", value="2026-01-01T23:30:00Z")
    tag = evaluate(definition, {"first_touch": fact}, datetime(2026, 1, 2, tzinfo=UTC))
    assert tag.value == "2026-01-01"
    assert explain_others(tag, "2026-01-01") == []
    assert len(explain_others(tag, "2026-01-02")) == 1


def test_another_branch_to_the_value_that_a_tag_has_is_no_other_value(tmp_path: Path) -> None:
    """Somebody who is STALLED is not told why not."""
    path = tmp_path / "tags.yaml"
    path.write_text(TWICE, "utf-8")
    definition = load_pack(path).tags["start"]
    facts = {"n": FactValue(name="n", label="N", value=0), "m": FactValue(name="m", label="M", value=5)}
    tag = evaluate(definition, facts, datetime(2026, 1, 2, tzinfo=UTC))
    assert tag.value == "STALLED"
    assert [(other.value, other.words) for other in explain_others(tag)] == [
        ("GOING", "n is 0, at least 1 is needed"),
        ("GOING", "m is 5, at least 10 is needed"),
    ]

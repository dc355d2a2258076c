"""Mistakes of meaning in a rule, found before any customer meets it, and good rules in which nothing is found."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.contract import Condition, MeasureOp
from connectors.records import Customer, Order, Ticket
from gateway.tags.definitions import Fact
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.fact_types import fact_types
from gateway.tags.rule_checks import check_rule
from gateway.tags.rules import compile_rule

YEAR = timedelta(days=365)
BOUGHT = (Condition(field="status", values=("CANCELLED",), negated=True),)

FACTS = [
    Fact(name="n", label="", record=Order, measure=MeasureOp.COUNT, where=BOUGHT),
    Fact(name="n_365d", label="", record=Order, measure=MeasureOp.COUNT, where=BOUGHT, window=YEAR),
    Fact(name="tickets", label="", record=Ticket, measure=MeasureOp.COUNT),
    Fact(name="spend", label="", record=Order, measure=MeasureOp.SUM, field="total", currency="EUR"),
    Fact(name="rating", label="", record=Ticket, measure=MeasureOp.AVERAGE, field="satisfaction"),
    Fact(name="last", label="", record=Order, measure=MeasureOp.MAX, field="placed_at", where=BOUGHT),
    Fact(name="days", label="", record=Order, measure=MeasureOp.MAX, field="placed_at", as_days=True, where=BOUGHT),
    Fact(name="joined", label="", record=Customer, measure=MeasureOp.MIN, field="created_at", as_days=True),
    Fact(name="channel", label="", record=Ticket, measure=MeasureOp.LATEST, field="channel"),
    Fact(name="category", label="", record=Order, measure=MeasureOp.TOP, field="items.category"),
]
TYPES = fact_types({fact.name: fact for fact in FACTS})


def problems(expression: str, *values: str) -> list[tuple[int, str]]:
    return [(problem.offset, problem.message) for problem in check_rule(expression, TYPES, values)]


def test_the_types_of_facts_follow_from_their_measures() -> None:
    """Counts and days are whole and not negative, money and averages fractions; counts and sums are never null."""
    words = ("EMAIL", "PHONE", "SMS", "PUSH", "POST", "CHAT", "WEB", "SOCIAL", "STORE", "REVIEW", "UNKNOWN")
    count = FactType(type=ValueType.WHOLE, nullable=False, minimum=0)
    assert {
        "n": count,
        "n_365d": count,
        "tickets": count,
        "spend": FactType(type=ValueType.FRACTION, nullable=False),
        "rating": FactType(type=ValueType.FRACTION, nullable=True),
        "last": FactType(type=ValueType.TIME, nullable=True, null_without=frozenset({"n", "n_365d"})),
        "days": FactType(type=ValueType.WHOLE, nullable=True, minimum=0, null_without=frozenset({"n", "n_365d"})),
        "joined": FactType(type=ValueType.WHOLE, nullable=True, minimum=0),
        "channel": FactType(type=ValueType.TEXT, nullable=True, words=words),
        "category": FactType(type=ValueType.TEXT, nullable=True),
    } == TYPES


@pytest.mark.parametrize(
    ("expression", "offset", "message"),
    [
        ("spend / n", 0, "'/' needs both sides alike: spend is a fraction, n is a whole number; write double(n)"),
        ("spend / 2 >= 5.0", 0, "'/' needs both sides alike: spend is a fraction, 2 is a whole number; write 2.0"),
        ("spend % 2.0", 0, "'%' needs both sides alike: spend is a fraction, 2.0 is a fraction; write int(spend)"),
        ("'a' + n", 0, "'+' needs both sides alike: 'a' is text, n is a whole number; write string(n) for its text"),
        ("n > '3'", 0, "'>' cannot compare these: n is a whole number, '3' is text; write 3 without quotation marks"),
        ("n == '3'", 0, "'==' cannot compare these: n is a whole number, '3' is text; write 3 without quotation marks"),
        ("n in [1, '3']", 9, "'in' cannot compare these: n is a whole number, '3' is text; write 3 without quotation marks"),
        ("n == true", 0, "'==' cannot compare these: n is a whole number, true is true or false; use values of one type"),
        (
            "last != null && last > 5",
            16,
            "'>' cannot compare these: last is a time, 5 is a whole number; \
give the fact last 'as: days_ago' to reckon in days",
        ),
        ("category in 'abc'", 12, "'in' needs a list, such as ['abc']"),
        ("contains('ab', 'a')", 0, "'contains' needs text twice; write value.contains('text')"),
        ("'ab'.contains(1)", 0, "'contains' needs text twice; write value.contains('text')"),
        ("string(n > 1)", 0, "'string' needs a number or text; write string(value)"),
        ("'ab'.matches('[')", 13, "'[' is no regular expression; correct it"),
        ("n ? 'A' : 'B'", 0, "what stands before '?' needs a condition, such as a comparison, and n is a whole number"),
        ("!n", 0, "'!' needs a condition, such as a comparison, and n is a whole number"),
        ("n && n > 1", 0, "'&&' needs a condition, such as a comparison, and n is a whole number"),
        ("-'a'", 0, "'-' needs a number, and 'a' is text"),
        ("n > 0 ? 'A' : 3", 8, "both branches give values of one type: 'A' is text, 3 is a whole number"),
        ("n > 0 ? 1.5 : 3", 8, "both branches give values of one type: 1.5 is a fraction, 3 is a whole number"),
        ("1 / 0", 0, "1 / 0 cannot be computed; correct it"),
        ("(n > 3 ? null : 2) + 1 > n", 0, "(n > 3 ? null : 2) may be null; put the operator into its branches"),
        ("n > null", 4, "null can only be compared with '==' and '!='"),
        ("n == None", 5, "unknown fact 'None'; write null"),
        ("spent", 0, "unknown fact 'spent'; did you mean 'spend'?"),
        ("channel == 'PHNE'", 11, "channel is never 'PHNE'; did you mean 'PHONE'?"),
        ("channel in ['PHONE', 'MAIL']", 21, "channel is never 'MAIL'; did you mean 'EMAIL'?"),
        ("[n]", 0, "[n] is a list, and a tag has one value; give text"),
    ],
)
def test_what_cannot_be_computed_is_found_with_the_fix(expression: str, offset: int, message: str) -> None:
    """Each of these gave no customer a tag, or the same tag to every one, in silence. It is the only problem found."""
    assert problems(expression) == [(offset, message)]


@pytest.mark.parametrize(
    ("expression", "offset", "fact"),
    [
        ("rating > 3.0 ? 'A' : 'B'", 0, "rating"),
        ("rating > 3.0 && rating < 4.0 ? 'A' : 'B'", 0, "rating"),
        ("n > 0 && rating + 1.0 > 3.0 ? 'A' : 'B'", 9, "rating"),
        ("rating == null ? 'X' : joined > 3 ? 'A' : 'B'", 23, "joined"),
        ("rating != null ? 'X' : rating > 3.0 ? 'A' : 'B'", 23, "rating"),
        ("tickets > 0 && days <= 30 ? 'A' : 'B'", 15, "days"),
        ("n > 0 ? 'A' : days <= 30 ? 'B' : 'C'", 14, "days"),
        ("category.startsWith('a') ? 'A' : 'B'", 0, "category"),
        ("size(category) > 3 ? 'A' : 'B'", 5, "category"),
    ],
)
def test_a_fact_that_may_be_null_is_named(expression: str, offset: int, fact: str) -> None:
    """Where nothing was measured such a rule fails, which looks like an outage."""
    fix = f"begin with {fact} == null ? null : ..."
    assert problems(expression) == [(offset, f"{fact} is null where there is nothing to measure; {fix}")]


@pytest.mark.parametrize(
    ("expression", "values", "offset", "message"),
    [
        ("n > 0 ? 'GLOD' : 'NONE'", ["GOLD", "NONE"], 8, "'GLOD' is not in 'values'; did you mean 'GOLD'?"),
        ("(n > 0 ? 'GOLD' : ('NON'))", ["GOLD", "NONE"], 18, "('NON') is not in 'values'; did you mean 'NONE'?"),
        ("n > 0 ? 1 : 3", ["1", "2"], 12, "3 is not in 'values'; known: 1, 2"),
        ("n > 3", ["A", "B"], 0, "n > 3 gives true or false, which are not in 'values'; write n > 3 ? 'A' : 'B'"),
        ("n", ["A", "B"], 0, "n gives a number, and none is in 'values'; write n >= 1 ? 'A' : 'B'"),
        ("n > 0 ? A : 'B'", ["A", "B"], 8, "unknown fact 'A'; text stands in quotation marks: 'A'"),
    ],
)
def test_an_outcome_that_is_not_in_values_is_found(expression: str, values: list[str], offset: int, message: str) -> None:
    """Every branch is looked at; a misspelt one takes the tag from its customers."""
    assert problems(expression, *values) == [(offset, message)]


@pytest.mark.parametrize(
    ("expression", "offset", "branch", "why"),
    [
        ("n >= 1 ? 'ONE' : n >= 3 ? 'MANY' : 'NONE'", 26, "'MANY'", "n >= 3 is never true here; put it first"),
        ("n >= 0 ? 'A' : 'B'", 15, "'B'", "n >= 0 is always true here; remove it"),
        ("n < 0 ? 'A' : 'B'", 8, "'A'", "n < 0 is never true here; put it first"),
        ("n > 5 && n < 3 ? 'A' : 'B'", 17, "'A'", "n > 5 && n < 3 is never true here; put it first"),
        ("n > 2 && n < 3 ? 'A' : 'B'", 17, "'A'", "n > 2 && n < 3 is never true here; put it first"),
        ("3 <= n || n < 3 ? 'A' : 'B'", 24, "'B'", "3 <= n || n < 3 is always true here; remove it"),
        ("spend > 9.5 ? 'A' : spend > 9.5 ? 'B' : 'C'", 34, "'B'", "spend > 9.5 is never true here; put it first"),
        ("n == null ? 'A' : 'B'", 12, "'A'", "n == null is never true here; put it first"),
        ("joined == null ? 'A' : joined >= 0 ? 'B' : 'C'", 43, "'C'", "joined >= 0 is always true here; remove it"),
        ("!(n in [1, 2]) ? 'A' : n == 3 ? 'B' : 'C'", 32, "'B'", "n == 3 is never true here; put it first"),
        (
            "channel == 'CHAT' ? 'A' : channel in ['CHAT'] ? 'B' : 'C'",
            48,
            "'B'",
            "channel in ['CHAT'] is never true here; put it first",
        ),
        ("true ? 'A' : 'B'", 13, "'B'", "true is always true here; remove it"),
    ],
)
def test_a_branch_that_cannot_be_reached_is_found(expression: str, offset: int, branch: str, why: str) -> None:
    """Comparisons of one fact with constants are followed through branches, `&&`, `||`, `!` and `in`."""
    assert problems(expression) == [(offset, f"{branch} can never be given: {why}, or correct the comparison")]


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("n_365d == 0 ? null : spend / double(n_365d) >= 200.0 ? 'LARGE' : 'SMALL'", ["LARGE", "SMALL"]),
        ("n == 0 ? 'LEAD' : days <= 30 ? 'NEW' : 'OLD'", ["LEAD", "NEW", "OLD"]),
        ("n_365d >= 1 && days <= 30 ? 'NEW' : 'OLD'", ["NEW", "OLD"]),
        ("rating != null && rating > 3.0 ? 'A' : 'B'", []),
        ("rating > 3.0 && rating != null ? 'A' : 'B'", []),
        ("rating > 3.0 || rating == null ? 'A' : 'B'", []),
        ("rating == null || joined == null ? null : rating > 3.0 && joined > 30 ? 'A' : 'B'", []),
        ("spend >= 1000 ? 'A' : spend >= 400.5 ? 'B' : 'C'", ["A", "B", "C"]),
        ("days == null ? null : days <= 90 ? 'A' : days > 90 ? 'B' : null", ["A", "B"]),
        ("n > tickets ? 'A' : n > 2 ? 'B' : 'C'", []),
        ("last == null ? 'NEVER' : last < '2024-01-01' ? 'OLD' : 'NEW'", []),
        ("category", ["books", "toys"]),
        ("channel in ['PHONE', 'CHAT'] ? 'A' : 'B'", ["A", "B"]),
        ("n > 3", []),
        ("n > 3", ["true", "false"]),
        ("n", ["0", "1"]),
        ("string(n)", []),
        ("n > 0 ? (n > 5 ? 'A' : 'B') : 'C'", ["A", "B", "C"]),
        ("category == null ? null : category.matches('^[a-m]') || size(category) > 9 ? 'A' : 'B'", []),
        ("n * 24 * 7 - -3 > 0x10 ? 'A' : 'B'", []),
        ("(n > 3 ? 1 : 2) + 1 > n ? 'A' : 'B'", []),
    ],
)
def test_a_good_rule_has_no_problem(expression: str, values: list[str]) -> None:
    """Nothing is refused that gives what its author means."""
    assert problems(expression, *values) == []


def test_all_problems_of_a_rule_are_found_at_once() -> None:
    """From left to right, each once."""
    assert [offset for offset, _ in problems("n > '3' ? 'GLOD' : spend / n > 2.0 ? 'NONE' : tickts", "GOLD", "NONE")] == [
        0,
        10,
        19,
        46,
    ]


def test_a_null_hides_no_other_mistake() -> None:
    """A fact of the wrong type that may be null, too, is two problems."""
    assert [message.split(";")[0] for _, message in problems("last > 5 ? 'A' : 'B'")] == [
        "'>' cannot compare these: last is a time, 5 is a whole number",
        "last is null where there is nothing to measure",
    ]


whole = st.sampled_from(["n", "tickets", "days", "joined", "0", "3", "7"])
fraction = st.sampled_from(["spend", "rating", "2.5", "double(n)"])
text = st.sampled_from(["category", "channel", "last", "'CHAT'", "'x'", "string(n)"])
value = whole | fraction | text | st.just("null")
comparison = st.builds("{} {} {}".format, value, st.sampled_from(["==", "!=", "<", "<=", ">", ">="]), value) | st.builds(
    "{} in [{}, {}]".format, value, value, value
)
condition = st.recursive(
    comparison,
    lambda inner: (
        st.builds("({} {} {})".format, inner, st.sampled_from(["&&", "||"]), inner) | st.builds("!({})".format, inner)
    ),
    max_leaves=4,
)
rule = st.recursive(
    value | st.builds("{} {} {}".format, value, st.sampled_from(["+", "-", "*"]), value),
    lambda inner: st.builds("{} ? ({}) : ({})".format, condition, inner, inner),
    max_leaves=4,
)
small = st.integers(0, 9)
customers = st.fixed_dictionaries(
    {
        "n": small,
        "tickets": small,
        "spend": st.floats(0, 9),
        "rating": st.none() | st.floats(1, 5),
        "last": st.sampled_from(["2024-01-01T00:00:00Z", "2026-01-01T00:00:00Z"]),
        "days": small,
        "joined": st.none() | small,
        "channel": st.none() | st.sampled_from(["CHAT", "PHONE"]),
        "category": st.none() | st.sampled_from(["x", "books"]),
    }
)


@given(rule, customers)
def test_what_is_not_refused_can_be_computed(expression: str, facts: dict[str, Any]) -> None:
    """No rule that passes fails for a customer, whichever facts are null. Such as depend on a count are so where it is 0."""
    if facts["n"] == 0:
        facts = facts | {"last": None, "days": None}
    if not check_rule(expression, TYPES, []):
        compile_rule(expression).execute(facts)


@given(st.builds("{} ? 'first' : {} ? 'second' : 'third'".format, condition, condition), customers)
def test_a_branch_that_is_refused_is_never_taken(expression: str, facts: dict[str, Any]) -> None:
    """What is reported as unreachable is the outcome of no customer."""
    refused = [message.split()[0] for _, message in problems(expression) if "can never be given" in message]
    try:
        outcome = compile_rule(expression).execute(facts)
    except (RuntimeError, TypeError):
        return
    assert f"'{outcome}'" not in refused

"""Rules: what an expression over facts gives, and what it gives when facts are null, unknown or of a wrong type."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tags.computed_tag import ComputedTag, FactValue, RuleUsed
from gateway.tags.definitions import TagCategory, TagDefinition
from gateway.tags.rules import compile_rule, evaluate

NOW = datetime(2024, 6, 1, 12, tzinfo=UTC)


def definition(expression: str, *values: str) -> TagDefinition:
    program = compile_rule(expression)
    return TagDefinition(
        key="tag",
        label="Tag",
        description="A tag.",
        owner="crm-team",
        category=TagCategory.VALUE,
        ttl=timedelta(hours=6),
        version=3,
        words="In words.",
        expression=expression,
        values=values,
        fact_names=tuple(program.variables()),
        fingerprint="0123456789ab",
        program=program,
    )


def known(**values: Any) -> dict[str, FactValue]:
    return {name: FactValue(name=name, label=name, value=value) for name, value in values.items()}


def outcome(expression: str, *values: str, **facts: Any) -> str | None:
    return evaluate(definition(expression, *values), known(**facts), NOW).value


def test_a_tag_carries_its_rule_and_its_evidence() -> None:
    """The facts that the expression reads are the evidence, and no others; it expires after its time to live."""
    facts = known(b=1, a=2, other=3)
    assert evaluate(definition("a > b ? 'A' : 'B'"), facts, NOW) == ComputedTag(
        key="tag",
        value="A",
        fingerprint="0123456789ab",
        computed_at=NOW,
        expires_at=datetime(2024, 6, 1, 18, tzinfo=UTC),
        rule=RuleUsed(version=3, expression="a > b ? 'A' : 'B'", words="In words."),
        evidence=[facts["a"], facts["b"]],
    )


@pytest.mark.parametrize(
    ("expression", "expected"),
    [("a", "1"), ("2.5", "2.5"), ("a == 1", "true"), ("a > 1", "false"), ("'x'", "x"), ("null", None), ("[a]", None)],
)
def test_a_value_is_text_or_none(expression: str, expected: str | None) -> None:
    """Numbers and truth values are written as the expression language writes them; what is no single value is none."""
    assert outcome(expression, a=1) == expected


def test_a_value_outside_the_closed_list_is_none() -> None:
    """A list of values is a promise to whoever reads the tag."""
    assert outcome("a", "HIGH", "LOW", a="HIGH") == "HIGH"
    assert outcome("a", "HIGH", "LOW", a="high") is None


@pytest.mark.parametrize(
    "expression", ["a >= 3 ? 'HIGH' : 'LOW'", "1 / b > 0 ? 'x' : 'y'", "b.c", "{'x': 'y'}['z']", "nothing(b)"]
)
def test_a_rule_that_fails_gives_no_tag(expression: str) -> None:
    """A mistake of the rule's author is no exception and not partial: the facts are all there."""
    tag = evaluate(definition(expression), known(a=None, b=0), NOW)
    assert (tag.value, tag.partial) == (None, False)


def test_an_unknown_fact_is_not_null() -> None:
    """While a source is down "never ordered" is not claimed, and what does not depend on the source is still answered."""
    facts = known(a=1) | {"b": FactValue(name="b", label="b", missing="SOURCE_TIMEOUT")}
    values = {
        expression: evaluate(definition(expression), facts, NOW)
        for expression in ["b == null ? 'NEVER' : 'ONCE'", "a == 1 ? 'YES' : b", "b == null || a == 1 ? 'EITHER' : 'NO'"]
    }
    assert [tag.value for tag in values.values()] == [None, "YES", "EITHER"]
    assert all(tag.partial for tag in values.values())
    assert outcome("b == null ? 'NEVER' : 'ONCE'", b=None) == "NEVER"


def test_a_partly_answered_fact_is_unknown_to_the_rule_and_shown_in_the_evidence() -> None:
    """What one of two sources counted is no count, but worth seeing."""
    part = FactValue(name="a", label="a", value=1, partial=True, missing="SOURCE_UNAVAILABLE")
    tag = evaluate(definition("a >= 3 ? 'HIGH' : 'LOW'"), {"a": part}, NOW)
    assert (tag.value, tag.partial, tag.evidence) == (None, True, [part])


def test_a_partial_fact_makes_the_tag_partial() -> None:
    """Something known to be left out does not stop the rule, but is said."""
    tag = evaluate(definition("a >= 3 ? 'HIGH' : 'LOW'"), {"a": FactValue(name="a", label="a", value=4, partial=True)}, NOW)
    assert (tag.value, tag.partial) == ("HIGH", True)


scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5)


@given(
    st.sampled_from(
        ["a + b", "a / b", "a < b", "a in [b]", "string(a)", "int(a)", "a.matches(b)", "size(a)", "a ? 'x' : b", "-a"]
    ),
    scalars,
    scalars,
)
def test_no_fact_makes_a_rule_raise(expression: str, a: Any, b: Any) -> None:
    """Whatever sources measured, a rule gives text or none."""
    assert isinstance(outcome(expression, a=a, b=b), str | None)

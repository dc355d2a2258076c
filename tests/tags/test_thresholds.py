"""Named thresholds: constants of the file and of a tag that expressions read by name."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.tags.computed_tag import RuleUsed
from gateway.tags.decision import Decision, Step, decide
from gateway.tags.expressions.thresholds import Threshold, thresholds_by_name
from gateway.tags.expressions.time_constants import write_constants
from gateway.tags.rule_checks import check_rule
from gateway.tags.rules import compile_rule, evaluate
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, sources_by_id
from tests.tags.test_rule_checks import TYPES
from tests.tags.test_tags_pack import load, problems
from tests.tags.test_tags_rules import NOW, known

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
thresholds:
  many: 3
  since: 2026-06-01
facts:
  n: {label: Orders, record: order, measure: count}
  last: {label: Last order, record: order, measure: last, field: placed_at}
tags:
  activity: {label: Activity, description: D., words: W., expression: "n >= many ? 'HIGH' : 'LOW'", values: [HIGH, LOW]}
  strict: {label: Strict, description: D., words: W., thresholds: {many: 30}, expression: "n >= many ? 'HIGH' : 'LOW'"}
  plain: {label: Plain, description: D., words: W., expression: "n >= 3 ? 'HIGH' : 'LOW'"}
  lately: {label: Lately, description: D., words: W., type: boolean, expression: "n > 0 && last >= since"}
"""
NAMED = thresholds_by_name(
    [
        Threshold(name="many", value=3),
        Threshold(name="least", value=0.5),
        Threshold(name="word", value='it\'s "x" \\ \u20ac'),
        Threshold(name="since", value="2026-06-01T00:00:00Z", is_time=True),
        Threshold(name="below", value=-2),
        Threshold(name="phone", value="PHNE"),
    ]
)
FIX = "correct the comparison"
NEVER = f"is never true here; put it first, or {FIX}"
SIDES = "n is a whole number, least is a fraction; write double(n)"


def found(expression: str, *values: str) -> list[str]:
    return [problem.message for problem in check_rule(expression, TYPES, values, thresholds=NAMED)]


def test_a_tag_reads_thresholds_by_name(tmp_path: Path) -> None:
    """Its own counts first; those that its expression reads are of the rule, and no facts."""
    tags = load(tmp_path, PACK).tags
    assert tags["activity"].thresholds == (Threshold(name="many", value=3),)
    assert tags["strict"].thresholds == (Threshold(name="many", value=30),)
    assert tags["lately"].thresholds == (Threshold(name="since", value="2026-06-01T00:00:00Z", is_time=True),)
    assert tags["activity"].fact_names == ("n",)
    assert [evaluate(tags[key], known(n=5), NOW).value for key in ("activity", "strict", "plain")] == ["HIGH", "LOW", "HIGH"]
    rule = evaluate(tags["activity"], known(n=5), NOW).rule
    assert rule == RuleUsed(version=1, expression="n >= many ? 'HIGH' : 'LOW'", words="W.", thresholds={"many": 3})


def test_a_threshold_that_changes_makes_tags_stale(tmp_path: Path) -> None:
    """Those that read it alone; a rule without any is named as ever."""
    before = load(tmp_path, PACK).tags
    after = load(tmp_path, PACK.replace("many: 3\n", "many: 4\n")).tags
    changed = [key for key, tag in after.items() if tag.fingerprint != before[key].fingerprint]
    assert changed == ["activity"]


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("n >= word ? 'A' : 'B'", "'>=' cannot compare these: n is a whole number, word is text; write string(n) for its text"),
        ("n + least > 1.0 ? 'A' : 'B'", f"'+' needs both sides alike: {SIDES}"),
        ("n >= 2 ? 'A' : n >= many ? 'B' : 'C'", f"'B' can never be given: n >= many {NEVER}"),
        ("n >= below ? 'A' : 'B'", f"'B' can never be given: n >= below is always true here; remove it, or {FIX}"),
        ("channel == phone ? 'A' : 'B'", "channel is never 'PHNE'; did you mean 'PHONE'?"),
        ("n >= mny ? 'A' : 'B'", "unknown fact 'mny'; did you mean 'many'?"),
        ("n > 1 ? word : 'B'", "word is not in 'values'; known: A, B"),
    ],
)  # fmt: skip
def test_a_threshold_is_checked_as_its_value_is(expression: str, message: str) -> None:
    """Types, words and branches that cannot be reached are found through the name."""
    assert found(expression, *(["A", "B"] if "word :" in expression else [])) == [message]


@pytest.mark.parametrize(
    "expression",
    [
        "n >= many ? 'A' : n == 2 ? 'B' : 'C'",
        "last != null && last >= since ? 'A' : 'B'",
        "spend >= many ? 'A' : spend > least ? 'B' : 'C'",
        "category in [word, 'b'] ? 'A' : 'B'",
        "n >= many ? word : 'B'",
    ],
)
def test_a_good_rule_with_thresholds_has_no_problem(expression: str) -> None:
    """They stand wherever a constant may."""
    assert found(expression) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("many: 90d", "many: '90d' is a span of time, and facts give days as numbers; write 90 for so many days"),
        ("many: 1_000", "many: '1_000' is no plain number; write it in digits, such as 1000 or 0.5"),
        ("many: 2026-13-01", "many: '2026-13-01' is no time; write a day such as 2026-01-31, or 2026-01-31T12:00:00Z"),
        ("many: [3]", "many: must be text, and not empty"),
        ("many: 3\n  n: 4", "n: 'n' is the name of a fact, too; rename one of the two"),
        ("many: 3\n  few: 4", "few: no rule uses this threshold; name it in an expression or remove it"),
        ("many: 3\n  string: 4", "string: 'string' is a word of the expression language; rename it"),
        ("many: 3\n  Few: 4", "Few: a name is made of small letters, digits and _, and starts with a letter; rename it"),
    ],
)
def test_a_threshold_that_cannot_be_read_is_one_problem(tmp_path: Path, line: str, message: str) -> None:
    """With its line and the fix, and nothing that only follows from it."""
    said = problems(tmp_path, PACK.replace("many: 3\n", f"{line}\n"))
    assert [text.split(": ", 1)[1] for text in said] == [f"thresholds.{message}"]


def test_a_quoted_threshold_is_text(tmp_path: Path) -> None:
    """So `"3"` is compared with texts, and a rule that compares it with a number is refused."""
    said = problems(tmp_path, PACK.replace("many: 3\n", 'many: "3"\n').replace("{many: 30}", "{many: '30'}"))
    assert len(said) == 2
    assert all(message.endswith("n is a whole number, many is text; write string(n) for its text") for message in said)


def test_the_border_that_decided_is_named(tmp_path: Path) -> None:
    """A condition says what its thresholds are, beside its facts."""
    assert decide("n >= many ? 'HIGH' : 'LOW'", {"n": 2}, NAMED) == Decision(
        [Step("n >= many", False, {"n": 2, "many": 3})], "'LOW'"
    )


@given(st.text() | st.integers(-(2**62), 2**62) | st.floats(allow_nan=False, allow_infinity=False))
def test_a_value_stands_in_place_of_its_name(value: str | float) -> None:
    """Whatever characters and signs are in it, also beside operators."""
    one = thresholds_by_name([Threshold(name="x", value=value)])
    assert compile_rule("x", one).execute({}) == value
    assert compile_rule("x == a", one).execute({"a": value}) is True
    if isinstance(value, int | float):
        assert compile_rule("1-x < 1 - x", one).execute({}) is False if isinstance(value, int) else True
    assert write_constants("'x' + a", one, ()) == "'x' + a"


async def test_a_caller_reads_the_thresholds(tmp_path: Path) -> None:
    """Those that the rule used, with the tag, and those in force with the definition."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    query = """{ customer(by: {id: "c1"}) { tag(key: "lately") { value rule { thresholds { name value } } } }
        tagDefinitions { thresholds { name value } } }"""
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        data = await gateway.data(query)
    since = {"name": "since", "value": "2026-06-01T00:00:00Z"}
    assert data["customer"]["tag"] == {"value": "true", "rule": {"thresholds": [since]}}
    many = [[{"name": "many", "value": value}] for value in (3, 30)]
    assert [tag["thresholds"] for tag in data["tagDefinitions"]] == [*many, [], [since]]

"""What a file of tags may share between them, where a mistake in an expression stands, and words of measures."""

from datetime import timedelta
from pathlib import Path

import pytest

from connectors.contract import MeasureOp
from gateway.tags.definitions import Fact, TagCategory
from gateway.tags.yaml_sections import read_lines
from tests.tags.test_tags_pack import load, problems

FACTS = """\
facts:
  n:
    label: Orders
    record: order
    measure: count
"""
TAG = "label: {0}, description: About {0}., words: In words., expression: \"n > 0 ? 'A' : 'B'\""
TAGS = FACTS + "tags:\n" + "".join(f"  {key}: {{{TAG.format(key)}}}\n" for key in ("a", "b"))
DEFAULTS = "defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 2}\n"


def test_tags_share_defaults(tmp_path: Path) -> None:
    """Owner, category, time to live and version are said once; a tag's own setting counts first."""
    tags = load(tmp_path, DEFAULTS + TAGS.replace("label: b", "label: b, ttl: 1d, owner: me")).tags
    shared = ("crm-team", TagCategory.VALUE, timedelta(hours=6), 2)
    assert [(tag.owner, tag.category, tag.ttl, tag.version) for tag in tags.values()] == [
        shared,
        ("me", TagCategory.VALUE, timedelta(days=1), 2),
    ]


def test_a_mistake_in_the_defaults_is_one_problem(tmp_path: Path) -> None:
    """Not one for each tag; what only a tag can say is no default."""
    text = "defaults: {owner: , category: VALU, ttl: 6x, version: 0, label: x}\n" + TAGS
    assert problems(tmp_path, text) == [
        "tags.yaml:1: defaults.label: unknown setting; known: owner, category, ttl, version, review",
        "tags.yaml:1: defaults.owner: must be text, and not empty",
        "tags.yaml:1: defaults.ttl: '6x' is not a span of time; write a number and m, h, d or w, such as 6h or 90d",
        "tags.yaml:1: defaults.category: unknown word 'VALU'; did you mean 'VALUE'?",
        "tags.yaml:1: defaults.version: must be a whole number from 1 to 999,999,999; write it in digits",
    ]


def test_an_unknown_record_hides_no_other_mistake(tmp_path: Path) -> None:
    """What can be told without knowing the record is told, too."""
    text = DEFAULTS + TAGS.replace("record: order", "record: orders\n    window: 1y\n    rates: {EURO: x}")
    assert problems(tmp_path, text) == [
        "tags.yaml:5: facts.n.record: unknown word 'orders'; did you mean 'order'?",
        "tags.yaml:6: facts.n.window: '1y' is not a span of time; write a number and m, h, d or w, such as 6h or 90d",
        "tags.yaml:7: facts.n.rates.EURO: 'EURO' is no currency; write three capital letters, such as EUR",
        "tags.yaml:7: facts.n.rates.EURO: 'x' is no rate; write how much of EURO is one of the fact's currency, such as 1.25",
    ]


def test_merge_keys_are_read(tmp_path: Path) -> None:
    """As YAML has them: a mapping or a list of them, the first counts first, and own settings before all."""
    text = FACTS + (
        "tags:\n"
        "  a: &a {label: a, description: A, owner: x, category: VALUE, ttl: 6h, version: 1, words: W, expression: string(n)}\n"
        "  b: {<<: *a, label: b, owner: two}\n"
        "  c: {<<: [{owner: three, label: c}, *a], expression: n}\n"
    )
    tags = load(tmp_path, text).tags
    assert [(tag.label, tag.owner, tag.expression, tag.version) for tag in tags.values()] == [
        ("a", "x", "string(n)", 1),
        ("b", "two", "string(n)", 1),
        ("c", "three", "n", 1),
    ]


def test_what_a_merged_mapping_has_itself_counts_before_what_it_merges(tmp_path: Path) -> None:
    """A mapping that builds on another hands on its own settings, in whichever order they stand."""
    text = FACTS + (
        "tags:\n"
        "  a: &a {label: a, description: A, owner: x, category: VALUE, ttl: 6h, version: 1, words: W, expression: string(n)}\n"
        "  b: &b {<<: *a, label: b, owner: two}\n"
        "  c: {<<: *b, label: c}\n"
    )
    assert [tag.owner for tag in load(tmp_path, text).tags.values()] == ["x", "two", "two"]


def test_a_merge_key_that_names_no_mapping_is_one_problem(tmp_path: Path) -> None:
    """And one that names itself ends."""
    text = DEFAULTS + TAGS.replace("label: a,", "<<: 3, label: a,").replace("b: {", "b: &b {<<: *b, ")
    assert problems(tmp_path, text) == ["tags.yaml:8: tags.a.<<: must name a mapping, such as *name of one with &name"]


@pytest.mark.parametrize(
    ("written", "line", "column", "character"),
    [
        ("expression: n > m", 2, 21, ""),
        ("expression: 'n > m'", 2, 22, ""),
        ('expression: "n > m"', 2, 22, ""),
        ('expression: "n > \\\\m"', 2, None, "character 5: "),
        ("expression: n ==\n      1 && n ==\n\n      m", 5, 7, ""),
        ("expression: >-\n      n == 1 ? 'A'\n\n      : m", 5, 9, ""),
        ("expression: |\n      n == 1 ? 'A'\n        : m", 4, 11, ""),
        ("expression: >-\n      n == 1 ? 'A' :", 3, 21, ""),
        ("expression: 'n == ''A'' ? m : 1'", 2, None, "character 1: "),
    ],
)
def test_a_mistake_in_an_expression_has_its_line_and_column(
    tmp_path: Path, written: str, line: int, column: int | None, character: str
) -> None:
    """In the file, however the expression is written there; by its characters alone where YAML has escapes."""
    tag = f"  a:\n    {written}\n    label: a\n    description: A.\n    words: W.\n"
    found = problems(tmp_path, DEFAULTS + FACTS + "tags:\n" + tag)
    place = f"{line + 7}" if column is None else f"{line + 7}:{column}"
    assert found[0].startswith(f"tags.yaml:{place}: tags.a.expression: {character}")


FACT = """\
facts:
  days:
    label: Days since the last order
    record: order
    measure: {}
    field: {}
    as: days_ago
tags:
  a: {{label: a, description: A., words: W., expression: "days == null ? 'A' : 'B'"}}
"""


def test_first_and_last_are_of_times(tmp_path: Path) -> None:
    """They mean the earliest and the latest time, so a fact in these words is the fact that it was before."""
    facts = [load(tmp_path, DEFAULTS + FACT.format(word, "placed_at")).facts["days"] for word in ("first", "last")]
    assert [fact.measure for fact in facts] == [MeasureOp.MIN, MeasureOp.MAX]
    assert all(isinstance(fact, Fact) and fact.as_days for fact in facts)


@pytest.mark.parametrize(
    ("measure", "field", "expected"),
    [
        ("min", "placed_at", "6: facts.days.measure: 'min' of a time is the earliest, so the most days ago; write 'first'"),
        ("max", "placed_at", "6: facts.days.measure: 'max' of a time is the latest, so the fewest days ago; write 'last'"),
        (
            "last",
            "status",
            "7: facts.days.field: measure 'last' needs a time, and 'status' is one of several words; 'latest' gives the value \
of the newest record",
        ),
        ("first", "items.quantity", "7: facts.days.field: measure 'first' needs a time, and 'items.quantity' is a number"),
    ],
)
def test_a_measure_that_means_something_else_is_refused(tmp_path: Path, measure: str, field: str, expected: str) -> None:
    """The least time is the most days ago, which nobody means by `min`."""
    assert problems(tmp_path, DEFAULTS + FACT.format(measure, field)) == [f"tags.yaml:{expected}"]


def test_an_expression_without_quotation_marks_says_so(tmp_path: Path) -> None:
    """YAML takes the colon of a branch for one of its own."""
    text = DEFAULTS + FACTS + "tags:\n  a:\n    expression: n > 0 ? 'A' : 'B'\n"
    reason = "mapping values are not allowed here; put text that has ': ' in it into quotation marks"
    assert problems(tmp_path, text) == [f"tags.yaml:9: is not YAML: {reason}"]


@pytest.mark.parametrize("text", ["facts: " + "[" * 2_000, "".join(" " * depth + "a:\n" for depth in range(500))])
def test_what_is_nested_too_deeply_is_a_problem_of_the_file(tmp_path: Path, text: str) -> None:
    """It is no mistake of the gateway, and `check` finds no lines in it."""
    assert problems(tmp_path, text) == ["tags.yaml:1: is nested too deeply; write what is in it flatter"]
    assert read_lines(tmp_path / "tags.yaml") == {}


def test_lines_of_a_mapping_in_itself_end(tmp_path: Path) -> None:
    """YAML allows it."""
    (tmp_path / "tags.yaml").write_text("facts: &a\n  x: *a\n")
    assert list(read_lines(tmp_path / "tags.yaml").items())[:2] == [("facts", 1), ("facts.x", 2)]

"""Examples in the file of tags: what is read, what fails, and which outcomes none reaches; the day of review."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from gateway.check.tag_reviews import find_due_reviews
from gateway.cli import app
from gateway.tags.examples import run_examples
from gateway.tags.pack import shipped_pack
from gateway.tags.yaml_sections import read_lines
from tests.tags.test_tags_pack import load, problems

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
thresholds: {often: 3}
facts:
  n: {label: Orders, record: order, measure: count}
  spend: {label: Spend, record: order, measure: sum, field: total, currency: EUR}
  last: {label: Last order, record: order, measure: last, field: placed_at}
  channel: {label: Channel, record: ticket, measure: latest, field: channel}
tags:
  activity:
    label: Activity
    description: D.
    words: W.
    expression: "n >= often ? 'HIGH' : n >= 1 ? 'LOW' : null"
    values: [HIGH, LOW]
    examples:
      - {facts: {n: 3}, value: HIGH}
      - facts: {n: 2}
        value: HIGH
  marks:
    label: Marks
    description: D.
    words: W.
    type: list
    expression: "[channel, n > 9 ? 'MANY' : null]"
    examples:
      - {facts: {n: 10, channel: PHONE}, value: [PHONE, MANY]}
      - {facts: {}, value: null}
  mean:
    label: Mean
    description: D.
    words: W.
    type: number
    expression: "n == 0 ? null : spend / double(n)"
    examples: [{facts: {n: 4, spend: 10}, value: 2.50}]
  new_prices:
    label: New prices
    description: D.
    words: W.
    type: boolean
    expression: "last != null && last >= '2026-01-01'"
    examples:
      - {facts: {last: 2026-01-02}, value: true}
      - {facts: {last: 2025-12-31T23:00:00+01:00}, value: false}
"""
FIRST = "tags.activity.examples[1]"
AGAIN = "do so, and write the next day"
WRITE = "write such as `review: 2027-01-31` into the tag, or into 'defaults' for all"
DAY = "write a day such as 2026-01-31, or 2026-01-31T12:00:00Z"
MEAN = "[{facts: {n: 4, spend: 10}, value: 2.50}]"


def test_examples_are_run_and_unreached_outcomes_are_named(tmp_path: Path) -> None:
    """What fails says what was given and what the other value lacks; a branch that no example takes is an outcome, null too."""
    reports = {report.key: report for report in run_examples(load(tmp_path, PACK))}
    (failure,) = reports["activity"].failures
    assert (failure.example.line, failure.value, failure.words) == (17, "LOW", "n is 2, at least 3 (often) is needed")
    assert {key: (report.count, len(report.failures), report.unreached) for key, report in reports.items()} == {
        "activity": (2, 1, ("null",)),
        "marks": (2, 0, ()),
        "mean": (1, 0, ("null",)),
        "new_prices": (2, 0, ()),
    }


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("{n: 3}", "{n: x}", f"{FIRST}.facts.n: 'x' is not a whole number; correct it"),
        ("{n: 3}", "{n: null}", f"{FIRST}.facts.n: is never null; write a number"),
        ("{n: 3}", "{m: 3}", f"{FIRST}.facts.m: the rule does not read this fact; known: n"),
        ("{n: 3}, value: HIGH", "{n: 3}, value: HIHG", f"{FIRST}.value: 'HIHG' is not in 'values'; did you mean 'HIGH'?"),
        ("{n: 3}, value: HIGH", "{n: 3}", f"{FIRST}.value: is missing; add it, or null for no such tag"),
        ("{n: 3}, value: HIGH", "{n: 3}, valu: HIGH, value: HIGH", f"{FIRST}.valu: unknown setting; did you mean 'value'?"),
        ("{n: 3}, value: HIGH", "{n: 3}, value: [HIGH, LOW]", f"{FIRST}.value: must be one value; the tag is no list"),
        ("channel: PHONE", "channel: PHNE", "tags.marks.examples[1].facts.channel: is never 'PHNE'; did you mean 'PHONE'?"),
        ("last: 2026-01-02", "last: soon", f"tags.new_prices.examples[1].facts.last: 'soon' is no time; {DAY}"),
        (MEAN, "{n: 4}", "tags.mean.examples: must be a list, with '- ' before each of its entries"),
        (MEAN, "[4]", "tags.mean.examples[1]: must be a mapping of names to settings"),
        ("type: number", "type: number\n    review: soon", "tags.mean.review: 'soon' is no day; write one such as 2027-01-31"),
    ],
)  # fmt: skip
def test_a_mistaken_example_is_one_problem(tmp_path: Path, old: str, new: str, message: str) -> None:
    """With its place and the fix."""
    (problem,) = problems(tmp_path, PACK.replace(old, new))
    assert problem.split(": ", 1)[1] == message


def test_every_outcome_of_the_shipped_pack_has_an_example() -> None:
    """Each example holds, and each rule has a day on which its owner looks at it again."""
    pack = shipped_pack()
    assert [(report.key, report.failures, report.unreached) for report in run_examples(pack)] == [
        (key, (), ()) for key in pack.tags
    ]
    assert all(tag.review is not None for tag in pack.tags.values())


def run(*words: Any) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["tags", "test", *map(str, words)])
    return result.exit_code, result.output


def test_the_command_ends_with_1_when_an_example_fails(tmp_path: Path) -> None:
    """With `--strict` also when an outcome has none. Without a file the shipped pack is tested."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    code, output = run("--tags", path)
    assert code == 1
    assert "activity: 2 examples\n" in output
    assert "  line 17: HIGH is expected, and the rule gives LOW: n is 2, at least 3 (often) is needed\n" in output
    assert "  no example reaches: null\n" in output
    assert "new_prices: 2 examples, all outcomes are reached\n" in output
    path.write_text(PACK.replace("{n: 2}\n        value: HIGH", "{n: 2}\n        value: LOW"), "utf-8")
    assert run("--tags", path)[0] == 0
    assert run("--tags", path, "--strict")[0] == 1
    assert run("--strict")[0] == 0
    path.write_text("facts: {}\n", "utf-8")
    assert run("--tags", path)[0] == 2


def test_rules_without_a_day_of_review_are_warned_of(tmp_path: Path) -> None:
    """All in one warning, and each whose day has passed by itself."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK.replace("type: number", "type: number\n    review: 2026-01-31"), "utf-8")
    found = find_due_reviews(path, read_lines(path), date(2026, 2, 1))
    assert [str(problem) for problem in found] == [
        f"tags.yaml:33: tags.mean.review: crm-team was to look at the rule of 'mean' by 2026-01-31; {AGAIN}",
        f"tags.yaml:8: tags: no day on which the rule is looked at again: activity, marks, new_prices; {WRITE}",
    ]
    path.write_text(PACK.replace("version: 1", "version: 1, review: 2026-01-31"), "utf-8")
    assert find_due_reviews(path, read_lines(path), date(2026, 1, 31)) == []
    assert len(find_due_reviews(path, read_lines(path), date(2026, 2, 1))) == 4

"""Segments in the file of tags: conditions over tags and facts, what is said about bad ones, and their examples."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from gateway.tags.computed_tag import FactValue, TagReason
from gateway.tags.definitions import Pack, TagType
from gateway.tags.examples import run_examples
from gateway.tags.rules import evaluate
from gateway.tags.segment_settings import SETTINGS
from gateway.tags.tag_facts import tag_fact
from gateway.tags.why_not import explain_others
from tests.tags.test_tags_pack import load, problems

NOW = datetime(2026, 6, 30, 12, tzinfo=UTC)

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1, review: 2027-01-31}
thresholds: {often: 3, many: 5}
facts:
  n: {label: Orders, record: order, measure: count}
  n90: {label: Orders of 90 days, record: order, measure: count, window: 90d}
  spend: {label: Spend, record: order, measure: sum, field: total, currency: EUR}
  last: {label: Last order, record: order, measure: last, field: placed_at}
  tickets: {label: Tickets, record: ticket, measure: count}
tags:
  tier: {label: Tier, description: D., words: W., expression: "spend >= 100.0 ? 'GOLD' : n >= often ? 'BASE' : null", values: [GOLD, BASE]}
  active: {label: Active, description: D., words: W., type: boolean, expression: "n90 >= 1", ttl: 2h}
  orders: {label: How many, description: D., words: W., type: number, expression: "n90"}
  mean: {label: Mean, description: D., words: W., type: number, expression: "n == 0 ? null : spend / double(n)"}
  habits: {label: Habits, description: D., words: W., type: list, expression: "[n90 >= many ? 'OFTEN' : null, tickets > 0 ? 'ASKS' : null]", values: [OFTEN, ASKS]}
  day: {label: Day, description: D., words: W., type: date, expression: "last"}
"""  # noqa: E501
SEGMENT = '  {key}: {{label: {key}, description: D., words: W., condition: "{condition}"{more}}}\n'


def written(more: str = "", **conditions: str) -> str:
    lines = [SEGMENT.format(key=key, condition=condition, more=more) for key, condition in conditions.items()]
    return f"{PACK}segments:\n{''.join(lines)}"


def loaded(tmp_path: Path, more: str = "", **conditions: str) -> Pack:
    return load(tmp_path, written(more, **conditions))


def evaluated(pack: Pack, segment: str, facts: dict[str, Any], unknown: tuple[str, ...] = ()) -> Any:
    """The tag of a segment for a customer's facts."""
    definition = pack.segments[segment].definition
    known = {
        name: FactValue(
            name=name, label=name, value=facts.get(name, 0), missing="SOURCE_UNAVAILABLE" if name in unknown else None
        )
        for name in pack.facts
    }
    tags = {name: tag_fact(pack.tags[name], evaluate(pack.tags[name], known, NOW)) for name in definition.tag_names}
    return evaluate(definition, {**known, **tags}, NOW)


def test_a_segment_is_a_boolean_tag(tmp_path: Path) -> None:
    """Behind the others, with the facts of the tags that it reads, by the shortest time to live where it has none."""
    text = written(vip="tier == 'GOLD' && n90 >= many && active").replace(", ttl: 6h", "").replace('"spend', '"spend')
    text = text.replace("W., expression", "W., ttl: 6h, expression", 1)
    text = text.replace("type: number, ", "type: number, ttl: 6h, ").replace("type: list, ", "type: list, ttl: 6h, ")
    pack = load(tmp_path, text.replace("type: date, ", "type: date, ttl: 6h, "))
    own = pack.segments["vip"]
    assert [*pack.tags][-1] == own.tag_key == "segment:vip"
    assert "segment:vip" not in pack.own_tags
    tag = pack.tags["segment:vip"]
    assert (tag.type, tag.ttl, tag.owner, tag.review) == (TagType.BOOLEAN, timedelta(hours=2), "crm-team", date(2027, 1, 31))
    assert tag.fact_names == ("n", "n90", "spend")
    assert tag.tag_names == ("active", "tier")
    assert [threshold.name for threshold in tag.thresholds] == ["many"]


def test_a_condition_reads_tags_of_each_type(tmp_path: Path) -> None:
    """Booleans as truths, numbers whole or not, lists that are empty where there is none, days as times."""
    pack = loaded(
        tmp_path,
        gold="tier == 'GOLD'",
        without="tier == null",
        active="active",
        two="orders >= 2",
        dear="mean != null && mean > 20.0",
        asking="'ASKS' in habits && size(habits) == 1",
        late="day != null && day < '2026-02-01'",
    )
    facts = {"n": 2, "n90": 1, "spend": 50.0, "tickets": 1, "last": "2026-01-31T23:00:00Z"}
    found = {key: evaluated(pack, key, facts).value for key in pack.segments}
    assert found == {
        "gold": "false",
        "without": "true",
        "active": "true",
        "two": "false",
        "dear": "true",
        "asking": "true",
        "late": "true",
    }
    nothing = {"n": 0, "n90": 0, "spend": 0.0, "last": None}
    assert [evaluated(pack, key, nothing).value for key in pack.segments] == ["false", "true", *["false"] * 5]


def test_an_unknown_tag_is_no_false(tmp_path: Path) -> None:
    """The condition is unknown then, unless what is known decides it."""
    pack = loaded(tmp_path, both="tier == 'GOLD' && active", either="tier == 'GOLD' || active")
    lacking = ("spend",)
    told = {(key, n90): evaluated(pack, key, {"n90": n90}, lacking) for key in pack.segments for n90 in (0, 1)}
    assert {name: (tag.value, tag.reason) for name, tag in told.items()} == {
        ("both", 0): ("false", TagReason.RULE),
        ("both", 1): (None, TagReason.UNKNOWN),
        ("either", 0): (None, TagReason.UNKNOWN),
        ("either", 1): ("true", TagReason.RULE),
    }
    (why,) = [own for own in explain_others(told["both", 1]) if own.value == "true"]
    assert why.words == "tier is not known"


def test_why_not_names_the_tag(tmp_path: Path) -> None:
    """With its value and what is needed, and of a fact the border."""
    pack = loaded(tmp_path, vip="tier == 'GOLD' && n90 >= many")
    (why,) = explain_others(evaluated(pack, "vip", {"n": 9, "n90": 4, "spend": 1.0}), "true")
    assert why.words == "tier is BASE, GOLD is needed"
    (why,) = explain_others(evaluated(pack, "vip", {"n": 9, "n90": 4, "spend": 100.0}), "true")
    assert why.words == "n90 is 4, at least 5 (many) is needed"


def test_a_fingerprint_changes_with_the_tags(tmp_path: Path) -> None:
    """Another rule of a tag that it reads makes it stale, other words and other tags do not."""
    text = written(vip="tier == 'GOLD'")
    first = load(tmp_path, text).tags["segment:vip"].fingerprint
    other = load(tmp_path, text.replace("100.0", "200.0")).tags["segment:vip"].fingerprint
    same = (
        load(tmp_path, text.replace("n90 >= 1", "n90 >= 2").replace("label: vip", "label: Best"))
        .tags["segment:vip"]
        .fingerprint
    )
    assert first == same != other


def test_purposes_are_those_that_its_tags_have_in_common(tmp_path: Path) -> None:
    """A tag without is for all; tags without a common one cannot stand together."""
    text = written(vip="tier == 'GOLD' && active && orders > 1")
    text = text.replace("ttl: 2h", "ttl: 2h, purposes: [a, b]").replace(
        'number, expression: "n90"', 'number, purposes: [b], expression: "n90"'
    )
    assert load(tmp_path, text).tags["segment:vip"].purposes == ("b",)
    (found,) = problems(tmp_path, text.replace("[b]", "[c]"))
    assert found.startswith("tags.yaml:17: segments.vip.condition: the tags that it reads have no purpose in common; ")


@pytest.mark.parametrize(
    ("condition", "problem"),
    [
        ("teir == 'GOLD'", "1: segments.vip.condition: unknown fact 'teir'; did you mean 'tier'?"),
        ("tier == 'GOLDEN'", "9: segments.vip.condition: tier is never 'GOLDEN'; did you mean 'GOLD'?"),
        ("tier", "1: segments.vip.condition: tier is text, and the tag is boolean; give a condition, such as a comparison"),
        ("'OFTENER' in habits", "1: segments.vip.condition: habits is never 'OFTENER'; did you mean 'OFTEN'?"),
        ("3 in habits", "1: segments.vip.condition: 3 is a whole number, and habits holds texts; give a text"),
        ("mean > 1.0", "1: segments.vip.condition: mean is null where there is nothing to measure; begin with mean == null"),
        ("orders == 'MANY'", "1: segments.vip.condition: '==' cannot compare these: orders is a whole number, 'MANY' is text"),
    ],
)  # fmt: skip
def test_a_mistake_in_a_condition_has_its_place(tmp_path: Path, condition: str, problem: str) -> None:
    """And the fix, as in a rule."""
    (found,) = problems(tmp_path, written(vip=condition))
    line, column, message = found.removeprefix("tags.yaml:").split(":", 2)
    assert line == "17"
    assert message.startswith(f" {problem.partition(': ')[2]}")
    assert int(column) == 60 + int(problem.partition(":")[0])


def test_a_name_of_two_things_is_refused(tmp_path: Path) -> None:
    """Where a condition reads it: nobody could say which is meant."""
    text = written(vip="n > 2", other="tier == 'GOLD'").replace("  day:", "  n:")
    assert problems(tmp_path, text) == [
        "tags.yaml:17:61: segments.vip.condition: 'n' is a tag and a fact or a score; rename one of the two"
    ]


def test_mistakes_of_settings_are_said_with_their_lines(tmp_path: Path) -> None:
    """All at once; a tag that is wrong makes no second problem of a segment that reads it."""
    text = PACK.replace("100.0", "hundred") + (
        "segments:\n"
        "  vip: {label: Vip, description: D., words: W., condition: tier == 'GOLD', color: red}\n"
        "  Vip: {label: Vip, description: D., condition: active, ttl: 6x}\n"
        "  fair: {label: Fair, description: D., words: W., kind: list, condition: active}\n"
        "  odd: {label: Odd, description: D., words: W., kind: lists}\n"
    )
    assert [problem.removeprefix("tags.yaml:") for problem in problems(tmp_path, text)[1:]] == [
        f"17: segments.vip.color: unknown setting; known: {', '.join(SETTINGS)}",
        "18: segments.Vip: a name is made of small letters, digits and _, and starts with a letter; rename it",
        "18: segments.Vip.label: 'Vip' is the label of vip too; make one of them different",
        "18: segments.Vip.words: is missing; add it",
        "18: segments.Vip.ttl: '6x' is not a span of time; write a number and m, h, d or w, such as 6h or 90d",
        "19: segments.fair.condition: a list has none; remove it, or `kind: list`",
        "20: segments.odd.kind: unknown word 'lists'; did you mean 'list'?",
        "20: segments.odd.condition: is missing; add it",
    ]


def test_a_list_has_no_tag(tmp_path: Path) -> None:
    """Who is in it is uploaded."""
    pack = load(tmp_path, PACK + "segments:\n  fair: {label: Fair, description: D., words: W., kind: list}\n")
    assert (pack.segments["fair"].is_list, pack.segments["fair"].definition.label) == (True, "Fair")
    assert pack.tags == pack.own_tags


def test_facts_are_used_by_a_condition(tmp_path: Path) -> None:
    """One that no tag names is no mistake then."""
    text = written(vip="more > 2").replace("  tickets:", "  more: {label: More, record: event, measure: count}\n  tickets:")
    assert load(tmp_path, text).tags["segment:vip"].fact_names == ("more",)
    (found,) = problems(tmp_path, text.replace("more > 2", "n > 2"))
    assert found == "tags.yaml:8: facts.more: no tag uses this fact; name it in an expression or remove it"


def test_examples_say_which_tags_a_customer_has(tmp_path: Path) -> None:
    """They are run as those of tags; of a tag that always has a value they must say which."""
    examples = (
        ", examples: [{facts: {tier: GOLD, active: true, habits: [ASKS]}, value: true},"
        " {facts: {tier: BASE, active: true}, value: true}, {facts: {active: false}, value: false}]"
    )
    pack = loaded(tmp_path, examples, vip="tier == 'GOLD' && active && 'OFTEN' in habits || tier == 'GOLD'")
    report = run_examples(pack)[-1]
    assert (report.key, report.count, report.unreached) == ("segment:vip", 3, ())
    (failure,) = report.failures
    assert failure.words == "tier is BASE, GOLD is needed"
    bad = ", examples: [{facts: {tier: GILD, habits: [RARE]}, value: true}]"
    assert [
        own.partition(": ")[2] for own in problems(tmp_path, written(bad, vip="tier == 'GOLD' && active && 'OFTEN' in habits"))
    ] == [
        "segments.vip.examples[1].facts.tier: is never 'GILD'; did you mean 'GOLD'?",
        "segments.vip.examples[1].facts.habits: is never 'RARE'; known: OFTEN, ASKS",
        "segments.vip.examples[1].facts: active always has a value; say which",
    ]

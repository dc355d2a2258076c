"""Types of tags: what a rule of each may give, how its value is written, and which rules stay what they were."""

from pathlib import Path
from typing import Any

import msgspec
import pytest

from gateway.tags.computed_tag import TagReason
from gateway.tags.definitions import TagType
from gateway.tags.pack import shipped_pack
from gateway.tags.rule_checks import check_rule
from gateway.tags.rules import evaluate
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, sources_by_id
from tests.tags.test_rule_checks import TYPES
from tests.tags.test_tags_pack import load, problems
from tests.tags.test_tags_rules import NOW, definition, known

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
facts:
  n: {label: Orders, record: order, measure: count}
  last: {label: Last order, record: order, measure: last, field: placed_at}
  category: {label: Category, record: order, measure: top, field: items.category}
tags:
  bought: {label: Bought, description: D., words: W., type: boolean, expression: n > 0}
  many: {label: Many, description: D., words: W., expression: "n > 9 ? 'YES' : 'NO'", values: [YES, NO]}
  orders: {label: Number of orders, description: D., words: W., type: number, expression: n}
  likes: {label: Likes, description: D., words: W., expression: category}
  marks: {label: Marks, description: D., words: W., type: list,
    expression: "[category, n > 3 ? 'REGULAR' : null, n > 99 ? 'X' : null]"}
  last_day: {label: Last day, description: D., words: W., type: date, expression: last}
"""
NUMBER = "give a number, or write int(...) or double(...)"
DAY = "give a fact that is a time, or a day such as '2026-01-31'"
NEVER = "is never true here; put it first, or correct the comparison"


@pytest.mark.parametrize(
    ("type_", "expression", "a", "expected"),
    [
        (TagType.BOOLEAN, "a > 1", 2, ("true", TagReason.RULE)),
        (TagType.BOOLEAN, "a", 1, (None, TagReason.FAILED)),
        (TagType.NUMBER, "a", 3, ("3", TagReason.RULE)),
        (TagType.NUMBER, "a / 2.0", 3.0, ("1.5", TagReason.RULE)),
        (TagType.NUMBER, "a / 0.0", 3.0, (None, TagReason.FAILED)),
        (TagType.NUMBER, "a == 3", 3, (None, TagReason.FAILED)),
        (TagType.TEXT, "a", "x", ("x", TagReason.RULE)),
        (TagType.LIST, "[a, 'y', null, 'y']", "x, z", ('["x, z","y"]', TagReason.RULE)),
        (TagType.LIST, "[a]", None, (None, TagReason.RULE)),
        (TagType.LIST, "[a]", 3, (None, TagReason.FAILED)),
        (TagType.LIST, "a", "x", (None, TagReason.FAILED)),
        (TagType.DATE, "a", "2026-01-31T23:30:00-01:00", ("2026-02-01", TagReason.RULE)),
        (TagType.DATE, "a", "2026-01-31", ("2026-01-31", TagReason.RULE)),
        (TagType.DATE, "a", "soon", (None, TagReason.FAILED)),
        (TagType.DATE, "a", None, (None, TagReason.RULE)),
    ],
)
def test_a_value_is_written_by_its_type(type_: TagType, expression: str, a: Any, expected: tuple[str | None, str]) -> None:
    """A list without its nulls and each text once, a day in UTC; what is of another type is a failure of the rule."""
    tag = evaluate(msgspec.structs.replace(definition(expression), type=type_), known(a=a), NOW)
    assert (tag.value, tag.reason) == expected


def test_all_texts_of_a_list_are_listed() -> None:
    """One that is not in the closed list takes the tag, as it does of a single value."""
    rule = msgspec.structs.replace(definition("[a, 'B']", "A", "B"), type=TagType.LIST)
    assert evaluate(rule, known(a="A"), NOW).value == '["A","B"]'
    assert evaluate(rule, known(a="C"), NOW).reason is TagReason.NOT_LISTED


@pytest.mark.parametrize(
    ("type_", "expression", "message"),
    [
        (TagType.BOOLEAN, "n", "n is a whole number, and the tag is boolean; give a condition, such as a comparison"),
        (TagType.NUMBER, "n > 1", f"n > 1 is true or false, and the tag is a number; {NUMBER}"),
        (TagType.NUMBER, "n > 1 ? '1' : '2'", f"'1' is text, and the tag is a number; {NUMBER}"),
        (TagType.DATE, "days", f"days is a whole number, and the tag is a date; {DAY}"),
        (TagType.DATE, "'soon'", f"'soon' is text, and the tag is a date; {DAY}"),
        (TagType.LIST, "category", "category is text, and the tag is a list; write [category]"),
        (TagType.LIST, "[n]", "n is a whole number, and a list holds texts; write string(n)"),
        (TagType.LIST, "[n > 1]", "n > 1 is true or false, and a list holds texts; write n > 1 ? 'A' : null"),
        (TagType.LIST, "['a', n < 0 ? 'c' : 'd']", f"'c' can never be given: n < 0 {NEVER}"),
    ],
)  # fmt: skip
def test_an_outcome_of_another_type_is_found(type_: TagType, expression: str, message: str) -> None:
    """Before any customer meets it, with the fix."""
    assert message in [problem.message for problem in check_rule(expression, TYPES, [], type_)]


@pytest.mark.parametrize(
    ("type_", "expression", "values"),
    [
        (TagType.BOOLEAN, "n == 0 ? null : n > 3", []),
        (TagType.NUMBER, "n == 0 ? null : spend / double(n)", []),
        (TagType.DATE, "last == null ? '2026-01-31' : last", []),
        (TagType.LIST, "n == 0 ? null : [category, channel == 'CHAT' ? 'CHAT' : null]", []),
        (TagType.LIST, "[n > 3 ? 'A' : 'B']", ["A", "B"]),
    ],
)
def test_a_good_rule_of_a_type_has_no_problem(type_: TagType, expression: str, values: list[str]) -> None:
    """Null is none of any type."""
    assert check_rule(expression, TYPES, values, type_) == []


def test_a_text_of_a_list_that_is_not_in_values_is_found() -> None:
    """As it is of a single value."""
    found = check_rule("[n > 3 ? 'A' : 'C']", TYPES, ["A", "B"], TagType.LIST)
    assert [problem.message for problem in found] == ["'C' is not in 'values'; known: A, B"]


def test_a_type_goes_with_its_values(tmp_path: Path) -> None:
    """Without one a tag with values is an enum, and another one text, as they ever were."""
    assert {key: tag.type.value for key, tag in load(tmp_path, PACK).tags.items()} == {
        "bought": "BOOLEAN",
        "many": "ENUM",
        "orders": "NUMBER",
        "likes": "TEXT",
        "marks": "LIST",
        "last_day": "DATE",
    }
    text = (
        PACK.replace("type: boolean", "type: enum")
        .replace("type: number", "type: numbr")
        .replace("type: date", "type: date, values: [a]")
    )
    assert problems(tmp_path, text) == [
        "tags.yaml:7: tags.bought.values: is missing; an enum is one of them",
        "tags.yaml:9: tags.orders.type: unknown word 'numbr'; did you mean 'number'?",
        "tags.yaml:13: tags.last_day.values: a tag of type date has no closed list; remove it, or write type: enum",
    ]


def test_the_type_is_part_of_the_fingerprint_where_it_is_new(tmp_path: Path) -> None:
    """So no stored tag of a rule without a type becomes stale, and none of another type is given."""
    without, with_type = (load(tmp_path, PACK.replace("type: number", word)).tags for word in ("ttl: 1h", "type: number"))
    assert without["orders"].fingerprint != with_type["orders"].fingerprint
    assert (
        without["many"].fingerprint
        == load(tmp_path, PACK.replace("values: [YES", "type: enum, values: [YES")).tags["many"].fingerprint
    )


def test_the_shipped_rules_are_named_as_before() -> None:
    """Their stored tags stay good: so they were named before tags had types."""
    before = {
        "lifecycle_stage": "87507620c7c0",
        "activity": "f91315d95269",
        "value_tier": "cf5012b5fc2a",
        "recency": "1d412f39bf37",
        "category_preference": "59501a435b3b",
        "satisfaction": "a05304316a32",
        "open_complaint": "5f8fdf067565",
        "acquisition_source": "1b99bfaf34d2",
    }
    assert {key: shipped_pack().tags[key].fingerprint for key in before} == before


async def test_a_caller_reads_the_type_and_the_texts(tmp_path: Path) -> None:
    """The value is text of any type, `values` are the texts of a list."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        query = '{ customer(by: {id: "c1"}) { tags { key type value values } } tagDefinitions { key type } }'
        data = await gateway.data(query)
    assert {tag["key"]: (tag["type"], tag["value"], tag["values"]) for tag in data["customer"]["tags"]} == {
        "bought": ("BOOLEAN", "true", None),
        "many": ("ENUM", "NO", None),
        "orders": ("NUMBER", "5", None),
        "likes": ("TEXT", "books", None),
        "marks": ("LIST", '["books","REGULAR"]', ["books", "REGULAR"]),
        "last_day": ("DATE", "2026-06-05", None),
    }
    assert data["tagDefinitions"][4] == {"key": "marks", "type": "LIST"}

"""Languages: what people read of a tag is one text, or one for each language."""

from pathlib import Path

import pytest

from gateway.tags.definitions import TagWords
from gateway.tags.languages import label_of_value, match_language, words_in
from tests.execution.test_variables import INTROSPECTED
from tests.support.gateway_server import gateway_on
from tests.support.tag_shop import ShopClock, sources_by_id
from tests.tags.test_tags_pack import load, problems

PACK = """\
defaults: {owner: crm-team, category: VALUE, ttl: 6h, version: 1}
facts:
  n: {label: Orders, record: order, measure: count}
tags:
  activity:
    label: {en: Activity, zh: 活跃度}
    description: {en: How often., zh: 频率。}
    words: {en: LOW or HIGH.}
    expression: "n > 9 ? 'HIGH' : 'LOW'"
    values: [HIGH, LOW]
    value_labels: {HIGH: {en: often, zh: 高}, LOW: seldom}
  plain:
    label: Plain
    description: D.
    words: W.
    type: list
    expression: "['A', n > 3 ? 'B' : null]"
    value_labels: {A: first, B: {en: second, pt: segundo}}
"""
LABEL = "label: {en: Activity, zh: 活跃度}"
VALUE_LABELS = "value_labels: {HIGH: {en: often, zh: 高}, LOW: seldom}"


def test_each_text_is_of_the_language_that_is_asked_for(tmp_path: Path) -> None:
    """What a language lacks is in the first one of the file; a kind of a language is that language."""
    activity = load(tmp_path, PACK).tags["activity"]
    assert (activity.label, activity.description, activity.words) == ("Activity", "How often.", "LOW or HIGH.")
    chinese = TagWords(label="活跃度", description="频率。", words="LOW or HIGH.", values={"HIGH": "高", "LOW": "seldom"})
    assert words_in(activity, "zh") == words_in(activity, "ZH-hans-CN") == chinese
    english = TagWords(
        label="Activity", description="How often.", words="LOW or HIGH.", values={"HIGH": "often", "LOW": "seldom"}
    )
    assert words_in(activity, None) == words_in(activity, "en-GB") == words_in(activity, "fr") == english


def test_the_value_of_a_list_is_written_by_its_labels(tmp_path: Path) -> None:
    """One by one; a value without a label is itself."""
    plain = load(tmp_path, PACK).tags["plain"]
    assert label_of_value(plain, '["A","B","C"]', "pt-BR") == "first, segundo, C"
    assert label_of_value(load(tmp_path, PACK).tags["activity"], "MID", "en") == "MID"


@pytest.mark.parametrize(
    ("asked", "found"), [("en", 1), ("en-GB", 2), ("en-US", 1), ("EN-gb-oed", 2), ("fr", None), ("", None), ("-", None)]
)
def test_a_language_is_looked_up_from_its_end(asked: str, found: int | None) -> None:
    """Its parts are left out one by one, whatever a caller writes."""
    assert match_language({"en": 1, "en-GB": 2}, asked) == found


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (LABEL, "label: {english!: A}", "label.english!: is no language; write its code, such as en, zh or pt-BR"),
        (LABEL, "label: {}", "label: must have a text for at least one language, such as {en: ...}"),
        (LABEL, "label: {en: }", "label.en: must be text, and not empty"),
        ("LOW: seldom", "LWO: seldom", "value_labels.LWO: is not in 'values'; did you mean 'LOW'?"),
        ("LOW: seldom", "LOW: [a]", "value_labels.LOW: must be text, and not empty"),
        (VALUE_LABELS, "value_labels: often", "value_labels: must be a mapping of names to settings"),
    ],
)
def test_a_mistake_in_a_language_is_one_problem(tmp_path: Path, old: str, new: str, message: str) -> None:
    """With its place and the fix."""
    (problem,) = problems(tmp_path, PACK.replace(old, new))
    assert problem.split(": ", 1)[1] == f"tags.activity.{message}"


def test_a_label_is_of_one_tag(tmp_path: Path) -> None:
    """By what it is in the first language."""
    (problem,) = problems(tmp_path, PACK.replace(LABEL, "label: {en: Plain}"))
    assert problem.endswith("tags.plain.label: 'Plain' is the label of activity too; make one of them different")


def test_a_language_makes_no_tag_stale(tmp_path: Path) -> None:
    """What people read is not part of the rule."""
    text = PACK.replace(LABEL, "label: Activity").replace(VALUE_LABELS, "type: enum")
    assert load(tmp_path, text).tags["activity"].fingerprint == load(tmp_path, PACK).tags["activity"].fingerprint


async def test_a_caller_reads_a_tag_in_a_language(tmp_path: Path) -> None:
    """By a literal or a variable, several at once, on the plan and without one; the answer to one is not that to another."""
    path = tmp_path / "tags.yaml"
    path.write_text(PACK, "utf-8")
    tag = "label en: label(language: $first) zh: label(language: $second) valueLabel(language: $first)"
    names = ("label", "description", "words", "valueLabels")
    definition = f"{' '.join(f'{name}(language: $second)' for name in names)} {{ value label }}"
    query = f"""query Q($first: String, $second: String) {{
        customer(by: {{id: "c1"}}) {{ tags(keys: ["activity"]) {{ {tag} }} }} tagDefinitions {{ {definition} }}"""
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        first = await gateway.data(query + " }", {"first": "en", "second": "zh"})
        other = await gateway.data(query + " }", {"first": "zh", "second": "en"})
        again = await gateway.data(query + " }", {"first": "en", "second": "zh"})
        unplanned = await gateway.data(query + INTROSPECTED, {"first": "en", "second": "zh"})
        none = await gateway.data(query + " }", {})
    assert first["customer"]["tags"] == [{"label": "Activity", "en": "Activity", "zh": "活跃度", "valueLabel": "seldom"}]
    assert first["tagDefinitions"][0] == {
        "label": "活跃度",
        "description": "频率。",
        "words": "LOW or HIGH.",
        "valueLabels": [{"value": "HIGH", "label": "高"}, {"value": "LOW", "label": "seldom"}],
    }
    assert other["customer"]["tags"] == [{"label": "Activity", "en": "活跃度", "zh": "Activity", "valueLabel": "seldom"}]
    assert again == first
    assert {key: unplanned[key] for key in first} == first
    assert none["customer"]["tags"] == [dict.fromkeys(("label", "en", "zh"), "Activity") | {"valueLabel": "seldom"}]


FACTS = """
defaults: {owner: crm-team, category: BEHAVIOUR, ttl: 6h, version: 1}
facts:
  n: {label: {en: Orders, zh: 订单数}, record: order, measure: count}
  plain: {label: Orders ever, record: order, measure: count}
scores:
  wave: {label: {en: Wave, pt: Onda}, quantile_of: n}
tags:
  active: {label: Active, description: D., words: W., type: boolean, expression: n > 0 && plain > 0 && wave > 2}
"""


async def test_facts_and_scores_have_labels_by_language(tmp_path: Path) -> None:
    """Without a language, and for what has none in it, the first of the file; also of facts that are asked for by name."""
    path = tmp_path / "tags.yaml"
    path.write_text(FACTS, "utf-8")
    labels = '{ name first: label zh: label(language: "zh-CN") pt: label(language: "pt") }'
    query = f'{{ customer(by: {{id: "c1"}}) {{ tag(key: "active") {{ evidence {labels} }} facts(names: ["n"]) {labels} }} }}'
    async with gateway_on(sources_by_id(), with_clock=ShopClock(), tags={"file": str(path)}) as gateway:
        data = await gateway.data(query)
    told = {own["name"]: (own["first"], own["zh"], own["pt"]) for own in data["customer"]["tag"]["evidence"]}
    assert told == {
        "n": ("Orders", "订单数", "Orders"),
        "plain": ("Orders ever", "Orders ever", "Orders ever"),
        "wave": ("Wave", "Wave", "Onda"),
    }
    (fact,) = data["customer"]["facts"]
    assert fact == {"name": "n", "first": "Orders", "zh": "订单数", "pt": "Orders"}


def test_a_label_is_none_of_the_meaning_of_a_fact(tmp_path: Path) -> None:
    """Stored tags stay good when it is translated; a label that two facts have is still refused."""
    one = load(tmp_path, FACTS).tags["active"]
    other = load(tmp_path, FACTS.replace("{en: Orders, zh: 订单数}", "Bought")).tags["active"]
    assert one.fingerprint == other.fingerprint
    assert problems(tmp_path, FACTS.replace("label: Orders ever", "label: {zh: X, en: Y}").replace("en: Orders", "en: X")) == [
        "tags.yaml:5: facts.plain.label: 'X' is the label of n too; make one of them different"
    ]

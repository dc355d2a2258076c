"""Read a tag from its section, and check its rule."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date
from types import MappingProxyType

from connectors.suggestions import suggest
from gateway.tags.definitions import Fact, Labels, TagCategory, TagDefinition, TagType, fingerprint_of
from gateway.tags.example_settings import read_examples
from gateway.tags.expressions.constants import bindings
from gateway.tags.expressions.parser import parse
from gateway.tags.expressions.thresholds import Thresholds
from gateway.tags.expressions.types import FactType, list_times
from gateway.tags.language_settings import read_words
from gateway.tags.rule_checks import check_rule
from gateway.tags.rules import compile_rule
from gateway.tags.score_definitions import Score
from gateway.tags.score_fingerprint import fingerprint_with
from gateway.tags.threshold_settings import read_thresholds, unread_types
from gateway.tags.yaml_sections import Section

SETTINGS = (
    "label",
    "description",
    "owner",
    "category",
    "ttl",
    "version",
    "words",
    "expression",
    "values",
    "type",
    "thresholds",
    "value_labels",
    "examples",
    "review",
    "purposes",
)

SHARED_SETTINGS = ("owner", "category", "ttl", "version", "review")
"""What `defaults` can say for all tags."""

_TYPES = {type_.lower(): type_ for type_ in TagType}
NO_SCORES: Mapping[str, Score] = {}

_CATEGORIES = {category.value: category for category in TagCategory}


def read_defaults(section: Section | None) -> Section | None:
    """Check the settings that tags share."""
    if section is None:
        return None
    section.expect(SHARED_SETTINGS)
    section.optional_text("owner")
    section.duration("ttl")
    if "category" in section:
        section.choice("category", _CATEGORIES)
    if "version" in section:
        section.version("version")
    read_review(section)
    return section


def holder_of(name: str, section: Section, defaults: Section | None) -> Section:
    """Find where a setting stands: in the section itself, or else in the defaults, where these have it."""
    return defaults if defaults is not None and name in defaults and name not in section else section


def labels_by_language(facts: Iterable[Fact], scores: Iterable[Score]) -> dict[str, Labels]:
    """Collect the labels of those facts and scores that have some by language."""
    labels = {fact.name: fact.labels for fact in facts if fact.labels}
    return labels | {score.name: score.labels for score in scores if score.labels}


def check_purpose(section: Section, setting: str, name: str, purposes: Collection[str]) -> None:
    """Report a purpose that the settings do not have."""
    if name not in purposes:
        fix = suggest(name, purposes, "name one of yours, or add [purposes] there")
        section.report(setting, f"the settings have no purpose {name}{fix}")


def read_tag(
    key: str,
    section: Section,
    defaults: Section | None,
    facts: Mapping[str, Fact],
    types: Mapping[str, FactType],
    thresholds: Thresholds = MappingProxyType({}),
    scores: Mapping[str, Score] = NO_SCORES,
    hint: str = "",
) -> TagDefinition | None:
    """Read the tag. None when a problem was reported that leaves nothing to compute. `thresholds` are those of the file.

    `hint` is added to what is wrong with the expression.
    """

    def holder(name: str) -> Section:
        return holder_of(name, section, defaults)

    section.expect(SETTINGS)
    values = section.texts("values")
    if repeated := {value for value in values if values.count(value) > 1}:
        section.report("values", f"{', '.join(sorted(repeated))} stands twice; keep one")
    owner = holder("owner").text("owner")
    category = holder("category").choice("category", _CATEGORIES)
    ttl = holder("ttl").required_duration("ttl")
    version = holder("version").version("version")
    expression = section.text("expression")
    type_ = _read_type(section, values)
    said, translations = read_words(section, type_, values)
    own_thresholds = section.section("thresholds")
    thresholds = {**thresholds, **read_thresholds(own_thresholds, facts, [expression])}
    types = {**unread_types(own_thresholds, thresholds), **types}
    problems = check_rule(expression, types, values, type_, thresholds) if expression else []
    for problem in problems:
        section.report_at("expression", problem.offset, problem.message + hint)
    if category is None or ttl is None or not expression or problems:
        return None
    times = list_times(types)
    program = compile_rule(expression, thresholds, times)
    read = sorted(program.variables())
    own = [scores[name] for name in read if name in scores]
    names = tuple(sorted({*read, *(fact for score in own for fact in score.fact_names)} - scores.keys()))
    own_facts = [facts[name] for name in names if name in facts]
    used = tuple(thresholds[name] for name in sorted(bindings(parse(expression, thresholds))))
    return TagDefinition(
        key=key,
        label=said.label or "",
        description=said.description or "",
        owner=owner,
        category=category,
        ttl=ttl,
        version=version,
        words=said.words or "",
        value_labels=said.values,
        translations=translations,
        expression=expression,
        values=values,
        fact_names=names,
        thresholds=used,
        fingerprint=fingerprint_with(fingerprint_of(version, expression, values, own_facts, type_=type_, thresholds=used), own),
        program=program,
        purposes=section.texts("purposes"),
        type=type_,
        examples=read_examples(section, read, types, type_, values),
        review=read_review(holder("review")),
        score_names=tuple(score.name for score in own),
        times=times.intersection(read),
        fact_labels=labels_by_language(own_facts, own),
    )


def read_review(section: Section) -> date | None:
    """Read the day by which the owner looks again. None when it is absent or reported."""
    text = section.optional_text("review")
    try:
        return date.fromisoformat(text) if text else None
    except ValueError:
        section.report("review", f"'{text}' is no day; write one such as 2027-01-31")
        return None


def _read_type(section: Section, values: Sequence[str]) -> TagType:
    """Read what the tag's value is. By default one of its values, or text."""
    if "type" not in section:
        return TagType.ENUM if values else TagType.TEXT
    type_ = section.choice("type", _TYPES) or TagType.TEXT
    if type_ is TagType.ENUM and not values:
        section.report("values", "is missing; an enum is one of them")
    elif type_ not in (TagType.ENUM, TagType.LIST) and "values" in section:
        section.report("values", f"a tag of type {type_.lower()} has no closed list; remove it, or write type: enum")
    return type_

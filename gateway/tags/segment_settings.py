"""Read segments from their section of the file: conditions over tags and facts, and the names of lists."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from types import MappingProxyType

import msgspec

from gateway.tags.definitions import CustomerSegment, Fact, Labels, TagCategory, TagDefinition, TagType, fingerprint_of
from gateway.tags.example_settings import read_examples
from gateway.tags.expressions.constants import bindings
from gateway.tags.expressions.parser import RuleSyntaxError, parse
from gateway.tags.expressions.thresholds import Threshold, Thresholds, thresholds_by_name
from gateway.tags.expressions.tree import FactName, walk
from gateway.tags.expressions.types import FactType, ValueType, list_times
from gateway.tags.language_settings import read_words
from gateway.tags.rule_checks import check_rule, find_outcome_type, gives_null
from gateway.tags.rules import compile_rule
from gateway.tags.score_definitions import Score
from gateway.tags.score_fingerprint import fingerprint_over, fingerprint_with
from gateway.tags.segment_keys import segment_tag
from gateway.tags.tag_settings import holder_of, labels_by_language, read_review
from gateway.tags.yaml_sections import Section

SETTINGS = ("label", "description", "owner", "words", "condition", "ttl", "review", "examples", "kind")

_OF_CONDITIONS = ("condition", "ttl", "examples")
_KINDS = {"condition": False, "list": True}
_TYPES = {
    TagType.BOOLEAN: ValueType.TRUTH,
    TagType.LIST: ValueType.LIST,
    TagType.DATE: ValueType.TIME,
    TagType.ENUM: ValueType.TEXT,
    TagType.TEXT: ValueType.TEXT,
}
_NO_TTL = timedelta()


class SegmentNames(msgspec.Struct, frozen=True):
    """What conditions can read: facts and scores with their `types`, thresholds, and tags; None for one with problems."""

    facts: Mapping[str, Fact]
    scores: Mapping[str, Score]
    types: Mapping[str, FactType]
    thresholds: Thresholds
    tags: Mapping[str, TagDefinition | None]


def read_conditions(sections: Mapping[str, Section]) -> list[str]:
    """Read the conditions of segments. Those that are no text are reported later."""
    return [section.text("condition") for section in sections.values() if "condition" in section]


def read_segments(
    sections: Mapping[str, Section], defaults: Mapping[str, Section | None], names: SegmentNames
) -> dict[str, CustomerSegment]:
    """Read segments by key, with the defaults of their files.

    Those are left out of which a reported problem leaves nothing to compute.
    """
    tag_types = {key: tag_type(tag, names.types) for key, tag in names.tags.items()}
    segments = {key: _read_segment(key, section, defaults[key], names, tag_types) for key, section in sections.items()}
    return {key: segment for key, segment in segments.items() if segment is not None}


def tag_type(tag: TagDefinition | None, types: Mapping[str, FactType]) -> FactType:
    """Say which values a tag has in a condition. A list is empty where there is no such tag, all others are null then."""
    if tag is None:
        return FactType(type=ValueType.UNKNOWN, nullable=False)
    thresholds = thresholds_by_name(tag.thresholds)
    type_ = _TYPES.get(tag.type) or find_outcome_type(tag.expression, types, tag.type, thresholds)
    nullable = tag.type is not TagType.LIST and gives_null(tag.expression, types, thresholds)
    return FactType(type=type_, nullable=nullable, words=tag.values)


def _read_segment(
    key: str, section: Section, defaults: Section | None, names: SegmentNames, tag_types: Mapping[str, FactType]
) -> CustomerSegment | None:
    section.expect(SETTINGS)
    is_list = "kind" in section and bool(section.choice("kind", _KINDS))
    owner = holder_of("owner", section, defaults).text("owner")
    said, translations = read_words(section, TagType.BOOLEAN, ())
    review = read_review(holder_of("review", section, defaults))
    people = TagDefinition(
        key=segment_tag(key),
        label=said.label or "",
        description=said.description or "",
        owner=owner,
        category=TagCategory.BEHAVIOUR,
        ttl=_NO_TTL,
        version=1,
        words=said.words or "",
        expression="false",
        values=(),
        fact_names=(),
        fingerprint="",
        program=_NEVER,
        type=TagType.BOOLEAN,
        review=review,
        translations=translations,
    )
    if is_list:
        for name in _OF_CONDITIONS:
            if name in section:
                section.report(name, "a list has none; remove it, or `kind: list`")
        return CustomerSegment(key=key, definition=people, is_list=True)
    definition = _read_condition(section, defaults, names, tag_types, people)
    return None if definition is None else CustomerSegment(key=key, definition=definition)


def _read_condition(
    section: Section,
    defaults: Section | None,
    names: SegmentNames,
    tag_types: Mapping[str, FactType],
    people: TagDefinition,
) -> TagDefinition | None:
    condition = section.text("condition")
    types = {**tag_types, **names.types}
    is_sound = bool(condition) and _check_names(section, condition, names)
    problems = check_rule(condition, types, (), TagType.BOOLEAN, names.thresholds) if is_sound else []
    for problem in problems:
        section.report_at("condition", problem.offset, problem.message)
    ttl = holder_of("ttl", section, defaults).duration("ttl")
    if not is_sound or problems:
        return None
    times = list_times(types)
    program = compile_rule(condition, names.thresholds, times)
    read = sorted(program.variables())
    tags = [names.tags[name] for name in read if name in names.tags]
    known = [tag for tag in tags if tag is not None]
    scores = [names.scores[name] for name in read if name in names.scores]
    facts = {name for name in read if name in names.facts} | {fact for score in scores for fact in score.fact_names}
    examples = read_examples(section, read, types, TagType.BOOLEAN, ())
    if ttl is None:
        ttl = min((tag.ttl for tag in known), default=None)
    if ttl is None:
        section.report("ttl", "is missing; add it, or name a tag in the condition")
    purposes = _common_purposes(section, known)
    if ttl is None or len(known) < len(tags):
        return None
    own = [names.facts[name] for name in sorted(facts) if name in names.facts]
    used = tuple(names.thresholds[name] for name in sorted(bindings(parse(condition, names.thresholds))))
    return msgspec.structs.replace(
        people,
        ttl=ttl,
        expression=condition,
        program=program,
        thresholds=used,
        fact_names=tuple(sorted(facts.union(*(tag.fact_names for tag in known)))),
        score_names=tuple(score.name for score in scores),
        tag_names=tuple(tag.key for tag in known),
        purposes=purposes,
        examples=examples,
        times=times.intersection(read),
        fact_labels=_labels_by_language(own, scores, known),
        fingerprint=_fingerprint(condition, own, used, scores, known),
    )


def _check_names(section: Section, condition: str, names: SegmentNames) -> bool:
    """Report names of a condition that mean two things. Tells whether it means one."""
    try:
        root = parse(condition)
    except RuleSyntaxError:
        return True  # which the check of the rule reports
    read = {node.name: node.start for node in walk(root) if isinstance(node, FactName) and node.name in names.tags}
    twice: list[tuple[Collection[str], str]] = [(names.types, "fact or a score"), (names.thresholds, "threshold")]
    problems = [
        (start, f"'{name}' is a tag and a {what}; rename one of the two")
        for others, what in twice
        for name, start in read.items()
        if name in others
    ]
    for start, problem in problems:
        section.report_at("condition", start, problem)
    return not problems


def _common_purposes(section: Section, tags: Sequence[TagDefinition]) -> tuple[str, ...]:
    """List the purposes that all tags are for. Tags without are for all."""
    bound = [tag.purposes for tag in tags if tag.purposes]
    common = tuple(name for name in bound[0] if all(name in own for own in bound)) if bound else ()
    if bound and not common:
        section.report("condition", "the tags that it reads have no purpose in common; give them one, or leave one tag out")
    return common


def _labels_by_language(facts: Sequence[Fact], scores: Sequence[Score], tags: Sequence[TagDefinition]) -> dict[str, Labels]:
    """Collect the labels by language of all that a condition reads, and of what its tags read."""
    labels = {name: own for tag in tags for name, own in tag.fact_labels.items()}
    return labels | labels_by_language(facts, scores)


def _fingerprint(
    condition: str,
    facts: Sequence[Fact],
    thresholds: Sequence[Threshold],
    scores: Sequence[Score],
    tags: Sequence[TagDefinition],
) -> str:
    """Name a condition with all that it reads: it changes with the rule of each of its tags."""
    own = fingerprint_with(fingerprint_of(1, condition, (), facts, type_=TagType.BOOLEAN, thresholds=thresholds), scores)
    return fingerprint_over(own, {tag.key: tag.fingerprint for tag in tags})


_NEVER = compile_rule("false", MappingProxyType({}))

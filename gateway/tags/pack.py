"""Load a pack from a file of tags and those that it includes, and report all its problems at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import NamedTuple

import msgspec

from connectors.suggestions import nearest
from gateway.scores.calibration_file import Calibration, read_calibration, read_calibration_text
from gateway.tags.action_settings import read_actions
from gateway.tags.definitions import Fact, Pack, TagDefinition
from gateway.tags.expressions.thresholds import Threshold
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.fact_settings import read_fact
from gateway.tags.fact_types import fact_types
from gateway.tags.language_settings import first_label
from gateway.tags.pack_files import (
    FACTS,
    INCLUDE,
    NAMED_SECTIONS,
    SEGMENTS,
    TAGS,
    PackFiles,
    PlacedSection,
    read_included_texts,
    read_pack_files,
    shipped_path,
)
from gateway.tags.rules import is_variable_name
from gateway.tags.score_settings import ReadScores, read_scores
from gateway.tags.segment_settings import SegmentNames, read_conditions, read_segments
from gateway.tags.tag_settings import check_purpose, read_defaults, read_tag
from gateway.tags.threshold_settings import read_thresholds, unread_types
from gateway.tags.yaml_sections import Problems, Section, read_yaml_text

WrittenThresholds = Mapping[Path, Mapping[str, Threshold]]
"""The thresholds of each file."""

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_]\w*")


def default_pack_path() -> Path:
    """The pack that is in force where the settings name none."""
    return shipped_path("core")


@cache
def shipped_pack() -> Pack:
    """Read the pack that the gateway ships, once, with the tags that need a calibration."""
    return load_pack(default_pack_path())


@cache
def uncalibrated_pack() -> Pack:
    """Read the shipped pack without the tags that need a calibration, and without what they alone read."""
    pack = shipped_pack()
    tags = {key: tag for key, tag in pack.tags.items() if not tag.score_names}
    used = {name for tag in tags.values() for name in tag.fact_names}
    return Pack(facts={name: fact for name, fact in pack.facts.items() if name in used}, tags=tags)


class PackTexts(NamedTuple):
    """The texts of the files of a pack and its calibration, as they were read; None where there is no such file.

    `included` are the paths and texts of the files that the pack includes.
    """

    tags: str | None = None
    calibration: str | None = None
    included: tuple[tuple[str, str], ...] = ()

    def written(self) -> list[str]:
        """List the texts."""
        return [text for text in (self.tags, self.calibration, *(text for _, text in self.included)) if text is not None]


def read_pack_texts(file: Path | None, calibration: Path | None) -> PackTexts:
    """Read the texts. Raises `ConfigurationError`."""
    tags = None if file is None else read_yaml_text(file)
    return PackTexts(
        tags,
        None if calibration is None else read_calibration_text(calibration),
        () if file is None or tags is None else tuple(sorted(read_included_texts(file, tags).items())),
    )


def read_pack(
    file: Path | None,
    calibration: Path | None,
    purposes: Collection[str],
    texts: PackTexts | None = None,
    targets: Collection[str] | None = None,
) -> Pack:
    """Read the pack of the settings, or the shipped one, with its calibration. Raises as `load_pack`."""
    texts = texts or PackTexts()
    figures = None if calibration is None else read_calibration(calibration, texts.calibration)
    if file is None:
        return uncalibrated_pack() if figures is None else load_pack(default_pack_path(), calibration=figures)
    return load_pack(file, texts.tags, purposes, figures, dict(texts.included), targets)


def load_pack(
    path: Path,
    text: str | None = None,
    purposes: Collection[str] | None = None,
    calibration: Calibration | None = None,
    included: Mapping[str, str] | None = None,
    targets: Collection[str] | None = None,
) -> Pack:
    """Read a pack, or raise `ConfigurationError` with all problems. Each has its file, its line and the fix.

    `text` is the file's, and `included` those of the files that it includes, where they were read before. `purposes` and
    `targets` are those of the settings; None where they are not known. Scores have the figures of the `calibration`; without
    one they are not known.
    """
    problems = Problems(path.name)
    files = read_pack_files(path, problems, text, included)
    files.report_unknown()
    if INCLUDE not in files.own.root:
        files.own.root.require((FACTS, TAGS))
    placed = {name: files.merge_sections(name) for name in NAMED_SECTIONS}
    fact_sections, score_sections, card_sections, tag_sections, segment_sections, action_sections = (
        {key: own.section for key, own in placed[name].items()} for name in NAMED_SECTIONS
    )
    named = {**fact_sections, **score_sections}
    _check_names(named, {name: first_label(section) for name, section in named.items()})
    _check_names(tag_sections, {key: first_label(section) for key, section in tag_sections.items()})
    _check_names(segment_sections, {key: first_label(section) for key, section in segment_sections.items()})
    expressions = [section.text("expression") for section in tag_sections.values()] + read_conditions(segment_sections)
    thresholds, unread, written = _read_shared_thresholds(files, named, expressions)
    facts, types = _read_facts(placed[FACTS], problems)
    read = read_scores(score_sections, card_sections, facts, types, calibration)
    _check_use(fact_sections, score_sections, expressions, thresholds, read)
    types = unread | types | read.types
    defaults = {file.path: read_defaults(file.root.section("defaults")) for file in files.all}
    read_tags = {
        key: read_tag(key, own.section, defaults[own.file.path], facts, types, thresholds, read.scores, _hint(files, own))
        for key, own in placed[TAGS].items()
    }
    tags = {key: _with_first_thresholds(tag, files, placed[TAGS][key], written) for key, tag in read_tags.items() if tag}
    names = SegmentNames(facts, read.scores, types, thresholds, read_tags)
    own_defaults = {key: defaults[own.file.path] for key, own in placed[SEGMENTS].items()}
    segments = read_segments(segment_sections, own_defaults, names)
    tags |= {
        own.tag_key: _with_first_thresholds(own.definition, files, placed[SEGMENTS][key], written)
        for key, own in segments.items()
        if not own.is_list
    }
    if purposes is not None:
        _check_purposes(tag_sections.values(), purposes)
    actions = read_actions(action_sections, tags, purposes, targets)
    problems.raise_any()
    return Pack(facts, tags, read.scores, read.scorecards, segments, actions)


def _read_shared_thresholds(
    files: PackFiles, facts: Collection[str], expressions: Sequence[str]
) -> tuple[dict[str, Threshold], dict[str, FactType], WrittenThresholds]:
    """Read the thresholds of all files, types for those whose values were reported, and what each file says."""
    sections = {file.path: file.root.section("thresholds") for file in files.all}
    read = {path: read_thresholds(section, facts, expressions) for path, section in sections.items()}
    unread = [unread_types(section, read[path]) for path, section in sections.items()]
    merged = files.merge_values("thresholds", read)
    return merged, {name: type_ for types in unread for name, type_ in types.items()}, read


def _with_first_thresholds(
    tag: TagDefinition, files: PackFiles, own: PlacedSection, written: WrittenThresholds
) -> TagDefinition:
    """Note the thresholds that a file which includes the tag's own has set to another value."""
    if not own.section.is_included or not tag.thresholds:
        return tag
    ours = files.list_values(own.file, written) | dict.fromkeys(own.section.section("thresholds") or ())
    first = tuple(before for now in tag.thresholds if (before := ours.get(now.name)) is not None and before != now)
    return msgspec.structs.replace(tag, first_thresholds=first) if first else tag


def _hint(files: PackFiles, own: PlacedSection) -> str:
    """Say where the names stand that a rule of an included file reads, and that another file has replaced."""
    if not own.section.is_included:
        return ""
    words = dict.fromkeys(_WORD.findall(own.section.text("expression")))
    places = files.find_replacements(own.file, words)
    return f" ({', '.join(f'{name} stands in {place}' for name, place in places.items())})" if places else ""


def _check_purposes(sections: Iterable[Section], purposes: Collection[str]) -> None:
    for section in sections:
        for name in section.texts("purposes"):
            check_purpose(section, "purposes", name, purposes)


def read_sound_facts(path: Path) -> dict[str, Fact]:
    """Read the facts of a file that are sound, whatever else is wrong; of those that it includes, of its owner's files alone.

    Raises `ConfigurationError` for one that is no YAML.
    """
    problems = Problems(path.name)
    placed = read_pack_files(path, problems).merge_sections(FACTS)
    facts: dict[str, Fact] = {}
    for name, own in placed.items():
        before = len(problems)
        fact = None if own.file.is_shipped else read_fact(name, own.section, problems, own.file.timezone).fact
        if fact is not None and len(problems) == before:
            facts[name] = fact
    return facts


def _read_facts(placed: Mapping[str, PlacedSection], problems: Problems) -> tuple[dict[str, Fact], dict[str, FactType]]:
    """Read the facts, and find their types. Nothing follows from what a problem leaves open of them."""
    read = {name: read_fact(name, own.section, problems, own.file.timezone) for name, own in placed.items()}
    facts = {name: own.fact for name, own in read.items() if own.fact is not None}
    types = fact_types(
        {name: facts[name] for name, own in read.items() if own.is_typed},
        unsure={name for name, own in read.items() if not own.is_chosen},
    )
    return facts, {name: types.get(name) or FactType(type=ValueType.UNKNOWN, nullable=False) for name in placed}


def _check_names(sections: Mapping[str, Section], labels_by_name: Mapping[str, str]) -> None:
    labels: dict[str, str] = {}
    for name, section in sections.items():
        if not _NAME.fullmatch(name):
            section.report("", "a name is made of small letters, digits and _, and starts with a letter; rename it")
        elif not is_variable_name(name):
            section.report("", f"'{name}' is a word of the expression language; rename it")
        label = labels_by_name[name]
        if label and label in labels:
            section.report("label", f"'{label}' is the label of {labels[label]} too; make one of them different")
        labels.setdefault(label, name)


def _check_use(
    facts: Mapping[str, Section],
    scores: Mapping[str, Section],
    expressions: Iterable[str],
    thresholds: Collection[str],
    read: ReadScores,
) -> None:
    """Report facts and scores that nothing names. So one misspelt name is reported once, not as an unused fact too.

    Files that are included may offer more than is used.
    """
    words = {word for expression in expressions for word in _WORD.findall(expression)} | read.words
    used = words | {nearest(word, {**facts, **scores}) for word in words - set(facts) - set(thresholds)}
    for name, section in scores.items():
        if name not in used and not section.is_included:
            section.report("", "no tag uses this score; name it in an expression or remove it")
    for name, section in facts.items():
        if name not in used and not section.is_included:
            section.report("", "no tag uses this fact; name it in an expression or remove it")

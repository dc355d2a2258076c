"""Load a pack from `tags.yaml`, and report all its problems at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

from connectors.suggestions import nearest, suggest
from gateway.scores.calibration_file import Calibration, read_calibration, read_calibration_text
from gateway.tags.definitions import Fact, Pack
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.fact_settings import read_fact
from gateway.tags.fact_types import fact_types
from gateway.tags.language_settings import first_label
from gateway.tags.rules import is_variable_name
from gateway.tags.score_settings import ReadScores, read_scores
from gateway.tags.tag_settings import read_defaults, read_tag
from gateway.tags.threshold_settings import read_thresholds, unread_types
from gateway.tags.window_settings import read_timezone
from gateway.tags.yaml_sections import Problems, Section, read_sections, read_yaml_text

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_]\w*")


def default_pack_path() -> Path:
    """The pack that the gateway ships."""
    return Path(__file__).with_name("profile.yaml")


@cache
def shipped_pack() -> Pack:
    """Read the pack that the gateway ships, once."""
    return load_pack(default_pack_path())


class PackTexts(NamedTuple):
    """The texts of the files of a pack and its calibration, as they were read; None where there is no such file."""

    tags: str | None = None
    calibration: str | None = None


def read_pack_texts(file: Path | None, calibration: Path | None) -> PackTexts:
    """Read the texts. Raises `ConfigurationError`."""
    return PackTexts(
        None if file is None else read_yaml_text(file), None if calibration is None else read_calibration_text(calibration)
    )


def read_pack(file: Path | None, calibration: Path | None, purposes: Collection[str], texts: PackTexts | None = None) -> Pack:
    """Read the pack of the settings, or the shipped one, with its calibration. Raises as `load_pack`."""
    texts = texts or PackTexts()
    figures = None if calibration is None else read_calibration(calibration, texts.calibration)
    if file is None:
        return shipped_pack() if figures is None else load_pack(default_pack_path(), calibration=figures)
    return load_pack(file, texts.tags, purposes, figures)


def load_pack(
    path: Path,
    text: str | None = None,
    purposes: Collection[str] | None = None,
    calibration: Calibration | None = None,
) -> Pack:
    """Read a pack, or raise `ConfigurationError` with all problems. Each has its line and the fix.

    `text` is the file's, where it was read before. `purposes` are those of the settings; None where they are not
    known. Scores have the figures of the `calibration`; without one they are not known.
    """
    problems = Problems(path.name)
    root = read_sections(path, problems, text)
    root.expect(("timezone", "defaults", "thresholds", "facts", "scores", "scorecards", "tags"))
    defaults = read_defaults(root.section("defaults"))
    fact_sections, tag_sections = root.sections("facts"), root.sections("tags")
    score_sections = root.sections("scores") if "scores" in root else {}
    card_sections = root.sections("scorecards") if "scorecards" in root else {}
    named = {**fact_sections, **score_sections}
    _check_names(named, {name: section.text("label") for name, section in named.items()})
    _check_names(tag_sections, {key: first_label(section) for key, section in tag_sections.items()})
    expressions = [section.text("expression") for section in tag_sections.values()]
    shared = root.section("thresholds")
    thresholds = read_thresholds(shared, named, expressions)
    facts, types = _read_facts(fact_sections, problems, read_timezone(root))
    read = read_scores(score_sections, card_sections, facts, types, calibration)
    _check_use(fact_sections, score_sections, expressions, thresholds, read)
    types = unread_types(shared, thresholds) | types | read.types
    tags = {
        key: tag
        for key, section in tag_sections.items()
        if (tag := read_tag(key, section, defaults, facts, types, thresholds, read.scores))
    }
    if purposes is not None:
        _check_purposes(tag_sections.values(), purposes)
    problems.raise_any()
    return Pack(facts=facts, tags=tags, scores=read.scores, scorecards=read.scorecards)


def _check_purposes(sections: Iterable[Section], purposes: Collection[str]) -> None:
    for section in sections:
        for name in section.texts("purposes"):
            if name not in purposes:
                fix = suggest(name, purposes, "name one of yours, or add [purposes] there")
                section.report("purposes", f"the settings have no purpose {name}{fix}")


def read_sound_facts(path: Path) -> dict[str, Fact]:
    """Read the facts of a file that are sound, whatever else is wrong. Raises `ConfigurationError` for one that is no YAML."""
    problems = Problems(path.name)
    root = read_sections(path, problems)
    timezone = read_timezone(root)
    facts: dict[str, Fact] = {}
    for name, section in root.sections("facts").items():
        before = len(problems)
        fact = read_fact(name, section, problems, timezone).fact
        if fact is not None and len(problems) == before:
            facts[name] = fact
    return facts


def _read_facts(
    sections: Mapping[str, Section], problems: Problems, timezone: str | None
) -> tuple[dict[str, Fact], dict[str, FactType]]:
    """Read the facts, and find their types. Nothing follows from what a problem leaves open of them."""
    read = {name: read_fact(name, section, problems, timezone) for name, section in sections.items()}
    facts = {name: own.fact for name, own in read.items() if own.fact is not None}
    types = fact_types(
        {name: facts[name] for name, own in read.items() if own.is_typed},
        unsure={name for name, own in read.items() if not own.is_chosen},
    )
    return facts, {name: types.get(name) or FactType(type=ValueType.UNKNOWN, nullable=False) for name in sections}


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
    """Report facts and scores that nothing names. So one misspelt name is reported once, not as an unused fact too."""
    words = {word for expression in expressions for word in _WORD.findall(expression)} | read.words
    used = words | {nearest(word, {**facts, **scores}) for word in words - set(facts) - set(thresholds)}
    for name, section in scores.items():
        if name not in used:
            section.report("", "no tag uses this score; name it in an expression or remove it")
    for name, section in facts.items():
        if name not in used:
            section.report("", "no tag uses this fact; name it in an expression or remove it")

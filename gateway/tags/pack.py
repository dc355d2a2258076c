"""Load a pack from `tags.yaml`, and report all its problems at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from functools import cache
from pathlib import Path

import cel

from gateway.tags.definitions import Fact, Pack, TagCategory, TagDefinition, fingerprint_of
from gateway.tags.fact_settings import read_fact
from gateway.tags.rules import FUNCTIONS, RuleSyntaxError, compile_rule, is_variable_name, unknown_functions
from gateway.tags.yaml_sections import Problems, Section, did_you_mean, nearest, read_sections

TAG_SETTINGS = ("label", "description", "owner", "category", "ttl", "version", "words", "expression", "values")

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WORD = re.compile(r"[A-Za-z_]\w*")


def default_pack_path() -> Path:
    """The pack that the gateway ships."""
    return Path(__file__).with_name("profile.yaml")


@cache
def shipped_pack() -> Pack:
    """Read the pack that the gateway ships, once."""
    return load_pack(default_pack_path())


def load_pack(path: Path, text: str | None = None) -> Pack:
    """Read a pack, or raise `ConfigurationError` with all problems. Each has its line and the fix.

    `text` is the file's, where it was read before.
    """
    problems = Problems(path.name)
    root = read_sections(path, problems, text)
    root.expect(("facts", "tags"))
    fact_sections, tag_sections = root.sections("facts"), root.sections("tags")
    _check_names(fact_sections)
    _check_names(tag_sections)
    _check_use(fact_sections, tag_sections.values())
    facts = {name: fact for name, section in fact_sections.items() if (fact := read_fact(name, section))}
    tags = {key: tag for key, section in tag_sections.items() if (tag := _read_tag(key, section, facts, fact_sections))}
    problems.raise_any()
    return Pack(facts=facts, tags=tags)


def _check_names(sections: Mapping[str, Section]) -> None:
    labels: dict[str, str] = {}
    for name, section in sections.items():
        if not _NAME.fullmatch(name):
            section.report("", "a name is made of small letters, digits and _, and starts with a letter; rename it")
        elif not is_variable_name(name):
            section.report("", f"'{name}' is a word of the expression language; rename it")
        label = section.text("label")
        if label and label in labels:
            section.report("label", f"'{label}' is the label of {labels[label]} too; make one of them different")
        labels.setdefault(label, name)


def _check_use(facts: Mapping[str, Section], tags: Iterable[Section]) -> None:
    """Report facts that no expression names. So one misspelt name is reported once, not as an unused fact too."""
    words = {word for tag in tags for word in _WORD.findall(tag.text("expression"))}
    used = words | {nearest(word, facts) for word in words - set(facts)}
    for name, section in facts.items():
        if name not in used:
            section.report("", "no tag uses this fact; name it in an expression or remove it")


def _read_tag(key: str, section: Section, facts: Mapping[str, Fact], known: Collection[str]) -> TagDefinition | None:
    section.expect(TAG_SETTINGS)
    values = section.texts("values")
    if repeated := {value for value in values if values.count(value) > 1}:
        section.report("values", f"{', '.join(sorted(repeated))} stands twice; keep one")
    label, description, owner, words = (section.text(name) for name in ("label", "description", "owner", "words"))
    category = section.choice("category", {category.value: category for category in TagCategory})
    ttl = section.required_duration("ttl")
    version = section.version("version")
    expression = section.text("expression")
    program = _compile(section, expression, known)
    if category is None or ttl is None or program is None:
        return None
    names = tuple(sorted(program.variables()))
    return TagDefinition(
        key=key,
        label=label,
        description=description,
        owner=owner,
        category=category,
        ttl=ttl,
        version=version,
        words=words,
        expression=expression,
        values=values,
        fact_names=names,
        fingerprint=fingerprint_of(version, expression, values, [facts[name] for name in names if name in facts]),
        program=program,
    )


def _compile(section: Section, expression: str, facts: Collection[str]) -> cel.Program | None:
    if not expression:
        return None
    try:
        program = compile_rule(expression)
    except RuleSyntaxError as error:
        section.report("expression", str(error))
        return None
    for name in program.variables():
        if name not in facts:
            section.report("expression", f"unknown fact '{name}'{did_you_mean(name, facts)}")
    for name in unknown_functions(program):
        section.report("expression", f"unknown function '{name}'{did_you_mean(name, sorted(FUNCTIONS))}")
    return program

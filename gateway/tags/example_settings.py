"""Read the examples of a tag from its section: facts of a customer, and the value that the rule gives for them."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any

from connectors.suggestions import did_you_mean
from connectors.toolkit.evaluation import as_time, rfc3339
from gateway.tags.definitions import TagExample, TagType
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.tag_values import write_texts
from gateway.tags.yaml_sections import Section

_SETTINGS = ("facts", "value")
_ALWAYS_SAID = frozenset({ValueType.TRUTH, ValueType.TEXT, ValueType.TIME})
_WHOLE = re.compile(r"-?\d{1,18}")
_FRACTION = re.compile(r"-?\d{1,300}(\.\d{1,300})?")
_TRUTHS = {"true": True, "false": False, "yes": True, "no": False}


def read_examples(
    section: Section, fact_names: Collection[str], types: Mapping[str, FactType], type_: TagType, values: Sequence[str]
) -> tuple[TagExample, ...]:
    """Read the examples of a tag whose rule reads these facts. Mistakes are reported."""
    examples = []
    for own in section.items("examples"):
        own.expect(_SETTINGS)
        facts = {name: _default(types[name]) for name in fact_names}
        given = own.section("facts")
        for name in given or ():
            assert given is not None
            if name in facts:
                facts[name] = _read_fact(given, name, types[name])
            else:
                given.report(name, f"the rule does not read this fact{did_you_mean(name, fact_names)}")
        for name in fact_names:
            is_said = given is not None and name in given
            if not is_said and types[name].type in _ALWAYS_SAID and not types[name].nullable:
                own.report("facts", f"{name} always has a value; say which")
        value = _read_value(own, type_, values)
        examples.append(TagExample(facts=facts, value=value, line=own.line, file=own.included_file))
    return tuple(examples)


def _default(type_: FactType) -> Any:
    """Give the value of a fact with nothing to measure."""
    if type_.nullable:
        return None
    return {ValueType.WHOLE: 0, ValueType.FRACTION: 0.0, ValueType.LIST: []}.get(type_.type)


def _read_fact(section: Section, name: str, type_: FactType) -> Any:
    if section.is_null(name):
        if not type_.nullable and type_.type is not ValueType.UNKNOWN:
            section.report(name, "is never null; write a number")
        return None
    if type_.type is ValueType.LIST:
        return [text for text in section.texts(name) if _is_word(section, name, type_, text)]
    text = section.text(name)
    if type_.type is ValueType.TIME:
        return _read_time(section, name, text)
    if not _is_word(section, name, type_, text):
        return None
    value = _READERS.get(type_.type, str)(text)
    if value is None and text:
        section.report(name, f"'{text}' is not {type_.type}; correct it")
    return value


def _is_word(section: Section, name: str, type_: FactType, text: str) -> bool:
    if not type_.words or text in type_.words:
        return True
    section.report(name, f"is never '{text}'{did_you_mean(text, type_.words)}")
    return False


_READERS: dict[ValueType, Callable[[str], Any]] = {
    ValueType.WHOLE: lambda text: int(text) if _WHOLE.fullmatch(text) else None,
    ValueType.FRACTION: lambda text: float(text) if _FRACTION.fullmatch(text) else None,
    ValueType.TRUTH: lambda text: _TRUTHS.get(text.lower()),
}


def _read_time(section: Section, name: str, text: str) -> str | None:
    try:
        return rfc3339(as_time(text))
    except (ValueError, OverflowError):
        section.report(name, f"'{text}' is no time; write a day such as 2026-01-31, or 2026-01-31T12:00:00Z")
        return None


def _read_value(section: Section, type_: TagType, values: Sequence[str]) -> str | None:
    if "value" not in section:
        section.report("value", "is missing; add it, or null for no such tag")
        return None
    if section.is_null("value"):
        return None
    texts = section.texts("value")
    for text in texts:
        if values and text not in values:
            section.report("value", f"'{text}' is not in 'values'{did_you_mean(text, values)}")
    if type_ is TagType.LIST:
        return write_texts(texts)
    if type_ is TagType.BOOLEAN and texts and texts[0].lower() in _TRUTHS:
        return "true" if _TRUTHS[texts[0].lower()] else "false"
    if len(texts) > 1:
        section.report("value", "must be one value; the tag is no list")
    return texts[0] if texts else None

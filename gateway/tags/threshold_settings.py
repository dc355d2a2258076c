"""Read named thresholds from their section of the file, or of a tag."""

from __future__ import annotations

import re
from collections.abc import Collection

from connectors.toolkit.evaluation import as_time, rfc3339
from gateway.tags.expressions.thresholds import Threshold, Thresholds
from gateway.tags.expressions.types import FactType, ValueType
from gateway.tags.rules import is_variable_name
from gateway.tags.yaml_sections import Section

_NAME = re.compile(r"[a-z][a-z0-9_]*")
_WHOLE = re.compile(r"-?\d{1,18}")
_FRACTION = re.compile(r"-?\d{1,300}\.\d{1,300}")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ].*)?")
_SPAN = re.compile(r"\d+[mhdw]")
_OTHER_NUMBER = re.compile(r"[-+]?[0-9._]*\d[0-9._]*([eE][-+]?\d+)?|[-+]?0x[0-9a-fA-F_]+|[-+]?\.(?:inf|nan)", re.IGNORECASE)


def read_thresholds(section: Section | None, facts: Collection[str], expressions: Collection[str]) -> Thresholds:
    """Read thresholds by name. They are for these expressions, over these facts.

    One that none of them names is reported, but not in a file that another one includes.
    """
    if section is None:
        return {}
    words = {word for expression in expressions for word in re.findall(r"[A-Za-z_]\w*", expression)}
    thresholds: dict[str, Threshold] = {}
    for name in section:
        if not _NAME.fullmatch(name):
            section.report(name, "a name is made of small letters, digits and _, and starts with a letter; rename it")
        elif not is_variable_name(name):
            section.report(name, f"'{name}' is a word of the expression language; rename it")
        elif name in facts:
            section.report(name, f"'{name}' is the name of a fact, too; rename one of the two")
            continue
        elif name not in words and not section.is_included:
            section.report(name, "no rule uses this threshold; name it in an expression or remove it")
        threshold = _read_threshold(section, name)
        if threshold is not None:
            thresholds[name] = threshold
    return thresholds


def unread_types(section: Section | None, thresholds: Collection[str]) -> dict[str, FactType]:
    """Give types to the names whose values were reported. So an expression that reads them has no problem more."""
    return {name: FactType(type=ValueType.UNKNOWN, nullable=False) for name in section or () if name not in thresholds}


def _read_threshold(section: Section, name: str) -> Threshold | None:
    text = section.text(name)
    if not text or section.is_quoted(name):
        return Threshold(name=name, value=text) if text else None
    if _WHOLE.fullmatch(text):
        return Threshold(name=name, value=int(text))
    if _FRACTION.fullmatch(text):
        return Threshold(name=name, value=float(text))
    if _TIME.fullmatch(text):
        return _read_time(section, name, text)
    if _SPAN.fullmatch(text):
        section.report(name, f"'{text}' is a span of time, and facts give days as numbers; write {text[:-1]} for so many days")
    elif _OTHER_NUMBER.fullmatch(text):
        section.report(name, f"'{text}' is no plain number; write it in digits, such as 1000 or 0.5")
    else:
        return Threshold(name=name, value=text)
    return None


def _read_time(section: Section, name: str, text: str) -> Threshold | None:
    try:
        return Threshold(name=name, value=rfc3339(as_time(text)), is_time=True)
    except (ValueError, OverflowError):
        section.report(name, f"'{text}' is no time; write a day such as 2026-01-31, or 2026-01-31T12:00:00Z")
        return None

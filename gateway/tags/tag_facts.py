"""Show tags as facts of the condition of a segment."""

from __future__ import annotations

from typing import Any

from connectors.toolkit.evaluation import as_time, rfc3339
from gateway.tags.computed_tag import ComputedTag, FactValue, TagReason
from gateway.tags.definitions import TagDefinition, TagType
from gateway.tags.tag_values import value_texts

NO_VALUE = frozenset({TagReason.FAILED.value, TagReason.NOT_LISTED.value})
"""What a tag is missing whose rule gave nothing that can be its value."""


def tag_fact(definition: TagDefinition, tag: ComputedTag) -> FactValue:
    """Show a tag as a fact. It is null where the rule gives no such tag, and unknown where the tag cannot be told."""
    missing = None
    if tag.reason is not TagReason.RULE:
        lacking = next((fact.missing for fact in tag.evidence if fact.missing is not None), None)
        missing = tag.reason.value if lacking is None or tag.reason is not TagReason.UNKNOWN else lacking
    return FactValue(
        name=definition.key,
        label=definition.label,
        value=_read_value(definition.type, tag.value),
        sources=sorted({source for fact in tag.evidence for source in fact.sources}),
        as_of=min((fact.as_of for fact in tag.evidence if fact.as_of is not None), default=None),
        partial=tag.partial,
        missing=missing,
        changes_at=tag.changes_at,
    )


def _read_value(type_: TagType, value: str | None) -> Any:
    """Read the value of a tag as expressions see it."""
    if type_ is TagType.LIST:
        return [] if value is None else value_texts(value)
    if value is None:
        return None
    if type_ is TagType.BOOLEAN:
        return value == "true"
    if type_ is TagType.DATE:
        return rfc3339(as_time(value))
    return _number(value) if type_ is TagType.NUMBER else value


def _number(value: str) -> int | float:
    try:
        return int(value)
    except ValueError:
        return float(value)

"""Say whose value each field of a merged record is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from connectors.record_fields import Fields, fields_of
from connectors.records import Record
from gateway.identity.records import RecordId
from gateway.lookups.outcome import Outcome


class MemberRecord(msgspec.Struct, frozen=True):
    """One source's record of a merged one, with the answer that it came with. `record` is None where that could not be had."""

    id: RecordId
    record: Any
    outcome: Outcome

    @property
    def source(self) -> str:
        return self.id.source

    @property
    def source_id(self) -> str:
        return self.id.id

    @property
    def as_of(self) -> datetime | None:
        return self.outcome.as_of if self.record is not None else None


class OriginRule(StrEnum):
    PRIORITY = "PRIORITY"
    NEWEST = "NEWEST"


class OtherValue(msgspec.Struct, frozen=True):
    """What another source says. `value` is JSON."""

    source: str
    value: Any


class Origin(msgspec.Struct, frozen=True):
    """Say whose value a field is. `source` is None where nobody has one."""

    name: str
    source: str | None
    as_of: datetime | None
    rule: OriginRule
    others: list[OtherValue]


Choose = Callable[[str, Sequence[MemberRecord]], tuple[MemberRecord | None, OriginRule]]
"""Choose the record whose value of a field counts, and say by what rule. Records come in order of rank."""


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing. Such a value never stands in the place of another."""
    if isinstance(value, msgspec.Struct):
        return all(is_empty(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, str):
        return not value.strip() or value == "UNKNOWN"
    return value is None or value == []


def origins_of(record: type[Record], members: Sequence[MemberRecord], selected: Fields, choose: Choose) -> list[Origin]:
    """Say for each selected field of a record type whose value it is."""
    known, parts = [member for member in members if member.record is not None], dict(selected)
    own = fields_of(record)
    return [_origin(own[name].json_name, name, parts[name], known, choose) for name in own if name in parts and name != "id"]


def _origin(shown_as: str, name: str, parts: Fields, members: Sequence[MemberRecord], choose: Choose) -> Origin:
    chosen, rule = choose(name, members)
    others = [
        OtherValue(member.source, _shown(value, parts))
        for member in members
        if member is not chosen and not is_empty(value := getattr(member.record, name))
    ]
    if chosen is None or is_empty(getattr(chosen.record, name)):
        return Origin(shown_as, None, None, rule, others)
    return Origin(shown_as, chosen.source, chosen.as_of, rule, others)


def _shown(value: Any, parts: Fields) -> Any:
    """Write a value as JSON has it, of an object the selected parts alone."""
    if isinstance(value, list):
        return [_shown(item, parts) for item in value]
    if not isinstance(value, msgspec.Struct):
        return msgspec.to_builtins(value)
    names = {field.name: field.encode_name for field in msgspec.structs.fields(value)}
    return {names[name]: _shown(getattr(value, name), inner) for name, inner in parts if name in names}

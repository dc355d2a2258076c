"""Merge the records of one customer: each field from the record whose value counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

import msgspec

from connectors.record_fields import LIST, Fields, fields_of
from connectors.records import Customer
from gateway.identity.records import RecordId
from gateway.lookups.outcome import Outcome

NAME_FIELDS = ("name", "given_name", "family_name")
"""Fields that are taken from one record, for a given name of one and a family name of another are nobody's."""

NEWEST = "newest"

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_SAME: dict[str, Callable[[Any], Any]] = {
    "contact_points": lambda point: (point.kind, point.value.strip().lower()),
    "device_ids": lambda device: device,
    "external_ids": lambda external: (external.source, external.id),
    "social_accounts": lambda account: (account.platform.strip().casefold(), account.handle.strip().lstrip("@").casefold()),
}
"""By what items of lists are the same. Deals of two systems are two. Which consents count is told of all of them."""


class MemberRecord(msgspec.Struct, frozen=True):
    """One source's record of a customer, with the answer that it came with. `record` is None where that could not be had."""

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


class FieldRules:
    """Whose value counts: sources by rank, and fields with a rule of their own, a list of sources or `newest`."""

    def __init__(self, rank: Mapping[str, int], fields: Mapping[str, Sequence[str] | str]) -> None:
        self._rank = rank
        self._fields = {**dict.fromkeys(NAME_FIELDS, fields["name"]), **fields} if "name" in fields else fields
        alone = [name for name, field in fields_of(Customer).items() if field.form != LIST and name not in NAME_FIELDS]
        self._plain = frozenset(alone) - self._fields.keys()

    def in_order(self, members: Sequence[MemberRecord]) -> list[MemberRecord]:
        """Sort records by the rank of their sources."""
        return sorted(members, key=lambda member: (self._rank.get(member.source, len(self._rank)), member.id))

    def is_plain(self, field: str) -> bool:
        """Tell whether a field is one value, which priority alone chooses."""
        return field in self._plain

    def only_source(self, field: str) -> str | None:
        """Name the source that alone gives a field."""
        rule = self._fields.get(field)
        return rule[0] if isinstance(rule, list) and len(rule) == 1 else None

    def is_given_by(self, field: str, source: str) -> bool:
        """Tell whether a field may have the value of a source."""
        rule = self._fields.get(field)
        return not isinstance(rule, list) or source in rule

    def candidates(self, field: str, members: Sequence[MemberRecord]) -> tuple[list[MemberRecord], OriginRule]:
        """List the records that may give a field, the best first. They come in order of rank."""
        rule = self._fields.get(field)
        if rule is None:
            return [*members], OriginRule.PRIORITY
        if isinstance(rule, str):
            dated = any(member.record.updated_at is not None for member in members)
            newest_first = sorted(members, key=lambda member: member.record.updated_at or _LONG_AGO, reverse=True)
            return newest_first, OriginRule.NEWEST if dated else OriginRule.PRIORITY
        return [member for name in rule for member in members if member.source == name], OriginRule.PRIORITY


def is_empty(value: Any) -> bool:
    """Tell whether a value says nothing. Such a value never stands in the place of another."""
    if isinstance(value, msgspec.Struct):
        return all(is_empty(getattr(value, name)) for name in value.__struct_fields__)
    if isinstance(value, str):
        return not value.strip() or value == "UNKNOWN"
    return value is None or value == []


def merge_records(members: Sequence[MemberRecord], rules: FieldRules, own_id: str) -> Any:
    """Merge records of one narrowed type, which come in order of rank, to one with this id."""
    first = members[0].record
    if len(members) == 1:
        return first if first.id == own_id else msgspec.structs.replace(first, id=own_id)
    records = [member.record for member in members]
    values = {
        name: _first_value(name, records) if rules.is_plain(name) else _merged(name, members, rules)
        for name in first.__struct_fields__
        if name != "id"
    }
    return type(first)(id=own_id, **values)


def origins_of(members: Sequence[MemberRecord], rules: FieldRules, selected: Fields) -> list[Origin]:
    """Say for each selected field whose value it is."""
    known, parts = [member for member in members if member.record is not None], dict(selected)
    return [_origin(name, parts[name], known, rules) for name in fields_of(Customer) if name in parts and name != "id"]


def _origin(name: str, parts: Fields, members: Sequence[MemberRecord], rules: FieldRules) -> Origin:
    chosen, rule = _chosen(name, members, rules)
    shown_as = fields_of(Customer)[name].json_name
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


def _first_value(name: str, records: Sequence[Any]) -> Any:
    """Give the first value that says something."""
    for record in records:
        value = getattr(record, name)
        if not is_empty(value):
            return value
    return fields_of(Customer)[name].default


def _merged(name: str, members: Sequence[MemberRecord], rules: FieldRules) -> Any:
    if fields_of(Customer)[name].form == LIST:
        return _united(name, [getattr(member.record, name) for member in rules.candidates(name, members)[0]])
    chosen, _ = _chosen(name, members, rules)
    return fields_of(Customer)[name].default if chosen is None else getattr(chosen.record, name)


def _chosen(name: str, members: Sequence[MemberRecord], rules: FieldRules) -> tuple[MemberRecord | None, OriginRule]:
    candidates, rule = rules.candidates(name, members)
    together = NAME_FIELDS if name in NAME_FIELDS else (name,)
    for member in candidates:
        if not all(is_empty(getattr(member.record, own, None)) for own in together):
            is_dated = rule is OriginRule.NEWEST and member.record.updated_at is not None
            return member, OriginRule.NEWEST if is_dated else OriginRule.PRIORITY
    return None, rule


def _united(name: str, lists: Sequence[list[Any]]) -> list[Any]:
    """Unite lists, each item once. What is to be used is said by the first list alone."""
    same = _SAME.get(name)
    items: dict[Any, Any] = {}
    is_first = True
    for own in lists:
        for place, item in enumerate(own):
            key = (len(items), place) if same is None else same(item)
            if key not in items:
                is_marked = not is_first and getattr(item, "primary", False)
                items[key] = msgspec.structs.replace(item, primary=False) if is_marked else item
        is_first = is_first and not own
    return [*items.values()]

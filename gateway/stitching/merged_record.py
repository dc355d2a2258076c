"""Merge the records of one customer: each field from the record whose value counts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from connectors.record_fields import LIST, fields_of
from connectors.records import Customer
from gateway.stitching.origins import MemberRecord, OriginRule, is_empty

NAME_FIELDS = ("name", "given_name", "family_name")
"""Fields that are taken from one record, for a given name of one and a family name of another are nobody's."""

NEWEST = "newest"

_LONG_AGO = datetime.min.replace(tzinfo=UTC)

_SAME: dict[str, Callable[[Any], Any]] = {
    "contact_points": lambda point: (point.kind, point.value.strip().lower()),
    "external_ids": lambda external: (external.source, external.id),
    "social_accounts": lambda account: (account.platform.strip().casefold(), account.handle.strip().lstrip("@").casefold()),
}
"""By what items of lists are the same; texts are by themselves. Which consents count is told of all of them."""


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

    def choose(self, field: str, members: Sequence[MemberRecord]) -> tuple[MemberRecord | None, OriginRule]:
        """Choose the record whose value of a field counts, and say by what rule."""
        candidates, rule = self.candidates(field, members)
        together = NAME_FIELDS if field in NAME_FIELDS else (field,)
        for member in candidates:
            if not all(is_empty(getattr(member.record, own, None)) for own in together):
                is_dated = rule is OriginRule.NEWEST and member.record.updated_at is not None
                return member, OriginRule.NEWEST if is_dated else OriginRule.PRIORITY
        return None, rule


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
    chosen, _ = rules.choose(name, members)
    return fields_of(Customer)[name].default if chosen is None else getattr(chosen.record, name)


def _united(name: str, lists: Sequence[list[Any]]) -> list[Any]:
    """Unite lists, each item once. What is to be used is said by the first list alone."""
    same = _SAME.get(name, str if fields_of(Customer)[name].struct is None else None)
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

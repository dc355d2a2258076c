"""A source's record of a customer, as identity sees it: its id and its keys, each of which may link it to others."""

from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple

import msgspec

from connectors.contract import KeyKind
from gateway.identity.node_ids import node_id


class RecordId(NamedTuple):
    """The source of a record, and its own id there. Ids sort by source, then by id."""

    source: str
    id: str

    @property
    def node_id(self) -> str:
        return node_id(self.source, self.id)


def list_names(records: Iterable[RecordId]) -> list[str]:
    """List what customers with these records may be named by: where one source has customers, by its own ids."""
    return [name for record in records for name in (record.node_id, record.id)]


class Key(NamedTuple):
    """A key in its normal form."""

    kind: KeyKind
    value: str


def stated_id(record: RecordId) -> Key:
    """Write the key by which other sources state the id of a record."""
    return Key(KeyKind.EXTERNAL_ID, record.node_id)


class IdentityRecord(msgspec.Struct, frozen=True, kw_only=True):
    """A record and the keys that may link it. `member_number` and `birth_date` tell people apart.

    `open_kinds` are those of which a key has not been asked everywhere, so that more records may have it.
    """

    id: RecordId
    keys: frozenset[Key]
    member_number: str | None = None
    birth_date: str | None = None
    open_kinds: frozenset[KeyKind] = frozenset()

    @property
    def is_person(self) -> bool:
        """Tell whether it says who somebody is. What has devices alone is a visit."""
        return any(kind is not KeyKind.DEVICE_ID and value != self.id.node_id for kind, value in self.keys)


class IdentityLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The most that one customer is made of. `keys_per_kind` are e-mail addresses, phone numbers, ids at one system."""

    records_per_source: int = 1
    keys_per_kind: int = 5
    records: int = 50


def limited_keys(keys: Iterable[Key]) -> dict[str, set[str]]:
    """Group the keys that are limited by what they count for: their kind, and of ids the system as well."""
    groups: dict[str, set[str]] = {}
    for kind, value in keys:
        if kind is KeyKind.DEVICE_ID:
            continue  # people have many, and no two people are linked by one
        name = f"{kind.value} {value.partition(':')[0]}" if kind is KeyKind.EXTERNAL_ID else kind.value
        groups.setdefault(name, set()).add(value)
    return groups


def kinds_beyond(groups: Mapping[str, Collection[str]], limits: IdentityLimits) -> set[KeyKind]:
    """List the kinds of which there are more keys, in groups, than a customer may have."""
    return {KeyKind(name.partition(" ")[0]) for name, values in groups.items() if len(values) > limits.keys_per_kind}

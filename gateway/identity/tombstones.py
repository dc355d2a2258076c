"""Tombstones of erased customers: HMACs of their keys, by which they are known again, and nothing else of them."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

import msgspec

from connectors.contract import KeyKind
from gateway.identity.node_ids import SEPARATOR
from gateway.identity.records import Key, RecordId, stated_id

_LABEL = b"tombstones of customers"


class TombstoneEnd(StrEnum):
    """What ended a tombstone: an operator, or a record that a source made after it."""

    OPERATOR = "OPERATOR"
    RECORD = "RECORD"


class Tombstone(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """An erased customer. It stands until it is ended; `digests` are those of keys in their normal form."""

    id: str
    erased_at: datetime
    digests: tuple[str, ...]
    ended_at: datetime | None = None
    ended_by: TombstoneEnd | None = None


class TombstoneTable:
    """The tombstones that stand. Digests are never remembered with their keys: these are to be forgotten."""

    def __init__(self, secret: str) -> None:
        self.is_known = False
        """Whether the tombstones were ever read by this process."""
        self.stands = False
        """Whether there is any."""
        self.is_asked = False
        """Whether a tombstone was found since this was set back: what remembers keys has those of its customer again."""
        self.count = 0
        """How many stand."""
        self._key = hmac.digest(secret.encode(), _LABEL, "sha256")
        self._by_digest: dict[str, list[Tombstone]] = {}

    def is_same(self, other: TombstoneTable) -> bool:
        """Tell whether another table digests with the same secret."""
        return hmac.compare_digest(self._key, other._key)

    def digest(self, key: Key) -> str:
        """Digest a key in its normal form."""
        return hmac.digest(self._key, f"{key.kind.value}\0{key.value}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def learn(self, tombstones: Iterable[Tombstone]) -> None:
        """Know those of these tombstones that stand, and no others."""
        by_digest: dict[str, list[Tombstone]] = {}
        for tombstone in tombstones:
            for digest in tombstone.digests if tombstone.ended_at is None else ():
                by_digest.setdefault(digest, []).append(tombstone)
        self._by_digest, self.stands, self.is_known = by_digest, bool(by_digest), True
        self.count = len({own.id for found in by_digest.values() for own in found})

    def find(self, keys: Iterable[Key]) -> list[Tombstone]:
        """List the standing tombstones of customers who had one of these keys, each once."""
        if not self.stands:
            return []
        found = {own.id: own for key in keys for own in self._by_digest.get(self.digest(key), ())}
        self.is_asked = self.is_asked or bool(found)
        return [*found.values()]

    def covers_set(self, set_id: str) -> bool:
        """Tell whether one of the records is erased whose ids are the lines of a text, as those of member sets are.

        Where one source has customers, a line is the own id of a record.
        """
        return self.stands and bool(self.find_set(set_id))

    def find_set(self, set_id: str) -> list[Tombstone]:
        """List the standing tombstones of the customers with these records."""
        return self.find(key for line in set_id.split("\n") for key in _keys_of_name(line))

    def covers_record(self, record: RecordId) -> bool:
        """Tell whether a record is erased, by its id."""
        return self.stands and bool(self.find([stated_id(record)]))


def _keys_of_name(name: str) -> list[Key]:
    own = Key(KeyKind.CUSTOMER_ID, name)
    return [own, Key(KeyKind.EXTERNAL_ID, name)] if SEPARATOR in name else [own]

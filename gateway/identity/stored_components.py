"""What is kept of a walk, so that the next one takes one turn: the records that it found, and the digests of their keys.

A digest is an HMAC-SHA256, so what is stored has no key in it that could be read or guessed.
"""

import hmac
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Protocol

import msgspec

from gateway.identity.records import Key, RecordId

DIGEST_LENGTH = 32
"""Hexadecimal digits of a digest: 128 bits of the HMAC."""

MAX_CACHED_DIGESTS = 20_000
"""How many digests a worker remembers. Each takes 2 microseconds to find."""


class StoredComponent(msgspec.Struct, frozen=True, kw_only=True):
    """Records that were found together, at `walked_at`, when all their keys had been asked for.

    `keys` are digests of those keys, `asked_again` those of them that find records which do not state them, so that the records
    alone are no evidence. `shared` are digests of keys that link nobody. `version` differs after each write.
    """

    records: tuple[RecordId, ...]
    keys: frozenset[str]
    walked_at: datetime
    asked_again: frozenset[str] = frozenset()
    shared: frozenset[str] = frozenset()
    version: str = ""


class ComponentStore(Protocol):
    """Where components are kept. All methods raise `StoreError` when it fails. `timeout_s` is how long a read may take."""

    @property
    def timeout_s(self) -> float: ...

    async def read(self, digests: Sequence[str]) -> dict[str, list[StoredComponent]]:
        """Read the components by the digests of keys, with one command."""
        ...

    async def write(self, components: Sequence[StoredComponent], keep: timedelta) -> Sequence[StoredComponent]:
        """Keep components in the place of all that have records of them. Gives those that lost to another write."""
        ...

    async def forget(self, records: Iterable[RecordId], /) -> int:
        """Delete the components of records. Gives their number."""
        ...

    async def drop(self, digests: Collection[str]) -> int:
        """Delete the components that have one of these keys. Gives their number."""
        ...


class KeyDigests:
    """Digest keys with a secret. Those of other settings are others: what was found by them says nothing here."""

    def __init__(self, secret: str, settings: str) -> None:
        self._secret = hmac.digest(secret.encode(), settings.encode(), "sha256")
        self.of = lru_cache(maxsize=MAX_CACHED_DIGESTS)(self._of)

    def _of(self, key: Key) -> str:
        return hmac.digest(self._secret, f"{key.kind.value}\0{key.value}".encode(), "sha256").hex()[:DIGEST_LENGTH]

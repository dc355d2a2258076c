"""Seal the links of a chain: each holds the entries of a moment, and the MAC of the link before it."""

from __future__ import annotations

import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Literal

import msgspec

from gateway.audit.entry import AuditEntry

LinkKind = Literal["begin", "entries", "end", "checkpoint"]


class AuditLink(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One link. `seq` counts from 0, `lost` are entries that could not be held until they could be written.

    A checkpoint stands for all links before its `seq`, which retention has cut; `previous` is the MAC of the last of them.
    """

    chain: str
    seq: int
    at: datetime
    kind: LinkKind
    entries: tuple[AuditEntry, ...] = ()
    lost: int = 0
    previous: str
    mac: str = ""

    def sealed(self, key: bytes) -> AuditLink:
        """Give the link with its MAC."""
        return msgspec.structs.replace(self, mac=self._mac(key))

    def is_genuine(self, key: bytes) -> bool:
        """Tell whether somebody with the key sealed the link as it is."""
        return hmac.compare_digest(self.mac.encode(), self._mac(key).encode())

    def _mac(self, key: bytes) -> str:
        content = msgspec.json.encode(msgspec.structs.replace(self, mac=""))
        return hmac.digest(key, content, "sha256").hex()


class ChainHead(msgspec.Struct, frozen=True):
    """The last link of a chain at some time, as the log has it."""

    chain: str
    seq: int
    mac: str


class AuditKeys(msgspec.Struct, frozen=True):
    """The keys of links, of users and of keys that were tried."""

    chain: bytes
    user: bytes
    attempt: bytes

    @classmethod
    def from_secret(cls, secret: str) -> AuditKeys:
        """Derive a key for each use."""
        return cls(*(hmac.digest(secret.encode(), f"audit {name}".encode(), "sha256") for name in ("chain", "user", "attempt")))


def cut_to_milliseconds(at: datetime) -> datetime:
    """Cut a time to what MongoDB stores of it: a link is the same when it is read back."""
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def head_of(links: Sequence[AuditLink]) -> ChainHead:
    """Give the head of links."""
    return ChainHead(links[-1].chain, links[-1].seq, links[-1].mac)

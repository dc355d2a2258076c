"""API keys: 256 bits by chance with a prefix that says what they are. What is kept of one does not give it."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256
from hmac import digest
from typing import Protocol

import msgspec

PREFIX = "pgk"
"""How every key begins, so that those who look for secrets in code find it."""

_FORM = re.compile(rf"{PREFIX}_([0-9a-f]{{12}})_[\w-]{{43}}", re.ASCII)


class ApiKey(msgspec.Struct, frozen=True, rename="camel"):
    """What is kept of a key. `digest` is its HMAC-SHA-256 in hexadecimal, `ends_at` when it holds no more.

    One that `is_revoked` has ended whatever a clock says.
    """

    id: str
    caller: str
    digest: str
    made_at: datetime
    ends_at: datetime | None = None
    is_revoked: bool = False

    def holds(self, now: datetime) -> bool:
        """Tell whether it has not ended."""
        return not self.is_revoked and (self.ends_at is None or self.ends_at > now)


class ApiKeys(Protocol):
    """Where keys are kept. Methods raise `StoreError`."""

    async def version(self) -> int | str:
        """Tell the version of all keys: another one after each change."""
        ...

    async def read(self) -> Sequence[ApiKey]:
        """Read all keys."""
        ...

    async def add(self, key: ApiKey) -> None:
        """Keep a new key."""
        ...

    async def end(self, id_: str, at: datetime, *, is_revoked: bool = False) -> ApiKey | None:
        """Have a key hold until then and no longer, or no more. Gives it, None where there is none."""
        ...


def new_key(caller: str, secret: str, now: datetime, ends_at: datetime | None = None) -> tuple[str, ApiKey]:
    """Make a key. Gives its text, which is shown once, and what is kept."""
    id_ = secrets.token_hex(6)
    text = f"{PREFIX}_{id_}_{secrets.token_urlsafe(32)}"
    return text, ApiKey(id_, caller, digest_of(text, secret), now, ends_at)


def digest_of(text: str, secret: str) -> str:
    """Compute the digest of a key."""
    return digest(secret.encode(), text.encode(), sha256).hex()


def is_key(text: str) -> bool:
    """Tell whether a text has the form of a key."""
    return _FORM.fullmatch(text) is not None

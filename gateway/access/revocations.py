"""Revoked tokens: one by its id, or all of an issuer that were issued before a time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Annotated, Protocol

import msgspec

from gateway.clock import CLOCK_TOLERANCE

MAX_REVOKED = 10_000
"""How many tokens may be revoked by their ids at a time. All that were issued before a time are one revocation."""

MAX_TERM = timedelta(days=366)
"""For how long the id of a revoked token is kept at most."""

MAX_ID_LENGTH = 500

Time = Annotated[datetime, msgspec.Meta(tz=True)]
"""A time that says its offset: one without would be another time on each machine."""


class Revocation(msgspec.Struct, frozen=True, rename="camel"):
    """Tokens of an issuer (their `iss`) that hold no more.

    Either the one with the `token_id` (its `jti`), kept until `ends_at`; or all that were `issued_before` (their `iat`).
    """

    issuer: str
    made_at: Time
    token_id: str | None = None
    ends_at: Time | None = None
    issued_before: Time | None = None

    def is_over(self, now: datetime) -> bool:
        """Tell whether it need not be kept: its token has ended by every clock."""
        return self.ends_at is not None and self.ends_at < now - CLOCK_TOLERANCE


class Revocations(Protocol):
    """Where revoked tokens are kept. Methods raise `StoreError`."""

    async def version(self) -> int | str:
        """Tell the version of all: another one after each change."""
        ...

    async def read(self) -> Sequence[Revocation]:
        """Read all of them."""
        ...

    async def add(self, revocation: Revocation) -> None:
        """Keep one, and forget those that are over. What is revoked already stays so for as long as the longer one says."""
        ...


def merge_revocation(known: Iterable[Revocation], new: Revocation) -> list[Revocation]:
    """Add a revocation to those that are not over. It takes nothing back of what was revoked before."""
    kept = []
    for own in known:
        if (own.issuer, own.token_id) == (new.issuer, new.token_id):
            new = msgspec.structs.replace(
                new,
                ends_at=_later(own.ends_at, new.ends_at),
                issued_before=_later(own.issued_before, new.issued_before),
            )
        elif not own.is_over(new.made_at):
            kept.append(own)
    return [*kept, new]


def _later(one: datetime | None, other: datetime | None) -> datetime | None:
    return other if one is None else one if other is None else max(one, other)


def mark_of_token(issuer: str, token_id: str | None) -> bytes | None:
    """Digest the id of a token, so that one of any length is remembered in 16 bytes. None where it has none."""
    if token_id is None:
        return None
    text = f"{len(issuer)} {issuer}{token_id}"
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()

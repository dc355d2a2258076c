"""Define what one request leaves in the audit. It holds no value of a customer."""

from __future__ import annotations

from datetime import datetime

import msgspec


class KeyAttempt(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A key that was refused or found nobody: its kind, and an HMAC of it in hexadecimal digits."""

    kind: str
    hmac: str


class AuditEntry(msgspec.Struct, forbid_unknown_fields=True):
    """One request. `customers` are commitments: SHA-256 over a nonce and the id of a customer.

    `user` is an HMAC, `answer` OK or the code of the first error, `fields` are classes of fields.
    """

    at: datetime
    request: str
    caller: str
    user: str | None
    purpose: str | None
    operation: str | None
    answer: str
    fields: tuple[str, ...]
    sources: tuple[str, ...]
    customers: tuple[str, ...]
    attempts: tuple[KeyAttempt, ...]


class Person(msgspec.Struct, frozen=True):
    """Whom a commitment is of. It is no part of a chain, so it can be erased."""

    commitment: str
    nonce: bytes
    customer: str
    at: datetime

"""Turn requests as they were recorded into entries: commit to customers, hash users and keys."""

from __future__ import annotations

import hmac
import os
import time
from collections.abc import Collection, Sequence
from datetime import datetime
from functools import lru_cache
from hashlib import sha256

from gateway.audit.entry import AuditEntry, KeyAttempt, Person
from gateway.audit.link import AuditKeys, cut_to_milliseconds

NONCE_BYTES = 16

SLICE = 50
"""After so many entries the event loop, which runs in another thread, gets its turn."""

PAUSE_S = 0.0005

RecordedRequest = tuple[
    datetime,
    str,
    str,
    str | None,
    str | None,
    str | None,
    str,
    tuple[str, ...],
    Collection[str],
    Collection[str],
    Collection[tuple[str, str]],
]
"""The fields of an `AuditEntry` in their order, of customers, users and keys the plain texts."""


class EntryBatch:
    """The entries of one link, and the people in them. A customer has one commitment in it."""

    def __init__(self, keys: AuditKeys) -> None:
        self.entries: list[AuditEntry] = []
        self._keys = keys
        self._people: dict[str, Person] = {}
        self._nonces: list[bytes] = []

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(self._people.values())

    def add_all(self, requests: Sequence[RecordedRequest]) -> None:
        """Add requests, with pauses for those who wait for this thread."""
        for start in range(0, len(requests), SLICE):
            time.sleep(PAUSE_S)
            self.entries += map(self._entry, requests[start : start + SLICE])

    def _entry(self, recorded: RecordedRequest) -> AuditEntry:
        at, request, caller, user, purpose, operation, answer, fields, sources, customers, attempts = recorded
        at = cut_to_milliseconds(at)
        return AuditEntry(
            at,
            request,
            caller,
            None if user is None else _digest(self._keys.user, user),
            purpose,
            operation,
            answer,
            fields,
            _sort_names(tuple(sources)),
            tuple([self._commit(customer, at) for customer in customers]),
            tuple([KeyAttempt(kind, _digest(self._keys.attempt, text)) for kind, text in attempts]) if attempts else (),
        )

    def _commit(self, customer: str, at: datetime) -> str:
        person = self._people.get(customer)
        if person is None:
            nonce = self._draw_nonce()
            shown = customer.encode("utf-8", "backslashreplace")  # half a surrogate pair can be in JSON, not in UTF-8
            person = self._people[customer] = Person(commitment_of(nonce, shown), nonce, shown.decode(), at)
        return person.commitment

    def _draw_nonce(self) -> bytes:
        if not self._nonces:
            drawn = os.urandom(NONCE_BYTES * SLICE)  # at once: each call of the system takes as long as a hash
            self._nonces = [drawn[start : start + NONCE_BYTES] for start in range(0, len(drawn), NONCE_BYTES)]
        return self._nonces.pop()


@lru_cache(maxsize=1_000)
def _sort_names(names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(sorted(names))


def commitment_of(nonce: bytes, customer: bytes) -> str:
    """Compute what stands for a customer in a chain."""
    return sha256(nonce + customer).hexdigest()


def _digest(key: bytes, text: str) -> str:
    return hmac.digest(key, text.encode("utf-8", "surrogatepass"), "sha256").hex()

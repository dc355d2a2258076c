"""Turn requests as they were recorded into entries: commit to customers."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256

from gateway.audit.entry import AuditEntry, KeyAttempt, Person
from gateway.audit.link import cut_to_milliseconds
from gateway.audit.request_buffer import RecordedRequest

NONCE_BYTES = 16

SLICE = 50
"""After so many entries the event loop, which runs in another thread, gets its turn."""

PAUSE_S = 0.0005


class EntryBatch:
    """The entries of one link, and the people in them. A customer has one commitment in it."""

    def __init__(self, *, gives_way: bool = True) -> None:
        self.entries: list[AuditEntry] = []
        self._gives_way = gives_way
        self._people: dict[str, Person] = {}
        self._nonces: list[bytes] = []

    @property
    def people(self) -> tuple[Person, ...]:
        return tuple(self._people.values())

    def add_all(self, requests: Sequence[RecordedRequest]) -> None:
        """Add requests, with pauses for those who wait for this thread where it gives way."""
        for start in range(0, len(requests), SLICE):
            if self._gives_way:
                time.sleep(PAUSE_S)
            self.entries += map(self._entry, requests[start : start + SLICE])

    def _entry(self, recorded: RecordedRequest) -> AuditEntry:
        seconds, request, caller, user, purpose, operation, answer, fields, sources, customers, attempts = recorded
        at = cut_to_milliseconds(datetime.fromtimestamp(seconds, UTC))
        return AuditEntry(
            at,
            request,
            caller,
            user,
            purpose,
            operation,
            answer,
            fields,
            sources,
            tuple([self._commit(own, at) for own in ([customers] if isinstance(customers, str) else customers)]),
            tuple([KeyAttempt(kind, digest) for kind, digest in attempts]) if attempts else (),
        )

    def _commit(self, customer: str, at: datetime) -> str:
        person = self._people.get(customer)
        if person is None:
            nonce = self._draw_nonce()
            person = self._people[customer] = Person(commitment_of(nonce, customer.encode()), nonce, customer, at)
        return person.commitment

    def _draw_nonce(self) -> bytes:
        if not self._nonces:
            drawn = os.urandom(NONCE_BYTES * SLICE)  # at once: each call of the system takes as long as a hash
            self._nonces = [drawn[start : start + NONCE_BYTES] for start in range(0, len(drawn), NONCE_BYTES)]
        return self._nonces.pop()


def commitment_of(nonce: bytes, customer: bytes) -> str:
    """Compute what stands for a customer in a chain."""
    return sha256(nonce + customer).hexdigest()

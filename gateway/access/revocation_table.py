"""Hold all revoked tokens in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import inf

import structlog

from gateway.access.replica import Replica
from gateway.access.revocations import Revocation, Revocations, mark_of_token
from gateway.clock import Clock

log = structlog.get_logger()


class RevocationTable(Replica[Revocation]):
    """Knows which tokens are revoked. While that was last read over `stale_s` ago, it cannot be told of any."""

    def __init__(self, revocations: Revocations, stale_s: float, clock: Clock) -> None:
        super().__init__(revocations, stale_s, clock)
        self._marks: frozenset[bytes | None] = frozenset()
        self._epochs: dict[str, float] = {}

    def covers(self, issuer: str, mark: bytes | None, issued_at: float) -> bool:
        """Tell whether a token is revoked: by its mark, or as it was issued too early, which is -inf where it does not say.

        Raises `AccessUnavailableError` where that cannot be told.
        """
        self.check_age()
        return mark in self._marks or issued_at < self._epochs.get(issuer, -inf)

    def _learn(self, entries: Sequence[Revocation]) -> None:
        self._marks = frozenset(mark_of_token(own.issuer, own.token_id) for own in entries if own.token_id is not None)
        self._epochs = {}
        for own in entries:
            if own.issued_before is not None:
                self._epochs[own.issuer] = max(own.issued_before.timestamp(), self._epochs.get(own.issuer, -inf))

    def _note_failure(self, error: Exception) -> None:
        log.warning("revocations_not_read", error=type(error).__name__)

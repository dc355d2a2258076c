"""Define what records requests in the audit."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol


class AuditRecorder(Protocol):
    """Record requests. `AuditTrail` does so."""

    def check(self) -> None:
        """Raise what refuses requests while they could not be recorded."""

    def record(
        self,
        *,
        at: datetime,
        request: str,
        caller: str,
        user: str | None,
        purpose: str | None,
        operation: str | None,
        answer: str,
        fields: tuple[str, ...],
        sources: Collection[str],
        customers: Collection[str],
        attempts: Collection[tuple[str, str]],
    ) -> None:
        """Record one request that ended.

        `fields` are classes of fields, `customers` ids, `attempts` kinds of keys and the keys. What is given is not changed
        any more.
        """

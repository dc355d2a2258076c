"""Define what became of a customer after an action, as callers record it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from hashlib import sha256

import msgspec


class OutcomeKind(StrEnum):
    """What became of a customer."""

    CONTACTED = "CONTACTED"
    RESPONDED = "RESPONDED"
    CONVERTED = "CONVERTED"


class ActionOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """One outcome, of the customer with these records. `caller` recorded it."""

    rule: str
    records: Sequence[str]
    kind: OutcomeKind
    at: datetime
    caller: str

    @property
    def id(self) -> str:
        """Name it: one that is recorded again is the same one."""
        own = [self.rule, sorted(self.records), self.kind, self.at]
        return sha256(msgspec.json.encode(own)).hexdigest()[:32]

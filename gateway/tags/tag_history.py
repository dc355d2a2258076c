"""Define the changes of a tag that are stored with it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

MAX_CHANGES = 50
"""How many changes of a customer's tag are stored, the last ones."""

RULE_DIGITS = 12
"""So many characters of a fingerprint are of the rule and its facts. What follows is of the calibration that they read."""


class ChangeCause(StrEnum):
    """Why the value of a tag changed."""

    FACTS = "FACTS"
    RULE = "RULE"
    CALIBRATION = "CALIBRATION"
    MERGE = "MERGE"
    FIRST = "FIRST"
    PARTIAL = "PARTIAL"
    STALE = "STALE"


MAX_RULE_CHANGES = 50
"""How many changes of a tag's rule are stored, the last ones."""


class RuleChange(msgspec.Struct, frozen=True, kw_only=True):
    """A rule that came into force: its version where that was noted, and its fingerprint."""

    at: datetime
    version: int | None = None
    fingerprint: str


class TagChange(msgspec.Struct, frozen=True, gc=False):
    """A change of a tag's value. `before` is None for the first one, and where the customer had no such tag."""

    at: datetime
    before: str | None
    value: str | None
    cause: ChangeCause

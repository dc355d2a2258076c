"""What a computed tag is: a value, the rule that gave it, and the facts that the rule saw."""

from datetime import datetime
from typing import Any

import msgspec


class Value(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Base of the values kept in the store as JSON, which hold no cycles."""


class FactValue(Value, frozen=True):
    """A fact as one rule saw it.

    `value` is a JSON scalar (decimals as numbers), None when there was nothing to measure. `since` and `until` bound the
    window, None for all time. `sources` and `as_of` say where it came from and when it was read. `missing` is the error
    code of the first source that could not be asked, None when all were. `partial` is true when something is known to be
    left out.
    """

    name: str
    label: str
    value: Any = None
    since: datetime | None = None
    until: datetime | None = None
    sources: list[str] = []
    as_of: datetime | None = None
    partial: bool = False
    missing: str | None = None


class RuleUsed(Value, frozen=True):
    version: int
    expression: str
    words: str


class ComputedTag(Value, frozen=True):
    """`value` None: the rule gives this customer no such tag, and the evidence says why.

    `fingerprint` names the rule and the facts it reads; another one in force makes this value stale.
    """

    key: str
    value: str | None
    fingerprint: str
    computed_at: datetime
    expires_at: datetime
    rule: RuleUsed
    evidence: list[FactValue]
    partial: bool = False

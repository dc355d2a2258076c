"""Define a computed tag: its value, its rule, the facts of the rule."""

from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec


class TagValue(msgspec.Struct, frozen=True, kw_only=True, rename="camel", gc=False):
    """Share the form of stored JSON values. They hold no cycles."""


NOT_GIVEN = "NOT_GIVEN"
"""What a fact is missing where a source does not have the field that it reads."""


class FactValue(TagValue, frozen=True):
    """A fact as one rule saw it.

    `value` is a JSON scalar (decimals as numbers), None when there was nothing to measure. `since` and `until` bound the
    window, None for all time. `sources` and `as_of` say where it came from and when it was read. `missing` is the error
    code of the first source that could not be asked, None when all were; or `NOT_GIVEN`, with a value where another source
    gives one. `partial` is true when something is known to be left out. `changes_at` is the next moment at which time alone
    changes the value, None where none does or none is known. A score has the version of its
    `calibration`, and that of a scorecard the `reasons`: the points of facts.
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
    changes_at: datetime | None = None
    calibration: str | None = None
    reasons: list[str] = []

    @property
    def is_known_in_part(self) -> bool:
        """Whether one source gave a value, and another one never has it."""
        return self.missing == NOT_GIVEN and self.value is not None


class RuleUsed(TagValue, frozen=True, omit_defaults=True):
    """The rule that gave a value. `thresholds` are the constants that it reads, by name."""

    version: int
    expression: str
    words: str
    thresholds: dict[str, int | float | str] = {}


class TagReason(StrEnum):
    """Why a tag has its value, or none."""

    RULE = "RULE"
    NOT_LISTED = "NOT_LISTED"
    FAILED = "FAILED"
    UNKNOWN = "UNKNOWN"


class TagHead(TagValue, frozen=True, kw_only=True):
    """The part of a tag that is always read. `value` None: this customer has no such tag, for the `reason` and by the evidence.

    `fingerprint` names the rule and the facts it reads; another one in force makes this value stale. `changes_at` is when time
    alone may change it next, None where none does.
    """

    key: str
    value: str | None
    reason: TagReason = TagReason.RULE
    fingerprint: str
    computed_at: datetime
    expires_at: datetime
    partial: bool = False
    changes_at: datetime | None = None


FORM = 3
"""Of a tag as it is written. Counted up when `TagHead`, `RuleUsed` or `FactValue` change."""

REASON_FORM = 2
"""Since this form tags are written with their reason."""


class ComputedTag(TagHead, frozen=True, kw_only=True):
    """A tag with its rule and the facts that the rule saw."""

    rule: RuleUsed
    evidence: list[FactValue]
    form: int = FORM


class StoredTag(TagHead, frozen=True, kw_only=True):
    """A tag in today's stored form: its rule and evidence are decoded on demand."""

    written_rule: msgspec.Raw = msgspec.field(name="rule")
    written_evidence: msgspec.Raw = msgspec.field(name="evidence")
    form: int = 0

    @property
    def rule(self) -> RuleUsed:
        return _rule_decoder.decode(self.written_rule)

    @property
    def evidence(self) -> list[FactValue]:
        return _evidence_decoder.decode(self.written_evidence)


Tag = ComputedTag | StoredTag

_rule_decoder = msgspec.json.Decoder(RuleUsed)
_evidence_decoder = msgspec.json.Decoder(list[FactValue])

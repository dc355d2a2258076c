"""Say why there is no score: the data cannot bear it, or nobody has calibrated it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

NOT_CALIBRATED = "NOT_CALIBRATED"
"""What a score is missing for which there is no calibration."""


class RefusalReason(StrEnum):
    """Why a calibration gives no score."""

    LOW_SPREAD = "LOW_SPREAD"
    TOO_FEW_CUSTOMERS = "TOO_FEW_CUSTOMERS"
    TOO_FEW_REPEAT_BUYERS = "TOO_FEW_REPEAT_BUYERS"
    TOO_FEW_OUTCOMES = "TOO_FEW_OUTCOMES"
    NO_FACT_MATTERS = "NO_FACT_MATTERS"
    NO_FIT = "NO_FIT"


UNSCORED = frozenset({NOT_CALIBRATED, *(reason.value for reason in RefusalReason)})
"""What a score is missing until somebody calibrates it again."""


class Refusal(msgspec.Struct, frozen=True):
    """A reason, and a sentence with the figures."""

    reason: RefusalReason
    words: str

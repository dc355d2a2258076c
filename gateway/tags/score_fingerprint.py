"""Name what scores mean, so that figures and stored tags of another meaning are known as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from gateway.tags.definitions import Fact, fingerprint_of
from gateway.tags.score_definitions import Score


def meaning_of(facts: Mapping[str, Fact], *settings: object) -> str:
    """Name what is calibrated by twelve hexadecimal digits: the facts by what they are to it, and settings."""
    named = sorted((role, fingerprint_of(0, "", (), [fact])) for role, fact in facts.items())
    return sha256(msgspec.json.encode((settings, named))).hexdigest()[:12]


def fingerprint_with(fingerprint: str, scores: Sequence[Score]) -> str:
    """Let the fingerprint of a rule change with the scores that it reads, and with their calibration."""
    if not scores:
        return fingerprint
    told = [msgspec.structs.replace(score, label="") for score in scores]
    return sha256(msgspec.json.encode((fingerprint, told))).hexdigest()[:12]

"""Name what scores mean, so that figures and stored tags of another meaning are known as such."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256

import msgspec

from gateway.tags.definitions import Fact, fingerprint_of
from gateway.tags.score_definitions import Score
from gateway.tags.tag_history import RULE_DIGITS


def meaning_of(facts: Mapping[str, Fact], *settings: object) -> str:
    """Name what is calibrated by twelve hexadecimal digits: the facts by what they are to it, and settings."""
    named = sorted((role, fingerprint_of(0, "", (), [fact])) for role, fact in facts.items())
    return _digits((settings, named))


def fingerprint_with(fingerprint: str, scores: Sequence[Score]) -> str:
    """Let the fingerprint of a rule change with the scores that it reads. What follows it changes with their calibration."""
    if not scores:
        return fingerprint
    told = [msgspec.structs.replace(score, label="", labels=(), figures=None, version=None) for score in scores]
    calibrations = [(score.figures, score.version) for score in scores]
    return _digits((fingerprint, told)) + (_digits(calibrations) if any(own is not None for own, _ in calibrations) else "")


def fingerprint_over(fingerprint: str, others: Mapping[str, str]) -> str:
    """Let the fingerprint of a rule change with those of the tags that it reads, by their keys, and so what follows it."""
    if not others:
        return fingerprint
    rules = sorted((key, own[:RULE_DIGITS]) for key, own in others.items())
    calibrations = [own[RULE_DIGITS:] for own in (fingerprint, *(others[key] for key, _ in rules))]
    return _digits((fingerprint[:RULE_DIGITS], rules)) + (_digits(calibrations) if any(calibrations) else "")


def _digits(meaning: object) -> str:
    return sha256(msgspec.json.encode(meaning)).hexdigest()[:RULE_DIGITS]

"""Find thresholds that are set to another value than that by which the words of a rule were written."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from connectors.errors import ConfigurationError
from gateway.check.problems import Problem
from gateway.check.tag_reviews import MAX_NAMED
from gateway.tags.expressions.thresholds import Threshold
from gateway.tags.pack import load_pack

FIX = "write each of them into this file, with words that say the number of here"


def find_replaced_thresholds(path: Path, lines: Mapping[str, int]) -> list[Problem]:
    """Warn of included tags whose words may still say the old number: people read them beside each value."""
    try:
        tags = load_pack(path).own_tags
    except ConfigurationError:
        return []  # reported as problems
    found: dict[tuple[Threshold, Threshold], list[str]] = {}
    for key, tag in tags.items():
        now = {own.name: own for own in tag.thresholds}
        for before in tag.first_thresholds:
            found.setdefault((before, now[before.name]), []).append(key)
    return [_warn(before, now, keys, path.name, lines) for (before, now), keys in found.items()]


def _warn(before: Threshold, now: Threshold, keys: list[str], file: str, lines: Mapping[str, int]) -> Problem:
    setting = f"thresholds.{now.name}"
    named = ", ".join(keys[:MAX_NAMED]) + (", ..." if len(keys) > MAX_NAMED else "")
    message = f"is {now.value} here, and the words of {named} were written for {before.value}"
    return Problem(file, lines.get(setting), setting, message, FIX)

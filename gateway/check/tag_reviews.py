"""Find tags whose rule nobody has said to look at again, or should have looked at by now."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from pathlib import Path

from connectors.errors import ConfigurationError
from gateway.check.problems import Problem
from gateway.tags.definitions import TagDefinition
from gateway.tags.pack import load_pack

MAX_NAMED = 5
"""How many tags a warning names."""


def find_due_reviews(path: Path, lines: Mapping[str, int], today: date) -> list[Problem]:
    """Warn of tags of a file without a day of review, all in one, and of each whose day has passed."""
    try:
        tags = load_pack(path).tags
    except ConfigurationError:
        return []  # reported as problems
    found = [_overdue(tag, path.name, lines) for tag in tags.values() if tag.review is not None and tag.review < today]
    without = [key for key, tag in tags.items() if tag.review is None]
    if without:
        named = ", ".join(without[:MAX_NAMED]) + (", ..." if len(without) > MAX_NAMED else "")
        message = f"no day on which the rule is looked at again: {named}"
        fix = "write such as `review: 2027-01-31` into the tag, or into 'defaults' for all"
        found.append(Problem(path.name, lines.get("tags"), "tags", message, fix))
    return found


def _overdue(tag: TagDefinition, file: str, lines: Mapping[str, int]) -> Problem:
    setting = f"tags.{tag.key}.review"
    setting = setting if setting in lines else "defaults.review"
    message = f"{tag.owner} was to look at the rule of '{tag.key}' by {tag.review}"
    return Problem(file, lines.get(setting), setting, message, "do so, and write the next day")

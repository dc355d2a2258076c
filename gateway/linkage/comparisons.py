"""What of two records is compared, in which degrees, and how each degree is said. Which records are compared at all.

A comparison's levels are SQL over the columns of `PersonRow`, `_l` and `_r` of the two records; the first that is true counts.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

THRESHOLD = 0.95
"""How likely two records must be one person to be proposed, unless the caller says otherwise."""

ALIKE = 0.88
"""The Jaro-Winkler similarity from which on names are alike, as Splink's own comparisons have it."""


class Level(NamedTuple):
    """A degree of agreement: its condition, its words, the column whose rare values count for more."""

    condition: str
    words: str
    frequency: str | None = None


class Comparison(NamedTuple):
    """Fields that are compared as one, because they go together. Without a value on one side they say nothing."""

    name: str
    columns: Sequence[str]
    nothing: str
    levels: Sequence[Level]


def _missing(*columns: str) -> str:
    """Write the condition that a side has no value in any of the columns."""
    return " OR ".join(f"({' AND '.join(f'{column}_{side} IS NULL' for column in columns)})" for side in "lr")


def _same(*columns: str) -> str:
    return " AND ".join(f"{column}_l = {column}_r" for column in columns)


def _alike(*columns: str) -> str:
    return " AND ".join(f"jaro_winkler_similarity({column}_l, {column}_r) >= {ALIKE}" for column in columns)


def _edits(column: str, count: int) -> str:
    return f"damerau_levenshtein({column}_l, {column}_r) <= {count}"


NAMES = Comparison(
    "names",
    ("given_name", "family_name", "full_name"),
    _missing("given_name", "family_name"),
    (
        Level(_same("full_name"), "the same name", "full_name"),
        Level("given_name_l = family_name_r AND family_name_l = given_name_r", "the same name, turned round"),
        Level(_alike("given_name", "family_name"), "names alike"),
        Level(_same("family_name"), "the same family name", "family_name"),
        Level(_same("given_name"), "the same given name", "given_name"),
        Level(_alike("family_name"), "family names alike"),
        Level("ELSE", "names differ"),
    ),
)

BIRTH_DATE = Comparison(
    "birth_date",
    ("birth_date",),
    _missing("birth_date"),
    (
        Level(_same("birth_date"), "the same birth date"),
        Level(_edits("birth_date", 1), "birth dates differ in one sign"),
        Level(_edits("birth_date", 2), "birth dates differ in two signs"),
        Level("ELSE", "birth dates differ"),
    ),
)

ADDRESS = Comparison(
    "address",
    ("street", "postcode", "city"),
    _missing("street", "postcode", "city"),
    (
        Level(_same("street", "postcode"), "the same address"),
        Level(_alike("street"), "streets alike"),
        Level(_same("postcode"), "the same postcode"),
        Level(_alike("city"), "cities alike"),
        Level("ELSE", "addresses differ"),
    ),
)

EMAIL = Comparison(
    "email",
    ("email",),
    _missing("email"),
    (
        Level(_same("email"), "the same e-mail address", "email"),
        Level("split_part(email_l, '@', 1) = split_part(email_r, '@', 1)", "e-mail addresses before the @ are the same"),
        Level("jaro_winkler_similarity(email_l, email_r) >= 0.92", "e-mail addresses alike"),
        Level("ELSE", "e-mail addresses differ"),
    ),
)

PHONE = Comparison(
    "phone",
    ("phone",),
    _missing("phone"),
    (
        Level(_same("phone"), "the same phone number", "phone"),
        Level(_edits("phone", 1), "phone numbers differ in one sign"),
        Level("ELSE", "phone numbers differ"),
    ),
)

IDENTIFIER = Comparison(
    "identifier",
    ("identifier",),
    _missing("identifier"),
    (
        Level(_same("identifier"), "the same identifier"),
        Level(_edits("identifier", 1), "identifiers differ in one sign"),
        Level(_edits("identifier", 2), "identifiers differ in two signs"),
        Level("ELSE", "identifiers differ"),
    ),
)

COMPARISONS: Sequence[Comparison] = (NAMES, BIRTH_DATE, ADDRESS, EMAIL, PHONE, IDENTIFIER)

BLOCKS: Mapping[str, str] = {
    "identifier": "identifier",
    "email": "email",
    "phone": "phone",
    "birth_date": "birth_date || left(coalesce(family_name, given_name), 1)",
    "birth_date_given": "birth_date || left(coalesce(given_name, family_name), 1)",
    "names": "least(given_name, family_name) || ' ' || greatest(given_name, family_name)",
    "birth_date_names": "birth_date || given_name || ' ' || family_name",
    "street": "street || coalesce(postcode, city)",
    "postcode": "postcode || left(family_name, 3)",
}
"""The expressions of which two records must have one in common to be compared, by name."""

TRAINING: Mapping[str, Sequence[str]] = {
    "birth_date": ("birth_date",),
    "names": ("given_name", "family_name"),
    "identifier": ("identifier",),
    "email": ("email",),
    "street": ("street",),
}
"""Blocks over whose pairs parameters are estimated, with the columns that are equal there: of others than these."""

CERTAIN: Sequence[str] = ("identifier", "email", "birth_date_names")
"""Blocks whose pairs are mostly one person: from their number follows how likely two records are."""


def comparison_settings(comparison: Comparison) -> dict[str, Any]:
    """Write a comparison as Splink reads it."""
    levels: list[dict[str, Any]] = [
        {"sql_condition": comparison.nothing, "label_for_charts": "nothing to compare", "is_null_level": True}
    ]
    for level in comparison.levels:
        own = {"sql_condition": level.condition, "label_for_charts": level.words}
        levels.append(own | ({"tf_adjustment_column": level.frequency} if level.frequency else {}))
    return {"output_column_name": comparison.name, "comparison_levels": levels}


def words_of(comparison: Comparison, degree: int) -> str | None:
    """Say a degree as Splink counts them: from 0 for the last level up. None where a side has no value."""
    return None if degree < 0 else comparison.levels[len(comparison.levels) - 1 - degree].words

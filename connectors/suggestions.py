"""Suggest the known word that somebody meant by an unknown one. All layers do it with these words."""

from __future__ import annotations

from collections.abc import Collection
from difflib import get_close_matches

MAX_LISTED = 12
"""So many known words are listed where none is near."""


def nearest(word: str, known: Collection[str]) -> str | None:
    """Guess the known word that somebody meant by `word`."""
    return next(iter(get_close_matches(word, known, n=1)), None)


def suggest(word: str, known: Collection[str], otherwise: str) -> str:
    """End a message with the nearest known word, or with another fix when none is near."""
    near = nearest(word, known)
    return f"; {otherwise}" if near is None else f"; did you mean '{near}'?"


def did_you_mean(word: str, known: Collection[str]) -> str:
    """End a message about an unknown word: the nearest known one, or all of them when they are few."""
    if nearest(word, known) is None and not 0 < len(known) <= MAX_LISTED:
        return ""
    return suggest(word, known, f"known: {', '.join(known)}")


def explain_choice(word: str, known: Collection[str]) -> str:
    """Say that a word is none of those that are allowed."""
    return f"`{word}` is none of {', '.join(known)}{suggest(word, known, 'choose one')}"

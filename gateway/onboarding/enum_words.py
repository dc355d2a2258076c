"""Translate what sources call states, kinds and channels, in four languages, into our enums."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from connectors.catalogue import split_words
from gateway.onboarding.lexicon_files import read_lexicon
from gateway.onboarding.writable_names import is_writable

_WORDS: Mapping[str, Mapping[str, list[str]]] = read_lexicon("enums")


def _key(word: str) -> str:
    return " ".join(split_words(word)) or word.strip().casefold()


_MEANINGS: Mapping[str, Mapping[str, str]] = {
    kind: {_key(word): member for member, words in members.items() for word in words} for kind, members in _WORDS.items()
}
ENUM_KINDS = frozenset(_WORDS)


def translate_words(kind: str, words: Iterable[str]) -> dict[str, str]:
    """Translate the words of a source into members of an enum. What means nothing to us is left out."""
    meanings = _MEANINGS[kind]
    told = filter(is_writable, words)
    return {word: meaning for word in told if (meaning := meanings.get(_key(word)) or _member(kind, word)) is not None}


def _member(kind: str, word: str) -> str | None:
    name = _key(word).upper().replace(" ", "_")
    return name if name in _WORDS[kind] else None


def is_state_word(word: str) -> bool:
    """Tell whether a word is one of states: what `active` and `closed` are in a column `state` is no region."""
    own = _key(word)
    return any(own in _MEANINGS[kind] for kind in ("status", "ticket_status", "subscription")) or own in {
        "inactive",
        "disabled",
    }

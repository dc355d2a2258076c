"""Split texts into the words that a search compares, in folded letters, and write what words one edit off look like."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

MAX_WORDS = 6
"""How many words of a text are looked for. People say no longer names."""
MAX_WORD_LENGTH = 40
MIN_NEAR_LENGTH = 3
"""A shorter word is another one as soon as a letter changes."""
SEARCHED_FIELDS: Mapping[str, str] = MappingProxyType(
    {
        **{name: name for name in ("name", "given_name", "family_name", "email", "phone")},
        "company_name": "company.name",
    }
)
"""The fields of a customer that have words, as columns are called, each with its path in the record."""
_TRIGRAM = 3
"""So many letters in a row an index of trigrams needs to find them anywhere in a text."""
MAX_EXPRESSION = 900
"""How long a regular expression is, in characters."""
_ANY = "\0"
"""Stands for any letter, until it is written as a database has it."""

_HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
_SIGNS = "".join(
    chr(code)
    for code in range(0x0300, 0x10000)
    if unicodedata.category(chr(code)) in ("Mn", "Mc") and not 0x302A <= code <= 0x302F
)
"""Vowels and the like, which are no letters by themselves and belong to the letter before."""
_WORD = re.compile(f"[{_HAN}]+|[^\\W_{_HAN}](?:[^\\W_{_HAN}]|[{_SIGNS}])*")
_IS_HAN = re.compile(f"[{_HAN}]")
_MARKS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f]")
_OTHER_LETTERS = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "\u0131": "i", "ħ": "h"}
)
_ACCENTED = "àáâãäåāăąçćčďèéêëēėęěğìíîïīįķľĺłñńňņòóôõöøōőŕřśšşșťţțùúûüūůűųýÿźžż"


class Word(NamedTuple):
    """A word of a text: in folded letters, and as it is written, in lower case."""

    folded: str
    written: str

    @property
    def is_han(self) -> bool:
        return has_han(self.folded)


def fold_letters(text: str) -> str:
    """Write a text in lower case, narrow letters, without accents."""
    if text.isascii():
        return text.lower()
    text = unicodedata.normalize("NFD", unicodedata.normalize("NFKC", text).casefold())
    return unicodedata.normalize("NFC", _MARKS.sub("", text)).translate(_OTHER_LETTERS)


def has_han(text: str) -> bool:
    """Tell whether a text has Chinese characters."""
    return _IS_HAN.search(text) is not None


def all_words_of(text: str) -> list[Word]:
    """List all words of a text in their order."""
    written = unicodedata.normalize("NFKC", text).lower()
    return [Word(fold_letters(word), word) for word in _WORD.findall(written)]


def words_of(text: str) -> list[Word]:
    """List the words of a text that are looked for, each once, in their order."""
    return sought_words(all_words_of(text))


def sought_words(words: Sequence[Word]) -> list[Word]:
    """List those of the words of a text that are looked for, each once."""
    return [*{word.folded: word for word in words if len(word.folded) <= MAX_WORD_LENGTH}.values()][:MAX_WORDS]


def digits_of(text: str) -> str:
    """List the digits of a text, of any script, as 0 to 9."""
    return "".join(str(unicodedata.decimal(letter)) for letter in text if letter.isdecimal())


class Patterns:
    """Write the patterns of words, as a database has them: `any_letters` and `any_letter` are its wildcards.

    Where a table `is_scanned`, words are looked for anywhere. Else where an index of trigrams finds them: short ones, and
    Chinese ones, at the beginning of a text or behind a blank.
    """

    def __init__(self, any_letters: str, any_letter: str, *, is_scanned: bool) -> None:
        self._any_letters = any_letters
        self._any_letter = any_letter
        self._is_scanned = is_scanned

    def whole(self, word: Word) -> list[str]:
        """Write the patterns of texts that have a word, as it is written and in folded letters."""
        return [*dict.fromkeys(pattern for own in (word.written, word.folded) for pattern in self._in_text(own))]

    def near(self, word: Word) -> list[str]:
        """Write the patterns of texts that have a word, or another one that is one edit off."""
        forms = (*one_edit_off(word.folded), *thirds_of(word.folded, 3 if self._is_scanned else 4))
        others = (pattern for own in forms for pattern in self._in_text(own))
        return [*dict.fromkeys((*self.whole(word), *others))]

    def _in_text(self, word: str) -> Iterator[str]:
        # Many databases know capitals of ASCII alone.
        for own in (word,) if word.isascii() else dict.fromkeys((word, word.capitalize(), word.upper())):
            yield from self._anywhere(own)

    def _anywhere(self, word: str) -> Iterator[str]:
        written = word.replace(_ANY, self._any_letter)
        fragments = word.split(_ANY)
        if self._is_scanned or (not has_han(word) and max(map(len, fragments)) >= _TRIGRAM):
            yield f"{self._any_letters}{written}{self._any_letters}"
        elif len(fragments) == 1 or len(fragments[0]) > 1:
            yield f"{written}{self._any_letters}"
            yield f"{self._any_letters} {written}{self._any_letters}"


@lru_cache(maxsize=1_000)
def one_edit_off(word: str) -> Sequence[str]:
    """List what is one edit off a word: a letter that is another one, missing or too many, or two that changed places."""
    length = len(word)
    if length < MIN_NEAR_LENGTH or has_han(word):
        return ()
    if length == MIN_NEAR_LENGTH:
        return (word[:-1] + _ANY,)
    changed = [word[:place] + _ANY + word[place + 1 :] for place in range(1, length - 1)]
    missing = [word[:place] + _ANY + word[place:] for place in range(1, length)]
    too_many = [word[:place] + word[place + 1 :] for place in range(length)]  # also where the first or last is another one
    swapped = [word[:place] + word[place + 1] + word[place] + word[place + 2 :] for place in range(length - 1)]
    return tuple(dict.fromkeys((*swapped, *too_many, *changed, *missing)))


def thirds_of(word: str, shortest: int) -> Sequence[str]:
    """Split a word into three parts, of which one is right where two letters are not: one is misspelled, one has an accent."""
    length = len(word) // 3
    if length < shortest or has_han(word):
        return ()
    return word[:length], word[length : 2 * length], word[2 * length :]


@lru_cache(maxsize=1_000)
def expression_of(word: str) -> str:
    """Write a regular expression that finds a word in any accents; in any case of letters where it is compared so."""
    return "".join(_CLASSES.get(letter, re.escape(letter)) for letter in word)


def expressions_of(word: Word, *, near: bool) -> list[str]:
    """Write regular expressions of which one finds a word, or what is one edit off. Some servers take no long ones."""
    others = (*one_edit_off(word.folded), *thirds_of(word.folded, 3)) if near else ()
    plain = ("".join("." if letter == _ANY else re.escape(letter) for letter in other) for other in others)
    written: list[str] = []
    for own in dict.fromkeys((expression_of(word.written), expression_of(word.folded), *plain)):
        if written and len(written[-1]) + len(own) < MAX_EXPRESSION:
            written[-1] += f"|{own}"
        else:
            written.append(own)
    return written


def _accented_classes() -> dict[str, str]:
    classes: dict[str, str] = {}
    for letter in _ACCENTED:
        plain = fold_letters(letter)
        classes[plain] = classes.get(plain, plain) + letter
    return {plain: f"[{letters}]" for plain, letters in classes.items() if len(plain) == 1}


_CLASSES = _accented_classes()

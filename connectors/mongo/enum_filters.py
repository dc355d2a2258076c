"""Map texts of documents to members of enums, and members to texts.

Words of the configuration come first, as they are written; then the members' own names, in any case of letters, with a space or
a hyphen for `_`. Any other value is `UNKNOWN`, no value and a blank text are the field's default.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from enum import Enum
from typing import Any

from bson import Regex

from connectors.mongo.values import Convert, texts_of, to_text
from connectors.toolkit.converters import converter, translated

UNKNOWN = "UNKNOWN"
_BLANK = Regex(r"^\s*$")


def enum_converter(leaf: type[Enum], words: Mapping[str, str]) -> Convert:
    """The function that gives the member's name for a word."""
    convert = translated(words, converter(leaf))
    return lambda value: convert(to_text(value))


def meaning(leaf: type[Enum], words: Mapping[str, str], wanted: Collection[str], default: str | None) -> dict[str, Any]:
    """Match values that mean one of the wanted members."""
    inside = [*_written(words, wanted), *_named(leaf, words, wanted)]
    outside = [*_written(words, set(words.values()).difference(wanted))]
    if UNKNOWN not in wanted:
        return {"$in": inside + ([None, _BLANK] if default in wanted else [])} | ({"$nin": outside} if outside else {})
    outside += _named(leaf, words, set(leaf.__members__).difference(wanted))
    return {"$nin": outside + ([] if default in wanted else [None, _BLANK])}


def _written(words: Mapping[str, str], wanted: Collection[str]) -> Iterator[Any]:
    for word, member in words.items():
        if member in wanted:
            yield from texts_of(word)


def _named(leaf: type[Enum], words: Mapping[str, str], wanted: Collection[str]) -> Iterator[Regex[str]]:
    return (Regex(_pattern(member, words), "i") for member in _known(leaf) if member.value in wanted)


def _known(leaf: type[Enum]) -> list[Enum]:
    return [member for member in leaf if member.value != UNKNOWN]


def _pattern(member: Enum, words: Mapping[str, str]) -> str:
    """The member's name, but for words that mean something else."""
    name = rf"[ \t\r\n]*{str(member.value).replace('_', '[ _-]')}[ \t\r\n]*$"
    others = [re.escape(word) for word, own in words.items() if own != member.value and re.match(name, word, re.IGNORECASE)]
    return rf"^(?!(?-i:{'|'.join(others)})(?![\s\S])){name}" if others else f"^{name}"

"""Read what somebody has typed: the keys that it may be, and the words that it has."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

import msgspec

from connectors.contract import KeyKind
from connectors.toolkit.search_words import Word, all_words_of, digits_of, fold_letters, words_of
from gateway.errors import InvalidKeyError
from gateway.identity.keys import normalised, spellings
from gateway.stitching.find_rights import FindRights

MIN_LETTERS = 2
"""A letter alone finds everybody. A Chinese character does not."""

MIN_PHONE_DIGITS, MIN_END_DIGITS, MIN_LONG_PHONE_DIGITS = 6, 4, 9
MAX_TOKENS, MIN_TOKEN_LENGTH = 4, 3
"""How many words of a text are tried as ids and numbers, and how long they are among others."""

ID_KINDS = (
    KeyKind.CUSTOMER_ID,
    KeyKind.EXTERNAL_ID,
    KeyKind.MEMBER_NUMBER,
    KeyKind.ACCOUNT,
    KeyKind.ORDER_ID,
    KeyKind.ORDER_NUMBER,
    KeyKind.TICKET_ID,
    KeyKind.TICKET_NUMBER,
)
"""The kinds of keys that look like any other."""

MIN_SPOKEN_LENGTH = 4
"""How long a word is that stands beside digits and may be a name all the same."""

MAX_FORMS = 24
"""How many keys of a kind a text is tried as."""
_NUMBERS = (KeyKind.ORDER_NUMBER, KeyKind.TICKET_NUMBER)
_PHONE = re.compile(r"[\d\s()+./\-\u2010-\u2015]+(?:(?:ext\.?|x)\s*\d{1,6})?", re.IGNORECASE)
_PHONE_INSIDE = re.compile(r"(?<![\w#\-])[+(]{0,2}\d[\d\s()+./\-\u2010-\u2015]{7,}\d(?!\w)")
_ADDRESS = re.compile(r"[^\s<>,;:\"]+@[^\s<>,;\"]+")
_DIGITS = re.compile(r"\d+")
_INVISIBLE = dict.fromkeys((0xAD, 0x61C, 0x200B, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2060, 0x2070), 0xFEFF))
"""Which way is written, and where a line may break: numbers that are copied from a page have such around them."""
_AROUND = " \t\r\n.,;!?\"'()[]<>"


class TypedText(msgspec.Struct, frozen=True):
    """What a text may be: keys by kind, each in all spellings, and its words.

    `text` are the words as they are written, `whole` all words of what was typed, also those that are not looked for. `digits`
    are the end of a telephone number. `has_words` says that there are words, also where the caller may not look for any,
    `withheld` are the kinds of keys that it may be and the caller may not ask by. `is_too_short`: there is nothing to look for.
    """

    keys: Mapping[KeyKind, Sequence[str]]
    words: Sequence[Word]
    text: str
    whole: Sequence[str]
    digits: str
    has_words: bool
    withheld: Sequence[KeyKind]
    is_too_short: bool


def read_text(text: str, regions: Collection[str | None], systems: Collection[str], rights: FindRights) -> TypedText:
    """Read a text. `regions` are those of telephone numbers, `systems` those whose ids customers state.

    Raises `InvalidKeyError` for one that is too long.
    """
    text = text.translate(_INVISIBLE)
    text = normalised(KeyKind.TEXT, text) if text.strip() else ""
    readings = _read_keys(text, regions, systems)
    keys = {kind: [*dict.fromkeys(values)][:MAX_FORMS] for kind, values in readings.items() if values and rights.allows(kind)}
    digits = digits_of(text) if _PHONE.fullmatch(text) else ""
    digits = digits.lstrip("0") if len(digits) >= MIN_PHONE_DIGITS else ""  # what stands in front of a number at home
    digits = digits if len(digits) >= MIN_END_DIGITS else ""
    words = [] if digits else words_of(" ".join(_spoken(text)))
    if sum(len(word.folded) for word in words) < MIN_LETTERS and not any(word.is_han for word in words):
        words = []
    has_words, may_be_key = bool(words or digits), any(readings.values())
    if not rights.finds_words:
        words, digits = [], ""
    return TypedText(
        keys=keys,
        words=words,
        text=" ".join(word.written for word in words),
        whole=[word.folded for word in all_words_of(text)],
        digits=digits,
        has_words=has_words,
        withheld=[kind for kind, values in readings.items() if values and not rights.allows(kind)],
        is_too_short=not (has_words or may_be_key),
    )


def _spoken(text: str) -> Iterator[str]:
    """List what may be words of a name: not the letters of an id or a number, nor the domain of an address."""
    for token in text.split():
        name = token.partition("@")[0] if _ADDRESS.search(token) else token
        if not _has_digit(token) or "@" in token:
            yield _DIGITS.sub(" ", name)
        else:
            yield from (part for part in re.split(r"[\W\d_]+", token) if len(part) >= MIN_SPOKEN_LENGTH)


def _read_keys(text: str, regions: Collection[str | None], systems: Collection[str]) -> dict[KeyKind, list[str]]:
    ids = [*_ids(text)]
    keys: dict[KeyKind, list[str]] = dict.fromkeys(ID_KINDS, ids)
    keys |= {kind: [form for own in ids for form in (own, f"#{own}")] for kind in _NUMBERS}
    keys[KeyKind.EXTERNAL_ID] = [*_external_ids(ids, systems)]
    keys[KeyKind.EMAIL] = [*_normal(KeyKind.EMAIL, _ADDRESS.findall(text), (None,))]
    keys[KeyKind.PHONE] = [*_normal(KeyKind.PHONE, _phones(text), regions)]
    return keys


def _normal(kind: KeyKind, texts: Iterable[str], regions: Collection[str | None]) -> Iterator[str]:
    """List the keys of a kind in all spellings, of those texts that can be one."""
    for text in texts:
        for region in regions:
            try:
                yield from spellings(kind, normalised(kind, text.strip(_AROUND), region))
            except InvalidKeyError:
                continue


def _phones(text: str) -> list[str]:
    found = [text] if _PHONE.fullmatch(text) else _inside(text)
    # Who reads a number out leaves out its plus.
    numbers = [(own, digits) for own in found if len(digits := digits_of(own)) >= MIN_PHONE_DIGITS]
    return [form for own, digits in numbers for form in (own, f"+{digits.removeprefix('00')}")]


def _inside(text: str) -> list[str]:
    """List the telephone numbers that stand among words."""
    return [own for own in _PHONE_INSIDE.findall(text) if len(digits_of(own)) >= MIN_LONG_PHONE_DIGITS]


def _ids(text: str) -> Iterator[str]:
    """List what may be an id: the text, without blanks, and each of its words with a digit, also in capitals.

    Of what looks like a telephone number the parts are nobody's ids.
    """
    tokens = [token for part in text.split() if (token := part.strip(_AROUND))]
    if len(tokens) == 1 and _has_digit(tokens[0]) and "@" not in tokens[0]:
        yield from _cases(tokens[0].removeprefix("#"))
        return
    if 1 < len(tokens) <= MAX_TOKENS and _has_digit(text) and "@" not in text:
        yield from _cases("".join(tokens))
        yield from _cases("-".join(tokens))
    if _PHONE.fullmatch(text) is None:
        parts = {part.strip(_AROUND) for own in _inside(text) if len(own.split()) > 1 for part in own.split()}
        tokens = [token for token in tokens if token not in parts]
        for token in [token for token in tokens if _has_digit(token) and "@" not in token][:MAX_TOKENS]:
            if len(token) >= MIN_TOKEN_LENGTH:
                yield from _cases(token.removeprefix("#"))


def _cases(token: str) -> Iterator[str]:
    narrow = token if token.isascii() else fold_letters(token)
    yield from (token, narrow, narrow.upper(), narrow.lower())


def _external_ids(ids: Sequence[str], systems: Collection[str]) -> Iterator[str]:
    for own in ids:
        if ":" in own:
            yield own
        else:
            yield from (f"{system}:{own}" for system in systems)


def _has_digit(text: str) -> bool:
    return any(map(str.isdecimal, text))

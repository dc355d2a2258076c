"""Values that stand in the place of personal ones: of the same form, the same one for the same value, and found nowhere else.

An e-mail address stays one, a phone number stays one, so what is found by the one that a record holds is found by its
pseudonym.
"""

import hashlib
import re
from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

from connectors.contract import KeyKind
from connectors.records import Personal
from gateway.errors import InvalidKeyError
from gateway.identity.keys import normalised

Hide = Callable[[Personal, Any], Any]
"""Gives what is written in the place of a value of a personal field."""

MAIL_DOMAIN = "example.com"
"""Nobody has mail there (RFC 2606)."""

PHONES = 8 * 10 * 800 * 10_000
"""Numbers of North America with an area code whose second digit is 9: the plan keeps these free, so no telephone has one."""

LENGTH_CLASS = 10
"""Texts keep their length to about so many characters."""

LONG_NUMBER = 1_000_000
"""A number in free JSON from which on it may be one of a person's."""

_FIRST_DAY, _DAYS = date(1930, 1, 1), 80 * 365

_WORD = re.compile(r"[^\W\d_]+")
_SPECIFIC = re.compile(r"[\d@%]")
_CONSONANTS, _VOWELS = "bdfghklmnprstvz", "aeiou"


def plain(personal: Personal, value: Any) -> Any:  # noqa: ARG001  one of two ways to hide
    """Hides nothing: for data that were made up."""
    return value


class Pseudonyms:
    """Depends on the salt: the same value has another pseudonym with another one.

    Values that are one key have one pseudonym. `default_region` is that of phone numbers without a country code.
    """

    def __init__(self, salt: bytes, default_region: str | None = None) -> None:
        self._salt = salt
        self._default_region = default_region
        self._makers: dict[Personal, Callable[[Any], Any]] = {
            Personal.NAME: self._name,
            Personal.EMAIL: self._email,
            Personal.PHONE: self._phone,
            Personal.CONTACT: self._contact,
            Personal.ADDRESS: self._alike,
            Personal.BIRTH_DATE: self._day,
            Personal.IDENTIFIER: self._identifier,
            Personal.TEXT: self._text,
            Personal.LINK: self._link,
            Personal.FREE: self._free,
        }

    def hide(self, personal: Personal, value: Any) -> Any:
        """Replace a value, or each in a list, by its pseudonym. None and empty values stay."""
        if not value:
            return value
        if isinstance(value, list) and personal is not Personal.FREE:
            return [self.hide(personal, item) for item in value]
        return self._makers[personal](value)

    def digest(self, purpose: str, text: str, size: int) -> bytes:
        """Bytes that depend on the salt, the purpose and the text."""
        return hashlib.shake_256(b"\0".join([self._salt, purpose.encode(), text.encode("utf-8", "replace")])).digest(size)

    def _normal(self, kind: KeyKind, text: str) -> str:
        """Bring a value into its normal form as a key. A value that can be none only loses its outer spaces."""
        try:
            return normalised(kind, text, self._default_region)
        except InvalidKeyError:
            return text.strip()

    def _identifier(self, text: str) -> str:
        return f"p-{self.digest('identifier', text.strip(), 8).hex()}"

    def _email(self, text: str) -> str:
        address = self._normal(KeyKind.EMAIL, text).lower()
        return f"p-{self.digest('email', address, 8).hex()}@{MAIL_DOMAIN}"

    def _phone(self, text: str) -> str:
        digits = "".join(filter(str.isdigit, self._normal(KeyKind.PHONE, text)))
        number = int.from_bytes(self.digest("phone", digits, 8)) % PHONES
        number, line = divmod(number, 10_000)
        number, exchange = divmod(number, 800)
        first, last = divmod(number, 10)
        return f"+1{2 + first}9{last}{200 + exchange}{line:04}"

    def _contact(self, text: str) -> str:
        if "@" in text:
            return self._email(text)
        return self._phone(text) if any(map(str.isdigit, text)) else self._identifier(text)

    def _name(self, text: str) -> str:
        """Hide a name word by word. So a full name has the pseudonyms of its parts."""
        return _WORD.sub(lambda word: self._word(word[0]), text)

    def _word(self, word: str) -> str:
        syllables = _words(self.digest("name", word.casefold(), len(word)))
        return syllables if word[0].islower() else syllables.capitalize()

    def _alike(self, text: str) -> str:
        """Letters for letters, digits for digits."""
        drawn = self.digest("alike", text, len(text))
        return "".join(map(_alike, text, drawn))

    def _day(self, text: str) -> str:
        """A day of the calendar, of the years from 1930 on."""
        return (_FIRST_DAY + timedelta(days=int.from_bytes(self.digest("day", text, 4)) % _DAYS)).isoformat()

    def _text(self, text: str) -> str:
        length = round(len(text) / LENGTH_CLASS) * LENGTH_CLASS or len(text)
        drawn = self.digest("text", text, 2 * length)
        words, start = [], 0
        while start < length:
            size = 2 + drawn[length + start] % 8
            words.append(_words(drawn[start : start + size]))
            start += size + 1
        return " ".join(words)[:length].capitalize()

    def _link(self, text: str) -> str:
        """The path; of its steps those alike that could be about somebody."""
        path = re.split(r"[?#]", text, maxsplit=1)[0]
        return "/".join(self._alike(step) if _SPECIFIC.search(step) else step for step in path.split("/"))

    def _free(self, value: Any) -> Any:
        match value:
            case dict():
                return {name: self._free(inner) for name, inner in value.items()}
            case list():
                return [self._free(inner) for inner in value]
            case str() if value:
                return self._text(value)
            case int() | float() if abs(value) >= LONG_NUMBER:
                return 0
        return value


def _words(drawn: bytes) -> str:
    """Consonants and vowels in turn."""
    letters = (_CONSONANTS, _VOWELS)
    return "".join(letters[place % 2][byte % len(letters[place % 2])] for place, byte in enumerate(drawn))


def _alike(sign: str, byte: int) -> str:
    if sign.isdigit():
        return str(byte % 10)
    if not sign.isalpha():
        return sign
    letter = chr(ord("a") + byte % 26)
    return letter if sign.islower() else letter.upper()

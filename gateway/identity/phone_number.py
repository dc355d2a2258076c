"""Phone numbers as keys: their normal form and their spellings."""

import re
from collections.abc import Sequence

import phonenumbers

from gateway.errors import InvalidKeyError

MIN_PHONE_DIGITS = 3

EXTENSION = ";ext="
"""Stands between a number and its extension (RFC 3966)."""

_WRITTEN_PHONE = re.compile(r"[+\uff0b][\d\s().\-/]+")

_RENUMBERED = (
    (re.compile(r"\+52(?:1|01|044|045)?([1-9]\d{9})"), r"+52\1", r"+521\1"),  # Mexico, with a 1 for mobiles until 2020
    (re.compile(r"\+549?([1-9]\d{9})"), r"+54\1", r"+549\1"),  # Argentina, with a 9 for mobiles from abroad
    (re.compile(r"\+55([1-9]\d)9?([6-9]\d{7})"), r"+55\g<1>9\2", r"+55\1\2"),  # Brazil, without the 9 until 2016
    (re.compile(r"\+229(?:01)?(\d{8})"), r"+22901\1", r"+229\1"),  # Benin, without the 01 until 2024
)
"""Numbers of E.164 that are written in two ways: a pattern of both, the normal form, the other one."""


def normal_number(text: str, default_region: str | None) -> str:
    """Bring a number into E.164. Raises `InvalidKeyError` for what is none."""
    if default_region is None and text.startswith("00"):
        text = f"+{text[2:]}"
    as_it_stands = f"+{phonenumbers.normalize_digits_only(text)}" if _WRITTEN_PHONE.fullmatch(text) else ""
    try:
        number = phonenumbers.parse(text, default_region)
    except phonenumbers.NumberParseException:
        if len(as_it_stands) > MIN_PHONE_DIGITS:
            return as_it_stands
        raise InvalidKeyError("this is not a phone number; write it with its country code, such as +44 20 7946 0000") from None
    written = _e164(number)
    key, *_ = number_spellings(written)
    if key != written or (phonenumbers.is_possible_number(number) and (written == text or _is_e164(written))):
        return key
    if not as_it_stands:
        raise InvalidKeyError("this phone number has too few or too many digits for its country")
    return as_it_stands  # for a source may have it


def _e164(number: phonenumbers.PhoneNumber) -> str:
    """Write a number in E.164, its extension behind it: who shares a switchboard is not one person."""
    extension = f"{EXTENSION}{number.extension}" if number.extension else ""
    return f"{phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)}{extension}"


def _is_e164(text: str) -> bool:
    """Tell whether it stays as it is: of some numbers that nobody has, zeros are taken away each time."""
    try:
        return _e164(phonenumbers.parse(text)) == text
    except phonenumbers.NumberParseException:
        return False


def number_spellings(key: str) -> Sequence[str]:
    """List both forms of a number whose country has renumbered."""
    number, mark, extension = key.partition(EXTENSION)
    for written, *forms in _RENUMBERED:
        if match := written.fullmatch(number):
            return tuple(f"{match.expand(form)}{mark}{extension}" for form in forms)
    return (key,)

"""Mask texts: what is left of one tells people which it is, and nobody what it is."""

import re
from collections.abc import Callable, Mapping

from connectors.records import Personal

HIDDEN = "***"
_MIN_DIGITS, _MIN_LETTERS = 6, 4
"""Shorter numbers and names are hidden whole: what is left of one would be too much of it."""

_ADDRESS = re.compile(r"[^\s@<>,;]{2,}@[A-Za-z0-9-][A-Za-z0-9.-]*\.[A-Za-z]{2,24}")


def mask_email(text: str) -> str:
    """Leave the first letter and the domain: `a***@example.com`. What is no address is hidden whole."""
    return f"{text[0]}{HIDDEN}{text[text.index('@') :]}" if _ADDRESS.fullmatch(text) else HIDDEN


def mask_phone(text: str) -> str:
    """Leave the last two digits: `***34`."""
    return HIDDEN + text[-2:] if sum(map(str.isdigit, text)) >= _MIN_DIGITS and text[-2:].isdigit() else HIDDEN


def mask_name(text: str) -> str:
    """Leave the first letter: `A***`."""
    return text[0] + HIDDEN if len(text) >= _MIN_LETTERS else HIDDEN


def mask_contact(text: str) -> str:
    return mask_email(text) if "@" in text else mask_phone(text)


def hide(text: str) -> str:  # noqa: ARG001  as the others
    return HIDDEN


_MASKS: Mapping[str, Callable[[str], str]] = {
    Personal.EMAIL.name: mask_email,
    Personal.PHONE.name: mask_phone,
    Personal.CONTACT.name: mask_contact,
    Personal.NAME.name: mask_name,
}


def mask_of(mark: str) -> Callable[[str], str]:
    """Find the mask of texts with this mark. What has no mask of its own is hidden whole."""
    return _MASKS.get(mark, hide)

"""E-mail addresses as keys: their normal form and their spellings."""

import re
from collections.abc import Sequence
from unicodedata import normalize

import idna

from gateway.errors import InvalidKeyError

_EMAIL_FORM = re.compile(r"""(?P<local>[^\s<>()\[\]\\,;:"@]+|"[^"]+")@(?P<domain>[^\s<>()\[\]\\,;:"@]+|\[[0-9A-Za-z.:]+\])""")
"""What an address looks like. Reserved names and dots in any place are in it: sources have such addresses."""

_PLAIN_EMAIL = re.compile(r"[a-z0-9]{1,30}([._+-][a-z0-9]{1,10}){0,3}@([a-z0-9]{1,60}\.){1,3}[a-z]{2,20}")
"""Addresses that are their own normal form, and most are."""

_PUNYCODE = "xn--"


def normal_address(text: str) -> str:
    """Bring an address into its normal form. Raises `InvalidKeyError` for what is none."""
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    form = _EMAIL_FORM.fullmatch(text) if text.isprintable() else None
    key = form and f"{_lower(form['local'])}@{_unicode_domain(form['domain'])}"
    if not key or not _EMAIL_FORM.fullmatch(key):  # a sign may stand for another one, such as for a semicolon
        raise InvalidKeyError("this is not an e-mail address; it has the form name@domain")
    return key


def _lower(text: str) -> str:
    return normalize("NFC", normalize("NFC", text).lower())


def _unicode_domain(text: str) -> str:
    """Decode the labels of a domain to their letters. A label that stands for none stays as it is."""
    return ".".join(map(_unicode_label, _mapped(text).split(".")))


def _mapped(text: str) -> str:
    """Map a domain to lower case and equal characters (UTS 46)."""
    try:
        return idna.uts46_remap(text, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return _lower(text)


def _unicode_label(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        decoded = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    is_spelling = (
        not decoded.isascii() and decoded.isprintable() and _ascii_label(decoded) == label and _mapped(decoded) == decoded
    )
    return decoded if is_spelling and "." not in decoded else label


def _ascii_label(label: str) -> str:
    return label if label.isascii() else f"{_PUNYCODE}{label.encode('punycode').decode('ascii')}"


def address_spellings(key: str) -> Sequence[str]:
    """List both forms of an address whose domain has letters beyond ASCII."""
    local, _, domain = key.rpartition("@")
    if domain.isascii():
        return (key,)
    return key, f"{local}@{'.'.join(map(_ascii_label, domain.split('.')))}"

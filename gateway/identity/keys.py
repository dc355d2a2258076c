"""Keys: their normal form, how sources may spell them, and which of a customer's fields hold them."""

import re
from collections.abc import Iterable, Sequence
from functools import lru_cache
from itertools import chain
from typing import Any
from unicodedata import normalize

import idna
import phonenumbers

from connectors.contract import KeyKind
from connectors.records import ContactKind
from gateway.errors import InvalidKeyError

KEY_FIELDS: dict[KeyKind, tuple[str, ...]] = {
    KeyKind.CUSTOMER_ID: ("id",),
    KeyKind.EXTERNAL_ID: ("external_ids.source", "external_ids.id"),
    KeyKind.MEMBER_NUMBER: ("member_number",),
    KeyKind.EMAIL: ("email", "contact_points.kind", "contact_points.value"),
    KeyKind.PHONE: ("phone", "contact_points.kind", "contact_points.value"),
    KeyKind.DEVICE_ID: ("device_ids",),
}
"""The fields of a customer record that hold keys of a kind."""

MULTIPLE = frozenset({KeyKind.EXTERNAL_ID, KeyKind.EMAIL, KeyKind.PHONE, KeyKind.DEVICE_ID})
"""Kinds of which one customer can have several keys."""

MAX_KEY_LENGTH = 320
MAX_KEYS = 50
"""How many keys of one kind of one customer are followed. A record may hold any number, and each costs its calls."""

KEPT_FORMS = 10_000
"""How many keys of records are remembered with their spellings, which take 20 microseconds to find."""

MIN_PHONE_DIGITS = 3

_EMAIL_FORM = re.compile(r"""(?P<local>[^\s<>()\[\]\\,;:"@]+|"[^"]+")@(?P<domain>[^\s<>()\[\]\\,;:"@]+|\[[0-9A-Za-z.:]+\])""")
"""What an address looks like. Reserved names and dots in any place are in it: sources have such addresses."""

_PLAIN_EMAIL = re.compile(r"[a-z0-9]{1,30}([._+-][a-z0-9]{1,10}){0,3}@([a-z0-9]{1,60}\.){1,3}[a-z]{2,20}")
"""Addresses that are their own normal form, and most are."""

_PUNYCODE = "xn--"

_WRITTEN_PHONE = re.compile(r"[+\uff0b][\d\s().\-/]+")

_RENUMBERED = (
    (re.compile(r"\+52(?:1|01|044|045)?([1-9]\d{9})"), r"+52\1", r"+521\1"),  # Mexico, with a 1 for mobiles until 2020
    (re.compile(r"\+549?([1-9]\d{9})"), r"+54\1", r"+549\1"),  # Argentina, with a 9 for mobiles from abroad
    (re.compile(r"\+55([1-9]\d)9?([6-9]\d{7})"), r"+55\g<1>9\2", r"+55\1\2"),  # Brazil, without the 9 until 2016
    (re.compile(r"\+229(?:01)?(\d{8})"), r"+22901\1", r"+229\1"),  # Benin, without the 01 until 2024
)
"""Numbers of E.164 that are written in two ways: a pattern of both, the normal form, the other one."""

_ID, _EMAIL, _PHONE = KeyKind.CUSTOMER_ID, KeyKind.EMAIL, KeyKind.PHONE
_EMAILS, _PHONES = ContactKind.EMAIL, ContactKind.PHONE
"""To read a member of an enum takes as long as to look at a key."""


def normalised(kind: KeyKind, value: str, default_region: str | None = None) -> str:
    """Bring a key into the form in which keys are compared; the documentation has a table.

    Raises `InvalidKeyError` for what cannot be a key of this kind.
    """
    if kind is _ID and value.isalnum() and len(value) <= MAX_KEY_LENGTH:
        return value  # as most are
    text = value.strip()
    if not text:
        raise InvalidKeyError(f"the {kind.value.replace('_', ' ')} is empty")
    if len(text) > MAX_KEY_LENGTH:
        raise InvalidKeyError(f"the {kind.value.replace('_', ' ')} is longer than {MAX_KEY_LENGTH} characters")
    match kind:
        case KeyKind.EMAIL:
            return _email(text)
        case KeyKind.PHONE:
            return _phone(text, default_region)
        case KeyKind.EXTERNAL_ID:
            return _external_id(text)
    return text


def spellings(kind: KeyKind, key: str) -> Sequence[str]:
    """List how sources may write a key that is in its normal form, which comes first."""
    if kind is _EMAIL:
        return _email_spellings(key)
    return _phone_spellings(key) if kind is _PHONE else (key,)


def are_normal_ids(values: Sequence[str]) -> bool:
    """Whether all of these are customer ids in their normal form, as seen at a glance."""
    return all(map(str.isalnum, values)) and max(map(len, values), default=0) <= MAX_KEY_LENGTH


def _external_id(text: str) -> str:
    source, colon, id_ = text.partition(":")
    return f"{source.strip()}{colon}{id_.strip()}"


def _email(text: str) -> str:
    if _PLAIN_EMAIL.fullmatch(text):
        return text
    form = _EMAIL_FORM.fullmatch(text) if text.isprintable() else None
    if form is None:
        raise InvalidKeyError("this is not an e-mail address; it has the form name@domain")
    key = f"{_lower(form['local'])}@{_unicode_domain(form['domain'])}"
    if len(key) > MAX_KEY_LENGTH:
        raise InvalidKeyError(f"the email is longer than {MAX_KEY_LENGTH} characters")
    return key


def _lower(text: str) -> str:
    return normalize("NFC", normalize("NFC", text).lower())


def _unicode_domain(text: str) -> str:
    """The domain with the letters that its labels stand for. A label that stands for none stays as it is."""
    return ".".join(map(_unicode_label, _mapped(text).split(".")))


def _mapped(text: str) -> str:
    """Lower case, and what Unicode takes for the same in domains (UTS 46)."""
    try:
        return idna.uts46_remap(text, std3_rules=False, transitional=False)
    except idna.IDNAError:
        return _lower(text)


def _unicode_label(label: str) -> str:
    if not label.startswith(_PUNYCODE):
        return label
    try:
        found = label.removeprefix(_PUNYCODE).encode("ascii").decode("punycode")
    except UnicodeError:
        return label
    is_spelling = not found.isascii() and found.isprintable() and _ascii_label(found) == label and _mapped(found) == found
    return found if is_spelling and "." not in found else label


def _ascii_label(label: str) -> str:
    return label if label.isascii() else f"{_PUNYCODE}{label.encode('punycode').decode('ascii')}"


def _email_spellings(key: str) -> Sequence[str]:
    local, _, domain = key.rpartition("@")
    if domain.isascii():
        return (key,)
    return key, f"{local}@{'.'.join(map(_ascii_label, domain.split('.')))}"


def _phone(text: str, default_region: str | None) -> str:
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
    key, *_ = _phone_spellings(written)
    if key != written or (phonenumbers.is_possible_number(number) and (written == text or _is_e164(written))):
        return key
    if not as_it_stands:
        raise InvalidKeyError("this phone number has too few or too many digits for its country")
    return as_it_stands  # for a source may have it


def _e164(number: phonenumbers.PhoneNumber) -> str:
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def _is_e164(text: str) -> bool:
    """Whether it stays as it is: of some numbers that nobody has, zeros are taken away each time."""
    try:
        return _e164(phonenumbers.parse(text)) == text
    except phonenumbers.NumberParseException:
        return False


def _phone_spellings(key: str) -> Sequence[str]:
    for written, *forms in _RENUMBERED:
        if found := written.fullmatch(key):
            return tuple(map(found.expand, forms))
    return (key,)


def keys_of(customer: Any, kind: KeyKind, default_region: str | None = None) -> list[str]:
    """A customer record's keys of one kind in their normal form, unique, the primary one first, at most `MAX_KEYS`.

    What cannot be a key of this kind stays as it is written, without outer spaces. `customer` is a record narrowed to at
    least the `KEY_FIELDS` of the kind.
    """
    if kind is _EMAIL or kind is _PHONE:
        return [*dict.fromkeys(forms[0] for forms in _spelled(customer, kind, default_region, as_written=False) if forms)]
    return _unspelled(customer, kind)


def asked_keys(customer: Any, kind: KeyKind, default_region: str | None = None, *, as_written: bool = False) -> list[str]:
    """The keys of `keys_of` in all spellings; `as_written` adds e-mail addresses in the letters of the record."""
    if kind is _EMAIL or kind is _PHONE:
        return [*dict.fromkeys(chain.from_iterable(_spelled(customer, kind, default_region, as_written=as_written)))]
    return _unspelled(customer, kind)


def _spelled(customer: Any, kind: KeyKind, region: str | None, *, as_written: bool) -> Iterable[Sequence[str]]:
    if kind is _PHONE:
        return [_phone_forms(text, region) for text in _phones(customer)[:MAX_KEYS]]
    return map(_forms_as_written if as_written else _email_forms, _emails(customer)[:MAX_KEYS])


def _unspelled(customer: Any, kind: KeyKind) -> list[str]:
    """Keys of a kind that has one spelling."""
    form = _external_id if kind is KeyKind.EXTERNAL_ID else str.strip
    return [*dict.fromkeys(filter(None, map(form, _plain_keys(customer, kind)[:MAX_KEYS])))]


def leaves_out_keys(customer: Any, kind: KeyKind) -> bool:
    """Whether a customer record has more keys of one kind than `keys_of` gives."""
    if kind is _EMAIL or kind is _PHONE:
        if len(customer.contact_points) < MAX_KEYS:
            return False
        return len(_emails(customer) if kind is _EMAIL else _phones(customer)) > MAX_KEYS
    return len(_plain_keys(customer, kind)) > MAX_KEYS


def _emails(customer: Any) -> list[str]:
    """As the record writes them, each once."""
    return _unique(customer.email, [point.value for point in customer.contact_points if point.kind is _EMAILS])


def _phones(customer: Any) -> list[str]:
    return _unique(customer.phone, [point.value for point in customer.contact_points if point.kind is _PHONES])


def _unique(first: str | None, others: list[str]) -> list[str]:
    return [*dict.fromkeys(filter(None, (first, *others)))]


def _plain_keys(customer: Any, kind: KeyKind) -> list[str]:
    match kind:
        case KeyKind.CUSTOMER_ID:
            return [customer.id]
        case KeyKind.MEMBER_NUMBER:
            return [customer.member_number] if customer.member_number else []
        case KeyKind.EXTERNAL_ID:
            return _unique(None, [f"{external.source}:{external.id}" for external in customer.external_ids])
        case KeyKind.DEVICE_ID:
            return _unique(None, customer.device_ids)
    return []


@lru_cache(maxsize=KEPT_FORMS)
def _email_forms(text: str) -> Sequence[str]:
    return _forms(KeyKind.EMAIL, text)


@lru_cache(maxsize=KEPT_FORMS)
def _forms_as_written(text: str) -> Sequence[str]:
    forms, written = _email_forms(text), text.strip()
    return forms if not written or written in forms else (*forms, written)


@lru_cache(maxsize=KEPT_FORMS)
def _phone_forms(text: str, region: str | None) -> Sequence[str]:
    return _forms(KeyKind.PHONE, text, region)


def _forms(kind: KeyKind, text: str, region: str | None = None) -> Sequence[str]:
    """The spellings of a key that a record has, none of one that is empty."""
    try:
        return spellings(kind, normalised(kind, text, region))
    except InvalidKeyError:
        written = text.strip().lower() if kind is KeyKind.EMAIL else text.strip()
        return (written,) if written else ()
